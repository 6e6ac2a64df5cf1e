"""Silence in recordings, found so that it does not hang on padding, an offset or the gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avspeech.media import pitch

HOP = 0.005  # seconds between frames
SILENT_DB = -80.0  # of full scale: a recording without anything louder is silent
# dB: how far the threshold of silence lies above the noise, and at most and least below the speech
ABOVE_NOISE, FARTHEST, NEAREST = 8.0, 38.0, 24.0
CLICK = 4  # frames of `frame_variance` that a click of a sample or two fills


@dataclass(frozen=True)
class Silence:
    """A stretch without speech, in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Its length in seconds."""
        return self.end - self.start


def frame_variance(samples: np.ndarray, sample_rate: int, seconds: float = 0.02) -> np.ndarray:
    """Variance of short frames every 5 ms: the power of each about its own mean.

    A constant offset of the samples, or a slow drift, has no power here: recordings with one and
    digital silence without one compare.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        seconds: length of a frame.

    Returns:
        `[T]` float64; frame t lies around the time t * HOP.
    """
    return pitch.frame_variance(np.asarray(samples), sample_rate, HOP, seconds)


def silent(samples: np.ndarray, sample_rate: int) -> bool:
    """Whether a recording is silent: nothing is louder than -80 dB of full scale, an offset aside.

    Args:
        samples: `[N]`. The first and last 20 ms do not count: resampling rings where an offset
            begins and ends.
        sample_rate: in hertz.
    """
    power = frame_variance(samples, sample_rate)[4:-4]
    return not (power > 10 ** (SILENT_DB / 10)).any()


def speech_level(power: np.ndarray) -> float:
    """The level of the speech in dB: half of the energy lies in louder frames, so silence around it
    adds nothing.

    Args:
        power: `[T]` of `frame_variance`, not all 0.
    """
    falling = np.sort(power)[::-1]
    energy = np.cumsum(falling)
    return float(10 * np.log10(falling[np.searchsorted(energy, energy[-1] / 2)]))


def silences(samples: np.ndarray, sample_rate: int, shortest: float = 0.05) -> list[Silence]:
    """Finds the silences of a recording, those at both ends included.

    A frame of 20 ms is silent below a threshold between the noise and the speech of the recording:
    8 dB above the noise, but 24 to 38 dB below the speech. The speech's level is the one that the
    louder half of the energy lies above; the noise is the 5th percentile of the levels between the
    first and the last loud frame, digital silence left out. So the threshold does not change with
    silence added at the ends, with an offset, or with the gain. A click, a sound of 1 or 2 ms alone
    in a silence, is silence.

    Args:
        samples: `[N]`.
        sample_rate: in hertz.
        shortest: length of the shortest silence to return, in seconds.

    Returns:
        The silences in order.
    """
    power = frame_variance(samples, sample_rate)
    end = len(samples) / sample_rate
    if not power.any():
        return [Silence(0.0, end)] if end >= shortest else []
    level = 10 * np.log10(np.maximum(power, power.max() * 1e-12))
    speech = speech_level(power)
    loud = [run for run in _runs(level > speech - NEAREST) if run[1] - run[0] > CLICK]
    inner = level[loud[0][0]: loud[-1][1]] if loud else level
    heard = inner[inner > speech - 80]
    floor = np.percentile(heard if len(heard) else inner, 5)
    quiet = level < np.clip(floor + ABOVE_NOISE, speech - FARTHEST, speech - NEAREST)
    for first, last in _runs(~quiet):
        around = 2 * CLICK  # frames of silence on both sides
        if last - first <= CLICK and quiet[max(0, first - around): first].all() \
                and quiet[last: last + around].all():
            quiet[first:last] = True
    found = []
    for first, last in _runs(quiet):
        # The last frame stands for all that is left, also for more than half a hop
        until = end if last == len(quiet) else min(end, (last - 0.5) * HOP)
        silence = Silence(max(0.0, (first - 0.5) * HOP), until)
        if silence.duration >= shortest:
            found.append(silence)
    return found


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """[first, last) of the stretches of a mask `[T]` that are True."""
    edges = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(),
                    strict=True))


def boundary_pauses(words: Sequence[tuple[float, float]], quiet: Sequence[Silence]) -> np.ndarray:
    """Assigns silences to word boundaries.

    The pause of a boundary is the longest silence of which the larger part lies between the middles
    of the two words, so word times need only be about right.

    Args:
        words: (start, end) of W words in seconds, in order.
        quiet: silences of the same recording.

    Returns:
        `[W - 1]` pauses in seconds, 0 where there is none.
    """
    middles = [(start + end) / 2 for start, end in words]
    pauses = np.zeros(max(0, len(words) - 1))
    for silence in quiet:
        shared = [min(silence.end, b) - max(silence.start, a)
                  for a, b in zip(middles[:-1], middles[1:], strict=True)]
        if shared and max(shared) > silence.duration / 2:
            k = int(np.argmax(shared))
            pauses[k] = max(pauses[k], silence.duration)
    return pauses
