"""Ranges of settings."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avspeech.core import models, ranges
from avspeech.errors import InputError

REFUSED = {
    ranges.at_least: (2, lambda x: not 2 <= x < math.inf),
    ranges.above: (2, lambda x: not 2 < x < math.inf),
}


@dataclass
class One:
    value: Any


def refused(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except InputError as error:
        assert str(error).startswith("value=") and "expected" in str(error)
        return True
    return False


@given(st.floats() | st.integers(-5, 5))
def test_a_number_is_refused_where_it_is_out_of_range(x: float) -> None:
    for check, (bound, wrong) in REFUSED.items():
        assert refused(check, One(x), bound, "value") == wrong(x)
        assert refused(check, One([3, x]), bound, "value") == wrong(x)
    assert refused(ranges.between, One(x), -1, 2, "value") == (not -1 <= x <= 2)
    assert refused(ranges.below_one, One(x), "value") == (not 0 <= x < 1)


@given(st.lists(st.floats(), min_size=1, max_size=3))
def test_a_pair_is_two_finite_numbers_in_order(pair: list[float]) -> None:
    right = len(pair) == 2 and all(map(math.isfinite, pair)) and pair[0] <= pair[1]
    assert refused(ranges.ascending, One(pair), "value") == (not right)
    if right:
        assert not refused(lambda: ranges.ascending(One(pair), "value", lowest=pair[0], highest=pair[1]))
        assert refused(lambda: ranges.ascending(One(pair), "value", lowest=math.nextafter(pair[0], math.inf)))


def test_what_is_no_number_is_refused_and_none_is_not_looked_at() -> None:
    for value in ("3", True, {}, [None, "3"]):
        assert refused(ranges.at_least, One(value), 1, "value")
    ranges.at_least(One(None), 1, "value")


@pytest.mark.parametrize(("value", "whole", "right"), [
    (1, True, True), (1.0, True, True), (np.float32(0.5), False, True), (np.int64(2), True, True),
    (torch.tensor(1), True, True), (0.5, True, False), (2 ** 63 - 1, True, False), (-0.1, False, False),
    (math.nan, False, False), (math.inf, False, False), ("1", False, False), (True, False, False),
    (None, False, False), ([1], False, False), (b"1", False, False), (1j, False, False)])
def test_an_argument_within_bounds(value: Any, whole: bool, right: bool) -> None:
    assert ranges.within(value, 0, 2, whole) is right
    for above, fits in ((0, True), (1, False)):  # which a float cannot tell apart
        assert ranges.within(2 ** 63 - 1 + above, 0, 2 ** 63 - 1, whole=True) is fits


SIGNED = {"quietest", "loudest", "mel_mean", "melody_mean"}  # decibels, logarithms, semitones


@pytest.mark.parametrize("name", models.MODELS)
def test_no_setting_of_a_model_that_is_a_number_may_be_below_0(name: str) -> None:
    """A model that could be built of it fails, or gives nothing of use, when it is trained."""
    config: Any = models.model_class(name).Config
    for field in dataclasses.fields(config):
        if not any(kind in str(field.type) for kind in ("int", "float")) or field.name in SIGNED \
                or "dict" in str(field.type) or field.name in ("voices", "members"):
            continue
        wrong: Any = (-1,) if "tuple" in str(field.type) else -1
        with pytest.raises(InputError, match=f"^{field.name}="):
            config(**{field.name: wrong})


@pytest.mark.parametrize("kinds", [{"three": 1.0}, {}, {"two": 0.0}, {"two": 2.0, "one": -1.0},
                                   {"two": math.nan}, {"two": math.inf}])
def test_weights_of_kinds(kinds: dict[str, float]) -> None:
    ranges.weights(One({"two": 0.0, "one": 0.1}), "value", ("one", "two"), "scene")
    with pytest.raises(InputError, match="^value: "):
        ranges.weights(One(kinds), "value", ("one", "two"), "scene")
