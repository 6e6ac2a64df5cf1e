"""Time code of cameras and recorders (SMPTE ST 12-1, LTC) where a voice is expected.

It is a square wave that changes its sign at the beginning of each bit, and in the middle of those
that are one, 80 bits a picture: between two zeros lies half a bit or a whole one, and nothing else.
"""

from __future__ import annotations

import numpy as np

from avspeech.media.stretches import Stretches

BITS = (24 * 80, 25 * 80, 30 * 80)  # a second
LEAST_RATE = 12_000  # samples a second: of fewer too few lie in half a bit
PIECE = 0.25  # seconds that are judged at a time
NEAR = 0.2  # share of half a bit by which two zeros may be nearer or further apart
# Of the distances between zeros, how many are a half or a whole bit, and each of the two; no voice
# comes near it
FITTING, EACH = 0.9, 0.08
MOST = 0.8  # of the pieces


class TimeCode:
    """Gathers by pieces which channels are time code.

    Args:
        channels: how many.
        rate: samples a second; 0 where it is not known: nothing is found.
    """

    def __init__(self, channels: int, rate: int) -> None:
        self.rate = rate
        self._found = np.zeros(channels, int)
        self._judged = 0
        self._pieces = Stretches(channels, max(1, round(PIECE * rate)))

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        if self.rate < LEAST_RATE:
            return
        for piece in self._pieces.add(samples):
            self._judged += 1
            for channel, row in enumerate(piece):
                # A channel that was none at the beginning is not looked at any further
                if self._found[channel] >= MOST * (self._judged - 4):
                    self._found[channel] += _is_code(row, self.rate)

    def channels(self) -> set[int]:
        """Those that are time code."""
        return {k for k, count in enumerate(self._found) if 0 < MOST * self._judged <= count}


def _is_code(row: np.ndarray, rate: int) -> bool:
    row = row - row.mean()
    places = np.flatnonzero((row[1:] >= 0) != (row[:-1] >= 0))
    least = BITS[0] * len(row) / rate
    if not least < len(places) < 3 * least:
        return False
    zeros = places + row[places] / (row[places] - row[places + 1])  # between two samples
    distances = np.diff(zeros)
    for bits in BITS:
        halves = distances * 2 * bits / rate
        half, whole = ((np.abs(halves - n) < max(NEAR, 2 * bits / rate)).mean() for n in (1, 2))
        if half + whole >= FITTING and min(half, whole) >= EACH:
            return True
    return False
