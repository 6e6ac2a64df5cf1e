"""Ranges of settings, which a dataclass checks in its `__post_init__`, where a configuration or a
model is read and not where a stage first computes with them.

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "layers", "width")
        ranges.between(self, 0, 1, "dropout")

A setting that is None is not looked at; of a list each value is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from avspeech.errors import InputError


def within(value: Any, lowest: float, highest: float, whole: bool = False) -> bool:
    """Whether an argument is a number from `lowest` to `highest`, and a whole one; False for what
    is no number, such as text, and for NaN."""
    if isinstance(value, (str, bytes, bool)):
        return False
    try:
        return bool(math.isfinite(float(value)) and lowest <= value <= highest
                    and (not whole or value == int(value)))
    except (TypeError, ValueError, OverflowError):
        return False


def at_least(settings: Any, lowest: float, *names: str) -> None:
    """Refuses settings below `lowest`, and those that are not finite, with an InputError."""
    _check(settings, names, lambda x: lowest <= x < math.inf, f"{lowest:g} or more")


def above(settings: Any, bound: float, *names: str) -> None:
    """Refuses settings that are not above `bound` or not finite, with an InputError."""
    _check(settings, names, lambda x: bound < x < math.inf, f"more than {bound:g}")


def between(settings: Any, lowest: float, highest: float, *names: str) -> None:
    """Refuses settings outside of `lowest` to `highest`, with an InputError."""
    _check(settings, names, lambda x: lowest <= x <= highest, f"{lowest:g} to {highest:g}")


def below_one(settings: Any, *names: str) -> None:
    """Refuses shares below 0, and those of 1 and more, with an InputError."""
    _check(settings, names, lambda x: 0 <= x < 1, "0 or more and less than 1")


def ascending(settings: Any, *names: str, lowest: float = -math.inf, highest: float = math.inf
              ) -> None:
    """Refuses pairs whose first number is above the second, or that are not finite or not within
    `lowest` to `highest`, with an InputError."""
    bounds = f" from {lowest:g} to {highest:g}" if math.isfinite(highest) else (
        f" of {lowest:g} or more" if math.isfinite(lowest) else "")
    for name in names:
        pair = list(getattr(settings, name))
        if not (len(pair) == 2 and all(map(math.isfinite, pair))
                and lowest <= pair[0] <= pair[1] <= highest):
            raise InputError(f"{name}={pair}: expected two numbers{bounds}, the lower one first")


def weights(settings: Any, name: str, known: Collection[str], of: str) -> None:
    """Refuses weights by kind, {kind: weight}, of a kind that is not known, below 0, not finite or
    all 0, with an InputError. `of`: what the kinds are of."""
    given: dict[str, float] = getattr(settings, name)
    if unknown := sorted(set(given) - set(known)):
        raise InputError(f"{name}: '{unknown[0]}' is not a kind of {of}; known: {', '.join(known)}")
    if not 0 < sum(given.values()) < math.inf or min(given.values()) < 0:
        raise InputError(f"{name}: expected weights of 0 or more, one of them above 0")


def _check(settings: Any, names: tuple[str, ...], right: Callable[[Any], bool], expected: str
           ) -> None:
    for name in names:
        value = getattr(settings, name)
        several = isinstance(value, (list, tuple))
        for one in value if several else [value]:
            if one is None:
                continue
            if isinstance(one, bool) or not isinstance(one, (int, float)) or not right(one):
                shown = list(value) if several else value
                raise InputError(f"{name}={shown!r}: expected {expected}")
