"""Clipping: how many samples of a sound stay at its peak, in flat tops or tops bent by a codec."""

from __future__ import annotations

import numpy as np

# A recording that was clipped stays at its peak for some samples. It jumps there, while a soft tone
# of 8 bits that just reaches full scale comes to its flat top one level at a time.
FULL_SCALE = (0.999, 1.0)
STEEP = 0.01  # of full scale: the smallest such jump
LEAST_TOP = 0.02  # of full scale: a sound that was clipped and then turned down is that loud still
FLAT = 3  # samples, at least
CLIPPED = 1e-3  # share of samples at full scale from which on the user is told
HARDLY_CLIPPED = 0.25  # share from which on something else than clipping may be wrong
# Lossy coding bends flat tops: they ripple around full scale. There a sound goes from HALF of full
# scale to HIGH within a quarter of the time for which it then stays, LONG samples at least, and its
# median is near full scale. A tone takes two thirds of that time, a peak of speech more.
HALF, HIGH, LONG, QUICK = 0.5, 0.9, 4, 0.25
NEAR_FULL = (0.93, 1.07)
LOUDEST = 1.6  # times full scale: clipped sound that was then coded with loss stays below it


class Clipping:
    """Gathers by pieces the peak of each channel of a sound and the samples that stay there.

    Args:
        channels: how many.
    """

    def __init__(self, channels: int) -> None:
        self._peaks = np.zeros(channels)
        # Samples of flat tops at the channel's peak, and of bent ones at full scale
        self._flat, self._bent = np.zeros(channels, int), np.zeros(channels, int)

    def add(self, samples: np.ndarray) -> None:
        """Takes `[C, n]` more."""
        for k, peak in enumerate(np.abs(samples).max(axis=1)):
            if peak * FULL_SCALE[0] > self._peaks[k]:  # what was flat below was no top
                self._flat[k] = 0
            self._peaks[k] = max(self._peaks[k], peak)
            if peak >= max(LEAST_TOP, self._peaks[k] * FULL_SCALE[0]):
                self._flat[k] += flat_tops(samples[k] / self._peaks[k])
            if peak >= NEAR_FULL[0]:
                self._bent[k] += bent_tops(samples[k])

    @property
    def peak(self) -> float:
        """Of all channels."""
        return float(self._peaks.max())

    def tops(self, taken: tuple[int, ...] | None) -> np.ndarray:
        """Samples of flat or bent tops `[C]` by channel; none in those that are not taken (None:
        all are)."""
        tops = np.maximum(self._flat, self._bent)
        return tops if taken is None else np.where(np.isin(np.arange(len(tops)), taken), tops, 0)

    def note(self, taken: tuple[int, ...] | None, count: int, coarse: bool) -> str | None:
        """What to say of a sound that was clipped as it was recorded; None elsewhere.

        Args:
            taken: of `tops`.
            count: samples of each channel.
            coarse: its samples take few steps, so that a flat top below full scale is one of them.
        """
        tops = self.tops(taken)
        share, top = int(tops.max()) / max(1, count), self._peaks[tops.argmax()]
        lower = top < NEAR_FULL[0]
        if share < CLIPPED or self.peak > LOUDEST or lower and coarse:
            return None
        place = f"{top:.2g} of full scale (it was turned down then)" if lower else "full scale"
        if share >= HARDLY_CLIPPED:
            return (f"{100 * share:.0f} % of its samples are at {place}: it is clipped beyond use, "
                    "or its samples are not what its header says (mu-law, 8 or 16 bits); listen to "
                    "it")
        return (f"it is clipped: {100 * share:.2g} % of its samples are cut at {place}, which "
                "changes how it sounds; record it with less gain")


def flat_tops(samples: np.ndarray) -> int:
    """How many samples `[N]` stay at full scale, in runs of at least FLAT equal ones that begin or
    end with a step of at least STEEP."""
    full = np.abs(samples) >= FULL_SCALE[0]
    if np.count_nonzero(full) < FLAT or np.abs(samples).max() > FULL_SCALE[1]:
        return 0
    steps = np.abs(np.diff(samples, prepend=samples[:1], append=samples[-1:]))
    edges = np.unique(np.concatenate([[0], np.flatnonzero(steps), [len(samples)]]))
    begins, ends = edges[:-1], edges[1:]  # of runs of equal samples
    flat = (ends - begins >= FLAT) & (np.abs(samples[begins]) >= FULL_SCALE[0])
    flat &= np.maximum(steps[begins], steps[ends]) >= STEEP
    return int((ends - begins)[flat].sum())


def bent_tops(samples: np.ndarray) -> int:
    """How many samples `[N]` stay near full scale as they do in sound that was clipped and then
    coded with loss (MP3, AAC, Opus, mu-law)."""
    found = 0
    for side in (samples, -samples):
        high = np.flatnonzero(side >= HIGH)
        if len(high) < LONG:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[False], side >= HALF, [False]])))
        begins, ends = edges[::2], edges[1::2]  # of the stretches above half of full scale
        last = np.append(np.flatnonzero(np.diff(np.searchsorted(begins, high, "right"))),
                         len(high) - 1)
        first = np.append(0, last[:-1] + 1)
        for a, b in zip(high[first], high[last] + 1, strict=True):
            stretch = np.searchsorted(begins, a, "right") - 1
            turn = min(a - begins[stretch], ends[stretch] - b)
            if b - a >= LONG and turn + 0.5 <= QUICK * (b - a + 1) and (
                    NEAR_FULL[0] <= np.median(side[a:b]) <= NEAR_FULL[1]):
                found += int(b - a)
    return found
