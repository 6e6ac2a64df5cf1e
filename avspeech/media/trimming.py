"""Trimming: where a sound lies between the silence, or the noise of the room, before and after it.

Power is taken about the mean nearby, so that an offset, which nobody hears, changes nothing,
whether it stays or drifts.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16000  # hertz, where nothing else is said
AROUND = 25  # frames whose mean is taken for the offset of the one in their middle
FLOOR = 10  # percentile of the frames' power that is taken for the noise
# Speech is at least this far above the noise (white noise stays within 1, 1/f noise within 3)
ABOVE_FLOOR_DB = 4.0
WITHIN_DB = 15.0  # all that is this close to the loudest frame is speech, whatever the noise


def speech_bounds(samples: np.ndarray, sample_rate: int = SAMPLE_RATE, below: float = 40.0,
                  margin: float = 0.08) -> tuple[int, int]:
    """Where the sound lies between the silence, or the noise of the room, before and after it.

    Frames of 10 ms (their power about the mean of the quarter of a second around them, averaged
    over 50 ms) count as sound from `below` dB under the loudest one on. Where the quietest tenth of
    the frames is louder than that, it is the noise of a room, and sound begins 4 dB above it.

    Args:
        samples: `[N]` floats.
        sample_rate: samples a second.
        below: dB under the loudest frame; 0 takes all.
        margin: seconds that are kept before and after.

    Returns:
        Index of the first sample that is kept, and of the first one after it that is not. All
        samples are kept where no frame is louder than the others.
    """
    hop = sample_rate // 100
    count = len(samples) // hop
    if count < 5 or not below:
        return 0, len(samples)
    power = frame_power(samples, hop)
    power = np.convolve(power, np.full(5, 0.2), "same")
    loud = np.flatnonzero(power >= speech_threshold(power, below))
    edge = round(margin * sample_rate)
    return max(0, int(loud[0]) * hop - edge), min(len(samples), (int(loud[-1]) + 1) * hop + edge)


def frame_power(samples: np.ndarray, hop: int) -> np.ndarray:
    """Mean power `[N // hop]` float64 of frames of `hop` samples, about the mean of the `AROUND`
    frames around each (fewer at both ends, as many on each side), so that an offset that drifts
    counts as little as one that stays."""
    count = len(samples) // hop
    frames = np.asarray(samples[: count * hop], np.float64).reshape(count, hop)
    sums = np.concatenate([[0.0], np.cumsum(frames.mean(axis=1))])
    place = np.arange(count)
    side = np.minimum(AROUND // 2, np.minimum(place, count - 1 - place))
    mean = (sums[place + side + 1] - sums[place - side]) / (2 * side + 1)
    return np.square(frames - mean[:, None]).mean(axis=1)


def speech_threshold(power: np.ndarray, below: float) -> float:
    """The power from which frames `[T]` count as sound: see `speech_bounds`."""
    loudest = float(power.max())
    noise = float(np.percentile(power, FLOOR))
    wanted = max(loudest * 10 ** (-below / 10), noise * 10 ** (ABOVE_FLOOR_DB / 10))
    return min(wanted, loudest * 10 ** (-min(below, WITHIN_DB) / 10))
