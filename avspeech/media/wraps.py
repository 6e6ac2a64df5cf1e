"""Whether numbers beyond full scale were wrapped as they were made whole (an overflow).

A program that makes whole numbers of samples without cutting off what is beyond full scale turns
the top of a wave into the bottom: 1.01 becomes -0.99, and a click.
"""

from __future__ import annotations

import numpy as np

JUMP = 1.5  # of full scale, from one sample to the next; full scale reaches from -1 to 1
AROUND = 4  # samples on each side of it
SMOOTHER = 30.0  # times smoother, by the power of second differences, is what was not wrapped
TOP = 1 - 2**-14  # a clipped wave is there on both sides of a jump
LEAST = 2  # jumps that are told: one sample alone is one there and one back


class Wraps:
    """Gathers by pieces where a sound jumps from one end of full scale to the other.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.count = 0  # of jumps
        self.first = 0.0  # seconds
        self._done = 0  # samples

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` float64 more, in order."""
        begin, self._done = self._done, self._done + samples.shape[1]
        for row in samples:
            if np.ptp(row) < JUMP or np.abs(row).max() > 1:  # what was wrapped is not beyond it
                continue
            for at in np.flatnonzero(np.abs(np.diff(row)) >= JUMP) + 1:
                if self._is_wrap(row[max(0, at - AROUND): at + AROUND]):
                    here = (begin + int(at)) / self.rate
                    self.first = min(self.first, here) if self.count else here
                    self.count += 1

    @staticmethod
    def _is_wrap(row: np.ndarray) -> bool:
        """Whether `[n]` samples with a jump are smooth without it, and no clipped or square wave,
        which stands still beside it or is at full scale on both sides."""
        steps = np.diff(row)
        jumps = np.count_nonzero(np.abs(steps) >= JUMP)
        clipped = np.count_nonzero(np.abs(row) >= TOP) > 1
        if len(row) < AROUND or clipped or not steps.all() or jumps > len(steps) // 2:
            return False
        before, after = (float(np.square(np.diff(x, 2)).sum())
                         for x in (row, np.unwrap(row, JUMP, period=2)))
        return after * SMOOTHER < before

    def note(self) -> str | None:
        """A sentence for the user, at the end; None where there are none."""
        if self.count < LEAST:
            return None
        return (f"it jumps {self.count:,} times from one end of full scale to the other, the first "
                f"time at {self.first:.2f} s: samples beyond full scale were not cut off but "
                "wrapped as they were made whole numbers, each a click; make the file anew with "
                "less gain")
