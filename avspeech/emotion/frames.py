"""The frames of the emotion models' log-mel spectrum: their place in time and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avspeech.core import ranges

SAMPLE_RATE, WINDOW, HOP = 16_000, 400, 160  # hertz, samples, samples
# A mean above this share of the standard deviation is an offset of the recorder and taken off.
# Speech itself has up to 0.013 (RAVDESS); taking that off changed none of 180 answers of the
# released models.
OFFSET = 0.02
SILENT = 1e-6  # RMS (-120 dB) below which a sound is not amplified further


@dataclass(frozen=True)
class LogMelConfig:
    """Settings that all emotion models share.

    `normalise` is one of:
        "mean": the mean of each band over the utterance is taken off, and with it level, microphone
        and room.
        "mean_std": the same, then divided by the standard deviation over frames and bands.
        "level": one mean over frames and bands is taken off.
        "stored": statistics of the training set (`LogMelModel.set_statistics`) are used. The model
            hears the level, and a stream is normalized the same from its first frame on.
        "peak": Whisper's scale without the level: decades below the highest value of the utterance,
            at most 8, divided by 4, where the highest value becomes 0.85.
    """

    sample_rate: int = SAMPLE_RATE  # hertz, 16000 only
    classes: int = 8  # number of outputs, K
    mels: int = 64  # number of bands, M
    low: float = 50.0  # hertz, lower end of the first band
    high: float = 8000.0  # hertz, upper end of the last band
    # added to the power; white noise at full scale has power 1, 16-bit rounding 8e-11
    floor: float = 1e-8
    normalise: str = "mean"  # see above
    dropout: float = 0.1  # a share, for the model to use
    # Factorized linear layers in training (`emotion/reparam.py`), for example
    # {"ratio": 4, "depth": 2, "where": "ffn" | "attention" | "all"}; None: plain layers.
    hrf: dict[str, Any] | None = None
    filters: str = "htk"  # mel scale: "htk", or "slaney" as in Whisper (see `mel_filters`)
    quietest: float | None = None  # dB of full scale; a sound of a lower RMS is amplified to it
    loudest: float | None = None  # dB of full scale; a sound of a higher RMS is attenuated to it
    # dB below the highest value of the utterance at which values level off, before they are
    # normalized, so that it does not matter how quiet a background is; None: they do not
    floor_db: float | None = None
    # logits are divided by it, so that probabilities are as often right as they say (Guo et al.,
    # "On Calibration of Modern Neural Networks", ICML 2017); fitted after training
    temperature: float = 1.0

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "sample_rate", "classes", "mels")
        ranges.at_least(self, 0, "low")
        ranges.above(self, self.low, "high")
        ranges.above(self, 0, "floor", "floor_db", "temperature")
        ranges.below_one(self, "dropout")


def frame_count(samples: int) -> int:
    """Number of frames of so many samples: whole windows, at least one."""
    return max((samples - WINDOW) // HOP + 1, 1)
