"""Sound that comes in pieces, cut into stretches of one length; frames of a long sound, some at a
time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

SECONDS = 60.0  # of sound whose frames are analyzed at a time
MARGIN = 2.0  # seconds that are analyzed before and behind them, too


class Span(NamedTuple):
    """Some frames of a sound, with the samples that they are analyzed in."""

    begin: int  # its first frame
    end: int  # the frame behind its last one
    before: int  # frames that the samples begin before the first one
    samples: slice


def spans(count: int, frames: int, sample_rate: int, hop_seconds: float) -> Iterator[Span]:
    """Cuts the frames of a sound, of which frame k lies at k * hop_seconds, so that an analysis
    whose memory grows with the sound has a minute of it at once. A shorter sound is one span.

    Args:
        count: of its samples.
        frames: how many there are.
        sample_rate: in hertz.
        hop_seconds: seconds between frames.
    """
    hop = Fraction(hop_seconds * sample_rate).limit_denominator(1000)
    step = hop.denominator  # frames from one that lies on a sample to the next one
    length, margin = (math.ceil(s / hop_seconds / step) * step for s in (SECONDS, MARGIN))
    if frames <= length + margin or abs(float(hop) - hop_seconds * sample_rate) * length > 0.1:
        yield Span(0, frames, 0, slice(0, count))
        return
    for begin in range(0, frames, length):
        end, first = min(frames, begin + length), max(0, begin - margin)
        stop = count if end + margin >= frames else int((end + margin) * hop)
        yield Span(begin, end, begin - first, slice(int(first * hop), stop))


class Stretches:
    """Keeps what is left of a piece for the next one.

    Args:
        channels: how many.
        length: samples of a stretch.
    """

    def __init__(self, channels: int, length: int) -> None:
        self.length = length
        self._rest = np.zeros((channels, 0))

    def add(self, samples: np.ndarray) -> np.ndarray:
        """Takes `[C, n]` more, in order; gives the stretches that are whole now, `[K, C, length]`,
        K from 0 on."""
        rows = np.concatenate([self._rest, samples], axis=1) if self._rest.size else samples
        count = rows.shape[1] // self.length
        self._rest = rows[:, count * self.length:].copy()
        whole = rows[:, : count * self.length].reshape(len(rows), count, self.length)
        return whole.transpose(1, 0, 2)
