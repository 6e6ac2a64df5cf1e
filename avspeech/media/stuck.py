"""Whether a sound repeats a block sample for sample, as a sound card that hangs writes it."""

from __future__ import annotations

import numpy as np

SHORTEST, LONGEST = 0.02, 0.5  # seconds of a block; no pitch has so long a period
LEAST = 0.2  # seconds of repetitions that are told
TIMES = 3  # at least: a block and two repetitions of it
EVERY = 0.1  # seconds from one place that is looked at to the next
PROBE = 32  # samples that are looked for again
# Full scale from the lowest to the highest sample of a block, and values that are different: what
# is quiet or coarse may repeat itself
LOUD, VALUES = 0.002, 16
# Tones repeat themselves: nearly all of their power is in few LINES, or they do so within a block
LINES, PURE, PERIODIC, SHORT = 8, 0.999, 0.96, 0.0025


class Stuck:
    """Gathers by pieces what is repeated in one channel.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.repeated = 0  # samples that only repeat others
        self.first = (0.0, 0.0)  # seconds at which that begins, and seconds of a block
        self._row = np.zeros(0, np.float32)
        self._more: list[np.ndarray] = []  # that follow it
        self._waiting = 0  # samples of them
        self._begin = 0  # number of the row's first sample
        self._until = 0  # and of the sample up to which all was looked at
        self._ahead = round((TIMES + 1) * LONGEST * rate)

    def add(self, samples: np.ndarray) -> None:
        """Takes `[n]` more, in order."""
        self._more.append(samples.astype(np.float32))
        self._waiting += len(samples)
        if self._waiting >= 2 * self._ahead:
            self._look(self._ahead)

    def note(self) -> str | None:
        """A sentence for the user, at the end; None where nothing is repeated."""
        self._look(0)
        if self.repeated < LEAST * self.rate:
            return None
        begin, block = self.first
        return (f"for {self.repeated / self.rate:.1f} s, the first at {begin:.2f} s, it repeats "
                f"the same {1000 * block:.0f} ms sample for sample, as a sound card does that "
                "hangs: what was said there is lost")

    def _look(self, ahead: int) -> None:
        """Looks at all but the last `ahead` samples, and forgets what it has looked at."""
        row = self._row = np.concatenate([self._row, *self._more])
        self._more, self._waiting = [], 0
        stop, at = max(0, len(row) - ahead), max(0, self._until - self._begin)
        least, longest = round(SHORTEST * self.rate), round(LONGEST * self.rate)
        while at < min(stop, len(row) - least - PROBE):
            period = self._period(row[at: at + longest + PROBE], least)
            end = at
            if period and np.array_equal(row[at: at + period * (TIMES - 1)],
                                         row[at + period: at + period * TIMES]):
                same = np.flatnonzero(row[at:-period] != row[at + period:])
                end = at + int(same[0]) if len(same) else len(row) - period
                if self._is_block(row[at: at + period]):
                    if not self.repeated:
                        self.first = (self._begin + at) / self.rate, period / self.rate
                    self.repeated += end - at
            at = max(end, at + round(EVERY * self.rate))
        self._until = self._begin + at
        self._row, self._begin = row[stop:], self._begin + stop

    @staticmethod
    def _period(row: np.ndarray, least: int) -> int:
        """Samples after which the first PROBE ones come again; 0 where they do not."""
        probe = row[:PROBE]
        if np.ptp(probe) == 0:
            return 0
        places = np.flatnonzero(row[least: -PROBE] == probe[0]) + least
        for k in range(1, PROBE):
            if not len(places):
                return 0
            places = places[row[places + k] == probe[k]]
        return int(places[0]) if len(places) else 0

    def _is_block(self, block: np.ndarray) -> bool:
        """Whether `[P]` samples are no tone and no silence."""
        if np.ptp(block) < LOUD or len(np.unique(block)) < VALUES:
            return False
        power = np.square(np.abs(np.fft.rfft(block - block.mean())))
        if np.sort(power)[-LINES:].sum() > PURE * power.sum():
            return False
        alike = np.fft.irfft(power, len(block))
        inside = alike[max(1, round(SHORT * self.rate)): len(block) // 2 + 1]
        return bool(inside.max(initial=0) < PERIODIC * alike[0])
