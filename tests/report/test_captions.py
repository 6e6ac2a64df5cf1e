"""Timed captions: the published golden values in both modes, the alignment against brute force."""

from __future__ import annotations

import itertools
import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.report import captions
from avspeech.report.caption_files import DIMENSIONS, Captions, Scene
from avspeech.report.captions import TOTAL, align, group, overlaps, score, score_video


def scenes(*spans, points=None):
    points = {"events": ("a",), "camera": ("b", "c")} if points is None else points
    return [Scene(float(start), float(end), f"{start}", points) for start, end in spans]


def yes(text, points):
    return {dimension: len(texts) for dimension, texts in points.items()}


def f1(reference, predicted, as_released, judge=yes):
    return score_video(reference, predicted, judge, as_released).captions[TOTAL].f1


TWO, THREE = [(0, 10), (10, 20)], [(0, 10), (10, 20), (20, 30)]
FOUR = [*THREE, (30, 40)]
GOLDEN = [  # name, reference, prediction, as released, corrected
    ("identical", THREE, THREE, 1.0, 1.0),
    ("finer", TWO, [(0, 4), (4, 10), (10, 13), (13, 20)], 1.0, 1.0),
    ("one for two of four", FOUR, [(0, 20), (20, 30), (30, 40)], 6 / 7, 6 / 7),
    ("one for all three", THREE, [(0, 30)], 0.5, 0.5),
    ("no overlap", TWO, [(50, 60), (60, 70)], 2 / 3, 0.0),
    ("two strays behind the end", TWO, [*TWO, (50, 60), (60, 70)], 1.0, 2 / 3),
    ("two strays, three scenes", THREE, [*THREE, (50, 60), (60, 70)], 1.0, 0.75),
    ("unsorted", THREE, THREE[::-1], 0.5, 1.0),
]


@pytest.mark.parametrize(("reference", "predicted", "released", "corrected"),
                         [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN])
def test_golden(reference, predicted, released, corrected):
    pair = scenes(*reference), scenes(*predicted)
    assert f1(*pair, True) == pytest.approx(released, abs=1e-12)
    assert f1(*pair, False) == pytest.approx(corrected, abs=1e-12)


def alignments(rows, columns):
    """All order-preserving one-to-one alignments."""
    for size in range(min(rows, columns) + 1):
        for chosen in itertools.product(itertools.combinations(range(rows), size),
                                        itertools.combinations(range(columns), size)):
            yield list(zip(*chosen))


def tables():
    cell = st.integers(0, 8).map(lambda n: n / 8)  # eighths add without rounding: true ties
    shape = st.tuples(st.integers(1, 4), st.integers(1, 4))
    return shape.flatmap(lambda s: st.lists(cell, min_size=s[0] * s[1], max_size=s[0] * s[1])
                         .map(lambda cells: np.array(cells).reshape(s)))


@settings(max_examples=150, deadline=None)
@given(tables())
def test_no_alignment_has_more_overlap(table):
    best = max(sum(table[p] for p in pairs) for pairs in alignments(*table.shape))
    for always in (False, True):
        pairs = align(table, always)
        assert pairs == sorted(pairs) and sum(table[p] for p in pairs) == best
        assert all(a[0] < b[0] and a[1] < b[1] for a, b in zip(pairs, pairs[1:]))
        assert always or all(table[p] > 0 for p in pairs)
        assert not always or pairs


def recursive(table, i, j):
    """The rule as it is written down: (total, pairs) of the first i + 1 and j + 1."""
    options = [recursive(table, i - 1, j) if i else None, recursive(table, i, j - 1) if j else None]
    before = recursive(table, i - 1, j - 1) if i and j else (0.0, [])
    options.append((before[0] + table[i, j], [*before[1], (i, j)]))
    possible = [option for option in options if option is not None]
    return max(possible, key=lambda option: option[0])  # the first of equals


@settings(max_examples=100, deadline=None)
@given(tables())
def test_ties_fall_as_the_rule_says(table):
    expected = recursive(table, table.shape[0] - 1, table.shape[1] - 1)[1]
    assert align(table, True) == expected
    assert align(table) == [pair for pair in expected if table[pair] > 0]


def test_the_table_is_not_filled_by_recursion():
    spans = [(i, i + 1) for i in range(1200)]
    assert align(np.eye(1200)) == [(i, i) for i in range(1200)]
    assert overlaps(scenes(*spans), scenes(*spans[:2])).shape == (1200, 2)


def test_overlap():
    table = overlaps(scenes((0, 10), (10, 10)), scenes((5, 15), (10, 10), (20, 30)))
    assert table == pytest.approx(np.array([[1 / 3, 0, 0], [0, 0, 0]]))
    assert overlaps(scenes((0, 10)), scenes((5, 15)), 0.34)[0, 0] == 0
    assert overlaps(scenes((0, 10)), []).shape == (1, 0)


def test_predictions_without_a_partner_join_a_neighbor():
    table = np.zeros((5, 7))
    table[1, 2] = table[3, 4] = 0.9
    table[0, 0] = table[2, 3] = table[3, 6] = 0.1
    pairs = [(1, 2), (3, 4)]
    assert group(table, pairs, True) == ({1: [0, 1, 2, 3], 3: [4, 5, 6]}, [])
    assert group(table, pairs) == ({1: [0, 2, 3], 3: [4, 6]}, [1, 5])
    assert group(np.zeros((2, 3)), []) == ({}, [0, 1, 2])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_all_scores_are_shares_and_shuffling_changes_nothing(seed, with_points):
    rng = random.Random(seed)

    def drawn(count):
        starts = [rng.randint(0, 40) for _ in range(count)]
        return [Scene(s, s + rng.randint(0, 15), str(n),
                      {d: ("x",) * rng.randint(1, 3) for d in DIMENSIONS
                       if with_points or rng.random() < 0.5}) for n, s in enumerate(starts)]

    reference, predicted = [*drawn(3), *scenes((3, 9))], drawn(rng.randint(0, 5))
    found = score_video(reference, predicted, yes)
    values = [*found.time, found.mean_iou, *itertools.chain(*found.captions.values())]
    assert all(0 <= value <= 1 for value in values)
    joined = sorted([*itertools.chain(*found.groups.values()), *found.outside])
    assert joined == list(range(len(predicted)))
    again = score_video(reference[::-1], predicted[::-1], yes)
    assert again.time == pytest.approx(found.time)
    same = score_video(reference, reference, yes)
    if len({(s.start, s.end) for s in reference}) == 4 and all(s.end > s.start for s in reference):
        assert same.captions[TOTAL].f1 == pytest.approx(1)
        assert same.time.f1 == pytest.approx(1)


def test_each_dimension_by_hand():
    reference = [Scene(0, 10, "", {"events": ("a", "b"), "speech": ("c",)}),
                 Scene(10, 20, "", {"events": ("d", "e", "f", "g")}), Scene(20, 30)]
    predicted = [Scene(0, 10, "one"), Scene(10, 20, "two"), Scene(90, 99, "far")]

    def judge(text, points):
        return {"one": {"events": 1, "speech": 1}, "two": {"events": 3}}[text]

    found = score_video(reference, predicted, judge)
    total = 2 / 3 + 3 / 4
    assert found.captions[TOTAL] == pytest.approx(
        (total / 3, total / 2, 2 * total / 5))  # the far one counts, the scene without points not
    assert found.captions["events"] == pytest.approx((1.25 / 3, 1.25 / 2, 2.5 / 5))
    assert found.captions["speech"] == pytest.approx((1 / 2, 1, 2 / 3))
    assert set(found.captions) == {TOTAL, "events", "speech"} and found.outside == [2]

    def released_judge(text, points):
        return judge(text.removesuffix("\nfar"), points)

    released = score_video(reference, predicted, released_judge, True)
    assert released.captions[TOTAL] == pytest.approx((total / 2, total / 3, 2 * total / 5))
    assert released.captions["speech"] == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert released.captions["camera"] == (0, 0, 0) and not released.outside


def test_times_by_hand():
    # Merged predictions 0-10 and 10-19, one far away; IoU 1 and 0.9: above .3, .5 and .7 both
    reference, predicted = scenes((0, 10), (10, 20)), scenes((0, 6), (6, 10), (10, 19), (50, 60))
    found = score_video(reference, predicted, yes)
    precision, recall = np.mean([2 / 3, 2 / 3, 2 / 3, 1 / 3]), np.mean([1, 1, 1, 1 / 2])
    assert found.time == pytest.approx(
        (precision, recall, 2 * precision * recall / (precision + recall)))
    assert found.mean_iou == pytest.approx(0.95)
    released = score_video(reference, predicted, yes, True)  # 10-19 and 50-60 are one: 10-60
    assert released.time == pytest.approx((0.5, 0.5, 0.5))
    assert released.mean_iou == pytest.approx((1 + 10 / 50) / 2)


def test_counts_of_the_judge():
    pair = scenes((0, 10)), scenes((0, 10))

    def many(text, points):
        return dict.fromkeys(points, 9)

    def none(text, points):
        raise InputError("no answer")

    assert f1(*pair, False, many) == 1
    assert score_video(*pair, many, True).captions[TOTAL].precision == 18 / 3
    with pytest.raises(InputError, match="^v: scene 1: no answer$"):
        score_video(*pair, none, name="v")
    assert f1(*pair, True, none) == 0 and score_video(*pair, none, True).failed == 1
    for wrong in (float("nan"), -1, None, "2"):
        with pytest.raises(InputError, match="expected a count"):
            f1(*pair, False, lambda text, points, wrong=wrong: dict.fromkeys(points, wrong))


def test_a_corpus():
    camera = scenes((0, 10), points={"camera": ("x",)})
    reference = Captions({"a": scenes((0, 10)), "b": camera, "c": camera}, {"d": "r:4: bad"})
    predicted = Captions({"a": scenes((0, 10)), "b": scenes((0, 10)), "e": camera},
                         {"c": "p:3: bad"})
    found = score(reference, predicted, yes, "yes")
    assert found.mean[TOTAL].f1 == pytest.approx(2 / 3) and found.counts[TOTAL] == 3
    assert found.mean["events"].f1 == 1 and found.counts["events"] == 1
    assert (found.missing, found.unpaired) == (["c"], ["e"])
    assert sorted(found.problems.values()) == ["p:3: bad", "r:4: bad"]
    assert "1 of 3 videos have no readable prediction and count 0." in found.remarks()
    assert "SodaM                66.7" in found.table()
    assert found.as_dict()["mean"]["camera"]["videos"] == 3
    assert score(reference, predicted, yes, "yes", True).mean["events"].f1 == pytest.approx(1 / 3)
    with pytest.raises(InputError, match="no prediction has the name of a reference"):
        score(reference, Captions({"x": camera}, {}), yes, "yes")
    unnamed = score(Captions({"a": camera}, {}), Captions({"x": camera}, {}, True), yes, "yes")
    assert unnamed.mean[TOTAL].f1 == 1 and not unnamed.missing


def test_nothing_predicted_counts_0_in_both_modes():
    for as_released in (False, True):
        found = score_video(scenes((0, 10)), [], yes, as_released)
        assert (found.captions[TOTAL], found.time, found.mean_iou) == ((0, 0, 0), (0, 0, 0), 0)
    assert captions.Measure.of(0, 0).f1 == 0


@pytest.mark.parametrize(("spans", "told"), [
    ([(0, 10)], False), ([(5, 15), (0, 1)], False), ([(3600, 3610)], True), ([(0, 20_000)], True),
    ([(0, 0)], True)])
def test_predictions_on_another_clock_are_told(spans, told):
    reference, predicted = (Captions({"a": scenes(*side)}, {}) for side in ([(0, 10), (10, 20)], spans))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        score(reference, predicted, yes, "yes")
    assert ["1 of 1 videos have predictions at other times" in str(w.message) for w in found] == [True] * told
