"""Two microphones of which one hears the same voice later: averaged, they make a comb filter.

One on the speaker and one on the camera, four meters away, are 12 ms apart. Their average lacks
every frequency that has half a period, or one and a half, in that time. Two microphones of one
recorder are less than a millisecond apart, and two that have a speaker each are early in turn.
"""

from __future__ import annotations

import numpy as np

from avspeech.media.stretches import Stretches

STRETCH = 1.0  # seconds that are compared at a time
TRIED, THEN = 60, 20  # stretches of which all are compared; behind them each of so many
RATE = 8000  # hertz: channels are brought near to it, as voices lie below
WHITER = 0.7  # power of the spectra that is taken off, so that a pitch is no delay
# Seconds: a shorter delay is one of a stereo microphone, a longer one an echo of its own
SHORTEST, LONGEST = 0.002, 0.06
SAME = 0.0004  # seconds within which delays are the same
ALIKE = 0.3  # correlation at the delay, at least, in the middle one of the stretches
MOST, LEAST = 0.8, 4  # share of the stretches that have the same delay; their number, at least
HEARD_DB = 20.0  # below the mean: more quiet stretches are not compared
APART_DB = 12.0  # with more between the channels, the comb is shallow


class Delays:
    """Gathers by pieces by how much one of two channels is later than the other.

    Args:
        rate: samples a second; 0 where it is not known: nothing is found.
    """

    def __init__(self, rate: int) -> None:
        self._few = max(1, rate // RATE)
        self.rate = rate / self._few
        length = round(STRETCH * self.rate) * self._few
        self._stretches = Stretches(2, length) if length else None
        self._count = 0
        # Of each stretch: seconds by which the second channel is later, correlation, powers
        self._found: list[tuple[float, float, float, float]] = []

    def add(self, samples: np.ndarray) -> None:
        """Takes `[2, n]` float64 more, in order."""
        for part in () if self._stretches is None else self._stretches.add(samples):
            self._count += 1
            if self._count <= TRIED or self._count % THEN == 0:
                part = part.reshape(2, -1, self._few).mean(axis=2)
                self._compare(part - part.mean(axis=1, keepdims=True))

    def _compare(self, part: np.ndarray) -> None:
        power = np.square(part).mean(axis=1)
        if power.min() < 1e-9:
            self._found.append((0.0, 0.0, *power))
            return
        spectra = np.fft.rfft(part, 2 * part.shape[1])
        spectra /= np.maximum(np.abs(spectra), 1e-12) ** WHITER
        first, second = spectra
        alike = np.fft.irfft(second * first.conj())
        alike /= np.sqrt(np.prod([np.fft.irfft(np.abs(s) ** 2)[0] for s in spectra]))
        most = round(LONGEST * self.rate)
        near = np.concatenate([alike[-most:], alike[: most + 1]])
        at = int(near.argmax())
        self._found.append(((at - most) / self.rate, float(near[at]), *power))

    def later(self) -> float | None:
        """Seconds by which the second channel is later (below 0: earlier); None where the channels
        are not the same sound at two times."""
        if len(self._found) < LEAST:
            return None
        found = np.array(self._found)
        powers = found[:, 2:].mean(axis=1)
        heard = found[powers >= 10 ** (-HEARD_DB / 10) * powers.mean()]
        late = float(np.median(heard[:, 0]))
        same = np.abs(heard[:, 0] - late) <= SAME
        levels = 10 * np.log10(heard[:, 2:].mean(axis=0) + 1e-20)
        if (abs(late) < SHORTEST or len(heard) < LEAST or same.mean() < MOST
                or np.median(heard[:, 1]) < ALIKE or abs(levels[1] - levels[0]) > APART_DB):
            return None
        return late
