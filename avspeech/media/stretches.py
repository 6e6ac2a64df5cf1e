"""Sound that comes in pieces, cut into stretches of one length."""

from __future__ import annotations

import numpy as np


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
