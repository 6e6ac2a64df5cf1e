"""Monotonic alignment search: which symbol each frame belongs to, by dynamic programming.

J. Kim et al., "Glow-TTS: A Generative Flow for Text-to-Speech via Monotonic Alignment Search",
NeurIPS 2020, with one addition: symbols that may be passed over, which is how a pause between words
is found or found absent. NumPy, vectorized over the batch and the symbols; one turn of the loop a
frame, no compiler.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from avspeech.errors import InputError

_LOW = -1e9


def search(scores: np.ndarray, lengths: np.ndarray, frames: np.ndarray,
           optional: np.ndarray | None = None) -> np.ndarray:
    """Finds the monotonic path of the highest total score.

    A path begins in the first symbol and ends in the last (or beside it, where that is optional).

    Args:
        scores: `[B, L, T]` log likelihoods of frame t under symbol l.
        lengths: `[B]` symbols.
        frames: `[B]` frames.
        optional: `[B, L]` bool, symbols that may get no frame (default: none); every other one gets
            at least one.

    Returns:
        Frames of each symbol `[B, L]` int64.

    Raises:
        InputError: an utterance has fewer frames than symbols that need one.
    """
    batch, symbols, _ = scores.shape
    lengths, frames = np.asarray(lengths), np.asarray(frames)
    optional = np.zeros((batch, symbols), bool) if optional is None else np.asarray(optional, bool)
    there = np.arange(symbols) < lengths[:, None]
    short = np.flatnonzero((there & ~optional).sum(1) > frames)
    if len(short):
        raise InputError(f"utterance {short[0]} of the batch: {int(lengths[short[0]])} symbols in "
                         f"{int(frames[short[0]])} frames; its text is longer than its sound")
    longest = int(frames.max())
    columns = np.ascontiguousarray(scores[:, :, :longest].transpose(2, 0, 1), dtype=np.float32)
    # A step goes to the same symbol, the next, or the one after an optional one; no two optional in
    # a row.
    over = np.zeros((batch, symbols), bool)
    over[:, 2:] = optional[:, 1:-1]
    best = np.full((batch, symbols), _LOW, np.float32)
    best[:, 0] = columns[0, :, 0]
    if symbols > 1:
        best[:, 1] = np.where(optional[:, 0], columns[0, :, 1], _LOW)
    came = np.zeros((longest, batch, symbols), np.int8)
    options = np.full((3, batch, symbols), _LOW, np.float32)
    for t in range(1, longest):
        options[0] = best
        options[1, :, 1:] = best[:, :-1]
        options[2, :, 2:] = np.where(over[:, 2:], best[:, :-2], _LOW)
        came[t] = options.argmax(0)
        best = np.where((t < frames)[:, None], options.max(0) + columns[t], best)
    rows = np.arange(batch)
    place = lengths - 1
    beside = np.maximum(place - 1, 0)
    place = np.where(optional[rows, place] & (best[rows, beside] > best[rows, place]), beside,
                     place)
    durations = np.zeros((batch, symbols), np.int64)
    for t in range(longest - 1, -1, -1):
        live = t < frames
        durations[rows[live], place[live]] += 1
        place = np.where(live, place - came[t, rows, place], place)
    return durations


def gaussian_scores(means: Tensor, features: Tensor) -> Tensor:
    """Log likelihoods `[B, L, T]`, up to a constant, of features `[B, T, M]` under unit Gaussians
    around means `[B, L, M]`: the scores of an alignment under the model's prior."""
    return torch.einsum("blm,btm->blt", means, features) \
        - 0.5 * (means.square().sum(-1).unsqueeze(2) + features.square().sum(-1).unsqueeze(1))


def diagonal(lengths: np.ndarray, frames: np.ndarray, symbols: int, longest: int,
             width: float = 0.2) -> np.ndarray:
    """Log of a Gaussian around the diagonal, `[B, L, T]`, at most 0.

    Added to the scores of a model that knows nothing yet, it begins with even durations.

    Args:
        lengths: `[B]` symbols.
        frames: `[B]` frames.
        symbols: L.
        longest: T.
        width: deviation, as a share of the whole.
    """
    at = (np.arange(symbols)[None, :, None] + 0.5) / np.asarray(lengths)[:, None, None]
    when = (np.arange(longest)[None, None, :] + 0.5) / np.asarray(frames)[:, None, None]
    return (-0.5 * ((at - when) / width) ** 2).astype(np.float32)


def expand(durations: Tensor, longest: int | None = None) -> tuple[Tensor, Tensor]:
    """Spreads symbols over frames.

    Args:
        durations: `[B, L]` frames of each symbol.
        longest: T (default: that of the longest utterance).

    Returns:
        (the symbol of each frame `[B, T]` int64, the last one beyond the end; which frames exist
        `[B, T]` bool).
    """
    ends = durations.cumsum(1)
    total = int(ends[:, -1].max()) if longest is None else longest
    frame = torch.arange(total, device=durations.device).expand(len(durations), total).contiguous()
    if torch.compiler.is_exporting():  # ONNX has no search
        index = (frame.unsqueeze(-1) >= ends.unsqueeze(1)).sum(-1)
    else:
        index = torch.searchsorted(ends, frame, right=True)
    return index.clamp_max(durations.shape[1] - 1), frame < ends[:, -1:]
