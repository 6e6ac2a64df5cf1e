"""avspeech: hear one speaker in a crowd by watching their lips.

    extractor = avspeech.load("mvtf-small")
    voice = extractor(audio, views, sample_rate=16000)

Public names are imported when they are first used, so that `import avspeech` is quick and needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from avspeech.version import __version__

if TYPE_CHECKING:
    from avspeech.pipelines.extractor import Extractor
    from avspeech.pipelines.recognizer import EmotionRecognizer
    from avspeech.pipelines.synthesizer import Synthesizer

__all__ = ["EmotionRecognizer", "Extractor", "Synthesizer", "__version__", "load"]


def load(model: str, device: str = "cpu") -> Any:
    """The pipeline of a model: for a released name ("mvtf-small") or a model folder, by the task it
    was trained for; "extraction" gives an `Extractor`, "synthesis" a `Synthesizer`,
    "emotion" an `EmotionRecognizer`. Raises InputError where there is no such model or it is damaged."""
    from avspeech import pretrained
    from avspeech.errors import InputError

    network, info = pretrained.load(model, device=device)
    if info.task == "extraction":
        from avspeech.pipelines.extractor import Extractor

        return Extractor(network, info)
    if info.task == "synthesis":
        from avspeech.pipelines.synthesizer import Synthesizer

        return Synthesizer(network, info)
    if info.task == "emotion":
        from avspeech.pipelines.recognizer import EmotionRecognizer

        return EmotionRecognizer(network, info)
    raise InputError(f"{model}: no pipeline for the task '{info.task}'; this version knows "
                     "extraction, synthesis and emotion")


def __getattr__(name: str) -> Any:
    if name == "Extractor":
        return import_module("avspeech.pipelines.extractor").Extractor
    if name == "Synthesizer":
        return import_module("avspeech.pipelines.synthesizer").Synthesizer
    if name == "EmotionRecognizer":
        return import_module("avspeech.pipelines.recognizer").EmotionRecognizer
    raise AttributeError(f"module 'avspeech' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
