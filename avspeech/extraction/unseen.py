"""The time in which a face is not there yet, or has gone for good: what is put out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avspeech.media.mouths import MouthTrack

# s of sound kept before a face first appears and after it has gone: a voice may begin or end unseen
MARGIN = 0.5
FADE = 0.02  # s, at both ends of what is kept


def kept(samples: int, views: Sequence[MouthTrack], sample_rate: int) -> tuple[int, int] | None:
    """The samples [start, stop) that are not silenced because the face is not there yet or has
    gone; None where all are kept.

    Args:
        samples: length of the sound.
        views: of one face.
        sample_rate: of the sound, in Hz.
    """
    spans = [span for view in views if (span := view.span()) is not None]
    if not spans:
        return (0, 0)
    start = round((min(first for first, _ in spans) - MARGIN) * sample_rate)
    stop = round((max(last for _, last in spans) + MARGIN) * sample_rate)
    start, stop = max(0, start), min(samples, stop)
    return None if (start, stop) == (0, samples) else (start, max(start, stop))


def gain(start: int, stop: int, samples: int, kept: tuple[int, int],
         sample_rate: int) -> np.ndarray:
    """Gain for samples [start, stop): 1 within `kept`, 0 outside, raised-cosine fades just
    inside. [N]

    Args:
        start, stop: the samples.
        samples: length of the sound.
        kept: of the function of this name.
        sample_rate: of the sound, in Hz.
    """
    at = np.arange(start, stop, dtype=np.float64) + 0.5
    fade = FADE * sample_rate
    rise = (at - kept[0]) / fade if kept[0] > 0 else np.where(at >= 0, 1.0, 0.0)
    fall = (kept[1] - at) / fade if kept[1] < samples else np.where(at < samples, 1.0, 0.0)
    if kept[1] <= kept[0]:
        return np.zeros(stop - start, np.float32)
    depth = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * depth)).astype(np.float32)
