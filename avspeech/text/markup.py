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

Within another <prosody>, names ("slow", "loud") and 120% are of the voice's own; 1.2, +20%, +2st
and -6dB change what is there. A tone is written behind the word that ends the phrase. "<" before
anything but a letter, "/", "!" or "?" is itself; "&lt;" is one anywhere. What is markup is taken
out before any word is looked at, so that nothing done to text can change it.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Collection
from dataclasses import dataclass

from avspeech.text import tags
from avspeech.text.script import PLAIN, SILENT, Contour, Style, Tone
from avspeech.text.tags import EMPHASES, GAINS, MAX_PITCH, RATES, fail

MAX_DEPTH = 100  # tags within each other
KNOWN = ("brk", "rise", "fall", "level", "prosody", "emphasis", "break", "say-as", "sub", "phoneme",
         "voice", "mark", "p", "s", "w", "token", "speak")
_TEXT_ONLY = ("say-as", "sub", "phoneme")

_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>")
_SPECIAL = re.compile(r"[<&]")
# What is passed over, what begins such a thing without its end, and text that is no markup.
_PASSED = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<meta(?=\s)(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*(?:/>|>\s*</meta\s*>)"
    r"|<metadata(?=[\s>])(?:\"[^\"]*\"|'[^']*'|[^<>\"'/])*>.*?</metadata\s*>"
    r"|<!DOCTYPE(?:\"[^\"]*\"|'[^']*'|\[[^\]]*\]|[^<>\"'\[])*>", re.DOTALL
)
_PASSING = re.compile(r"<!--|<!DOCTYPE\b|<!\[CDATA\[|<\?xml\b")
_PLAIN = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z\d]{1,31}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")


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


def parse(
    source: str, voices: Collection[str] | None = None, language: str = "en-us"
) -> tuple[Piece, ...]:
    """The pieces of a marked-up text, in order. voices: names that <voice> may have (None: any);
    language: what xml:lang may name. Raises InputError, one line with the column, for a tag that is
    not known, not closed or has a value that cannot be."""
    return _Parser(source, voices, language).parse()


@dataclass(frozen=True)
class _Open:
    """A tag that is not closed yet, and what holds within it."""

    name: str
    place: int
    rate: float = 1.0
    style: Style = PLAIN
    said: Said | None = None
    # Rate, semitones and dB that <prosody> and <emphasis> ask for; `rate` and `style` have both.
    asked: tuple[float, float, float] = (1.0, 0.0, 0.0)
    stress: tuple[float, float, float] = (1.0, 0.0, 0.0)


_OUTSIDE = _Open("", 0)
_BLANKS = " \t\r\n\f\v\ufeff"  # with the byte order mark that a file may begin with


_OF_LANGUAGE = frozenset(("speak", "p", "s", "voice", "w", "token"))
_LANGUAGE = re.compile(r"(?:^|\s)xml:lang\s*=\s*['\"]?([A-Za-z]+)([\w-]*)")


class _Parser:
    def __init__(self, source: str, voices: Collection[str] | None, language: str) -> None:
        self.source = source
        self.language = language
        self.voices = voices
        self.pieces: list[Piece] = []
        self.open: list[_Open] = []
        self.parts: list[str] = []
        self.offsets: list[int] = []
        self.emptied: str = ""  # the tag before, where </break> may still close it
        self.first = -1  # where the first tag or text begins that is no remark
        self.ended = False  # whether </speak> has been seen

    @property
    def now(self) -> _Open:
        """What holds at this place."""
        return self.open[-1] if self.open else _OUTSIDE

    def flush(self, end: int) -> None:
        text = "".join(self.parts)
        if text.strip(_BLANKS):
            self.emptied = ""
            blank = len(text) - len(text.lstrip(_BLANKS))
            self.within_root(self.offsets[blank], "text")
        if text:
            now = self.now
            self.pieces.append(Run(text, (*self.offsets, end), now.rate, now.style, now.said))
        self.parts, self.offsets = [], []

    def within_root(self, place: int, what: str) -> None:
        """Refuses what stands behind the root, and keeps where a root could stand."""
        if self.ended:
            fail(self.source, place, f"{what} behind </speak>; a text has one <speak>, with all of "
                 "it inside; say the rest in a text of its own")
        self.first = place if self.first < 0 else self.first

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
                if entity and len(entity.group()) > 3 and value.endswith(";"):
                    entity, value = None, character  # of no name that is known
                self.parts.append(value)
                self.offsets += [position] * len(value)
                position = entity.end() if entity else position + 1
                continue
            if plain_text := _PLAIN.match(source, position):
                self.parts.append(plain_text.group(1))
                self.offsets += range(*plain_text.span(1))
                position = plain_text.end()
                continue
            passed = _PASSED.match(source, position)
            if passed is None and (begun := _PASSING.match(source, position)):
                ends = {"<!--": "-->", "<![CDATA[": "]]>", "<?xml": "?>"}.get(begun.group(), ">")
                fail(source, position, f"'{begun.group()}' without the '{ends}' that ends it")
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
        if name == "speak" != tag.group(2):
            fail(source, start, f"<{tag.group(1)}{tag.group(2)}>: expected <{tag.group(1)}speak> "
                 "in small letters")
        empty = rest.endswith("/")
        rest = rest[:-1] if empty else rest
        if name not in KNOWN:
            fail(source, start, f"<{tag.group(1)}{tag.group(2)}> is not supported; there are "
                 + ", ".join(f"<{known}>" for known in KNOWN))
        emptied, self.emptied = self.emptied, ""
        rooted = name == "speak" and not closing and not self.open and not self.ended
        if rooted and self.first >= 0:
            fail(source, self.first, "this stands before <speak>; write <speak> first")
        if not closing:
            self.within_root(start, f"<{name}>")
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
            found = tags.pause(source, start, name, rest)
            self.emptied = "" if empty else name
            if found is not tags.NONE:
                seconds = found if isinstance(found, float) else None
                now = self.now
                self.pieces.append(Pause(seconds, start, tag.end(), now.rate, now.style))
        elif name == "mark":
            self.emptied = "" if empty else name
            named = tags.wanted(source, start, name, rest, "name")
            self.pieces.append(Named(named, start, tag.end()))
        elif name in ("rise", "fall", "level"):
            self.pieces.append(Terminal(tags.tone(source, start, name, rest), start, tag.end()))
        else:
            self.begin(name, start, tag.end(), rest, empty)

    def begin(self, name: str, start: int, end: int, rest: str, empty: bool) -> None:
        source, now = self.source, self.now
        within = [other.name for other in self.open]
        if name == "speak" and within:
            fail(source, start, "<speak> within another tag")
        if name == "speak":
            tags.of_root(source, start, rest)
        if len(self.open) >= MAX_DEPTH:
            fail(source, start, f"more than {MAX_DEPTH} tags within each other")
        state = dataclasses.replace(now, name=name, place=start)
        named = _LANGUAGE.search(rest) if name in _OF_LANGUAGE else None
        if named and named[1].lower() != self.language.lower().split("-")[0]:
            fail(source, start, f"<{name}> in '{named[1]}{named[2]}', but the language is "
                 f"'{self.language}': one text is in one language; take it out, or say it in a "
                 "text of its own")
        if name in ("p", "s"):
            if name in within or name == "p" and "s" in within:
                fail(source, start, f"<{name}> within <{'s' if 's' in within else 'p'}>")
            tags.attributes(source, start, name, rest, ("xml:lang", "xml:id", "id"))
            self.pieces.append(Stop(name == "p", start, end))
        elif name == "prosody":
            state = _prosody(source, start, end, rest, state)
        elif name == "emphasis":
            state = _emphasis(source, start, rest, state)
        elif name == "voice":
            voice = tags.wanted(source, start, name, rest, "name", ("xml:lang",))
            if self.voices is not None and voice not in self.voices:
                fail(source, start, f"voice '{voice}' is not known; this model has: "
                     + (", ".join(self.voices) or "none by name"))
            state = dataclasses.replace(state, style=dataclasses.replace(now.style, voice=voice))
            self.pieces.append(Stop(False, start, end))
        elif name in ("w", "token"):
            if re.search(r"\brole\s*=", rest):
                fail(source, start, f"<{name}> has no 'role'; say by <phoneme> how the word sounds")
            tags.attributes(source, start, name, rest, ("xml:lang", "xml:id", "id"))
        elif name in _TEXT_ONLY:
            if empty:
                fail(source, start, f"<{name}> is empty; expected a text in it")
            state = dataclasses.replace(state, said=_said(source, start, name, rest))
        if not empty:
            self.open.append(state)
        elif name == "speak":
            self.ended = True

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
        self.ended = name == "speak"
        if name in ("p", "s", "voice"):
            self.pieces.append(Stop(name == "p", start, end))


def _said(source: str, place: int, tag: str, rest: str) -> Said:
    if tag == "sub":
        return Said(tag, tags.wanted(source, place, tag, rest, "alias"))
    key, more = ("ph", "alphabet") if tag == "phoneme" else ("interpret-as", "format")
    others = (more, "detail" if tag == "say-as" else "type")  # both are of SSML, and change nothing
    value = tags.wanted(source, place, tag, rest, key, others)
    form = tags.attributes(source, place, tag, rest, (key, *others)).get(more, "")
    return Said(tag, value, form or ("ipa" if tag == "phoneme" else ""))


def _emphasis(source: str, place: int, rest: str, state: _Open) -> _Open:
    level = tags.attributes(source, place, "emphasis", rest, ("level",)).get("level", "moderate")
    if level not in EMPHASES:
        fail(source, place, f"level '{level}': expected {', '.join(EMPHASES)}")
    rate, pitch, gain = EMPHASES[level]
    factor, higher, louder = state.stress
    stress = (factor * rate, higher + pitch, louder + gain)
    if level == "none":
        stress = _OUTSIDE.stress  # SSML 1.1: it says what would else be emphasized as it is
    return _changed(source, place, dataclasses.replace(state, stress=stress))


def _prosody(source: str, place: int, end: int, rest: str, state: _Open) -> _Open:
    found = tags.attributes(source, place, "prosody", rest, ("rate", "pitch", "volume", "contour"))
    if not found:
        fail(source, place, "<prosody> without rate=, pitch=, volume= or contour=")
    rate, pitch, gain = state.asked
    # A name, and a percentage without a sign, are of the voice's own, whatever is around them.
    if "rate" in found:
        factor, whole = tags.rate(source, place, found["rate"]), found["rate"]
        own = whole in tags.NAMED_RATES or whole[-1] == "%" and whole[0] not in "+-"
        rate = factor if own else rate * factor
    if "pitch" in found:
        change = tags.pitch(source, place, found["pitch"])
        pitch = change if found["pitch"] in tags.NAMED_PITCHES else pitch + change
    if "volume" in found:
        change = tags.gain(source, place, found["volume"])
        own = found["volume"] in tags.NAMED_GAINS
        gain = change if own else SILENT if gain == SILENT else gain + change
    state = _changed(source, place, dataclasses.replace(state, asked=(rate, pitch, gain)))
    if "contour" not in found:
        return state
    contour = Contour(tags.contour(source, place, found["contour"]), end)
    return dataclasses.replace(state, style=dataclasses.replace(state.style, contour=contour))


def _changed(source: str, place: int, state: _Open) -> _Open:
    """A state with the rate and the style that its tags ask for together."""
    rate, pitch, gain = state.asked
    factor, higher, louder = state.stress
    rate, pitch = rate * factor, pitch + higher
    gain = SILENT if gain == SILENT else gain + louder
    if not RATES[0] <= rate <= RATES[1]:
        fail(source, place, f"rate {rate:g}: expected {RATES[0]:g} to {RATES[1]:g}")
    if abs(pitch) > MAX_PITCH:
        fail(source, place, f"pitch {pitch:+g}st: expected -{MAX_PITCH:g}st to +{MAX_PITCH:g}st")
    if gain != SILENT and not GAINS[0] <= gain <= GAINS[1]:
        fail(source, place, f"volume {gain:+g}dB: expected {GAINS[0]:g}dB to +{GAINS[1]:g}dB")
    style = dataclasses.replace(state.style, pitch=pitch, gain=gain)
    return dataclasses.replace(state, rate=rate, style=style)


