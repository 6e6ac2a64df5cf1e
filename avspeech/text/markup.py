"""Prosody markup without XML, and the part of SSML that says the same.

    I said <brk 0.4> no<rise>            a break of 0.4 s (also 0.4s, 400ms; <brk>: the voice decides how
    long) Really<rise slope=4>                 the last word rises by 4 semitones; <fall slope=3>, <level>
    <prosody rate=1.2>faster</prosody>   also 120%, +20%, x-slow, slow, medium, fast, x-fast
    <break time="400ms"/> <break strength="strong"/> <speak> ... </speak>

A tone stands behind the word that ends the phrase. "<" before anything but a letter, "/", "!" or "?" is
itself; "&lt;" is one anywhere. What is markup is taken out before any word is looked at, so that nothing done
to text can change it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import NoReturn

from avspeech.errors import InputError
from avspeech.text.script import FALL, RISE, Tone

MAX_BREAK = 60.0  # seconds
MAX_SLOPE = 24.0  # semitones
RATES = (0.25, 4.0)
NAMED_RATES = {"x-slow": 0.5, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
# Seconds of SSML's strengths. "medium" leaves it to the voice; "none" asks for no break.
STRENGTHS: dict[str, float | None] = {"x-weak": 0.1, "weak": 0.2, "medium": None, "strong": 0.6,
                                      "x-strong": 1.0}

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>")
_PASSED = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ATTRIBUTE = re.compile(r"\s*([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'=/]+)")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(s|ms)?")
_NUMBER = re.compile(r"[+-]?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})")


@dataclass(frozen=True)
class Run:
    """Plain text. offsets: place in the source of each character, and one more for the end."""

    text: str
    offsets: tuple[int, ...]
    rate: float = 1.0


@dataclass(frozen=True)
class Pause:
    """A break asked for. seconds: None leaves the length to the voice; start, end: the tag in the source."""

    seconds: float | None
    start: int
    end: int
    rate: float = 1.0


@dataclass(frozen=True)
class Terminal:
    """A tone asked of the word before."""

    tone: Tone
    start: int
    end: int


Piece = Run | Pause | Terminal


def fail(source: str, place: int, message: str) -> NoReturn:
    """Raises InputError with the line (of several) and column, from 1, of a place in the source."""
    line = source.count("\n", 0, place) + 1
    column = place - (source.rfind("\n", 0, place) + 1) + 1
    where = f"line {line}, column {column}" if "\n" in source else f"column {column}"
    raise InputError(f"text, {where}: {message}")


def parse(source: str) -> tuple[Piece, ...]:
    """The pieces of a marked-up text, in order. Raises InputError, one line with the column, for a tag that
    is not known, not closed or has a value that cannot be."""
    pieces: list[Piece] = []
    rates: list[tuple[float, int]] = []  # of the <prosody> we are in, and where it began
    speak: int | None = None
    text = ""
    offsets: list[int] = []
    position = 0

    def rate() -> float:
        return rates[-1][0] if rates else 1.0

    def flush(end: int) -> None:
        nonlocal text, offsets
        if text:
            pieces.append(Run(text, (*offsets, end), rate()))
        text, offsets = "", []

    while position < len(source):
        character = source[position]
        entity = _ENTITY.match(source, position) if character == "&" else None
        following = source[position + 1: position + 2]
        if character != "<" or not (following in ("/", "!", "?") or following.isascii()
                                    and following.isalpha()):
            value = html.unescape(entity.group()) if entity else character
            if len(value) == 1:
                text += value
                offsets.append(position)
            position = entity.end() if entity else position + 1
            continue
        passed = _PASSED.match(source, position)
        if passed or following in ("!", "?"):
            flush(position)
            position = passed.end() if passed else position + 1
            continue
        tag = _TAG.match(source, position)
        if tag is None:
            fail(source, position, "'<' begins a tag that does not end with '>'; "
                                   "write &lt; for the sign itself")
        flush(position)
        closing, name, rest = bool(tag.group(1)), tag.group(2).lower(), tag.group(3)
        start, position = position, tag.end()
        empty = rest.rstrip().endswith("/")
        rest = rest.rstrip()[:-1] if empty else rest
        if name not in ("brk", "break", "rise", "fall", "level", "prosody", "speak"):
            fail(source, start, f"<{tag.group(1)}{tag.group(2)}> is not known; there are <brk>, <rise>, "
                                f"<fall>, "
                                "<level>, <prosody rate=...>, <break> and <speak>")
        if closing:
            if rest.strip() or empty:
                fail(source, start, f"</{name}> takes nothing")
            if name == "prosody" and rates:
                rates.pop()
            elif name == "speak" and speak is not None:
                if rates:
                    fail(source, start, "<prosody> is not closed before </speak>")
                speak = None
            else:
                fail(source, start, f"</{name}> closes nothing")
            continue
        if name == "speak":
            if speak is not None or rates:
                fail(source, start, "<speak> within another tag")
            speak = None if empty else start
        elif name == "prosody":
            factor = _rate(source, start, rest) * rate()
            if not RATES[0] <= factor <= RATES[1]:
                fail(source, start, f"rate {factor:g}: expected {RATES[0]:g} to {RATES[1]:g}")
            if not empty:
                rates.append((factor, start))
        elif name in ("brk", "break"):
            found = _pause(source, start, name, rest)
            if found is not _NONE:
                pieces.append(Pause(found, start, position, rate()))  # type: ignore[arg-type]
        else:
            pieces.append(Terminal(_tone(source, start, name, rest), start, position))
    flush(len(source))
    if rates:
        fail(source, rates[-1][1], "<prosody> is not closed; write </prosody> where it ends")
    if speak is not None:
        fail(source, speak, "<speak> is not closed; write </speak> where it ends")
    return tuple(pieces)


_NONE = object()  # <break strength="none">


def _attributes(source: str, place: int, name: str, rest: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while rest[position:].strip():
        match = _ATTRIBUTE.match(rest, position)
        if match is None:
            fail(source, place, f"<{name}>: '{rest[position:].strip()[:20]}' is not understood; "
                                + (f"it takes {', '.join(known)}=..." if known else "it takes nothing"))
        key, value = match.group(1).lower(), match.group(2)
        value = value[1:-1] if value[0] in "\"'" else value
        if key not in known:
            fail(source, place, f"<{name}> has no '{key}'; "
                                + (f"it takes {', '.join(known)}" if known else "it takes nothing"))
        if key in found:
            fail(source, place, f"<{name}>: '{key}' is given twice")
        found[key] = value.strip()
        position = match.end()
    return found


def _seconds(source: str, place: int, value: str) -> float:
    match = _TIME.fullmatch(value)
    seconds = float(match.group(1)) * (0.001 if match.group(2) == "ms" else 1.0) if match else -1.0
    if not 0 < seconds <= MAX_BREAK:
        fail(source, place, f"break of '{value}': expected seconds above 0 and up to {MAX_BREAK:g}, "
                            "as 0.4, 0.4s or 400ms")
    return seconds


def _pause(source: str, place: int, name: str, rest: str) -> object:
    """Seconds, None (the voice decides) or `_NONE` (no break)."""
    if rest.strip() and "=" not in rest and name == "brk":
        return _seconds(source, place, rest.strip())
    found = _attributes(source, place, name, rest, ("time",) if name == "brk" else ("time", "strength"))
    strength = found.get("strength")
    if strength is not None and strength != "none" and strength not in STRENGTHS:
        fail(source, place, f"strength '{strength}': expected none, {', '.join(STRENGTHS)}")
    if "time" in found:
        return _seconds(source, place, found["time"])
    return _NONE if strength == "none" else STRENGTHS[strength] if strength else None


def _tone(source: str, place: int, name: str, rest: str) -> Tone:
    found = _attributes(source, place, name, rest, () if name == "level" else ("slope",))
    if "slope" not in found:
        return Tone(name, {"rise": RISE, "fall": FALL, "level": 0.0}[name])
    value = found["slope"]
    slope = float(value) if _NUMBER.fullmatch(value) else 0.0
    if name == "fall":
        slope = -abs(slope)
    if not 0 < abs(slope) <= MAX_SLOPE or (name == "rise" and slope < 0):
        fail(source, place, f"<{name}> slope '{value}': expected semitones over the word, above 0 and up to "
                            f"{MAX_SLOPE:g}")
    return Tone(name, slope)


def _rate(source: str, place: int, rest: str) -> float:
    value = _attributes(source, place, "prosody", rest, ("rate",)).get("rate")
    if value is None:
        fail(source, place, "<prosody> without rate=")
    if value in NAMED_RATES:
        return NAMED_RATES[value]
    percent = value.endswith("%")
    number = value[:-1] if percent else value
    if not _NUMBER.fullmatch(number):
        fail(source, place, f"rate '{value}': expected a factor (1.2), a percentage (120%, +20%) or one of "
                            + ", ".join(NAMED_RATES))
    factor = float(number) / 100 if percent else float(number)
    factor += 1.0 if percent and number[0] in "+-" else 0.0
    if not RATES[0] <= factor <= RATES[1]:
        fail(source, place, f"rate '{value}': expected {RATES[0]:g} to {RATES[1]:g}, larger is faster")
    return factor


def render(pieces: tuple[Piece, ...] | list[Piece]) -> str:
    """Markup that `parse` reads as these pieces, but for their places (and runs of one rate side by side
    become one)."""
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, Run):
            inner = piece.text.replace("&", "&amp;").replace("<", "&lt;")
        elif isinstance(piece, Pause):
            inner = "<brk>" if piece.seconds is None else f"<brk {piece.seconds:.6f}>"
        else:
            tone = piece.tone
            parts.append("<level>" if tone.shape == "level" else f"<{tone.shape} "
                                                                 f"slope={abs(tone.slope):.6f}>")
            continue
        parts.append(inner if piece.rate == 1.0 else f"<prosody rate={piece.rate:.6f}>{inner}</prosody>")
    return "".join(parts)
