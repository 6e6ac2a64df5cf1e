"""What pilots and towers write: runways, headings, heights and reports of the weather."""

from __future__ import annotations

import re

from avspeech.text.numbers import digits, number
from avspeech.text.rules import EDGE, END, Text, letters, rule

_SIDES = {"L": ["left"], "R": ["right"], "C": ["center"], "": []}
_RUNWAY = re.compile(
    r"\b(?:[Rr]unways?|RUNWAYS?|[Rr][Ww][Yy]s?\.?)(?: \d\d?[LRC]?,?(?: and| or)?)? $"
)


# Before the number of a runway that is not called so: "cleared to land 09R".
_FLIES = re.compile(
    r"\b(?:land(?:ing|ed|s)?|take[- ]?off|depart(?:ing|ed|s|ure)?|arriv(?:al|ing)|approach|visual"
    r"|ILS|RNAV|short of|line up)(?: and wait| on| for| to)? $",
    re.IGNORECASE,
)


@rule(r"(?<=[a-zSV,Y\x00] )(\d{1,2})([LRC]?)(?:/(\d{1,2})([LRC]?))?" + END, "d")
def runway(match: re.Match[str], context: Text) -> list[str] | None:
    """A runway by its heading. `runway 27L` -> runway two seven left"""
    first, side, second, side2 = match.groups()
    near = context.text[max(0, match.start() - 28) : match.start()]
    flies = len(first) == 2 and 1 <= int(first) <= 36 and (side or first[0] == "0")
    if not (_RUNWAY.search(near) or flies and not second and _FLIES.search(near)):
        return None
    other = [*digits(second), *_SIDES[side2]] if second else []
    return [*digits(first), *_SIDES[side], *other]


@rule(r"N[1-9](?:\d{1,3}[A-HJ-NP-Z]{1,2}|\d{4})" + END, "=N")
def tail_number(match: re.Match[str], context: Text) -> list[str] | None:
    """What is written on the tail of an airplane. `Cessna N172SP` -> cessna N one seven two S P"""
    return None if context.within(match.start()) else letters(match.group())


_HEADS = re.compile(r"\b(?:winds?|heading|hdg\.?|radial|bearing|course) $", re.IGNORECASE)


@rule(rf"(?<=[sdgle.SDGLE] )[0-3]\d\d(?= at \d|{EDGE}| (?:and|or|to|until|for|then)\b|$)", "d")
def heading(match: re.Match[str], context: Text) -> list[str] | None:
    """A direction in degrees. `wind 310 at 8` -> wind three one zero at eight"""
    heads = _HEADS.search(context.text[max(0, match.start() - 10) : match.start()])
    return digits(match.group()) if heads else None


@rule(r"FL ?([0-6]\d\d)(?![\d,.])" + END, "=F")
def flight_level(match: re.Match[str], context: Text) -> list[str] | None:
    """A height in hundreds of feet. `at FL350` -> at flight level three five zero"""
    if context.within(match.start()):
        return None
    return ["flight", "level", *digits(match.group(1))]


_CLOUDS = {"FEW": "few", "SCT": "scattered", "BKN": "broken", "OVC": "overcast"}
_WIND = re.compile(r"(\d{3}|VRB)(\d{2,3})(?:G(\d{2,3}))?KT")
_CLOUD = re.compile(rf"({'|'.join(_CLOUDS)})(\d{{3}})")
_TEMPERATURES = re.compile(r"(M?)(\d\d)/(M?)(\d\d)")
_PRESSURE = re.compile(r"([AQ])(\d{4})")


@rule(r"(?:METAR |SPECI )?([A-Z]{4}) (\d{6})Z((?: [A-Z\d/+-]{2,12}(?![^\W_]))+)", "C")
def weather(match: re.Match[str], context: Text) -> list[str] | None:
    """A report of the weather at an airport, group by group. `KJFK 121651Z 18012KT 10SM` -> K J F
    K, one two one six five one zulu, wind one eight zero at one two knots, ten statute miles"""
    place, time, rest = match.groups()
    if not _WIND.search(rest):
        return None
    said = [*letters(place), ",", *digits(time), "zulu"]
    for group in rest.split():
        said += [",", *_group(group)]
    return said


def _group(text: str) -> list[str]:
    if found := _WIND.fullmatch(text):
        side, speed, gust = found.groups()
        gusts = ["gusting", *digits(gust)] if gust else []
        course = ["variable"] if side == "VRB" else digits(side)
        return ["wind", *course, "at", *digits(speed), *gusts, "knots"]
    if found := re.fullmatch(r"(\d{1,2})SM", text):
        return [*number(found.group(1)), "statute", "miles"]
    if found := _CLOUD.fullmatch(text):
        return [_CLOUDS[found.group(1)], *digits(found.group(2))]
    if found := _TEMPERATURES.fullmatch(text):
        cold, air, cold2, dew = found.groups()
        below, below2 = ["minus"] * bool(cold), ["minus"] * bool(cold2)
        return [*below, *digits(air), ",", *below2, *digits(dew)]
    if found := _PRESSURE.fullmatch(text):
        name = ["altimeter"] if found.group(1) == "A" else ["Q", "N", "H"]
        return [*name, *digits(found.group(2))]
    return letters(text)


@rule(r"(\d{1,3})G(\d{2,3})\s?(kts?|KTS?|kn|mph)" + END, "d")
def gusts(match: re.Match[str], context: Text) -> list[str] | None:
    """A wind and its gusts. `wind 25G40 kt` -> wind twenty five gusting forty knots"""
    low, high, unit = match.groups()
    speed = ["miles", "per", "hour"] if unit == "mph" else ["knots"]
    return [*number(low), "gusting", *number(high), *speed]
