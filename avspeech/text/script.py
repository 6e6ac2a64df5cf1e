"""What is to be spoken: a `Script` of sentences, of words, marks and breaks, each with its place in
the source.

    script = text.analyse("I said <brk 0.4> no<rise>. Go!")
    script.ids()                    # symbols by number, for a model
    script.tokens()                 # the same with kind, word, place in the source, rate
    script.phrases()                # first and last word, and the tone
    script.with_breaks({1: 0.3})    # breaks as a detector or a predictor has them

Offsets count characters of the source, [start, end); they never go backward from one item to the
next. A word made of a number has the number's place: "42" gives two words with the same offsets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avspeech.errors import InputError
from avspeech.text import symbols

RISE, FALL = 5.0, -5.0  # semitones over the last word, where only <rise> or <fall> is said
# Semitones over the last word: a slope within this of 0 is called level.
LEVEL_WITHIN = 1.0


@dataclass(frozen=True)
class Tone:
    """How the pitch of a phrase's last word goes. shape: "rise", "fall" or "level"; slope:
    semitones from the start to the end of that word, > 0 upward (a straight line; over a word of d
    seconds it is slope / d semitones a second)."""

    shape: str
    slope: float

    @classmethod
    def of(cls, slope: float) -> Tone:
        """The tone of a slope in semitones over the last word."""
        return cls(
            "rise" if slope > LEVEL_WITHIN else "fall" if slope < -LEVEL_WITHIN else "level", slope
        )

    def per_second(self, duration: float) -> float:
        """The slope in semitones a second, over a last word of `duration` seconds."""
        return self.slope / duration


@dataclass(frozen=True)
class Contour:
    """How the pitch of a stretch goes. points: (share of its time from 0 to 1, semitones) in order,
    joined by straight lines; start: where the stretch begins in the source, which tells it from
    another."""

    points: tuple[tuple[float, float], ...]
    start: int


@dataclass(frozen=True)
class Style:
    """How something is said, beside its speed. pitch: semitones higher than the voice's own; gain:
    dB louder, `SILENT` for none of it; contour: of a stretch that it is in; voice: a speaker's
    name."""

    pitch: float = 0.0
    gain: float = 0.0
    contour: Contour | None = None
    voice: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Style:
        """The style that `dataclasses.asdict` made a record of."""
        contour = record.get("contour")
        if contour is not None:
            contour = Contour(tuple((x, y) for x, y in contour["points"]), contour["start"])
        return cls(record.get("pitch", 0.0), record.get("gain", 0.0), contour, record.get("voice"))


PLAIN = Style()
SILENT = -200.0  # dB


@dataclass(frozen=True)
class Point:
    """A named place of the source, whose time is wanted. start: the first character behind it."""

    name: str
    start: int


@dataclass(frozen=True)
class Word:
    """One spoken word. text: as spoken, lower case ("forty"); phones: symbols; start, end:
    characters of the source; tone: of a phrase that ends here; rate: 1.2 is 20 % faster; whence
    the pronunciation came: "dictionary", "rule", "guess", "espeak" or "given"."""

    text: str
    phones: tuple[str, ...]
    start: int
    end: int
    tone: Tone | None = None
    rate: float = 1.0
    source: str = "dictionary"
    style: Style = PLAIN


@dataclass(frozen=True)
class Mark:
    """Punctuation: one of `symbols.MARKS`."""

    text: str
    start: int
    end: int
    rate: float = 1.0
    style: Style = PLAIN


@dataclass(frozen=True)
class Break:
    """A phrase break: a pause. seconds: how long, None to leave that to the model. asked: whether
    the source has it, not a predictor."""

    seconds: float | None
    start: int
    end: int
    rate: float = 1.0
    asked: bool = True
    style: Style = PLAIN


Item = Word | Mark | Break


@dataclass(frozen=True)
class Token:
    """One symbol of the sequence a model sees.

    kind: "edge" (<s>, </s>), "phone", "word" (the boundary <w>), "mark" or "break"; word: index in
    `script.words` of the word it is in or follows, -1 before the first; seconds: the length of a
    break."""

    symbol: str
    kind: str
    word: int
    start: int
    end: int
    rate: float = 1.0
    seconds: float | None = None
    style: Style = PLAIN


@dataclass(frozen=True)
class Phrase:
    """A stretch of words said in one go. first, last: indices in `script.words`, both included;
    tone: of the last word; ends: "break", "mark", "tone" or "sentence"."""

    first: int
    last: int
    tone: Tone | None
    ends: str


@dataclass(frozen=True)
class Sentence:
    """items: words, marks and breaks in order; start, end: characters of the source; rest: seconds
    of silence behind it; paragraph: whether it ends one."""

    items: tuple[Item, ...]
    start: int
    end: int
    rest: float = 0.0
    paragraph: bool = False

    @property
    def voice(self) -> str | None:
        """The speaker that the source asks for; None where it asks for none."""
        return self.items[0].style.voice if self.items else None


@dataclass(frozen=True)
class Unread:
    """Characters [start, end) of the source that are not said, for want of a reading."""

    text: str
    start: int
    end: int


# Seconds of rest behind the marks that end a sentence, and behind "…" within one; a paragraph
# has more.
RESTS = {".": 0.4, "?": 0.4, "!": 0.4, "…": 0.5, ":": 0.4, ";": 0.4, ",": 0.4, "–": 0.4, "": 0.4}
PARAGRAPH_REST = 0.8


@dataclass(frozen=True)
class Script:
    """An analysed text. source: as it was given, markup and all."""

    source: str
    sentences: tuple[Sentence, ...]
    language: str = "en-us"
    phonemiser: str = "default"
    unread: tuple[Unread, ...] = ()
    points: tuple[Point, ...] = ()

    @property
    def unread_line(self) -> str:
        """What is not said, in one line; "" where all is."""
        if not self.unread:
            return ""
        count = sum(len(u.text) for u in self.unread)
        kinds = list(dict.fromkeys(u.text for u in self.unread))
        shown = " ".join(kinds[:8]) + (" ..." if len(kinds) > 8 else "")
        return (
            f"{count} characters have no reading and are left out: {shown}"
            if count > 1
            else f"1 character has no reading and is left out: {shown}"
        )

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, over the sentences."""
        return tuple(item for item in self.items if isinstance(item, Word))

    @property
    def items(self) -> tuple[Item, ...]:
        """All words, marks and breaks, over the sentences."""
        return tuple(item for sentence in self.sentences for item in sentence.items)

    @property
    def text(self) -> str:
        """What is spoken, in words and marks: "i said no."."""
        parts: list[str] = []
        for item in self.items:
            if isinstance(item, Word):
                parts.append((" " if parts else "") + item.text)
            elif isinstance(item, Mark):
                parts.append(" –" if item.text == "–" else item.text)
        return "".join(parts)

    def sentence(self, number: int) -> Script:
        """One sentence as a script of its own, with the same source and offsets."""
        return dataclasses.replace(self, sentences=(self.sentences[number],))

    def tokens(self) -> tuple[Token, ...]:
        """The sequence a model sees: <s>, phones, </s>; between two words either the marks and
        breaks that stand there or, where there are none, <w>."""
        items = self.items
        first, last = (items[0].start, items[-1].end) if items else (0, len(self.source))
        tokens = [Token(symbols.START, "edge", -1, first, first)]
        word, joined = -1, True  # joined: nothing is needed before the next word
        for item in items:
            if isinstance(item, Word):
                if not joined:
                    tokens.append(
                        Token(symbols.WORD, "word", word, item.start, item.start, item.rate,
                              style=item.style)
                    )
                word, joined = word + 1, False
                tokens += [
                    Token(p, "phone", word, item.start, item.end, item.rate, style=item.style)
                    for p in item.phones
                ]
            elif isinstance(item, Mark):
                tokens.append(Token(item.text, "mark", word, item.start, item.end, item.rate,
                                    style=item.style))
                joined = True
            else:
                tokens.append(
                    Token(
                        symbols.BREAK, "break", word, item.start, item.end, item.rate,
                        item.seconds, item.style
                    )
                )
                joined = True
        return (*tokens, Token(symbols.END, "edge", word, last, last))

    def ids(self) -> list[int]:
        """The numbers of `tokens()` in `symbols.SYMBOLS`."""
        return symbols.ids(token.symbol for token in self.tokens())

    def phrases(self, marks: bool = True) -> tuple[Phrase, ...]:
        """The phrases: words up to a break, a word with a tone, the end of a sentence and, unless
        `marks` is False, a mark."""
        found: list[Phrase] = []
        first, last, tone = 0, -1, None

        def close(ends: str) -> None:
            nonlocal first
            if last >= first:
                found.append(Phrase(first, last, tone, ends))
                first = last + 1

        for sentence in self.sentences:
            for item in sentence.items:
                if isinstance(item, Word):
                    if tone is not None:
                        close("tone")
                    last, tone = last + 1, item.tone
                elif isinstance(item, Break) or marks:
                    close("break" if isinstance(item, Break) else "mark")
                    tone = None if first > last else tone
            close("sentence")
            tone = None
        return tuple(found)

    def breaks(self) -> dict[int, float | None]:
        """{index of the word before: seconds or None} of the breaks; -1 for one before the first
        word. Of several in a row the seconds add up."""
        found: dict[int, float | None] = {}
        word = -1
        for item in self.items:
            if isinstance(item, Word):
                word += 1
            elif isinstance(item, Break):
                before = found.get(word)
                found[word] = item.seconds if before is None else before + (item.seconds or 0.0)
        return found

    def with_breaks(
        self, after: Mapping[int, float | None], keep_asked: bool = True, asked: bool = False
    ) -> Script:
        """The same with these breaks: {index of the word before: seconds or None}, behind any mark
        there.

        keep_asked: breaks the source asks for stay, and win over `after`; else all are replaced.
        asked: the new ones are as if the source asked for them. Raises InputError for a word that
        is not there."""
        self._known(after)
        kept = {w for w in self.breaks() if keep_asked and self._asked(w)}
        word, sentences = -1, []
        for sentence in self.sentences:
            items: list[Item] = []
            due: int | None = None  # the word a break is to come after
            for item in (*sentence.items, None):
                if isinstance(item, Break) and not (keep_asked and item.asked):
                    continue
                if due is not None and (item is None or isinstance(item, Word)):
                    items.append(Break(after[due], items[-1].end, items[-1].end, asked=asked))
                if isinstance(item, Word):
                    word += 1
                    due = word if word in after and word not in kept else None
                if item is not None:
                    items.append(item)
            sentences.append(dataclasses.replace(sentence, items=tuple(items)))
        return dataclasses.replace(self, sentences=tuple(sentences))

    def rest(self, number: int) -> float:
        """Seconds of silence behind a sentence; 0 where it ends in a break that the source asks
        for, or has no word."""
        items = self.sentences[number].items
        asked = bool(items) and isinstance(items[-1], Break) and items[-1].asked
        return (
            0.0
            if asked or not any(isinstance(i, Word) for i in items)
            else self.sentences[number].rest
        )

    def with_rests(self) -> Script:
        """The same with a break behind each "…" within a sentence, as long as the rest behind a
        sentence at least; a break that the source has there stays."""
        found: dict[int, float | None] = {}
        word = -1
        for sentence in self.sentences:
            for place, item in enumerate(sentence.items):
                word += isinstance(item, Word)
                inner = any(isinstance(i, Word) for i in sentence.items[place + 1 :])
                if isinstance(item, Mark) and item.text == "…" and inner and word >= 0:
                    found[word] = (
                        RESTS["…"] if sentence.paragraph else max(RESTS["…"], sentence.rest)
                    )
        if not found:
            return self
        known = {w: seconds for w, seconds in self.breaks().items() if w >= 0}
        return self.with_breaks({**known, **found}, asked=True)

    def with_tones(self, on: Mapping[int, Tone | None]) -> Script:
        """The same with these tones on these words (indices in `words`); others keep theirs. Raises
        InputError for a word that is not there."""
        return self._with_words({word: {"tone": tone} for word, tone in on.items()})

    def with_styles(self, on: Mapping[int, tuple[float, Style]]) -> Script:
        """The same with these rates and styles on these words (indices in `words`). Raises
        InputError for a word that is not there."""
        return self._with_words({word: {"rate": rate, "style": style}
                                 for word, (rate, style) in on.items()})

    def _with_words(self, on: Mapping[int, dict[str, Any]]) -> Script:
        """The same with other fields of some words."""
        self._known(on)
        word, sentences = -1, []
        for sentence in self.sentences:
            items = list(sentence.items)
            for place, item in enumerate(items):
                if isinstance(item, Word):
                    word += 1
                    items[place] = dataclasses.replace(item, **on.get(word, {}))
            sentences.append(dataclasses.replace(sentence, items=tuple(items)))
        return dataclasses.replace(self, sentences=tuple(sentences))

    def _asked(self, after: int) -> bool:
        word = -1
        for item in self.items:
            word += isinstance(item, Word)
            if isinstance(item, Break) and item.asked and word == after:
                return True
        return False

    def _known(self, places: Mapping[int, Any]) -> None:
        count = len(self.words)
        for place in places:
            if not 0 <= place < count:
                raise InputError(f"word {place}: the text has words 0 to {count - 1}")

    def as_dict(self) -> dict[str, Any]:
        """For JSON: `Script.from_dict(script.as_dict()) == script`."""
        return {
            **dataclasses.asdict(self),
            "symbols": symbols.VERSION,
            "sentences": [
                {
                    "start": s.start,
                    "end": s.end,
                    "rest": s.rest,
                    "paragraph": s.paragraph,
                    "items": [
                        _record(item) for item in s.items
                    ],
                }
                for s in self.sentences
            ],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Script:
        """What `as_dict` gave. Raises InputError for anything else."""
        kinds: dict[str, Any] = {"word": Word, "mark": Mark, "break": Break}
        try:
            sentences = []
            for s in record["sentences"]:
                items: list[Item] = []
                for fields in s["items"]:
                    fields = dict(fields)
                    kind = kinds[fields.pop("kind")]
                    fields["style"] = Style.of(fields.get("style", {}))
                    if kind is Word:
                        fields["phones"] = tuple(fields["phones"])
                        fields["tone"] = Tone(**fields["tone"]) if fields.get("tone") else None
                    items.append(kind(**fields))
                sentences.append(
                    Sentence(
                        tuple(items),
                        s["start"],
                        s["end"],
                        s.get("rest", 0.0),
                        s.get("paragraph", False),
                    )
                )
            unread = tuple(Unread(**fields) for fields in record.get("unread", ()))
            points = tuple(Point(**fields) for fields in record.get("points", ()))
            return cls(
                record["source"], tuple(sentences), record["language"], record["phonemiser"],
                unread, points
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"script: not what Script.as_dict gives ({error})") from None


def _record(item: Item) -> dict[str, Any]:
    """An item for JSON; a plain style is left out."""
    record = {"kind": type(item).__name__.lower(), **dataclasses.asdict(item)}
    if item.style == PLAIN:
        del record["style"]
    return record
