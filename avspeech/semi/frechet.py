"""Fréchet distance between sets of embeddings, each taken for a Gaussian (Dowson and Landau 1982;
as Fréchet audio distance: Kilgour et al. 2019).

An utterance has some 150 frames against 768 dimensions: its covariance is shrunk towards a multiple
of the identity, and all arithmetic is in float64 with symmetric square roots, so the distance is a
real number, is 0 of a set to itself, and is symmetric up to rounding.
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
    """mean [D], covariance [D, D] (symmetric, no negative eigenvalue), and of how many vectors."""

    mean: Array
    covariance: Array = field(repr=False)
    count: int = 0

    @cached_property
    def root(self) -> Array:
        """The symmetric square root of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)


def fit(vectors: ArrayLike, shrinkage: float | None = None) -> Gaussian:
    """The Gaussian of vectors [n, D].

    shrinkage: share, 0 to 1, of the identity (times the mean variance) in the covariance; default
    the optimum for Gaussians by its closed form (OAS: Chen et al. 2010), which is 1 for a single
    vector. Covariances are of the population (divided by n). Raises ValueError for none, or numbers
    that are not finite.
    """
    x = np.asarray(vectors, np.float64)
    if x.ndim != 2 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"expected finite vectors [n, D], at least one, got shape {x.shape}")
    mean = x.mean(0)
    centred = x - mean
    covariance = centred.T @ centred / len(x)
    size = np.trace(covariance) / x.shape[1]
    amount = oas_shrinkage(covariance, len(x)) if shrinkage is None else float(shrinkage)
    if not 0 <= amount <= 1:
        raise ValueError(f"shrinkage should lie between 0 and 1, got {amount}")
    return Gaussian(mean, (1 - amount) * covariance + amount * size * np.eye(len(mean)), len(x))


def oas_shrinkage(covariance: Array, count: int) -> float:
    """How far to shrink a covariance [D, D] of `count` vectors: the oracle-approximating
    estimate."""
    dim = len(covariance)
    mean_square, square_mean = (covariance**2).mean(), (np.trace(covariance) / dim) ** 2
    below = (count + 1) * (mean_square - square_mean / dim)
    return 1.0 if below <= 0 else float(min((mean_square + square_mean) / below, 1.0))


def distance(a: Gaussian, b: Gaussian) -> float:
    """|mean - mean|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2): the squared Wasserstein-2 distance of
    two Gaussians, in the square of the embeddings' unit, at least 0. Raises ValueError for unlike
    dimensions."""
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"embeddings of {len(a.mean)} and {len(b.mean)} dimensions")
    middle = b.root @ a.covariance @ b.root
    shared = np.sqrt(np.linalg.eigvalsh((middle + middle.T) / 2).clip(0)).sum()
    apart = float(((a.mean - b.mean) ** 2).sum())
    return max(apart + float(np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared), 0.0)


def distances(utterances: Sequence[Gaussian], classes: Sequence[Gaussian]) -> Array:
    """[utterances, classes]: of each to each. The root of each class is taken once; an eigenvalue
    problem of size D a pair remains."""
    return np.array([[distance(u, c) for c in classes] for u in utterances]).reshape(-1,
                                                                                     len(classes))
