"""Holes in a sound: exact silence, or one value, that begins and ends in the middle of it.

A receiver that lost a packet, and a sound card that came too late, put zeros in its place, or hold
the last sample. A pause is never like that: a room has noise, and a gate closes when it has become
quiet. So a hole has loud sound right before it and right behind it.
"""

from __future__ import annotations

import numpy as np

# Seconds of a hole, and LEAST samples of it: no wave stays at zero for so long. What is silent for
# longer was left out on purpose
SHORTEST, LONGEST = 0.002, 5.0
LEAST = 16
# Seconds of one value that is not zero; not of the largest one, which is the top of a clipped wave
HELD, TOP = 0.008, 0.95
NEAR_ZERO = 1e-3  # of full scale: silence of A-law, or of an offset, is constant but not zero
SIDE = 0.005  # seconds before and behind a hole whose level is taken
LOUD_DB = 12.0  # by which a side may be below the level of the whole sound
VALUES = 10  # different ones in a side at least, else zero is one of the few of a coarse sound
TOLD = 0.01  # seconds of holes from which on they are told


class Holes:
    """Gathers by pieces where all channels of a sound stand still.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._count, self._square = 0, 0.0
        self._least = max(LEAST, round(SHORTEST * rate))
        self._side = max(LEAST, round(SIDE * rate))
        self._held = max(LEAST, round(HELD * rate))
        self._ends = [0.0, 0.0]  # the lowest and the highest sample
        self._kept: np.ndarray | None = None  # `[C, n]` that is still to be looked at
        # Of each hole: its first sample, its samples, the level of the quieter side, and its value
        self._found: list[tuple[int, int, float, float]] = []

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        count = samples.shape[1]
        if self._kept is not None:
            samples = np.concatenate([self._kept, samples], axis=1)
        row = samples[0]
        if len(samples) > 1:  # the loudest channel at each moment
            row = np.take_along_axis(samples, np.abs(samples).argmax(axis=0)[None], axis=0)[0]
        new = row[len(row) - count:]
        self._square += float(np.square(new - new.mean()).sum())
        self._count += count
        self._ends = [min(self._ends[0], float(new.min())), max(self._ends[1], float(new.max()))]
        few = row[:: self._least // 2]  # two of them, one after another, lie in every hole
        if not (few[1:] == few[:-1]).any():
            self._kept = samples[:, -self._side - self._least:]
            return
        still = (samples[:, 1:] == samples[:, :-1]).all(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
        begins, ends = edges[::2], edges[1::2] + 1
        least = np.where(np.abs(row[begins]) <= NEAR_ZERO, self._least, self._held)
        long = (ends - begins >= least) | (ends == len(row))  # the last one may go on
        keep = len(row)
        for first, last in zip(begins[long], ends[long], strict=True):
            if last + self._side > len(row):  # what is behind it has not come yet
                keep = int(first)
                break
            if first >= self._side:
                self._judge(row, int(first), int(last))
        keep = max(0, keep - self._side)
        self._kept = samples[:, keep if len(row) - keep <= LONGEST * self.rate else -self._side:]

    def _judge(self, row: np.ndarray, first: int, last: int) -> None:
        """Takes a hole from `first` to `last` if its sides are not those of a coarse sound."""
        levels = []
        for side in (row[first - self._side: first], row[last: last + self._side]):
            if len(np.unique(side)) < VALUES:
                return
            levels.append(float(side.std()))
        self._found.append((self._count - len(row) + first, last - first, min(levels),
                            float(row[first])))

    def _loud(self) -> list[tuple[int, int, bool]]:
        """(first sample, samples, whether it is silent) of those whose sides are loud."""
        whole = np.sqrt(self._square / max(1, self._count)) * 10 ** (-LOUD_DB / 20)
        low, high = (TOP * end for end in self._ends)
        return [(begin, length, abs(value) <= NEAR_ZERO)
                for begin, length, level, value in self._found
                if level >= whole and (abs(value) <= NEAR_ZERO or low < value < high)]

    def holes(self) -> list[tuple[float, float]]:
        """(begin, length) in seconds."""
        return [(begin / self.rate, length / self.rate) for begin, length, _ in self._loud()]

    def seconds(self) -> float:
        """Of all holes."""
        return sum(length for _, length in self.holes())

    def note(self) -> str | None:
        """A sentence for the user, at the end; None where there are none."""
        found = self.holes()
        if self.seconds() < TOLD:
            return None
        places = f"at {len(found)} places, the first" if len(found) > 1 else "once,"
        what = ("breaks off to exact silence" if all(silent for *_, silent in self._loud())
                else "stands still at one value")
        return (f"for {max(0.01, self.seconds()):.2f} s it {what} in the middle of its sound, "
                f"{places} at {found[0][0]:.2f} s (lost packets, or a sound card that came too "
                "late): what was said there is missing")
