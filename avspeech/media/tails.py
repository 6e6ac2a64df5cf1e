"""Zeros behind a sound that was recorded into room which had been set aside for it.

Recorders write the full size into the header and zeros into the file before they begin; where one
is killed, zeros follow the sound. Programs that bring all sounds to one length put zeros there,
too. They begin at once, in the middle of the noise of a room, where a sound that was faded out, or
a gate that closes, becomes quiet before.
"""

from __future__ import annotations

import numpy as np

LEAST = 1.0  # seconds of zeros from which on they are told
SIDE = 0.005  # seconds before them, which are as loud as
BEFORE = 0.25  # seconds before them, but for
FADED_DB = 12.0  # decibels
VALUES = 5  # different ones that samples take there, at least


class Tail:
    """Gathers by pieces how a sound ends.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.zeros = 0  # samples at the end, so far
        self._count = 0
        self._kept = np.zeros((1, 0))  # `[C, n]` before them

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        count = samples.shape[1]
        self._count += count
        if not samples.any():
            self.zeros += count
            return
        ends = int(np.flatnonzero(samples.any(axis=0))[-1]) + 1
        wanted = round(BEFORE * self.rate)
        kept = samples[:, max(0, ends - wanted): ends]
        if not self.zeros and kept.shape[1] < wanted and len(kept) == len(self._kept):
            kept = np.concatenate([self._kept, kept], axis=1)[:, -wanted:]
        self._kept, self.zeros = kept.copy(), count - ends

    @property
    def share(self) -> float:
        """Of the sound that is zeros at its end."""
        return self.zeros / max(1, self._count)

    def note(self) -> str | None:
        """A sentence for the user, at the end; None where nothing is to be said."""
        side = self._kept[:, -max(2, round(SIDE * self.rate)):]
        if self.zeros < LEAST * self.rate or len(np.unique(side)) < VALUES:
            return None
        if side.std() * 10 ** (FADED_DB / 20) < self._kept.std():
            return None
        return (f"its last {self.zeros / self.rate:.1f} s are zeros, which begin in the middle of "
                "its sound: room that a recorder set aside before it was killed, or added to make "
                "sounds equally long; give it without them")
