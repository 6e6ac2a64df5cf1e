from __future__ import annotations

import numpy as np
import pytest

from avspeech.report import intervals, metrics


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_bootstrap_is_seeded_and_order_free():
    values, groups = noise(0, 60).tolist(), [f"s{i % 6}" for i in range(60)]
    first = intervals.bootstrap_interval(values, groups)
    order = np.random.default_rng(5).permutation(60)
    again = intervals.bootstrap_interval([values[i] for i in order], [groups[i] for i in order])
    assert first == pytest.approx(again, abs=1e-12)
    assert first.low < first.mean < first.high
    assert first.mean == pytest.approx(np.mean(values))


def test_clusters_widen_the_interval():
    speakers = np.repeat(np.arange(10), 40)
    values = noise(0, 10)[speakers] + 0.01 * noise(1, 400)
    alone = intervals.bootstrap_interval(values)
    clustered = intervals.bootstrap_interval(values, speakers.tolist())
    assert clustered.high - clustered.low > 3 * (alone.high - alone.low)


def test_bootstrap_covers_the_true_mean():
    hits = 0
    for seed in range(100):
        interval = intervals.bootstrap_interval(noise(seed, 60), seed=seed, resamples=300)
        hits += interval.low <= 0 <= interval.high
    assert 85 <= hits <= 100


def test_bootstrap_and_spread_refuse_undefined_cells():
    assert np.isnan(intervals.bootstrap_interval([1.0, 2.0], ["a", "a"]).low)
    for bad in ([], [1.0, float("nan")]):
        with pytest.raises(ValueError):
            intervals.bootstrap_interval(bad)
        with pytest.raises(ValueError):
            intervals.mean_and_spread(bad)
    with pytest.raises(ValueError, match="groups"):
        intervals.bootstrap_interval([1.0, 2.0], ["a"])
    assert intervals.mean_and_spread([1.0, 3.0]) == (2.0, pytest.approx(np.sqrt(2)), 2)
    assert np.isnan(intervals.mean_and_spread([4.0]).std)


def test_cluster_bootstrap_is_the_bootstrap_of_a_mean_for_a_mean():
    rng = np.random.default_rng(1)
    values, groups = rng.normal(size=90), np.repeat(np.arange(9), 10)
    one = intervals.bootstrap_interval(values, groups, resamples=500)
    other = intervals.cluster_bootstrap(np.mean, groups, values, samples=500)
    assert np.allclose(one, other)
    order = rng.permutation(90)
    assert np.allclose(other, intervals.cluster_bootstrap(np.mean, groups[order], values[order], samples=500))
    assert np.isnan(intervals.cluster_bootstrap(np.mean, ["a"] * 90, values).low)


def test_cluster_bootstrap_of_a_paired_difference_is_narrow():
    rng = np.random.default_rng(2)
    groups, truth = np.repeat(np.arange(20), 30), rng.integers(0, 4, 600)
    first = np.where(rng.random(600) < 0.3, rng.integers(0, 4, 600), truth)
    second = np.where(rng.random(600) < 0.02, rng.integers(0, 4, 600), first)
    alone = intervals.cluster_bootstrap(lambda t, a: metrics.uar(t, a, 4), groups, truth, first)
    pair = intervals.cluster_bootstrap(lambda t, a, b: metrics.uar(t, b, 4) - metrics.uar(t, a, 4),
                                       groups, truth, first, second)
    assert pair.low <= pair.mean <= pair.high and pair.high - pair.low < (alone.high - alone.low) / 2
    with pytest.raises(ValueError):
        intervals.cluster_bootstrap(np.mean, groups[:5], truth)
