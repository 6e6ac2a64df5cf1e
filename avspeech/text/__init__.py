"""From text as written, with prosody markup, to the symbols a voice is made of.

    from avspeech import text

    script = text.analyse("I said <brk 0.4> no<rise>. Dr. Smith paid $4.50 on May 3rd.")
    script.text          "i said no. doctor smith paid four dollars and fifty cents on may third."
    script.ids()         [1, ...]: symbols by number (`symbols.SYMBOLS`), for a model
    script.tokens()      the same with kind, word, place in the source, rate, seconds asked of a break
    script.phrases()     first and last word of each, and the tone asked for
    script.with_breaks({1: None, 4: 0.3}), .with_tones({2: text.Tone.of(-4)}), .sentence(0)

`markup.parse` takes the markup out, `normalise.normalise` says numbers and abbreviations in words, a
phonemiser gives the phones, `script` holds the result. Nothing here needs torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from avspeech.text import lexicon, markup, phonemisers, symbols
from avspeech.text.normalise import Marked, Spoken, normalise
from avspeech.text.script import Break, Item, Mark, Phrase, Script, Sentence, Token, Tone, Word

__all__ = ["Break", "Mark", "Phrase", "Script", "Sentence", "Token", "Tone", "Word", "analyse", "symbols"]

_WEIGHT = {mark: weight for weight, mark in enumerate((",", ":", "–", ";", "…", ".", "!", "?"))}
_PLAIN = re.compile(r"(?:[^\s.?!…,;:–—。？！，()\[\]{}<>\"“”„«»_]|(?<=\w)[.,:](?=\w))+"
                    r"|[.?!…]+|[,;:–—。？！，]|\n\s*\n")


def analyse(source: str, phonemiser: str = "default", language: str = "en-us",
            pronunciations: Mapping[str, str] | None = None) -> Script:
    """A text with markup (`markup`) as a `Script`.

    phonemiser: "default" (English, needs nothing) or "espeak" (extra `tts`); language: of espeak-ng;
    pronunciations: {"word": "W ER1 D"} in ARPAbet, which win over the phonemiser. Only English is normalised.
    Words with no Latin letter are left out by the default phonemiser. Raises InputError, with the column, for
    bad markup, and for a phonemiser or language that is not there.
    """
    phonemise = phonemisers.get(phonemiser)
    given = {word.lower(): symbols.from_arpabet(phones) for word, phones in (pronunciations or {}).items()}
    sentences = _sentences(_items(source, language))
    done = []
    for items in sentences:
        words = [item for item in items if isinstance(item, Word)]
        # The last of a phrase: what follows is not a word.
        final = [not isinstance(after, Word) for item, after in zip(items, [*items[1:], None])
                 if isinstance(item, Word)]
        said = iter(phonemise([word.text for word in words], final, language) if words else [])
        spoken: list[Item] = []
        for item in items:
            if isinstance(item, Word):
                phones, whence = next(said)
                if item.text in given:
                    phones, whence = given[item.text], "given"
                if not phones:
                    continue
                item = Word(item.text, phones, item.start, item.end, item.tone, item.rate, whence)
            spoken.append(item)
        if any(isinstance(item, (Word, Break)) for item in spoken):
            done.append(Sentence(tuple(spoken), spoken[0].start, spoken[-1].end))
    return Script(source, tuple(done), language, phonemiser)


def _items(source: str, language: str) -> list[Item | None]:
    """Words (without phones), marks and breaks with their places in the source; None where a sentence
    ends."""
    items: list[Item | None] = []
    for piece in markup.parse(source):
        if isinstance(piece, markup.Pause):
            items.append(Break(piece.seconds, piece.start, piece.end, piece.rate))
        elif isinstance(piece, markup.Terminal):
            _set_tone(items, piece, source)
        else:
            items += _read(piece, language)
    return items


def _read(run: markup.Run, language: str) -> list[Item | None]:
    english = language.lower().startswith("en")
    items: list[Item | None] = []
    for found in normalise(run.text, lexicon.has) if english else _plain(run.text):
        start, end = run.offsets[found.start], run.offsets[found.end]
        if isinstance(found, Spoken):
            items += [Word(word, (), start, end, rate=run.rate) for word in found.words]
        else:
            if found.text:
                items.append(Mark(found.text, start, end, run.rate))
            if found.ends:
                items.append(None)
    return items


def _plain(text: str) -> list[Spoken | Marked]:
    """Words and marks of a language that is not normalised here."""
    pieces: list[Spoken | Marked] = []
    for match in _PLAIN.finditer(text):
        found = match.group()
        if found[0] not in ".?!…,;:–—。？！，\n":
            pieces.append(Spoken((found.lower(),), *match.span()))
        else:
            mark = {"。": ".", "？": "?", "！": "!", "，": ",", "—": "–", "\n": ""}.get(found[0], found[0])
            pieces.append(Marked("…" if found == "..." else mark, *match.span(),
                                 ends=found[0] in ".?!…。？！\n"))
    return pieces


def _set_tone(items: list[Item | None], asked: markup.Terminal, source: str) -> None:
    for place in range(len(items) - 1, -1, -1):
        item = items[place]
        if isinstance(item, Word):
            if item.tone is not None:
                markup.fail(source, asked.start, f"'{item.text}' has a tone already")
            items[place] = Word(item.text, item.phones, item.start, item.end, asked.tone, item.rate)
            return
    markup.fail(source, asked.start, f"<{asked.tone.shape}> stands behind a word; there is none before it")


def _sentences(items: list[Item | None]) -> list[list[Item]]:
    """The items by sentence; of marks side by side the strongest is kept, none before the first word.
    What follows an end of sentence up to the next word or mark belongs to that sentence: breaks, that is."""
    sentences: list[list[Item]] = [[]]
    for item in items:
        current = sentences[-1]
        if item is None:
            if any(isinstance(i, Word) for i in current):
                sentences.append([])
            continue
        if isinstance(item, Break) and not current and len(sentences) > 1:
            sentences[-2].append(item)
            continue
        if isinstance(item, Mark):
            if not any(isinstance(i, Word) for i in current):
                continue
            last = next((i for i in range(len(current) - 1, -1, -1) if not isinstance(current[i], Break)), 0)
            before = current[last]
            if isinstance(before, Mark):
                if _WEIGHT[item.text] > _WEIGHT[before.text] and last == len(current) - 1:
                    current[last] = item
                elif _WEIGHT[item.text] > _WEIGHT[before.text]:
                    current[last] = Mark(item.text, before.start, before.end, before.rate)
                continue
        current.append(item)
    return [s for s in sentences if s]
