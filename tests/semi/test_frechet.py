"""Fréchet distance against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.semi.frechet import Gaussian, distance, distances, fit, oas_shrinkage


def gaussian(mean: np.ndarray, covariance: np.ndarray) -> Gaussian:
    return Gaussian(np.asarray(mean, float), np.asarray(covariance, float))


def random(dim: int, seed: int) -> Gaussian:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(dim, dim + 3))
    return gaussian(rng.normal(size=dim), a @ a.T / dim)


def test_of_one_dimension_it_is_of_means_and_deviations() -> None:
    assert distance(gaussian([1.0], [[4.0]]), gaussian([-2.0], [[0.25]])) == pytest.approx(9 + 1.5**2)


@given(st.integers(1, 12), st.integers(0, 100))
def test_of_covariances_that_commute(dim: int, seed: int) -> None:
    """With the same eigenvectors: |mean - mean|^2 + sum (sqrt a - sqrt b)^2."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    a, b = rng.uniform(0, 3, dim), rng.uniform(0, 3, dim)
    apart = rng.normal(size=dim)
    one, two = (gaussian(mean, (axes * values) @ axes.T) for mean, values in ((apart, a), (apart * 0, b)))
    expected = (apart**2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert distance(one, two) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.integers(1, 8), st.integers(0, 50))
def test_it_is_as_scipys_square_root_has_it(dim: int, seed: int) -> None:
    from scipy.linalg import sqrtm

    a, b = random(dim, seed), random(dim, seed + 1000)
    expected = ((a.mean - b.mean) ** 2).sum() + np.trace(a.covariance + b.covariance
                                                         - 2 * np.real(sqrtm(a.covariance @ b.covariance)))
    assert distance(a, b) == pytest.approx(expected, rel=1e-8)
    assert distance(b, a) == pytest.approx(distance(a, b), rel=1e-9)


@given(st.integers(1, 8), st.integers(0, 50), st.floats(0.1, 10))
def test_of_itself_it_is_nothing_and_it_scales_by_the_square(dim: int, seed: int, factor: float) -> None:
    a, b = random(dim, seed), random(dim, seed + 1000)
    assert distance(a, a) == pytest.approx(0, abs=1e-9)
    large = [gaussian(factor * g.mean, factor**2 * g.covariance) for g in (a, b)]
    assert distance(*large) == pytest.approx(factor**2 * distance(a, b), rel=1e-6, abs=1e-9)


def test_a_linear_map_has_a_closed_form() -> None:
    """x -> A x + b with A symmetric and positive is the optimal transport: E |A x + b - x|^2."""
    g = random(5, 0)
    map_, shift = random(5, 1).covariance, np.arange(5.0)
    other = gaussian(map_ @ g.mean + shift, map_ @ g.covariance @ map_)
    move = map_ - np.eye(5)
    expected = np.trace(move @ g.covariance @ move) + ((move @ g.mean + shift) ** 2).sum()
    assert distance(g, other) == pytest.approx(expected, rel=1e-9)


def test_shrinkage_is_scikit_learns() -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    x = np.random.default_rng(0).normal(size=(40, 60)) * np.linspace(1, 3, 60)
    fitted = fit(x)
    expected = covariance.OAS().fit(x)
    assert oas_shrinkage(np.cov(x.T, bias=True), 40) == pytest.approx(expected.shrinkage_)
    np.testing.assert_allclose(fitted.covariance, expected.covariance_)
    assert np.linalg.eigvalsh(fitted.covariance).min() > 0  # though 40 vectors span no 60 dimensions


def test_few_vectors_are_enough() -> None:
    rng = np.random.default_rng(0)
    classes = [fit(rng.normal(size=(300, 64)) + shift) for shift in (0.0, 0.5)]
    near = [fit(rng.normal(size=(20, 64)) + shift) for shift in (0.0, 0.5, 0.5)]
    assert distances(near, classes).argmin(1).tolist() == [0, 1, 1]
    assert fit(np.ones((1, 4))).covariance.tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("vectors", [np.zeros((0, 3)), np.zeros(3), np.full((2, 2), np.nan)])
def test_what_has_no_gaussian(vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite vectors"):
        fit(vectors)
    with pytest.raises(ValueError, match="dimensions"):
        distance(random(2, 0), random(3, 0))
