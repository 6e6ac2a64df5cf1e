"""Probes: one batched problem is the same as one after another; what is chosen, and by what."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from avspeech.bench import probes
from avspeech.bench.folds import Fold
from avspeech.bench.probes import Frames, Pooled, Probe, score, train
from avspeech.errors import InputError
from avspeech.report import metrics

FAST = Probe(lrs=(1e-3, 1e-2), epochs=4, batch=12, hidden=6)


def folds(count: int = 36) -> list[Fold]:
    """Three folds of unlike size."""
    where = np.arange(count) % 7
    return [Fold(str(k), *(tuple(np.flatnonzero(mask).tolist()) for mask in (
        (where != k) & (where != k + 1), where == k + 1, where == k))) for k in range(3)]


def problem(kind: str, seed: int = 0, count: int = 36) -> tuple[np.ndarray, np.ndarray, int]:
    """Features [U, 3, 5] of which layer 1 tells the target."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 3, 5)).astype(np.float32)
    if kind == "regression":
        y = rng.normal(size=count) * 7 + 40
        x[:, 1, 2] = y
        return x, y, 0
    y = rng.integers(0, 3, count).astype(float)
    x[:, 1, 2] += 5 * y
    return x, y, 3


@pytest.mark.parametrize("kind", ["classification", "ordinal", "regression"])
@pytest.mark.parametrize("head", ["linear", "mlp", "attention"])
def test_at_once_is_as_each_alone(kind: str, head: str) -> None:
    x, y, classes = problem(kind)
    metric = "ccc" if kind == "regression" else "uar"
    config = dataclasses.replace(FAST, head=head)
    rng = np.random.default_rng(1)
    features = Pooled(x) if head != "attention" else Frames(
        [v[:, None] + rng.normal(size=(3, rng.integers(2, 6), 5)) for v in x])

    def run(folds: list, seeds: tuple, config: Probe) -> list:
        return train(features, y, folds, seeds, kind, classes, config, metric, dtype=torch.float64)

    together = run(folds(), (0, 1), config)
    assert [(c.fold, c.seed) for c in together] == [(f.name, s) for f in folds() for s in (0, 1)]
    for chosen in together:
        fold = next(f for f in folds() if f.name == chosen.fold)
        alone = [run([fold], (chosen.seed,), dataclasses.replace(config, lrs=(lr,)))[0] for lr in config.lrs]
        best = max(alone, key=lambda c: (c.dev, -c.lr))
        assert (best.lr, best.epoch) == (chosen.lr, chosen.epoch)
        np.testing.assert_allclose(best.output, chosen.output, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose([s for c in alone for _, s in c.scores], [s for _, s in chosen.scores])


def test_pooled_layers_are_exact_for_the_default_head() -> None:
    """Weighted layer sum, mean over frames and a linear map commute: pooling first changes nothing."""
    x, y, classes = problem("classification")
    rng = np.random.default_rng(2)
    frames = [v[:, None] + rng.normal(size=(3, int(rng.integers(3, 9)), 5)) for v in x]
    pooled = Pooled(np.stack([f.mean(1) for f in frames]))

    class SameScale(Frames):
        def moments(self, rows, dtype):  # type: ignore[no-untyped-def]
            return pooled.moments(rows, dtype)

    runs = [train(f, y, folds(), (0,), "classification", classes, FAST, dtype=torch.float64)
            for f in (pooled, SameScale(frames))]
    for a, b in zip(*runs):
        assert (a.lr, a.epoch) == (b.lr, b.epoch)
        np.testing.assert_allclose(a.output, b.output, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("kind", ["classification", "ordinal", "regression"])
def test_it_learns_and_finds_the_layer(kind: str) -> None:
    x, y, classes = problem(kind, count=140)
    config = Probe(lrs=(1e-2, 1e-1), epochs=30, batch=32)
    metric = "ccc" if kind == "regression" else "uar"
    for chosen in train(Pooled(x), y, folds(140), (0,), kind, classes, config, metric):
        fold = next(f for f in folds(140) if f.name == chosen.fold)
        truth = y[list(fold.test)]
        value = (metrics.ccc(truth, chosen.predicted) if kind == "regression"
                 else metrics.uar(truth.astype(int), chosen.predicted.astype(int), classes))
        assert value > 0.7
        assert np.argmax(chosen.layer_weights) == 1
        assert sum(chosen.layer_weights) == pytest.approx(1)


def test_shuffled_targets_teach_nothing() -> None:
    x, y, classes = problem("classification", count=280)
    chosen = train(Pooled(x), y, folds(280), (0, 1, 2), "classification", classes, FAST, shuffled=True)
    values = []
    for c in chosen:
        fold = next(f for f in folds(280) if f.name == c.fold)
        values.append(metrics.uar(y[list(fold.test)].astype(int), c.predicted.astype(int), classes))
    assert abs(np.mean(values) - 1 / 3) < 0.1


def test_nothing_of_development_or_test_goes_into_training() -> None:
    """Features and targets of the test part, and the features' scale outside training, change no weight."""
    x, y, classes = problem("classification")
    fold = folds()[0]
    other, labels = x.copy(), y.copy()
    other[list(fold.test)] *= 100
    labels[list(fold.test)] = 0
    a, = train(Pooled(x), y, [fold], (0,), "classification", classes, FAST)
    b, = train(Pooled(other), labels, [fold], (0,), "classification", classes, FAST)
    assert a.layer_weights == b.layer_weights
    assert a.scores == b.scores


def test_equal_scores_go_to_the_smaller_rate_and_the_earlier_epoch() -> None:
    x, y, classes = problem("classification")
    chosen = train(Pooled(0 * x), y, folds()[:1], (0,), "classification", classes,
                   Probe(lrs=(3e-2, 1e-2, 2e-2), epochs=2, balance=False))[0]
    assert len({s for _, s in chosen.scores}) == 1  # there is nothing to learn from
    assert (chosen.lr, chosen.epoch) == (1e-2, 1)


@pytest.mark.parametrize("metric", ["ccc", "mae"])
def test_the_scores_told_are_in_the_units_of_the_metric(metric: str) -> None:
    x, y, _ = problem("regression")
    fold = dataclasses.replace(folds()[0], test=folds()[0].dev)  # what is answered there is known
    chosen = train(Pooled(x), y, [fold], (0,), "regression", 0, FAST, metric)[0]
    expected = getattr(metrics, metric)(y[list(fold.dev)], chosen.predicted)
    assert chosen.dev == pytest.approx(expected) and (chosen.lr, chosen.dev) in chosen.scores
    best = min if metric == "mae" else max
    assert chosen.dev == best(s for _, s in chosen.scores)


def test_constant_and_huge_dimensions_do_no_harm() -> None:
    x, y, classes = problem("classification")
    x[:, 2, 0], x[:, 0, 1] = 7.0, 1e6 * x[:, 0, 1]
    for chosen in train(Pooled(x), y, folds(), (0,), "classification", classes, FAST):
        assert np.isfinite(chosen.output).all()


@pytest.mark.parametrize("metric", ["uar", "war", "wf1", "ccc", "mae"])
def test_scores_are_those_of_metrics(metric: str) -> None:
    rng = np.random.default_rng(3)
    truth, said = rng.integers(0, 3, 20), rng.integers(0, 4, (5, 20))
    sign = -1 if metric == "mae" else 1
    one = getattr(metrics, metric)
    expected = [sign * (one(truth, s, 4) if metric in ("uar", "war", "wf1") else one(truth, s)) for s in said]
    found = score(metric, torch.as_tensor(truth), torch.as_tensor(said), 4)
    np.testing.assert_allclose(found.numpy(), expected)


@pytest.mark.parametrize("wrong", [{"lrs": ()}, {"lrs": (1e-3, 1e-3)}, {"lrs": (0.0,)}, {"epochs": 0}])
def test_settings_are_checked(wrong: dict) -> None:
    with pytest.raises(ValueError):
        Probe(**wrong)


def test_frames_that_fit_no_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention over hours of frames: one line, before anything is allocated."""
    monkeypatch.setattr(probes, "LARGEST_STEP", 2**20)
    frames = Frames([np.zeros((2, 3000, 8), np.float32) for _ in range(6)])
    fold = Fold("1", (0, 1), (2, 3), (4, 5))
    with pytest.raises(InputError, match="of up to 3,000 frames takes .* smaller batch"):
        train(frames, [0, 1] * 3, [fold], [0], "classification", 2, Probe(head="attention"))
