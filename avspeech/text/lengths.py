"""Feet and inches by their marks."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.digits import VULGAR, value_at, with_whole
from avspeech.text.numbers import cardinal, duration, number
from avspeech.text.rules import EDGE, HEIGHT, Text, rule


@rule(rf"(\d{{1,2}})['′’]\s?(\d{{1,2}})([{VULGAR}]?)(?:\"|″|”|'')", "d")
def feet_inches(match: re.Match[str], context: Text) -> list[str] | None:
    """A height. `6'2\"` -> six feet two inches"""
    feet, inches = map(int, match.groups()[:2])
    part = match.group(3)
    if inches > 11:  # no height: 3'45"
        return duration(0, feet, inches)
    inch = "inch" if inches == 1 and not part else "inches"
    more = with_whole("0", *lists.FRACTIONS[part], 0).words[1:] if part else []
    return [
        *cardinal(feet),
        "foot" if feet == 1 else "feet",
        *cardinal(inches),
        *more,
        inch,
    ]


@rule(r"(\d{1,4})['′’]\s?([x×–-])\s?(\d{1,4})['′’]", "d")
def sides(match: re.Match[str], context: Text) -> list[str] | None:
    """Two sides in feet. `a 10' x 12' room` -> a ten by twelve foot room"""
    one = context.adjective(match.start(), match.end())
    first, between, second = match.groups()
    word = "to" if between in "–-" else "by"
    return [*number(first), word, *number(second), "foot" if one else "feet"]


@rule(rf"(\d{{1,4}})['’](?=\s(?:tall|wide|long|high|deep|by|[a-z])|{EDGE}|\s?[–—]|$)", "d")
def feet(match: re.Match[str], context: Text) -> list[str] | None:
    """Feet before a word that measures. `8' tall` -> eight feet tall"""
    alone = re.match(r"\s\w", context.behind(match.end())) is None
    if alone and not HEIGHT.search(context.text):
        return None  # the end of a quotation
    one = match.group(1) == "1" or context.adjective(match.start(), match.end())
    return [*number(match.group(1)), "foot" if one else "feet"]


@rule(rf"(?=[\d.{VULGAR}][\d., /-]*[{VULGAR}]?\")", "ds")
def inches(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Inches before a noun, where no quotation is open. `a 27" screen` -> a twenty seven inch
    screen"""
    value = value_at(context, match.start(), True)
    if value is None or context.view[value.end : value.end + 1] != '"':
        return None
    if re.match(r"\s?[x×]\s?[\d./ -]+\"", context.behind(value.end + 1)):
        return value.words, value.end + 1  # the unit stands behind the last side
    one = value.one or context.adjective(match.start(), value.end + 1)
    one |= re.match(r" [A-Z]{2,5}(?!\w)", context.behind(value.end + 1)) is not None  # 55" TV
    return [*value.words, "inch" if one else "inches"], value.end + 1
