"""Pitch and volume that a text asks for, frame by frame (`avspeech.text.script.Style`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avspeech.text import Token
from avspeech.text.script import SILENT, Contour

SMOOTH = 3  # frames over which a change of pitch is spread


def shifts(tokens: Sequence[Token], durations: np.ndarray) -> np.ndarray | None:
    """Semitones by which the melody is moved.

    Args:
        tokens: of a sentence.
        durations: `[L]`, frames of each.

    Returns:
        `[T]` float32; None where nothing is asked for.
    """
    if all(token.style.pitch == 0 and token.style.contour is None for token in tokens):
        return None
    ends = np.cumsum(durations)
    out = np.repeat([token.style.pitch for token in tokens], durations).astype(np.float64)
    for contour in dict.fromkeys(t.style.contour for t in tokens if t.style.contour is not None):
        first, last = _span(tokens, contour)
        start, end = int(ends[first] - durations[first]), int(ends[last])
        share = (np.arange(start, end) - start + 0.5) / max(1, end - start)
        times, values = zip(*contour.points, strict=True)
        out[start:end] += np.interp(share, times, values)
    padded = np.pad(out, SMOOTH // 2, "edge")
    return np.convolve(padded, np.full(SMOOTH, 1 / SMOOTH), "valid").astype(np.float32)


def _span(tokens: Sequence[Token], contour: Contour) -> tuple[int, int]:
    """The first and the last of the tokens that are in a contour's stretch."""
    places = [i for i, token in enumerate(tokens) if token.style.contour == contour]
    return places[0], places[-1]


def gains(tokens: Sequence[Token], durations: np.ndarray) -> np.ndarray | None:
    """Factors of the sound.

    Args:
        tokens: of a sentence.
        durations: `[L]`, frames of each.

    Returns:
        `[T]` float32; None where nothing is asked for.
    """
    decibels = [token.style.gain for token in tokens]
    if not any(decibels):
        return None
    factors = [0.0 if gain <= SILENT else 10 ** (gain / 20) for gain in decibels]
    return np.repeat(factors, durations).astype(np.float32)


def at_samples(frames: np.ndarray, hop: int) -> np.ndarray:
    """Values of frames `[T]` at samples `[T * hop]`, by straight lines between the frames'
    middles."""
    middles = (np.arange(len(frames)) + 0.5) * hop
    return np.interp(np.arange(len(frames) * hop) + 0.5, middles, frames).astype(np.float32)
