"""Prosody markup without XML, and the part of SSML that says the same.

| markup | what it does |
|---|---|
| `I said <brk 0.4> no` | a break of 0.4 s; also 0.4s, 400ms; `<brk>`: the voice decides how long |
| `Really<rise slope=4>` | the last word rises by 4 semitones; also `<fall slope=3>`, `<level>` |
| `<prosody rate=1.2>faster</prosody>` | also 120%, +20%, x-slow, slow, medium, fast, x-fast |
| `<break time="400ms"/>`, `<break strength="strong"/>` | a break, as in SSML |
| `<speak>...</speak>`, `<p><s>A sentence.</s></p>` | a text, its paragraphs and sentences |

A tone is written behind the word that ends the phrase. "<" before anything but a letter, "/", "!"
or "?" is itself; "&lt;" is one anywhere. What is markup is taken out before any word is looked at,
so that nothing done to text can change it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import NoReturn

from avspeech.errors import InputError
from avspeech.text.script import FALL, RISE, Tone

MAX_BREAK = 60.0  # seconds
MAX_DEPTH = 100  # tags within each other
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

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>")
_SPECIAL = re.compile(r"[<&]")
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
    """A break in the markup. seconds: None leaves the length to the voice; start, end: the tag in
    the source."""

    seconds: float | None
    start: int
    end: int
    rate: float = 1.0


@dataclass(frozen=True)
class Terminal:
    """A tone in the markup, for the word before it."""

    tone: Tone
    start: int
    end: int


@dataclass(frozen=True)
class Stop:
    """The edge of a sentence, or of a paragraph."""

    paragraph: bool
    start: int
    end: int


Piece = Run | Pause | Terminal | Stop


def fail(source: str, place: int, message: str) -> NoReturn:
    """Raises InputError with the line (of several) and column, from 1, of a place in the source."""
    line = source.count("\n", 0, place) + 1
    column = place - (source.rfind("\n", 0, place) + 1) + 1
    where = f"line {line}, column {column}" if "\n" in source else f"column {column}"
    raise InputError(f"text, {where}: {message}")


def parse(source: str) -> tuple[Piece, ...]:
    """The pieces of a marked-up text, in order. Raises InputError, one line with the column, for a
    tag that is not known, not closed or has a value that cannot be."""
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[Piece] = []
        self.open: list[
            tuple[str, int, float]
        ] = []  # (tag, its place, rate within) of those not closed yet
        self.parts: list[str] = []
        self.offsets: list[int] = []
        self.emptied: str = ""  # the tag before, where </break> may still close it

    @property
    def rate(self) -> float:
        return self.open[-1][2] if self.open else 1.0

    def flush(self, end: int) -> None:
        text = "".join(self.parts)
        if text.strip():
            self.emptied = ""
        if text:
            self.pieces.append(Run(text, (*self.offsets, end), self.rate))
        self.parts, self.offsets = [], []

    def parse(self) -> tuple[Piece, ...]:
        source, position = self.source, 0
        while position < len(source):
            special = _SPECIAL.search(source, position)
            plain = special.start() if special else len(source)
            if plain > position:
                self.parts.append(source[position:plain])
                self.offsets += range(position, plain)
                position = plain
                continue
            character = source[position]
            entity = _ENTITY.match(source, position) if character == "&" else None
            following = source[position + 1 : position + 2]
            if character != "<" or not (
                following in ("/", "!", "?") or following.isascii() and following.isalpha()
            ):
                value = html.unescape(entity.group()) if entity else character
                if len(value) == 1:
                    self.parts.append(value)
                    self.offsets.append(position)
                position = entity.end() if entity else position + 1
                continue
            passed = _PASSED.match(source, position)
            if passed or following in ("!", "?"):
                self.flush(position)
                position = passed.end() if passed else position + 1
                continue
            tag = _TAG.match(source, position)
            if tag is None:
                fail(
                    source,
                    position,
                    "'<' begins a tag that does not end with '>'; write &lt; for the sign itself",
                )
            self.flush(position)
            self.tag(tag)
            position = tag.end()
        self.flush(len(source))
        if self.open:
            name, start, _ = self.open[-1]
            fail(source, start, f"<{name}> is not closed; write </{name}> where it ends")
        return tuple(self.pieces)

    def tag(self, tag: re.Match[str]) -> None:
        source, start = self.source, tag.start()
        closing, name, rest = bool(tag.group(1)), tag.group(2).lower(), tag.group(3).rstrip()
        empty = rest.endswith("/")
        rest = rest[:-1] if empty else rest
        if name not in ("brk", "break", "rise", "fall", "level", "prosody", "speak", "p", "s"):
            fail(
                source,
                start,
                f"<{tag.group(1)}{tag.group(2)}> is not known; there are <brk>, <rise>, <fall>, "
                "<level>, <prosody rate=...>, <break>, <p>, <s> and <speak>",
            )
        emptied, self.emptied = self.emptied, ""
        if closing:
            if rest.strip() or empty:
                fail(source, start, f"</{name}> takes nothing")
            if name == emptied == "break":
                return
            self.close(name, start, tag.end())
        elif name in ("speak", "p", "s", "prosody"):
            self.begin(name, start, tag.end(), rest, empty)
        elif name in ("brk", "break"):
            found = _pause(source, start, name, rest)
            self.emptied = "" if empty else name
            if found is not _NONE:
                seconds = found if isinstance(found, float) else None
                self.pieces.append(Pause(seconds, start, tag.end(), self.rate))
        else:
            self.pieces.append(Terminal(_tone(source, start, name, rest), start, tag.end()))

    def begin(self, name: str, start: int, end: int, rest: str, empty: bool) -> None:
        source, rate = self.source, self.rate
        within = [other for other, _, _ in self.open]
        if name == "speak" and within:
            fail(source, start, "<speak> within another tag")
        if name in ("p", "s"):
            if name in within or name == "p" and "s" in within:
                fail(source, start, f"<{name}> within <{'s' if 's' in within else 'p'}>")
            if len(self.open) >= MAX_DEPTH:
                fail(source, start, f"more than {MAX_DEPTH} tags within each other")
            language = _attributes(source, start, name, rest, ("xml:lang", "xml:id", "id")).get(
                "xml:lang", "en"
            )
            if not language.lower().startswith("en"):
                fail(
                    source,
                    start,
                    f"<{name}> in '{language}': one text is in one language; "
                    "take it out, or say it in a text of its own",
                )
            self.pieces.append(Stop(name == "p", start, end))
        if name == "prosody":
            if len(self.open) >= MAX_DEPTH:
                fail(source, start, f"more than {MAX_DEPTH} tags within each other")
            rate *= _rate(source, start, rest)
            if not RATES[0] <= rate <= RATES[1]:
                fail(source, start, f"rate {rate:g}: expected {RATES[0]:g} to {RATES[1]:g}")
        if not empty:
            self.open.append((name, start, rate))

    def close(self, name: str, start: int, end: int) -> None:
        if not self.open or name not in [other for other, _, _ in self.open]:
            fail(self.source, start, f"</{name}> closes nothing")
        if self.open[-1][0] != name:
            fail(self.source, start, f"<{self.open[-1][0]}> is not closed before </{name}>")
        self.open.pop()
        if name in ("p", "s"):
            self.pieces.append(Stop(name == "p", start, end))


_NONE = object()  # <break strength="none">


def _attributes(
    source: str, place: int, name: str, rest: str, known: tuple[str, ...]
) -> dict[str, str]:
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


def _seconds(source: str, place: int, value: str, least: float = 1e-9) -> float:
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


def _pause(source: str, place: int, name: str, rest: str) -> object:
    """Seconds, None (the voice decides) or `_NONE` (no break)."""
    if rest.strip() and "=" not in rest and name == "brk":
        return _seconds(source, place, rest.strip())
    found = _attributes(
        source, place, name, rest, ("time",) if name == "brk" else ("time", "strength")
    )
    strength = found.get("strength")
    if strength is not None and strength != "none" and strength not in STRENGTHS:
        fail(source, place, f"strength '{strength}': expected none, {', '.join(STRENGTHS)}")
    if "time" in found:
        # Of SSML a break of no length is none; of <brk 0> it is a slip.
        return _seconds(source, place, found["time"], 0.0 if name == "break" else 1e-9) or _NONE
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
        fail(
            source,
            place,
            f"<{name}> slope '{value}': expected semitones over the word, above 0 and up to "
            f"{MAX_SLOPE:g}",
        )
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


def render(pieces: tuple[Piece, ...] | list[Piece]) -> str:
    """Markup that `parse` reads as these pieces, but for their places (and runs of one rate side by
    side become one)."""
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, Run):
            inner = piece.text.replace("&", "&amp;").replace("<", "&lt;")
        elif isinstance(piece, Pause):
            inner = "<brk>" if piece.seconds is None else f"<brk {piece.seconds:.6f}>"
        elif isinstance(piece, Stop):
            parts.append("<p/>" if piece.paragraph else "<s/>")
            continue
        else:
            tone = piece.tone
            parts.append(
                "<level>"
                if tone.shape == "level"
                else f"<{tone.shape} slope={abs(tone.slope):.6f}>"
            )
            continue
        parts.append(
            inner if piece.rate == 1.0 else f"<prosody rate={piece.rate:.6f}>{inner}</prosody>"
        )
    return "".join(parts)
