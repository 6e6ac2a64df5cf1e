"""Feet and inches by their marks."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import cardinal, duration, number
from avspeech.text.rules import EDGE, ELEVATION, END, HEIGHT, OPENED, Text, rule
from avspeech.text.values import VULGAR, value_at, with_whole


@rule(rf"(\d{{1,2}})['′’]\s?(\d{{1,2}})([{VULGAR}]?)(?:\"|″|”|'')", "d")
def feet_inches(match: re.Match[str], context: Text) -> list[str] | None:
    """A height. `6'2\"` -> six feet two inches; foot and inch before a noun"""
    feet, inches = map(int, match.groups()[:2])
    part = match.group(3)
    if inches > 11:  # no height: 3'45"
        return duration(0, feet, inches)
    noun = context.adjective(match.start(), match.end()) or (
        context.determined(match.start())
        and re.match(rf"{EDGE} \d+-[a-z]+{EDGE}? [A-Za-z]", context.behind(match.end())) is not None
    )  # "the 5'10", 180-lb. guard"
    inch = "inch" if noun or inches == 1 and not part else "inches"
    more = with_whole("0", *lists.FRACTIONS[part], 0).words[1:] if part else []
    return [
        *cardinal(feet),
        "foot" if noun or feet == 1 else "feet",
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


@rule(
    r"(\d{1,4}|\d{1,3},\d{3})['’]"
    rf"(?=\s(?:[A-Z]{{2}} )?[a-z]|\s(?:HC|GP)\b|{EDGE}|\s?[–—]|$)",
    "d",
)
def feet(match: re.Match[str], context: Text) -> list[str] | None:
    """Feet before a word that measures. `8' tall` -> eight feet tall"""
    alone = re.match(r"\s\w", context.behind(match.end())) is None
    alone &= _SIDE.search(context.text[max(0, match.start() - 12) : match.start()]) is None
    if alone and not (HEIGHT.search(context.text) or ELEVATION.search(context.text)):
        said = re.match(r"[,.!?]?[\"”]", context.text[match.end() : match.end() + 2])
        if not said or OPENED.search(context.text[max(0, match.start() - 80) : match.start()]):
            return None  # the end of a quotation
    loud = re.match(r"\s(?:[A-Z]{2} [a-z]|HC|GP)", context.behind(match.end())) is not None
    one = match.group(1) == "1" or loud or context.adjective(match.start(), match.end())
    return [*number(match.group(1).replace(",", "")), "foot" if one else "feet"]


_SIDE = re.compile(r"\d['′’] (?:by|x|×|to) $")  # "12' by 15'"
_LENGTHS = re.compile(
    r"\b(?:tall|wide|long|high|deep|length|width|height|depth|feet|foot|ft|fences?|ladders?|boats?"
    r"|poles?|walls?|ceilings?|boards?|trees?|ropes?)\b"
)


_COOKING = re.compile(
    r"\b(?:bak(?:e[ds]?|ing)|knead\w*|rest|boil|simmer|cook|roast|fry|chill|steam"
    r"|pro[ov]\w*|cool|stir|whisk|grill\w*|sear|saut[eé])"
    r"[^.!?\n]{0,24}$",
    re.IGNORECASE,
)


_RUNNING = re.compile(
    r"\b(?:trains?|bus(?:es)?|trams?|metro|ferr(?:y|ies)|shuttles?|service|departures)\b"
    r"[^.!?\n]{0,30}\bevery $",
    re.IGNORECASE,
)


@rule(rf"(\d{{1,3}})(?:[-–](\d{{1,3}}))?(?:{EDGE}|['’](?= (?:per|a|each) side\b))", "d")
def of_cooking(match: re.Match[str], context: Text) -> list[str] | None:
    """Minutes in a recipe. `Knead 8–10', rest` -> knead eight to ten minutes, rest"""
    near = context.text[max(0, match.start() - 60) : match.start()]
    if context.text[match.end() - 1] not in "'’" or not (
        _COOKING.search(near) or _RUNNING.search(near)
    ):
        return None
    going_on = re.match(r" (?:until|till|from|between|after|all)\b", context.behind(match.end()))
    if OPENED.search(near) and not going_on:
        return None
    low, high = match.groups()
    return [*number(low), *(["to", *number(high)] if high else []), "minutes"]


@rule(rf"(\d{{1,3}}){EDGE}{EDGE}", "d")
def minutes(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Minutes, or feet of what has a length, in brackets of their own. `Bake (30')` -> bake,
    thirty minutes,"""
    start, end = match.span()
    closed = context.text[end - 2 : end] in ("')", "’)", "′)")
    if context.text[start - 1 : start] != "(" or not closed:
        return None
    near = context.text[max(0, start - 80) : start]
    if OPENED.search(near):
        return None  # the end of a quotation
    unit = "foot" if _LENGTHS.search(near) else "minute"
    many = {"foot": "feet", "minute": "minutes"}[unit]
    return [*number(match.group(1)), unit if match.group(1) == "1" else many], end - 1


@rule(r"([4-7])-(\d|1[01])(?=\x00? \d{3} ?(?:lbs?|pounds)\b)", "d")
def tall(match: re.Match[str], context: Text) -> list[str] | None:
    """How tall somebody is, before the weight. `At 6-2, 180 lbs. he left` -> at six
    two, one hundred eighty pounds he left"""
    feet, inches = match.groups()
    return [*number(feet), *(number(inches) if inches != "0" else ["foot"])]


_LETTERED = {"W": "wide", "D": "deep", "H": "high", "L": "long"}
_LETTERED_SIDE = rf"(\d{{1,4}}(?:\.\d+)?[{VULGAR}]?) ?([WDHL])"


@rule(rf"(?=\d[\d.{VULGAR}]* ?[WDHL] ?[x×] ?\d){_LETTERED_SIDE}(?: ?[x×] ?{_LETTERED_SIDE})?"
      rf"(?: ?[x×] ?{_LETTERED_SIDE})?" + END, "d")
def lettered_sides(match: re.Match[str], context: Text) -> list[str] | None:
    """The sides of a thing, each with its letter. `36 W x 18 D` -> thirty six wide by eighteen
    deep"""
    said: list[str] = []
    for place in (1, 3, 5):
        value = value_at(context, match.start(place), True) if match.group(place) else None
        if value:
            said += [*(["by"] if said else []), *value.words, _LETTERED[match.group(place + 1)]]
    return said


@rule(
    r"(?<![-+−.\d])(\d{1,2}) ?st(?![^\W_])"
    rf"(?:{EDGE}?,? ?(\d{{1,2}}(?:\.\d)?) ?lbs?(?![^\W_]))?",
    "d",
)
def stones(match: re.Match[str], context: Text) -> list[str] | None:
    """The weight of a person in Britain. `15st 7lb` -> fifteen stone seven pounds"""
    whole, rest = match.groups()
    if rest is None and (whole[-1] == "1" and whole != "11" or " " in match.group()):
        return None  # "21st", "12 st"
    if context.before(match.start()).lower() == "the" or rest is None and int(whole) < 5:
        return None  # "the 21st 5 lb bag"
    pounds = [*number(rest), "pound" if rest == "1" else "pounds"] if rest else []
    return [*number(whole), "stone", *pounds]


# 55" TV, 27" 1440p, 7" single, 45"-wide
_MEASURED = re.compile(
    r" (?:single|vinyl|record|remix|mix|[A-Z]{2,5}\d*|[A-Z]\d+|\d{3,4}[pi]|\dK"
    r"|[A-Z][a-z]+ [A-Z]{2,}s?)[A-Z]*(?!\w)|-[a-z]"
)


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
    one |= _MEASURED.match(context.behind(value.end + 1)) is not None
    near = context.text[max(0, match.start() - 8) : match.start()]
    counted = re.search(r"(?<![/\d])\d{1,2} \($", near)
    one |= bool(counted) and re.match(r"\) [a-z]+", context.text[value.end + 1 :][:4]) is not None
    return [*value.words, "inch" if one else "inches"], value.end + 1


_SIZED = {"H": "height", "W": "width", "D": "depth", "L": "length"}


@rule(
    rf"([HWDLhwdl])(?::|{EDGE})? (?=[\d{VULGAR}][\d.,{VULGAR}]* ?(?:[cm]m|m|in|ft)"
    r"(?![^\W_]))",
    "=HWDLhwdl",
)
def lettered_size(match: re.Match[str], context: Text) -> list[str] | None:
    """A side of a thing by its letter. `Bronze, H. 31 cm, W. 12 cm` -> bronze, height thirty one
    centimeters, width twelve centimeters"""
    start = match.start()
    marked = context.text[match.end() - 2 : match.end() - 1] in (".", ":")
    name = match.group(1)
    marks = r"(?:^|[,;(.·|×x/] ?|\n)$" if name.isupper() else r"[,;(] ?$"
    opened = re.search(marks, context.text[max(0, start - 2) : start])
    return [_SIZED[name.upper()]] if marked and opened else None
