"""Bootstrap confidence intervals of means and other statistics, and the spread of several runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and the two ends of its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values: Sequence[float] | Array,
    groups: Sequence[Any] | None = None,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval:
    """Mean with its percentile bootstrap interval (Efron, Tibshirani 1993, ch. 13).

    Args:
        values: [n].
        groups: [n] labels, for example speakers. Whole groups are drawn with replacement, because
            utterances of one speaker are not independent; the mean of a resample is over all its
            values. None: every value is its own group.
        level: confidence level.
        seed: of the resampling.
        resamples: number of resamples.

    Returns:
        The interval. It does not depend on the order of the values. With one group there is nothing
        to draw from, and both ends are NaN.

    Raises:
        ValueError: no values, NaN, different lengths, or a level outside (0, 1).
    """
    data = np.asarray(values, np.float64)
    if data.ndim != 1 or not len(data):
        raise ValueError(f"expected a list of at least one value, got shape {data.shape}")
    if np.isnan(data).any():
        raise ValueError(f"{np.isnan(data).sum()} of {len(data)} values are NaN; "
                         "leave undefined values out")
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, got {level}")
    if groups is None:
        sums: Array = np.sort(data)
        counts: Array = np.ones(len(data))
    else:
        if len(groups) != len(data):
            raise ValueError(f"{len(data)} values but {len(groups)} groups")
        names = sorted({str(g) for g in groups})
        index = np.searchsorted(names, [str(g) for g in groups])
        order = np.lexsort((data, index))
        sums = np.bincount(index[order], data[order], len(names)).astype(np.float64)
        counts = np.bincount(index, minlength=len(names)).astype(np.float64)
    mean = float(sums.sum() / counts.sum())
    if len(sums) < 2:
        return Interval(mean, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    for i in range(resamples):
        drawn = rng.integers(0, len(sums), len(sums))
        means[i] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high))


class Spread(NamedTuple):
    """Mean over runs, standard deviation between them (n - 1; NaN for one run), number of runs."""

    mean: float
    std: float
    n: int


def mean_and_spread(values: Sequence[float] | Array) -> Spread:
    """Mean and sample standard deviation over runs.

    Args:
        values: one value for each seed.

    Raises:
        ValueError: no values, or NaN. A failed run is reported as missing and never averaged.
    """
    data = np.asarray(values, np.float64)
    if data.ndim != 1 or not len(data) or np.isnan(data).any():
        raise ValueError(f"expected at least one value and no NaN, got {data.tolist()}")
    return Spread(float(data.mean()), float(data.std(ddof=1)) if len(data) > 1 else float("nan"),
                  len(data))


def cluster_bootstrap(
    statistic: Callable[..., float],
    groups: Sequence[Any],
    *arrays: Sequence[Any] | NDArray[Any],
    samples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """A statistic with its percentile bootstrap interval, with whole groups (speakers) drawn with
    replacement. For statistics that are not a mean, such as UAR; see also `bootstrap_interval`.

    Args:
        statistic: gets the drawn rows of each array. A paired difference is a statistic too:
            `lambda t, a, b: uar(t, b, 8) - uar(t, a, 8)`. A draw with the value NaN is left out.
        groups: [n] labels.
        arrays: each [n, ...], one row for each item.
        samples: number of resamples.
        seed: of the resampling.
        level: confidence level.

    Returns:
        The interval. It does not depend on the order of the items. With one group both ends are
        NaN.

    Raises:
        ValueError: different or zero lengths, or a level outside (0, 1).
    """
    data = [np.asarray(a) for a in arrays]
    if not data or not len(groups) or any(len(a) != len(groups) for a in data):
        raise ValueError(f"expected arrays as long as the {len(groups)} groups (at least one), "
                         f"got lengths {[len(a) for a in data]}")
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, got {level}")
    names = np.asarray([str(g) for g in groups])
    rows = [np.flatnonzero(names == name) for name in sorted(set(names.tolist()))]
    whole = float(statistic(*data))
    if len(rows) < 2:
        return Interval(whole, float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    values = np.empty(samples)
    for i in range(samples):
        chosen = np.concatenate([rows[k] for k in rng.integers(0, len(rows), len(rows))])
        values[i] = statistic(*(a[chosen] for a in data))
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(whole, float(low), float(high))
