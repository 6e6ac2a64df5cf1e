"""What stands in the tags of `markup`: their attributes, and the values these may have."""

from __future__ import annotations

import html
import math
import re
from typing import NoReturn

from avspeech.errors import InputError
from avspeech.text.script import FALL, RISE, SILENT, Tone

MAX_BREAK = 60.0  # seconds
MAX_SLOPE = 24.0  # semitones
RATES = (0.25, 4.0)
NAMED_RATES = {
    "x-slow": 0.5,
    "slow": 0.8,
    "medium": 1.0,
    "default": 1.0,
    "fast": 1.25,
    "x-fast": 1.6,
}
# Seconds of SSML's strengths. "medium" leaves it to the voice; "none" asks for no break.
STRENGTHS: dict[str, float | None] = {
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": None,
    "strong": 0.6,
    "x-strong": 1.0,
}

MAX_PITCH = 12.0  # semitones up or down
GAINS = (-60.0, 20.0)  # dB
# Semitones and dB of SSML's names, which leaves them to each voice.
NAMED_PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0,
                 "x-high": 6.0}
NAMED_GAINS = {"silent": SILENT, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0,
               "loud": 4.0, "x-loud": 8.0}
# Rate, semitones and dB: an accented word is longer, higher and louder.
EMPHASES = {"strong": (0.8, 3.0, 4.0), "moderate": (0.9, 1.5, 2.0), "reduced": (1.12, -1.0, -3.0),
            "none": (1.0, 0.0, 0.0)}

_ATTRIBUTE = re.compile(r"\s*([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'=/]+)")
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(s|ms)?")
_NUMBER = re.compile(r"[+-]?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})")


def fail(source: str, place: int, message: str) -> NoReturn:
    """Raises InputError with the line (of several) and column, from 1, of a place in the source."""
    line = source.count("\n", 0, place) + 1
    column = place - (source.rfind("\n", 0, place) + 1) + 1
    where = f"line {line}, column {column}" if "\n" in source else f"column {column}"
    raise InputError(f"text, {where}: {message}")


NONE = object()  # <break strength="none">


def of_root(source: str, place: int, rest: str) -> None:
    """Refuses attributes of <speak> that would change what is said; those of XML, of its schemas
    and the version change nothing."""
    for match in _ATTRIBUTE.finditer(rest):
        if not re.fullmatch(r"version|xmlns|onlangfailure|id|[\w.-]+:[\w.-]+", match.group(1)):
            fail(source, place, f"<speak> has no '{match.group(1)}'; it takes version, xml:lang "
                 "and xmlns")


def attributes(
    source: str, place: int, name: str, rest: str, known: tuple[str, ...]
) -> dict[str, str]:
    """{attribute: value} of a tag; known: the attributes that it may have."""
    found: dict[str, str] = {}
    position = 0
    while rest[position:].strip():
        match = _ATTRIBUTE.match(rest, position)
        if match is None:
            fail(
                source,
                place,
                f"<{name}>: '{rest[position:].strip()[:20]}' is not understood; "
                + (f"it takes {', '.join(known)}=..." if known else "it takes nothing"),
            )
        key, value = match.group(1).lower(), match.group(2)
        value = value[1:-1] if value[0] in "\"'" else value
        if key not in known:
            fail(
                source,
                place,
                f"<{name}> has no '{key}'; "
                + (f"it takes {', '.join(known)}" if known else "it takes nothing"),
            )
        if key in found:
            fail(source, place, f"<{name}>: '{key}' is given twice")
        found[key] = value.strip()
        position = match.end()
    return found


def seconds(source: str, place: int, value: str, least: float = 1e-9) -> float:
    """The length of a break; least: the shortest there may be."""
    match = _TIME.fullmatch(value)
    seconds = float(match.group(1)) * (0.001 if match.group(2) == "ms" else 1.0) if match else -1.0
    if not least <= seconds <= MAX_BREAK:
        fail(
            source,
            place,
            f"break of '{value}': expected seconds above 0 and up to {MAX_BREAK:g}, "
            "as 0.4, 0.4s or 400ms",
        )
    return seconds


def pause(source: str, place: int, name: str, rest: str) -> object:
    """Seconds, None (the voice decides) or `NONE` (no break)."""
    if rest.strip() and "=" not in rest and name == "brk":
        return seconds(source, place, rest.strip())
    found = attributes(
        source, place, name, rest, ("time",) if name == "brk" else ("time", "strength")
    )
    strength = found.get("strength")
    if strength is not None and strength != "none" and strength not in STRENGTHS:
        fail(source, place, f"strength '{strength}': expected none, {', '.join(STRENGTHS)}")
    if "time" in found:
        # Of SSML a break of no length is none; of <brk 0> it is a slip.
        return seconds(source, place, found["time"], 0.0 if name == "break" else 1e-9) or NONE
    return NONE if strength == "none" else STRENGTHS[strength] if strength else None


def tone(source: str, place: int, name: str, rest: str) -> Tone:
    """The tone of <rise>, <fall> or <level>."""
    found = attributes(source, place, name, rest, () if name == "level" else ("slope",))
    if "slope" not in found:
        return Tone(name, {"rise": RISE, "fall": FALL, "level": 0.0}[name])
    value = found["slope"]
    slope = float(value) if _NUMBER.fullmatch(value) else 0.0
    if name == "fall":
        slope = -abs(slope)
    if not 0 < abs(slope) <= MAX_SLOPE or (name == "rise" and slope < 0):
        fail(
            source,
            place,
            f"<{name}> slope '{value}': expected semitones over the word, above 0 and up to "
            f"{MAX_SLOPE:g}",
        )
    return Tone(name, slope)


def wanted(source: str, place: int, tag: str, rest: str, key: str,
            more: tuple[str, ...] = ()) -> str:
    """The value of an attribute that a tag has to have."""
    value = attributes(source, place, tag, rest, (key, *more)).get(key)
    if not value:
        fail(source, place, f'<{tag}> without {key}="..."')
    return html.unescape(value)


def pitch(source: str, place: int, value: str) -> float:
    """Semitones of a change of pitch."""
    if value in NAMED_PITCHES:
        return NAMED_PITCHES[value]
    match = re.fullmatch(r"([+-]\d{1,3}(?:\.\d{1,6})?)(st|%)", value)
    semitones = math.nan
    if match is not None and match.group(2) == "st":
        semitones = float(match.group(1))
    elif match is not None and float(match.group(1)) > -100:
        semitones = 12 * math.log2(1 + float(match.group(1)) / 100)
    if not abs(semitones) <= MAX_PITCH:
        fail(source, place, f"pitch '{value}': expected a change of up to {MAX_PITCH:g} semitones "
             "(+2st, -3.5st), a percentage (+10%) or one of " + ", ".join(NAMED_PITCHES)
             + ("; hertz are not supported" if value.lower().endswith("hz") else ""))
    return semitones


def gain(source: str, place: int, value: str) -> float:
    """Decibels of a change of volume."""
    if value in NAMED_GAINS:
        return NAMED_GAINS[value]
    match = re.fullmatch(r"([+-]\d{1,2}(?:\.\d{1,6})?)dB", value, re.IGNORECASE)
    gain = float(match.group(1)) if match else math.nan
    if not GAINS[0] <= gain <= GAINS[1]:
        fail(source, place, f"volume '{value}': expected a change (+4dB, -6dB) or one of "
             + ", ".join(NAMED_GAINS))
    return gain


def contour(source: str, place: int, value: str) -> tuple[tuple[float, float], ...]:
    """Points (share of time, semitones)."""
    points = []
    for part in re.findall(r"\S[^)]*\)?", value):
        match = re.fullmatch(r"\(\s*(\d{1,3}(?:\.\d{1,6})?)%\s*,\s*([^\s)]+)\s*\)", part)
        if match is None or float(match.group(1)) > 100:
            fail(source, place, f"contour '{part[:20]}': expected points as (0%,+2st)(100%,-3st)")
        points.append((float(match.group(1)) / 100, pitch(source, place, match.group(2))))
    if not points or [x for x, _ in points] != sorted({x for x, _ in points}):
        fail(source, place, "contour: expected points in order of time, each time once")
    return tuple(points)


def rate(source: str, place: int, value: str) -> float:
    """The factor of a rate."""
    if value in NAMED_RATES:
        return NAMED_RATES[value]
    percent = value.endswith("%")
    number = value[:-1] if percent else value
    if not _NUMBER.fullmatch(number):
        fail(
            source,
            place,
            f"rate '{value}': expected a factor (1.2), a percentage (120%, +20%) or one of "
            + ", ".join(NAMED_RATES),
        )
    factor = float(number) / 100 if percent else float(number)
    factor += 1.0 if percent and number[0] in "+-" else 0.0
    if not RATES[0] <= factor <= RATES[1]:
        fail(
            source,
            place,
            f"rate '{value}': expected {RATES[0]:g} to {RATES[1]:g}, larger is faster",
        )
    return factor
