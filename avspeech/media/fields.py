"""A sound field of the first order (ambisonics) that no header tells of.

Its first channel hears all sides, and three others are figures of eight: what is on one side of
them is inverted. So their average hears one side and loses the other. Whoever speaks from wherever,
the three have together the power of the first (SN3D), or twice as much (FuMa).
"""

from __future__ import annotations

import numpy as np

from avspeech.media.stretches import Stretches

COUNT = 4  # channels of the first order
STRETCH = 0.25  # seconds that are judged at a time
HEARD_DB = 20.0  # below the mean: more quiet stretches do not count
RATIOS_DB = (0.0, 3.0)  # power of the three by that of the first
NEAR_DB, SPREAD_DB = 1.3, 1.5  # distance from it, and standard deviation, at most
# Correlation of one of the three with the first from which on it is inverted, in this share of the
# stretches: beside each other, microphones that hear all sides are never so
INVERTED, SHARE = -0.5, 0.1
LEAST = 8  # stretches


class Field:
    """Gathers by pieces whether four channels are those of a sound field.

    Args:
        rate: samples a second; 0 where it is not known: none is found.
    """

    def __init__(self, rate: int) -> None:
        length = round(STRETCH * rate)
        self._stretches = Stretches(COUNT, length) if length else None
        self._found: list[tuple[float, float, float]] = []  # powers; the least correlation

    def add(self, samples: np.ndarray) -> None:
        """Takes `[4, n]` float64 more, in order."""
        for part in () if self._stretches is None else self._stretches.add(samples):
            part = part - part.mean(axis=1, keepdims=True)
            power = np.square(part).mean(axis=1)
            products = (part[1:] * part[0]).mean(axis=1)
            alike = products / np.sqrt(np.maximum(power[1:] * power[0], 1e-20))
            self._found.append((float(power[0]), float(power[1:].sum()), float(alike.min())))

    def is_field(self) -> bool:
        """Whether they are."""
        found = np.array(self._found).reshape(-1, 3)
        heard = found[found[:, 0] >= max(1e-12, 10 ** (-HEARD_DB / 10) * found[:, 0].mean())
                      if len(found) else []]
        if len(heard) < LEAST:
            return False
        ratios = 10 * np.log10(heard[:, 1] / heard[:, 0] + 1e-20)
        middle = float(np.median(ratios))
        return bool(min(abs(middle - ratio) for ratio in RATIOS_DB) <= NEAR_DB
                    and ratios.std() <= SPREAD_DB and (heard[:, 2] <= INVERTED).mean() >= SHARE)
