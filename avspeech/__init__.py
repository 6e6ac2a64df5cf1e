"""avspeech: hear one speaker in a crowd by watching their lips.

    extractor = avspeech.load("mvtf-small")
    voice = extractor(audio, views, sample_rate=16000)

Public names are imported when they are first used, so that `import avspeech` is quick and needs no
torch.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from avspeech.core.models import PIPELINES, pipeline_class
from avspeech.version import __version__

if TYPE_CHECKING:
    from avspeech import text as text
    from avspeech.core.engine import Choice
    from avspeech.emotion.recognizer import EmotionRecognizer
    from avspeech.extraction.extractor import Extractor
    from avspeech.extraction.splitter import Splitter
    from avspeech.media import audio as audio
    from avspeech.media import video as video
    from avspeech.synthesis.synthesizer import Synthesizer

# OpenMP's threads, which PyTorch uses, sleep while they wait: on a busy machine those that spin
# take twice the CPU time. It is read when PyTorch is imported; a value that is set already is kept.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Modules that users reach as attributes of the package, imported when they are used.
MODULES = {"audio": "avspeech.media.audio", "video": "avspeech.media.video",
           "text": "avspeech.text"}
__all__ = ["EmotionRecognizer", "Extractor", "Splitter", "Synthesizer",
           "__version__", "load"]


def load(model: str, device: str = "cpu", engine: Choice = "auto") -> Any:
    """Loads a model for use.

    Args:
        model: a released name ("mvtf-small"), a model folder, or a model on a hub,
            "hf:owner/name@revision" (see `avspeech.core.hub`).
        device: a torch device, e.g. "cuda".
        engine: "torch", "onnx", or "auto": released models and folders of `avspeech export --to
            runtime` run on the CPU by onnxruntime, where that is installed, without torch;
            everything else by torch.

    Returns:
        The pipeline of the model's task, as its `from_pretrained` makes it, as commands do: an
        `Extractor` for "extraction" (with the released splitter, where it fits), a `Splitter` for
        "separation", a `Synthesizer` for "synthesis", an `EmotionRecognizer` for "emotion".

    Raises:
        InputError: there is no such model, it is damaged, or its task has no pipeline.
    """
    from avspeech.core import pretrained
    from avspeech.errors import InputError

    folder = pretrained.find(model)  # once: a name on a hub may be looked up
    task = pretrained.read_info(folder).task
    if task not in PIPELINES:
        raise InputError(f"{model}: no pipeline for the task '{task}'; this version knows "
                         f"{', '.join(PIPELINES)}")
    return pipeline_class(task).from_pretrained(folder, device, engine)


def __getattr__(name: str) -> Any:
    for task, where in PIPELINES.items():
        if where.endswith(f":{name}"):
            return pipeline_class(task)
    if name in MODULES:
        return import_module(MODULES[name])
    raise AttributeError(f"module 'avspeech' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *MODULES])
