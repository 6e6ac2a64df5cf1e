"""Sound at another rate, whole or in pieces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media.levels import check_rate

# Samples of the lower of two rates for which the sound is taken to go on behind its end: the filter
# reaches over 103
HELD = 128


class Resampler:
    """Pieces of sound at another rate, as they come: joined they are the same whatever the pieces.

    Beyond both ends the sound is taken to stay as it is there: a step to zero would be heard as a
    click.

    Args:
        rate: samples a second of what comes.
        sample_rate: samples a second of what goes out.
        channels: None for pieces `[n]`; else of pieces `[C, n]`.

    Raises:
        InputError: a rate that `check_rate` refuses.
    """

    def __init__(self, rate: int, sample_rate: int, channels: int | None = None) -> None:
        self.rate, self.sample_rate = check_rate(rate, "rate"), check_rate(sample_rate)
        self.come = self.gone = 0  # samples, until now
        self._first = self._last = np.zeros((1,) if channels is None else (channels, 1), np.float32)
        self._stream: Any = None
        if self.rate != self.sample_rate:
            import soxr

            self._stream = soxr.ResampleStream(self.rate, self.sample_rate, channels or 1,
                                               dtype="float32", quality="HQ")

    def __call__(self, piece: np.ndarray) -> np.ndarray:
        """What is ready once `piece` has come: float32, a little behind it."""
        piece = np.asarray(piece, np.float32)
        count = piece.shape[-1]
        if self._stream is None or not count:
            return piece
        if not self.come:
            self._first = np.where(np.isfinite(piece[..., :1]), piece[..., :1], np.float32(0))
        self._last = piece[..., -1:].copy()
        self.come += count
        return self._put(piece)

    def finish(self) -> np.ndarray:
        """The rest: `ceil(samples * sample_rate / rate)` have then gone out in all."""
        due = -(-self.come * self.sample_rate // self.rate) - self.gone
        if self._stream is None or not self.come:
            return self._last[..., :0]
        held = math.ceil(HELD * self.rate / min(self.rate, self.sample_rate))
        return self._put(np.repeat(self._last, held, axis=-1), last=True)[..., :due]

    def _put(self, piece: np.ndarray, last: bool = False) -> np.ndarray:
        out = self._stream.resample_chunk(np.ascontiguousarray((piece - self._first).T), last=last)
        out = np.ascontiguousarray(out.T) + self._first
        self.gone += out.shape[-1]
        return out


def resample(samples: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Samples at another rate, as a `Resampler` gives them.

    Args:
        samples: `[N]`.
        rate: samples a second of `samples`.
        sample_rate: samples a second of the result.

    Returns:
        `[ceil(N * sample_rate / rate)]` float32.

    Raises:
        InputError: a rate that `check_rate` refuses, or samples of another shape or type.
    """
    bend = Resampler(rate, sample_rate)
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype.kind not in "fiu":
        raise InputError(f"samples: {samples.dtype} {samples.shape}, expected floats [N]; resample "
                         "channels one by one")
    samples = samples.astype(np.float32, copy=False)
    if bend.rate == bend.sample_rate:
        return samples
    return np.concatenate([bend(samples), bend.finish()])
