from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.core import batching
from avspeech.errors import InputError

LENGTHS = st.lists(st.floats(0.1, 30), min_size=1, max_size=60)


@settings(deadline=None)
@given(LENGTHS, st.floats(1, 60), st.integers(0, 2**40), st.integers(0, 100))
def test_every_item_once_within_the_budget(lengths, budget, seed, epoch):
    batches = batching.bucket(lengths, budget, (seed, epoch))
    assert sorted(itertools.chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    assert batches == batching.bucket(lengths, budget, (seed, epoch))


def test_batches_are_of_like_length_shuffled_and_never_the_same():
    draw = random.Random(0)
    lengths = [draw.uniform(1, 20) for _ in range(2000)]
    epochs = [batching.bucket(lengths, 40, (0, epoch)) for epoch in range(3)]
    for batches in epochs:
        padded = sum(len(b) * max(lengths[i] for i in b) for b in batches)
        assert sum(lengths) / padded > 0.9
        first = [lengths[b[0]] for b in batches]
        assert abs(sum(first[:50]) / 50 - sum(first[-50:]) / 50) < 4  # not sorted
    sets = [{frozenset(b) for b in batches if len(b) > 1} for batches in epochs]
    assert len(sets[0] & sets[1]) < 0.1 * len(sets[0])


def test_equal_lengths_meet_in_random_order():
    batches = batching.bucket([2.0] * 100, 8, (0, 0))
    assert {len(b) for b in batches} == {4}
    assert sum(b == sorted(b) for b in batches) < 5


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 5), st.integers(0, 30))
def test_a_place_is_enough_to_go_on_from(lengths, size, made):
    straight = list(itertools.islice(batching.updates(lengths, 20, 3, (0, 0), size), made + 10))
    place = straight[made - 1][-1][:2] if made else (0, 0)
    assert list(itertools.islice(batching.updates(lengths, 20, 3, place, size), 10)) == straight[made:]


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4))
def test_processes_and_accumulation_see_the_same_batches(lengths, size):
    """Updates of `size` batches are the single batches in their order:
    nothing dropped at the end of an epoch."""
    single = itertools.chain.from_iterable(batching.updates(lengths, 20, 0, (0, 0), 1))
    grouped = itertools.chain.from_iterable(batching.updates(lengths, 20, 0, (0, 0), size))
    assert list(itertools.islice(single, 40)) == list(itertools.islice(grouped, 40))


def test_no_data():
    with pytest.raises(InputError, match="no utterances"):
        next(batching.updates([], 20, 0, (0, 0), 1))
