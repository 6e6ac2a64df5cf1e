"""Prosody markup without XML, and the part of SSML that says the same.

| markup | what it does |
|---|---|
| `I said <brk 0.4> no` | a break of 0.4 s; also 0.4s, 400ms; `<brk>`: the voice decides how long |
| `Really<rise slope=4>` | the last word rises by 4 semitones; also `<fall slope=3>`, `<level>` |
| `<prosody rate=1.2>faster</prosody>` | also 120%, +20%, x-slow, slow, medium, fast, x-fast |
| `<prosody pitch="+2st" volume="-6dB">` | also +10%, x-low to x-high; silent, x-soft to x-loud |
| `<prosody contour="(0%,+2st)(100%,-3st)">` | the pitch along the stretch, added to the voice's |
| `<emphasis level="strong">this</emphasis>` | longer, louder and higher; moderate, reduced, none |
| `<break time="400ms"/>`, `<break strength="strong"/>` | a break, as in SSML |
| `<say-as interpret-as="date" format="mdy">` | see `say_as` |
| `<sub alias="World Wide Web">WWW</sub>` | says the alias |
| `<phoneme alphabet="ipa" ph="pɪˈkɑːn">pecan</phoneme>` | also x-sampa, arpabet: see `phones` |
| `<voice name="ann">...</voice>`, `<mark name="here"/>` | a speaker; a place whose time is wanted |
| `<speak>...</speak>`, `<p><s>A sentence.</s></p>` | a text, its paragraphs and sentences |

A tone is written behind the word that ends the phrase. "<" before anything but a letter, "/", "!"
or "?" is itself; "&lt;" is one anywhere. What is markup is taken out before any word is looked at,
so that nothing done to text can change it.
"""

from __future__ import annotations

import dataclasses
import html
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from avspeech.errors import InputError
from avspeech.text.script import FALL, PLAIN, RISE, SILENT, Contour, Style, Tone

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
KNOWN = ("brk", "rise", "fall", "level", "prosody", "emphasis", "break", "say-as", "sub", "phoneme",
         "voice", "mark", "p", "s", "w", "token", "speak")
_TEXT_ONLY = ("say-as", "sub", "phoneme")

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>")
_SPECIAL = re.compile(r"[<&]")
_PASSED = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ATTRIBUTE = re.compile(r"\s*([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'=/]+)")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})(s|ms)?")
_NUMBER = re.compile(r"[+-]?(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})")


@dataclass(frozen=True)
class Said:
    """How a text is to be read, whatever it looks like. tag: "say-as", "sub" or "phoneme"; value:
    the kind, the alias, or the phones; form: the format of the kind, or the alphabet."""

    tag: str
    value: str
    form: str = ""


@dataclass(frozen=True)
class Run:
    """Plain text. offsets: place in the source of each character, and one more for the end."""

    text: str
    offsets: tuple[int, ...]
    rate: float = 1.0
    style: Style = PLAIN
    said: Said | None = None


@dataclass(frozen=True)
class Pause:
    """A break in the markup. seconds: None leaves the length to the voice; start, end: the tag in
    the source."""

    seconds: float | None
    start: int
    end: int
    rate: float = 1.0
    style: Style = PLAIN


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


@dataclass(frozen=True)
class Named:
    """A named place in the markup."""

    name: str
    start: int
    end: int


Piece = Run | Pause | Terminal | Stop | Named


def fail(source: str, place: int, message: str) -> NoReturn:
    """Raises InputError with the line (of several) and column, from 1, of a place in the source."""
    line = source.count("\n", 0, place) + 1
    column = place - (source.rfind("\n", 0, place) + 1) + 1
    where = f"line {line}, column {column}" if "\n" in source else f"column {column}"
    raise InputError(f"text, {where}: {message}")


def parse(source: str, voices: Collection[str] | None = None) -> tuple[Piece, ...]:
    """The pieces of a marked-up text, in order. voices: names that <voice> may have (None: any).
    Raises InputError, one line with the column, for a tag that is not known, not closed or has a
    value that cannot be."""
    return _Parser(source, voices).parse()


@dataclass(frozen=True)
class _Open:
    """A tag that is not closed yet, and what holds within it."""

    name: str
    place: int
    rate: float = 1.0
    style: Style = PLAIN
    said: Said | None = None


_OUTSIDE = _Open("", 0)


class _Parser:
    def __init__(self, source: str, voices: Collection[str] | None = None) -> None:
        self.source = source
        self.voices = voices
        self.pieces: list[Piece] = []
        self.open: list[_Open] = []
        self.parts: list[str] = []
        self.offsets: list[int] = []
        self.emptied: str = ""  # the tag before, where </break> may still close it

    @property
    def now(self) -> _Open:
        """What holds at this place."""
        return self.open[-1] if self.open else _OUTSIDE

    def flush(self, end: int) -> None:
        text = "".join(self.parts)
        if text.strip():
            self.emptied = ""
        if text:
            now = self.now
            self.pieces.append(Run(text, (*self.offsets, end), now.rate, now.style, now.said))
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
            name, start = self.now.name, self.now.place
            fail(source, start, f"<{name}> is not closed; write </{name}> where it ends")
        return tuple(self.pieces)

    def tag(self, tag: re.Match[str]) -> None:
        source, start = self.source, tag.start()
        closing, name, rest = bool(tag.group(1)), tag.group(2).lower(), tag.group(3).rstrip()
        empty = rest.endswith("/")
        rest = rest[:-1] if empty else rest
        if name not in KNOWN:
            fail(source, start, f"<{tag.group(1)}{tag.group(2)}> is not supported; there are "
                 + ", ".join(f"<{known}>" for known in KNOWN))
        emptied, self.emptied = self.emptied, ""
        if closing:
            if rest.strip() or empty:
                fail(source, start, f"</{name}> takes nothing")
            if name == emptied and name in ("break", "mark"):
                return
            self.close(name, start, tag.end())
            return
        if self.now.said is not None:
            fail(source, start, f"<{name}> within <{self.now.name}>, which holds text alone")
        if name in ("brk", "break"):
            found = _pause(source, start, name, rest)
            self.emptied = "" if empty else name
            if found is not _NONE:
                seconds = found if isinstance(found, float) else None
                now = self.now
                self.pieces.append(Pause(seconds, start, tag.end(), now.rate, now.style))
        elif name == "mark":
            self.emptied = "" if empty else name
            self.pieces.append(Named(_wanted(source, start, name, rest, "name"), start, tag.end()))
        elif name in ("rise", "fall", "level"):
            self.pieces.append(Terminal(_tone(source, start, name, rest), start, tag.end()))
        else:
            self.begin(name, start, tag.end(), rest, empty)

    def begin(self, name: str, start: int, end: int, rest: str, empty: bool) -> None:
        source, now = self.source, self.now
        within = [other.name for other in self.open]
        if name == "speak" and within:
            fail(source, start, "<speak> within another tag")
        if len(self.open) >= MAX_DEPTH:
            fail(source, start, f"more than {MAX_DEPTH} tags within each other")
        state = dataclasses.replace(now, name=name, place=start)
        if name in ("p", "s"):
            if name in within or name == "p" and "s" in within:
                fail(source, start, f"<{name}> within <{'s' if 's' in within else 'p'}>")
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
        elif name == "prosody":
            state = _prosody(source, start, end, rest, state)
        elif name == "emphasis":
            state = _emphasis(source, start, rest, state)
        elif name == "voice":
            voice = _wanted(source, start, name, rest, "name")
            if self.voices is not None and voice not in self.voices:
                fail(source, start, f"voice '{voice}' is not known; this model has: "
                     + (", ".join(self.voices) or "none by name"))
            state = dataclasses.replace(state, style=dataclasses.replace(now.style, voice=voice))
            self.pieces.append(Stop(False, start, end))
        elif name in _TEXT_ONLY:
            if empty:
                fail(source, start, f"<{name}> is empty; expected a text in it")
            state = dataclasses.replace(state, said=_said(source, start, name, rest))
        if not empty:
            self.open.append(state)

    def close(self, name: str, start: int, end: int) -> None:
        if name not in [other.name for other in self.open]:
            fail(self.source, start, f"</{name}> closes nothing")
        if self.now.name != name:
            fail(self.source, start, f"<{self.now.name}> is not closed before </{name}>")
        if name in _TEXT_ONLY:
            last = self.pieces[-1] if self.pieces else None
            if not isinstance(last, Run) or last.said is not self.now.said or \
                    not last.text.strip():
                fail(self.source, self.now.place, f"<{name}> is empty; expected a text in it")
        self.open.pop()
        if name in ("p", "s", "voice"):
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


def _wanted(source: str, place: int, tag: str, rest: str, key: str,
            more: tuple[str, ...] = ()) -> str:
    """The value of an attribute that a tag has to have."""
    value = _attributes(source, place, tag, rest, (key, *more)).get(key)
    if not value:
        fail(source, place, f'<{tag}> without {key}="..."')
    return html.unescape(value)


def _said(source: str, place: int, tag: str, rest: str) -> Said:
    if tag == "sub":
        return Said(tag, _wanted(source, place, tag, rest, "alias"))
    key, more = ("ph", "alphabet") if tag == "phoneme" else ("interpret-as", "format")
    value = _wanted(source, place, tag, rest, key, (more, "detail") if tag == "say-as" else (more,))
    form = _attributes(source, place, tag, rest, (key, more, "detail")).get(more, "")
    return Said(tag, value, form or ("ipa" if tag == "phoneme" else ""))


def _emphasis(source: str, place: int, rest: str, state: _Open) -> _Open:
    level = _attributes(source, place, "emphasis", rest, ("level",)).get("level", "moderate")
    if level not in EMPHASES:
        fail(source, place, f"level '{level}': expected {', '.join(EMPHASES)}")
    rate, pitch, gain = EMPHASES[level]
    return _changed(source, place, state, rate, pitch, gain)


def _prosody(source: str, place: int, end: int, rest: str, state: _Open) -> _Open:
    found = _attributes(source, place, "prosody", rest, ("rate", "pitch", "volume", "contour"))
    if not found:
        fail(source, place, "<prosody> without rate=, pitch=, volume= or contour=")
    rate = _rate(source, place, found["rate"]) if "rate" in found else 1.0
    pitch = _pitch(source, place, found["pitch"]) if "pitch" in found else 0.0
    gain = _gain(source, place, found["volume"]) if "volume" in found else 0.0
    state = _changed(source, place, state, rate, pitch, gain)
    if "contour" not in found:
        return state
    contour = Contour(_contour(source, place, found["contour"]), end)
    return dataclasses.replace(state, style=dataclasses.replace(state.style, contour=contour))


def _changed(source: str, place: int, state: _Open, rate: float, pitch: float,
             gain: float) -> _Open:
    """A state, so much faster, higher and louder."""
    rate, pitch = state.rate * rate, state.style.pitch + pitch
    gain = SILENT if SILENT in (gain, state.style.gain) else state.style.gain + gain
    if not RATES[0] <= rate <= RATES[1]:
        fail(source, place, f"rate {rate:g}: expected {RATES[0]:g} to {RATES[1]:g}")
    if abs(pitch) > MAX_PITCH:
        fail(source, place, f"pitch {pitch:+g}st: expected -{MAX_PITCH:g}st to +{MAX_PITCH:g}st")
    if gain != SILENT and not GAINS[0] <= gain <= GAINS[1]:
        fail(source, place, f"volume {gain:+g}dB: expected {GAINS[0]:g}dB to +{GAINS[1]:g}dB")
    style = dataclasses.replace(state.style, pitch=pitch, gain=gain)
    return dataclasses.replace(state, rate=rate, style=style)


def _pitch(source: str, place: int, value: str) -> float:
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


def _gain(source: str, place: int, value: str) -> float:
    """Decibels of a change of volume."""
    if value in NAMED_GAINS:
        return NAMED_GAINS[value]
    match = re.fullmatch(r"([+-]\d{1,2}(?:\.\d{1,6})?)dB", value, re.IGNORECASE)
    gain = float(match.group(1)) if match else math.nan
    if not GAINS[0] <= gain <= GAINS[1]:
        fail(source, place, f"volume '{value}': expected a change (+4dB, -6dB) or one of "
             + ", ".join(NAMED_GAINS))
    return gain


def _contour(source: str, place: int, value: str) -> tuple[tuple[float, float], ...]:
    """Points (share of time, semitones)."""
    points = []
    for part in re.findall(r"\S[^)]*\)?", value):
        match = re.fullmatch(r"\(\s*(\d{1,3}(?:\.\d{1,6})?)%\s*,\s*([^\s)]+)\s*\)", part)
        if match is None or float(match.group(1)) > 100:
            fail(source, place, f"contour '{part[:20]}': expected points as (0%,+2st)(100%,-3st)")
        points.append((float(match.group(1)) / 100, _pitch(source, place, match.group(2))))
    if not points or [x for x, _ in points] != sorted({x for x, _ in points}):
        fail(source, place, "contour: expected points in order of time, each time once")
    return tuple(points)


def _rate(source: str, place: int, value: str) -> float:
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
