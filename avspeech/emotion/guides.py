"""Guides: frames of a larger model for each utterance, which small models learn in training."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avspeech.core import arrays, storage
from avspeech.errors import InputError


@dataclass
class Guide:
    """Frames of a larger model that a linear layer learns beside the targets, in training alone.

    Feature distillation: Romero et al., "FitNets", ICLR 2015; of speech models: Chang et al.,
    "DistilHuBERT", ICASSP 2022.
    """

    file: str  # in the cache's folder, written by `write_guide`
    dims: int = 128  # principal components kept, of the frames of the training utterances
    weight: float = 1.0  # of the mean squared error, for components of unit variance


def write_guide(path: Path, frames: Sequence[np.ndarray], key: str = "") -> None:
    """Writes the frames of a guide, atomically.

    Args:
        path: the file to write.
        frames: [F, D] of each utterance, in the order of the cache's ids.
        key: hash of all that the frames were made of.
    """
    out = io.BytesIO()
    np.savez(out, frames=np.concatenate(frames).astype(np.float16),
             counts=[len(f) for f in frames], key=key)
    storage.write_atomically(path, out.getvalue())


def read_guide(path: Path) -> list[np.ndarray]:
    """Reads what `write_guide` wrote.

    Returns:
        [F, D] float32 of each utterance.

    Raises:
        InputError: the file is absent or no guide.
    """
    try:
        kept = arrays.read(path, "frames", "counts")
        return np.split(kept["frames"].astype(np.float32), np.cumsum(kept["counts"])[:-1])
    except InputError as error:
        raise InputError(f"{path}: no guide ({error}); run the features stage") from None


def guide_key(path: Path) -> str:
    """The `key` that a guide was written with, "" where there is no such file."""
    try:
        return str(arrays.read(path, "key")["key"])
    except InputError:
        return ""


def whitening(frames: np.ndarray, dims: int) -> tuple[np.ndarray, np.ndarray]:
    """A map of frames to principal components of variance 1, their dimensions scaled to equal
    variance.

    Args:
        frames: [n, D].
        dims: number of components, at most.

    Returns:
        mean [D] and components [D, dims'] float32: (frames - mean) @ components is whitened.
    """
    mean, std = frames.mean(0), frames.std(0) + 1e-6
    x = (frames - mean) / std
    values, vectors = np.linalg.eigh(np.matmul(x.T, x, dtype=np.float64) / len(x))
    keep = min(dims, int((values > 1e-6 * values[-1]).sum()))
    components = (vectors / np.sqrt(np.maximum(values, 1e-12)))[:, ::-1][:, :keep]
    return mean, (components / std[:, None]).astype(np.float32)
