"""Scores, intervals and tests of what a sweep left."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.bench import records, statistics
from avspeech.errors import InputError
from avspeech.report import intervals, metrics

SKILL = {"weak": 0.2, "fair": 0.5, "good": 0.8}
Make = Callable[..., Path]


@given(st.integers(2, 8), st.integers(1, 60), st.integers(0, 1000))
def test_measures_from_counts_are_the_metrics(classes: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, said = rng.integers(0, classes, n), rng.integers(0, classes, n)
    table = metrics.confusion(truth, said, classes)
    for name in ("uar", "war", "wf1"):
        expected = getattr(metrics, name)(truth, said, classes)
        assert float(statistics.measure(name, table, classes)) == pytest.approx(expected)
    for name in ("ccc", "mae"):
        expected = getattr(metrics, name)(truth, said)
        assert float(statistics.measure(name, table, classes)) == pytest.approx(expected, nan_ok=True)


def test_scores_pool_the_folds_and_average_the_seeds(make_experiment: Make) -> None:
    exp = make_experiment(SKILL, tasks=("emotion", "age"))
    found = {(s.task, s.upstream): s for s in statistics.scores(exp, samples=200)}
    assert len(found) == 6
    for task, classes, metric in (("emotion", 4, "uar"), ("age", 0, "ccc")):
        score = found[task, "fair"]
        cells = [c for c in records.read(exp).cells if (c["task"], c["upstream"]) == (task, "fair")]
        by_seed = []
        for seed in (0, 1):
            rows = [r for c in cells if c["seed"] == seed for r in records.predictions(exp, c)]
            truth, said = [r["truth"] for r in rows], [r["predicted"] for r in rows]
            by_seed.append(metrics.uar(truth, said, classes) if classes else metrics.ccc(truth, said))
        assert score.metric == metric
        assert score.by_seed == pytest.approx(tuple(by_seed))
        assert score.value == pytest.approx(np.mean(by_seed))
        assert score.seed_std == pytest.approx(np.std(by_seed, ddof=1))
        assert score.fold_mean == pytest.approx(np.mean([c["metrics"][metric] for c in cells]))
        assert score.low < score.value < score.high
        assert (score.folds, score.seeds, score.speakers, score.utterances) == (3, 2, 12, 72)
        assert sum(score.weights) == pytest.approx(1)
    assert found["emotion", "good"].value > found["emotion", "weak"].value
    assert found["emotion", "good"].chance == 0.25
    assert np.sum(found["emotion", "good"].confusion) == 72
    good = found["emotion", "good"]
    assert np.mean(good.recalls) == pytest.approx(good.value, abs=0.02)


def test_the_interval_is_the_bootstrap_by_speaker(make_experiment: Make) -> None:
    exp = make_experiment(SKILL, tasks=("emotion",), seeds=1)
    score = next(s for s in statistics.scores(exp, samples=500, seed=3) if s.upstream == "fair")
    cells = [c for c in records.read(exp).cells if c["upstream"] == "fair"]
    rows = [r for c in cells for r in records.predictions(exp, c)]
    expected = intervals.cluster_bootstrap(
        lambda t, p: metrics.uar(t, p, 4), [r["speaker"] for r in rows], [r["truth"] for r in rows],
        [r["predicted"] for r in rows], samples=500, seed=3)
    assert (score.value, score.low, score.high) == pytest.approx(tuple(expected))


def test_a_missing_cell_makes_its_score_missing(make_experiment: Make) -> None:
    exp = make_experiment(SKILL, tasks=("emotion", "gender"), gaps=[("emotion", "fair", 1, 0)])
    found = {(s.task, s.upstream): s for s in statistics.scores(exp, samples=50)}
    gap = found["emotion", "fair"]
    assert math.isnan(gap.value)
    assert gap.missing == ("fold 1, seed 0: InputError: a.wav: the file is empty",)
    assert not math.isnan(found["gender", "fair"].value)
    assert statistics.paired(gap, found["emotion", "good"]) is None
    (exp / records.MISSING).unlink()  # planned, and not run
    gap = next(s for s in statistics.scores(exp, samples=50) if s.missing)
    assert gap.missing == ("fold 1, seed 0: not run",)


def test_predictions_that_are_gone_are_told(make_experiment: Make) -> None:
    exp = make_experiment(SKILL, tasks=("emotion",))
    next((exp / "predictions").iterdir()).unlink()
    with pytest.raises(InputError, match="no predictions of fold 0, seed 0"):
        statistics.scores(exp)


def test_the_paired_bootstrap(make_experiment: Make) -> None:
    exp = make_experiment({**SKILL, "twin": 0.8}, tasks=("emotion", "gender"))
    found = {(s.task, s.upstream): s for s in statistics.scores(exp, samples=500)}
    better = statistics.paired(found["emotion", "weak"], found["emotion", "good"])
    assert better is not None and better.low > 0 and better.p < 0.05
    same = statistics.paired(found["emotion", "good"], found["emotion", "good"])
    assert same is not None and (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    back = statistics.paired(found["emotion", "good"], found["emotion", "weak"])
    assert back is not None and back.value == pytest.approx(-better.value) and back.p == better.p
    with pytest.raises(ValueError, match="same utterances"):
        statistics.paired(found["emotion", "weak"], found["gender", "weak"])


def test_holm() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([]) == []


def test_ranks_and_the_critical_difference() -> None:
    # Demšar (2006), table 5: q at 0.05 is 2.569 for four classifiers
    four = statistics.ranking({str(i): {"a": 1, "b": 2, "c": 3, "d": i} for i in range(14)}, "abcd")
    assert four.critical_difference == pytest.approx(2.569 * math.sqrt(4 * 5 / 84), abs=1e-3)
    values = {f"task {i}": {"a": 0.9, "b": 0.8 + 0.01 * i, "c": 0.2} for i in range(12)}
    found = statistics.ranking(values, "abc")
    assert found.upstreams[-1] == "c" and found.ranks[-1] == 3
    assert sum(found.ranks) == pytest.approx(6)
    assert found.p < 0.01 and found.groups == (("a", "b"),)
    turned = statistics.ranking(values, "abc", lower_is_better=list(values))
    assert turned.upstreams[0] == "c"


def test_a_task_that_lacks_an_upstream_is_in_no_rank() -> None:
    values = {"one": {"a": 0.9, "b": 0.1}, "two": {"a": 0.9, "b": math.nan}, "three": {"a": 0.5, "b": 0.5}}
    found = statistics.ranking(values, ["a", "b"])
    assert found.tasks == ("one", "three") and found.left_out == ("two (no b)",)
    assert found.ranks == (1.25, 1.75) and math.isnan(found.p)
    assert statistics.ranking({"two": values["two"]}, ["a", "b"]).tasks == ()
    ties = {str(i): {"a": 1.0, "b": 1.0, "c": 1.0} for i in range(3)}
    assert statistics.ranking(ties, "abc").p == 1.0


def test_costs(make_experiment: Make) -> None:
    costs = statistics.costs(records.read(make_experiment(SKILL, tasks=("gender",))))
    assert costs["weak"].seconds_per_hour == pytest.approx(20)
    assert costs["good"].bytes_per_hour == pytest.approx(600_000) and costs["good"].parameters == 10_000_000


def test_across_corpora(make_experiment: Make) -> None:
    exp = make_experiment(SKILL, tasks=("emotion",), cross=True)
    table = statistics.cross_corpus(statistics.scores(exp, samples=20))
    assert set(table) == {("emotion", name, "linear") for name in SKILL}
    assert set(table["emotion", "good", "linear"]) == {(a, b) for a in ("one", "two") for b in ("one", "two")}
