"""The contours of last words, as arrays: found in a recording, drawn, and laid into a melody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avspeech.media import pitch

MIN_FRAMES = 4


def of_last_words(hertz: np.ndarray, voiced: np.ndarray, spans: Sequence[tuple[int, int]],
                  hop_seconds: float) -> list[np.ndarray]:
    """Pitch Processor: the contours of last words, interpolated through what is unvoiced, smoothed
    and cut.

    Args:
        hertz: F0 `[T]`.
        voiced: `[T]` bool.
        spans: [first, last) frames of each word.
        hop_seconds: seconds between frames.

    Returns:
        For each span `[F]` float32 semitones around their own mean; empty where no frame within 0.1
        s is voiced.
    """
    line = pitch.contour(hertz, voiced, hop_seconds)
    reach, found = round(0.1 / hop_seconds), []
    for start, end in spans:
        heard = np.asarray(voiced[max(0, start - reach): end + reach]).any()
        piece = line[start: max(end, min(start + MIN_FRAMES, len(line)))]
        good = heard and len(piece) > 1 and bool(np.isfinite(piece).all())
        found.append((piece - piece.mean()).astype(np.float32) if good else np.zeros(0, np.float32))
    return found


def straight(slopes: np.ndarray, frames: int) -> np.ndarray:
    """Straight lines of mean 0 `[P, F]` over F frames; slopes: `[P]` semitones from first to
    last."""
    at = np.arange(frames) / max(1, frames - 1) - 0.5
    return (np.asarray(slopes)[:, None] * at).astype(np.float32)


def centered(contours: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Contours `[P, F]` less the mean of their own frames `[P]`."""
    there = np.arange(contours.shape[1]) < frames[:, None]
    middle = (contours * there).sum(1) / np.maximum(frames, 1)
    return (contours - middle[:, None]).astype(np.float32)


def nearest(asked: np.ndarray, reference: np.ndarray, there: np.ndarray,
            sharpness: float = 4.0) -> np.ndarray:
    """`intonation.align_attention` of one sentence: `[P, D]` of `asked [P, D]` and `reference [Q,
    D]`, those that are `there [Q]`."""
    distance = np.square(asked[:, None] - reference[None]).sum(-1) / asked.shape[1]
    logits = np.where(there, -sharpness * distance, -np.inf)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return ((weights / weights.sum(1, keepdims=True)) @ reference).astype(np.float32)


def only(contours: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """`intonation.only` of one sentence: contours `[T, 2]` of the phrases asked for, `[P]` bool."""
    return contours * np.isin(contours[:, 1:], 1 + np.flatnonzero(asked))


def lay(melody: np.ndarray, contours: np.ndarray) -> np.ndarray:
    """`intonation.lay` of one sentence: contours `[T, 2]` in place of the melody `[T]` of last
    words, around the same means."""
    out = melody.copy()
    contour, phrase = contours.T
    for number in np.unique(phrase[phrase > 0]):
        inside = phrase == number
        out[inside] = contour[inside] + (melody[inside] - contour[inside]).mean()
    return out
