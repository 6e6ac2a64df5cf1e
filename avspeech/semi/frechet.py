"""Fréchet distance between sets of embeddings, each modeled as a Gaussian (Dowson and Landau 1982;
as Fréchet audio distance: Kilgour et al. 2019).

An utterance has about 150 frames with 768 dimensions, so its covariance is shrunk toward a multiple
of the identity. All arithmetic is in float64 with symmetric square roots. So the distance is a real
number, the distance of a set to itself is 0, and it is symmetric up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian that was fitted to vectors."""

    mean: Array  # [D]
    covariance: Array = field(repr=False)  # [D, D], symmetric, no negative eigenvalue
    count: int = 0  # of the vectors

    @cached_property
    def root(self) -> Array:
        """The symmetric square root of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)


def fit(vectors: ArrayLike, shrinkage: float | None = None) -> Gaussian:
    """Fits a Gaussian.

    Args:
        vectors: [n, D].
        shrinkage: weight of the identity (times the mean variance) in the covariance, 0 to 1; None:
            the closed-form optimum for Gaussians (OAS: Chen et al. 2010), which is 1 for a single
            vector.

    Returns:
        The Gaussian, with the covariance of the population (divided by n).

    Raises:
        ValueError: no vectors, or values that are not finite.
    """
    x = np.asarray(vectors, np.float64)
    if x.ndim != 2 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"expected finite vectors [n, D], at least one, got shape {x.shape}")
    mean = x.mean(0)
    centered = x - mean
    covariance = centered.T @ centered / len(x)
    size = np.trace(covariance) / x.shape[1]
    amount = oas_shrinkage(covariance, len(x)) if shrinkage is None else float(shrinkage)
    if not 0 <= amount <= 1:
        raise ValueError(f"shrinkage should lie between 0 and 1, got {amount}")
    return Gaussian(mean, (1 - amount) * covariance + amount * size * np.eye(len(mean)), len(x))


def oas_shrinkage(covariance: Array, count: int) -> float:
    """The oracle-approximating shrinkage (OAS) of a covariance.

    Args:
        covariance: [D, D].
        count: number of vectors that it was computed from.

    Returns:
        The weight of the identity, 0 to 1.
    """
    dim = len(covariance)
    mean_square, square_mean = (covariance**2).mean(), (np.trace(covariance) / dim) ** 2
    below = (count + 1) * (mean_square - square_mean / dim)
    return 1.0 if below <= 0 else float(min((mean_square + square_mean) / below, 1.0))


def distance(a: Gaussian, b: Gaussian) -> float:
    """The squared Wasserstein-2 distance of two Gaussians:
    |mean - mean|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2).

    Args:
        a, b: Gaussians of the same dimension.

    Returns:
        The distance, at least 0, in the squared unit of the embeddings.

    Raises:
        ValueError: the dimensions differ.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"embeddings of {len(a.mean)} and {len(b.mean)} dimensions")
    middle = b.root @ a.covariance @ b.root
    shared = np.sqrt(np.linalg.eigvalsh((middle + middle.T) / 2).clip(0)).sum()
    apart = float(((a.mean - b.mean) ** 2).sum())
    return max(apart + float(np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared), 0.0)


def distances(utterances: Sequence[Gaussian], classes: Sequence[Gaussian]) -> Array:
    """The distance of each utterance to each class. The square root of a class is computed once;
    each pair needs one eigenvalue decomposition of size D.

    Args:
        utterances: n Gaussians.
        classes: K Gaussians.

    Returns:
        [n, K].
    """
    table = np.empty((len(utterances), len(classes)))
    for row, utterance in zip(table, utterances):
        row[:] = [distance(utterance, c) for c in classes]
    return table
