"""What windows of the signal say of half seconds: sums over the samples and frames of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from avspeech.extraction.evidence import Window

STEP = 0.5  # s, of evidence and of weights
AROUND = 6.0  # s before and behind a step, over which much is summed (`smoothed`)


class Sums(NamedTuple):
    """Sums over the samples and frames of steps; the first axis is the step."""

    fits: np.ndarray  # [S, F, K]
    own_fits: np.ndarray  # [S, F]
    seen: np.ndarray  # [S, F], frames in which the face is seen
    frames: np.ndarray  # [S]
    voices: np.ndarray  # [S, K], energies
    own: np.ndarray  # [S, F]
    mixture: np.ndarray  # [S]
    cross: np.ndarray  # [S, F, K], of own and voices
    voice: np.ndarray  # [S, F, K], evidence of timbre, times frames
    moves: np.ndarray  # [S, F]


def sums(window: Window, voice: np.ndarray, step: int, hop: int) -> tuple[int, Sums]:
    """What a window says of each step.

    Args:
        window: all of it.
        voice: `[F, K]`, evidence of a step from timbre.
        step: samples of a step; steps begin at its multiples.
        hop: samples between frames of the fits.

    Returns:
        (the first step, the sums).
    """
    first = window.start // step
    count = (window.start + max(len(window.mixture), 1) - 1) // step - first + 1
    frame = np.minimum((window.start + np.arange(window.seen.shape[1]) * hop) // step - first,
                       count - 1)

    def binned(values: np.ndarray) -> np.ndarray:
        """Sums of [..., T] over the frames of each step, [S, ...]."""
        out = np.zeros((count, *values.shape[:-1]))
        np.add.at(out, frame, np.moveaxis(values, -1, 0))
        return out

    edges = np.maximum((first + np.arange(count)) * step - window.start, 0)

    def energy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Sums of products over the samples of each step, [S, ...]."""
        return np.moveaxis(np.add.reduceat(x.astype(np.float64) * y, edges, axis=-1), -1, 0)

    frames = binned(np.ones(window.seen.shape[1]))
    return first, Sums(
        binned(window.fits), binned(window.own_fits), binned(window.seen.astype(float)), frames,
        energy(window.voices, window.voices), energy(window.own, window.own),
        energy(window.mixture, window.mixture), energy(window.own[:, None], window.voices[None]),
        voice * frames[:, None, None], binned(window.moves))


def shares_of_voices(chances: np.ndarray) -> np.ndarray:
    """Probabilities `[S, F, K]` of the voices where a face has one, from those of `assign`."""
    voices = chances[..., :-1]
    return np.asarray(voices / np.maximum(voices.sum(-1, keepdims=True), 1e-9))


def smoothed(x: np.ndarray) -> np.ndarray:
    """Sums over the steps up to `AROUND` before and behind each one, along the first axis."""
    steps = round(AROUND / STEP)
    total = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, 0)])
    at = np.arange(len(x))
    return total[np.minimum(at + steps + 1, len(x))] - total[np.maximum(at - steps, 0)]
