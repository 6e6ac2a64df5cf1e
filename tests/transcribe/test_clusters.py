"""Conversations from overlap: scores by frames, complete linkage, the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.transcribe import clusters


@pytest.mark.parametrize("seed", range(10))
def test_overlap_is_that_of_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sides = [[(int(s) / 10, int(s + rng.integers(0, 20)) / 10) for s in rng.integers(0, 80, 5)]
             for _ in range(2)]
    at = (np.arange(110) + 0.5) / 10
    active = [np.array([any(a <= t < b for a, b in side) for t in at]) for side in sides]
    assert clusters.overlap(*sides) == pytest.approx((active[0] & active[1]).sum() / 10)
    scores = clusters.conversation_scores({"a": sides[0], "b": sides[1]})
    assert scores[0, 1] == pytest.approx(1 - (active[0] & active[1]).sum() / (active[0] | active[1]).sum())


def test_turns_make_a_conversation_and_overlap_makes_two() -> None:
    spans = {"a": [(0, 5), (10, 15)], "c": [(0, 4), (11, 15)], "b": [(5, 10), (15, 20)],
             "d": [(4.5, 10.5), (15, 19)]}
    assert clusters.conversations(spans) == {"a": 0, "c": 1, "b": 0, "d": 1}


def test_every_two_of_a_conversation_score_above_the_threshold() -> None:
    """a-b and b-c take turns, a and c talk at once: the three are never one conversation."""
    spans = {"a": [(0, 10)], "b": [(10, 20)], "c": [(0, 10)]}
    found = clusters.conversations(spans)
    assert found["a"] != found["c"]


def test_a_score_of_just_the_threshold_does_not_join() -> None:
    spans = {"a": [(0, 13)], "b": [(7, 20)]}  # overlap 6 of 20 s: 0.7
    assert clusters.conversations(spans) == {"a": 0, "b": 1}
    assert clusters.conversations(spans, 0.69) == {"a": 0, "b": 0}


def test_few_and_silent_speakers() -> None:
    assert clusters.conversations({}) == {} and clusters.conversations({"a": []}) == {"a": 0}
    assert clusters.conversations({"a": [], "b": []}) == {"a": 0, "b": 1}
    assert clusters.conversations({"a": [(0, 1)], "b": []}) == {"a": 0, "b": 0}
