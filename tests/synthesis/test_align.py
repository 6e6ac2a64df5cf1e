"""Monotonic search finds what trying every path finds; durations spread back to frames."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from avspeech.errors import InputError
from avspeech.synthesis import align


def brute(scores: np.ndarray, optional: np.ndarray) -> float:
    """The best score of any durations of [L, T] that add up to T, at least 1 where not optional."""
    symbols, frames = scores.shape
    ranges = [range(0 if o else 1, frames + 1) for o in optional]
    best = -np.inf
    for durations in itertools.product(*ranges):
        if sum(durations) == frames:
            labels = np.repeat(np.arange(symbols), durations)
            best = max(best, float(scores[labels, np.arange(frames)].sum()))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_against_every_path(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = [(int(rng.integers(1, 5)), int(rng.integers(5, 8))) for _ in range(3)]
    lengths, frames = (np.array(x) for x in zip(*sizes))
    scores = rng.normal(size=(3, lengths.max(), frames.max())).astype(np.float32)
    optional = np.zeros(scores.shape[:2], bool)
    for row, (length, _) in enumerate(sizes):
        for place in rng.permutation(length)[: length // 2]:  # never two in a row, never all
            beside = [p for p in (place - 1, place + 1) if 0 <= p < length]
            optional[row, place] = not any(optional[row, p] for p in beside)
    found = align.search(scores, lengths, frames, optional)
    for row, (length, count) in enumerate(sizes):
        durations = found[row]
        assert durations[length:].sum() == 0 and durations.sum() == count
        assert (durations[:length][~optional[row, :length]] >= 1).all()
        labels = np.repeat(np.arange(len(durations)), durations)
        score = scores[row, labels, np.arange(count)].sum()
        assert score == pytest.approx(brute(scores[row, :length, :count], optional[row, :length]), abs=1e-4)


def test_too_short_a_sound_is_named() -> None:
    with pytest.raises(InputError, match="utterance 1 .* 4 symbols in 3 frames"):
        align.search(np.zeros((2, 4, 6), np.float32), np.array([2, 4]), np.array([6, 3]))


def test_gaussian_scores_are_log_likelihoods_up_to_a_constant() -> None:
    torch.manual_seed(0)
    means, x = torch.randn(1, 3, 5), torch.randn(1, 4, 5)
    wanted = torch.distributions.Normal(means.unsqueeze(2), 1.0).log_prob(x.unsqueeze(1)).sum(-1)
    difference = wanted - align.gaussian_scores(means, x)
    assert torch.allclose(difference, difference[0, 0, 0].expand_as(difference), atol=1e-4)


def test_the_diagonal_prior_begins_with_even_durations() -> None:
    scores = align.diagonal(np.array([4]), np.array([20]), 4, 20)
    assert align.search(scores, np.array([4]), np.array([20])).tolist() == [[5, 5, 5, 5]]


def test_expand_repeats_each_symbol() -> None:
    durations = torch.tensor([[2, 0, 3], [1, 1, 1]])
    index, mask = align.expand(durations)
    assert index.tolist() == [[0, 0, 2, 2, 2], [0, 1, 2, 2, 2]]
    assert mask.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert align.expand(durations, 7)[0].shape == (2, 7)
