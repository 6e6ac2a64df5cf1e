"""From text as written, with prosody markup, to the symbols a voice is made of.

    from avspeech import text

    script = text.analyse("I said <brk 0.4> no<rise>. Dr. Smith paid $4.50 on May 3rd.")
    script.text          "i said no. doctor smith paid four dollars and fifty cents on may third."
    script.ids()         [1, ...]: symbols by number (`symbols.SYMBOLS`), for a model
    script.tokens()      the same with kind, word, place in the source, rate, seconds of a break
    script.phrases()     first and last word of each, and its tone
    script.unread_line   what could not be said, for a line on stderr; "" where all could
    script.with_breaks({1: None, 4: 0.3}), .with_tones({2: text.Tone.of(-4)}), .sentence(0)

`markup.parse` takes the markup out, `normalise.normalise` says numbers and abbreviations in words,
a phonemiser gives the phones, `script` holds the result. Nothing here needs torch.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from avspeech.core import ranges
from avspeech.errors import InputError
from avspeech.text import (
    heteronyms,
    lexicon,
    lists,
    markup,
    phonemisers,
    questions,
    say_as,
    symbols,
)
from avspeech.text import phones as sounds
from avspeech.text.normalise import Marked, Spoken, normalise
from avspeech.text.own import Own, read_pronunciations
from avspeech.text.script import (
    PARAGRAPH_REST,
    RESTS,
    RISE,
    Break,
    Item,
    Mark,
    Phrase,
    Point,
    Script,
    Sentence,
    Token,
    Tone,
    Unread,
    Word,
)

__all__ = [
    "Break",
    "Mark",
    "Phrase",
    "Script",
    "Sentence",
    "Token",
    "Tone",
    "Unread",
    "Word",
    "analyse",
    "check",
    "read_pronunciations",
    "symbols",
]

MAX_REST = 60.0  # seconds
_MONTHS = frozenset(lists.MONTH_NAMES)
_WEIGHT = {mark: weight for weight, mark in enumerate((",", ":", "–", ";", "…", ".", "!", "?"))}
_PLAIN = re.compile(
    r"(?:[^\s.?!…,;:–—。？！，()\[\]{}<>\"“”„«»_]|(?<=\w)[.,:](?=\w))+"
    r"|[.?!…]+|[,;:–—。？！，]|\n\s*\n"
)


@dataclasses.dataclass(frozen=True)
class _End:
    """A sentence ends here. paragraph: a paragraph too."""

    paragraph: bool


def analyse(
    source: str,
    phonemiser: str = "default",
    language: str = "en-us",
    pronunciations: Mapping[str, str] | None = None,
    *,
    sentence_rest: float | None = None,
    paragraph_rest: float | None = None,
    questions_rise: bool = True,
    voices: Collection[str] | None = None,
) -> Script:
    """A text with markup (`markup`) as a `Script`.

    Only English is normalised. What has no reading, and words that the phonemiser cannot say, are
    left out and stand in `Script.unread`.

    Args:
        source: the text.
        phonemiser: "default" (English, needs nothing) or "espeak" (extra `tts`).
        language: of espeak-ng.
        pronunciations: {"word": "W ER1 D"} in ARPAbet; they win over all else, for the plural and
            the genitive of the word too (`own`). A file of them: `read_pronunciations`.
        sentence_rest: seconds of silence behind a sentence (None: by its mark, `script.RESTS`).
        paragraph_rest: seconds behind a paragraph (None: `script.PARAGRAPH_REST`, or twice
            `sentence_rest`).
        questions_rise: whether questions that ask for yes or no get the tone that `<rise>` gives; a
            tone that the source asks for stays.
        voices: names that <voice> may have (None: any).

    Returns:
        The script.

    Raises:
        InputError: with the column, for bad markup; for a phonemiser or language that is not there,
            a pronunciation that is not ARPAbet, and rests out of range.
    """
    _check_text(source)
    phonemise = phonemisers.get(phonemiser)
    given = Own(pronunciations or {})
    rest = _rests(sentence_rest, paragraph_rest)
    unread: list[Unread] = []
    done = []
    pieces = markup.parse(source, voices, language)
    for items, paragraph in _sentences(_items(source, pieces, language, unread, given)):
        if questions_rise and language.lower().startswith("en"):
            _raise_questions(items)
        spoken = _pronounced(items, source, phonemise, language, given, unread)
        if any(isinstance(item, (Word, Break)) for item in spoken):
            mark = next((i.text for i in reversed(spoken) if isinstance(i, (Mark, Word))), "")
            seconds = rest["paragraph"] if paragraph else rest.get(mark, rest[""])
            done.append(
                Sentence(tuple(spoken), spoken[0].start, spoken[-1].end, seconds, paragraph)
            )
    points = [Point(p.name, p.end) for p in pieces if isinstance(p, markup.Named)]
    return Script(
        source, tuple(done), language, phonemiser, tuple(sorted(unread, key=lambda u: u.start)),
        tuple(points)
    )


def _pronounced(
    items: Sequence[Item],
    source: str,
    phonemise: phonemisers.Phonemiser,
    language: str,
    given: Own,
    unread: list[Unread],
) -> list[Item]:
    """The items of a sentence, its words with their phones; without words that have none."""
    words = [item for item in items if isinstance(item, Word)]
    # The last of a phrase: what follows is not a word.
    final = [
        not isinstance(after, Word)
        for item, after in zip(items, [*items[1:], None])
        if isinstance(item, Word)
    ]
    said = iter(
        phonemise([_hint(word, source) for word in words], final, language) if words else []
    )
    spoken: list[Item] = []
    for item in items:
        if isinstance(item, Word):
            phones, whence = next(said)
            if item.phones:
                phones, whence = item.phones, "given"
            elif item.source == "given":
                phones, whence = given.phones(item.text) or phones, "given"
            if not phones:
                unread.append(Unread(source[item.start : item.end], item.start, item.end))
                continue
            item = dataclasses.replace(item, phones=phones, source=whence)
        spoken.append(item)
    return spoken


def check(source: str, language: str = "en-us", voices: Collection[str] | None = None) -> None:
    """Raises InputError, with the column, where `analyse` would for the markup of a text; some
    milliseconds for a page, so that a whole book can be looked at before its first word is said."""
    _check_text(source)
    if "<" not in source:
        return
    pieces = markup.parse(source, voices, language)
    for piece in pieces:
        if isinstance(piece, markup.Run) and piece.said is not None:
            _said(piece, source, language)
    if any(isinstance(piece, markup.Terminal) for piece in pieces):
        _items(source, pieces, language, [], Own({}))


def _check_text(source: object) -> None:
    if not isinstance(source, str):
        raise InputError(f"text: type {type(source).__name__}, expected str")


def _rests(sentence: float | None, paragraph: float | None) -> dict[str, float]:
    for name, value in (("sentence_rest", sentence), ("paragraph_rest", paragraph)):
        if value is not None and not ranges.within(value, 0, MAX_REST):
            raise InputError(f"{name} {value}: expected seconds from 0 to {MAX_REST:g}")
    rests = dict(RESTS)
    if sentence is not None:
        rests = {
            mark: max(sentence, RESTS["…"]) if mark == "…" and sentence else sentence
            for mark in RESTS
        }
    if paragraph is None:
        paragraph = (
            PARAGRAPH_REST
            if sentence is None
            else max(PARAGRAPH_REST, 2 * sentence)
            if sentence
            else 0.0
        )
    return {**rests, "paragraph": paragraph}


def _hint(word: Word, source: str) -> str:
    """A word for the phonemiser: with its capital or its accents where these tell it from
    another."""
    if word.end - word.start > 64:  # the digits of a long number: each has the number's place
        return word.text
    written = source[word.start : word.end]
    if word.text in _MONTHS and written.lower() != word.text:
        return word.text.title()  # "Aug. 4", "8/4"
    if written.isascii():
        return written if written in heteronyms.senses() and written.istitle() else word.text
    written = unicodedata.normalize("NFC", written).lower()
    return written if not written.isascii() and lexicon.has(written) else word.text


def _raise_questions(items: list[Item]) -> None:
    """Gives the last words of yes/no questions their tone."""
    chunks: list[list[str]] = [[]]
    last = -1
    for place, item in enumerate(items):
        if isinstance(item, Word):
            chunks[-1].append(item.text.lower())
            last = place
        elif isinstance(item, Mark) and item.text not in (".", "!", "?", "…"):
            chunks.append([])
        elif isinstance(item, Mark):
            word = items[last] if last >= 0 else None
            if (
                item.text == "?"
                and isinstance(word, Word)
                and word.tone is None
                and questions.rises([chunk for chunk in chunks if chunk])
            ):
                items[last] = dataclasses.replace(word, tone=Tone("rise", RISE))
            chunks = [[]]


def _items(source: str, pieces: Sequence[markup.Piece], language: str, unread: list[Unread],
           given: Own) -> list[Item | _End]:
    """Words (mostly without phones), marks and breaks with their places in the source, and where
    sentences end."""
    items: list[Item | _End] = []
    for place, piece in enumerate(pieces):
        if isinstance(piece, markup.Pause):
            items.append(Break(piece.seconds, piece.start, piece.end, piece.rate,
                               style=piece.style))
        elif isinstance(piece, markup.Named):
            continue
        elif isinstance(piece, markup.Stop):
            items.append(_End(piece.paragraph))
        elif isinstance(piece, markup.Terminal):
            _set_tone(items, piece, source)
        elif piece.said is not None:
            items += _said(piece, source, language)
        else:
            before = _beside(pieces[max(0, place - _NEAR) : place][::-1], -1)
            behind = _beside(pieces[place + 1 : place + 1 + _NEAR], 1)
            items += _read(piece, before, behind, language, unread, given)
    return items


_NEAR = 80  # how many characters, and pieces, beside a run its rules may look at


def _beside(pieces: Sequence[markup.Piece], way: int) -> str:
    """The text beside a run, the nearest piece first, up to the edge of its sentence: a tag
    behind "Dr." does not make it the end of a sentence. way: 1 behind the run, -1 before it."""
    text = ""
    for piece in pieces:
        if isinstance(piece, markup.Stop) or len(text) >= _NEAR:
            break
        if isinstance(piece, markup.Run):
            more = piece.said.value if piece.said and piece.said.tag == "sub" else piece.text
            text = text + more if way > 0 else more + text
    return text[:_NEAR] if way > 0 else text[-_NEAR:]


def _normalised(
    text: str, before: str, behind: str, unread: list[Unread], given: Own
) -> list[Spoken | Marked]:
    """The words and marks of a text, read as they are between what stands before and behind it;
    alone, where it parts what is one thing: "un<emphasis>real</emphasis>"."""
    start, end = len(before), len(before) + len(text)
    if before or behind:
        missed: list[Unread] = []
        around = normalise(before + text + behind, lexicon.has, missed, given.pattern)
        if not any(p.start < edge < p.end for p in around for edge in (start, end)):
            unread += [
                Unread(u.text, u.start - start, u.end - start)
                for u in missed
                if start <= u.start and u.end <= end
            ]
            return [
                dataclasses.replace(p, start=p.start - start, end=p.end - start)
                for p in around
                if start <= p.start and start < p.end <= end
            ]
    if before[-1:].isalnum() and text[:1] in ("-", "–"):
        text = " " + text[1:]  # no minus: "<emphasis>555</emphasis>-1234"
    return normalise(text, lexicon.has, unread, given.pattern)


def _said(run: markup.Run, source: str, language: str) -> list[Item]:
    """Words and marks of a text that is read as its tag says; each has the place of the whole."""
    assert run.said is not None
    start, end, said = run.offsets[0], run.offsets[-1], run.said
    try:
        if said.tag == "phoneme":
            phones = sounds.read(said.value, said.form, language)
            text = " ".join(run.text.split()).lower()
            return [Word(text, phones, start, end, None, run.rate, "given", run.style)]
        if not language.lower().startswith("en"):
            raise InputError(f"<{said.tag}> is for English")
        if said.tag == "say-as":
            words = say_as.say(run.text, said.value, said.form)
        else:
            missed: list[Unread] = []
            found = normalise(said.value, lexicon.has, missed)
            words = [word for piece in found
                     for word in (piece.words if isinstance(piece, Spoken) else (piece.text,))]
            if missed or not words:
                raise InputError(f"alias '{said.value[:40]}' has no reading")
    except InputError as error:
        markup.fail(source, start, str(error))
    return [Mark(word, start, end, run.rate, run.style) if word in symbols.MARKS
            else Word(word, (), start, end, None, run.rate, style=run.style)
            for word in words if word]


def _read(
    run: markup.Run, before: str, behind: str, language: str, unread: list[Unread], given: Own
) -> list[Item | _End]:
    english = language.lower().startswith("en")
    items: list[Item | _End] = []
    missed: list[Unread] = []
    for found in (
        _normalised(run.text, before, behind, missed, given) if english else _plain(run.text)
    ):
        start, end = run.offsets[found.start], run.offsets[found.end]
        if isinstance(found, Spoken):
            mine = found.own or not english and given.phones(found.words[0]) is not None
            items += [
                Word(word, (), start, end, None, run.rate, "given" if mine else "dictionary",
                     run.style)
                for word in found.words
            ]
        else:
            if found.text:
                items.append(Mark(found.text, start, end, run.rate, run.style))
            if found.ends:
                items.append(_End(not found.text))
    unread += [Unread(u.text, run.offsets[u.start], run.offsets[u.end]) for u in missed]
    return items


def _plain(text: str) -> list[Spoken | Marked]:
    """Words and marks of a language that is not normalised here."""
    pieces: list[Spoken | Marked] = []
    for match in _PLAIN.finditer(text):
        found = match.group()
        if found[0] not in ".?!…,;:–—。？！，\n":
            pieces.append(Spoken((found.lower(),), *match.span()))
        else:
            mark = {"。": ".", "？": "?", "！": "!", "，": ",", "—": "–", "\n": ""}.get(
                found[0], found[0]
            )
            pieces.append(
                Marked(
                    "…" if found == "..." else mark,
                    *match.span(),
                    ends=found[0] in ".?!…。？！\n",
                )
            )
    return pieces


def _set_tone(items: list[Item | _End], asked: markup.Terminal, source: str) -> None:
    for place in range(len(items) - 1, -1, -1):
        item = items[place]
        if isinstance(item, Word):
            if item.tone is not None:
                markup.fail(source, asked.start, f"'{item.text}' has a tone already")
            items[place] = dataclasses.replace(item, tone=asked.tone)
            return
    markup.fail(
        source, asked.start, f"<{asked.tone.shape}> stands behind a word; there is none before it"
    )


def _sentences(items: list[Item | _End]) -> list[tuple[list[Item], bool]]:
    """The items by sentence, and whether it ends a paragraph; of marks side by side the strongest
    is kept, none before the first word. What follows an end of sentence up to the next word or mark
    belongs to that sentence: breaks, that is."""
    sentences: list[list[Item]] = [[]]
    ended: set[int] = set()  # the sentences that end a paragraph
    for item in items:
        current = sentences[-1]
        if isinstance(item, _End):
            if any(isinstance(i, Word) for i in current):
                sentences.append([])
            if item.paragraph:
                ended.add(len(sentences) - 2)
            continue
        if isinstance(item, Break) and not current and len(sentences) > 1:
            sentences[-2].append(item)
            continue
        if isinstance(item, Mark):
            if not any(isinstance(i, Word) for i in current):
                continue
            last = next(
                (i for i in range(len(current) - 1, -1, -1) if not isinstance(current[i], Break)), 0
            )
            before = current[last]
            if isinstance(before, Mark):
                if _WEIGHT[item.text] > _WEIGHT[before.text] and last == len(current) - 1:
                    current[last] = item
                elif _WEIGHT[item.text] > _WEIGHT[before.text]:
                    current[last] = dataclasses.replace(before, text=item.text)
                continue
        current.append(item)
    found = [(s, number in ended) for number, s in enumerate(sentences) if s]
    if found:
        found[-1] = (found[-1][0], True)
    return found
