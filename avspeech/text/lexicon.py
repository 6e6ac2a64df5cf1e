"""The default phonemiser: CMUdict (BSD license, 124,926 words, in this package), then word endings
and compounds, then a guess by `g2p`. General American.

Words of two pronunciations are distinguished by the words around them (`heteronyms`).
"""

from __future__ import annotations

import functools
import lzma
from collections.abc import Sequence
from pathlib import Path

from avspeech.text import g2p, heteronyms, lists, symbols
from avspeech.text.building import build, with_s

TABLE = Path(__file__).parent / "tables" / "cmudict.xz"

LETTERS = {
    "A": "EY1",
    "B": "B IY1",
    "C": "S IY1",
    "D": "D IY1",
    "E": "IY1",
    "F": "EH1 F",
    "G": "JH IY1",
    "H": "EY1 CH",
    "I": "AY1",
    "J": "JH EY1",
    "K": "K EY1",
    "L": "EH1 L",
    "M": "EH1 M",
    "N": "EH1 N",
    "O": "OW1",
    "P": "P IY1",
    "Q": "K Y UW1",
    "R": "AA1 R",
    "S": "EH1 S",
    "T": "T IY1",
    "U": "Y UW1",
    "V": "V IY1",
    "W": "D AH1 B AH0 L Y UW0",
    "X": "EH1 K S",
    "Y": "W AY1",
    "Z": "Z IY1",
}

# Said without stress, and most of them weaker than the dictionary has them.
WEAK = {
    "a": "AH0",
    "an": "AH0 N",
    "the": "DH AH0",
    "and": "AH0 N D",
    "of": "AH0 V",
    "to": "T AH0",
    "for": "F ER0",
    "in": "IH0 N",
    "on": "AA0 N",
    "at": "AE0 T",
    "as": "AE0 Z",
    "is": "IH0 Z",
    "it": "IH0 T",
    "or": "AO0 R",
    "that": "DH AE0 T",
    "from": "F R AH0 M",
    "with": "W IH0 DH",
    "by": "B AY0",
    "but": "B AH0 T",
    "be": "B IY0",
    "was": "W AH0 Z",
    "are": "AA0 R",
    "were": "W ER0",
    "his": "HH IH0 Z",
    "he": "HH IY0",
    "she": "SH IY0",
    "they": "DH EY0",
    "we": "W IY0",
    "you": "Y UW0",
    "him": "HH IH0 M",
    "her": "HH ER0",
    "them": "DH EH0 M",
    "us": "AH0 S",
    "my": "M AY0",
    "your": "Y AO0 R",
    "our": "AA0 R",
    "their": "DH EH0 R",
    "its": "IH0 T S",
    "has": "HH AE0 Z",
    "had": "HH AE0 D",
    "have": "HH AE0 V",
    "can": "K AE0 N",
    "if": "IH0 F",
    "me": "M IY0",
    "than": "DH AE0 N",
    "will": "W IH0 L",
    "would": "W UH0 D",
    "am": "AE0 M",
    "do": "D UW0",
}
_STRONG_LAST = frozenset(
    "to for at from of is are was were be am have has had do can will would that by in on".split()
)


@functools.lru_cache(maxsize=1)
def table() -> dict[str, str]:
    """{word: ARPAbet phones} of CMUdict."""
    entries: dict[str, str] = {}
    for line in lzma.decompress(TABLE.read_bytes()).decode().splitlines():
        word, _, phones = line.partition(" ")
        entries[word] = phones
    return entries


class Entries:
    """The words of CMUdict and those that it lacks or has wrong (`tables/new_words.tsv`), looked up
    in the sorted text: a dict of all words takes ten times its memory, and a while to make."""

    def __init__(self) -> None:
        self._text = lzma.decompress(TABLE.read_bytes())
        self._more = {word: phones for word, phones in lists.rows("new_words.tsv", 2)}

    def get(self, word: str, default: str = "") -> str:
        """The phones of a word, or what is given in their place."""
        found = self._more.get(word)
        return (self._find(word) or default) if found is None else found

    def _find(self, word: str) -> str:
        text, wanted = self._text, word.encode() + b" "
        low, high = 0, len(text)  # a line begins at `low`; the word's line begins before `high`
        while low < high:
            middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = text.find(b"\n", middle)
            end = len(text) if end < 0 else end
            line = text[middle:end]
            if line.startswith(wanted):
                return line[len(wanted):].decode()
            if line.partition(b" ")[0] < wanted[:-1]:
                low = end + 1
            else:
                high = middle
        return ""

    def __contains__(self, word: str) -> bool:
        return bool(self.get(word))

    def __getitem__(self, word: str) -> str:
        found = self.get(word)
        if not found:
            raise KeyError(word)
        return found


@functools.lru_cache(maxsize=1)
def known() -> Entries:
    """The words of the dictionary."""
    return Entries()


@functools.lru_cache(maxsize=4096)
def is_letters(word: str) -> bool:
    """Whether the dictionary says a word letter by letter: "fbi"."""
    spelled = " ".join(LETTERS[c.upper()] for c in word if c.upper() in LETTERS)
    return _bare(known().get(word, "")) == _bare(spelled)


def _bare(phones: str) -> str:
    return "".join(c for c in phones if not c.isdigit())


def has(word: str) -> bool:
    """Whether the dictionary has a word of lower-case letters."""
    return word in known()


@functools.lru_cache(maxsize=16384)
def arpabet(word: str) -> tuple[str, str]:
    """(phones, whence) of one word by itself: "dictionary", "rule" or "guess". A capital is a
    letter's name."""
    if word[:1].isupper() and (len(word) <= 3 or word[1:] == "'ing"):
        phones = LETTERS[word[0]]
        if word.endswith("'s"):
            return with_s(phones), "dictionary"
        voiceless = phones.endswith((" S", " F", "CH"))
        ending = {"'d": " T" if voiceless else " D", "'ing": " IH0 NG"}.get(word[1:], "")
        return phones + ending, "dictionary"
    entries = known()
    if word in entries:
        return entries[word], "dictionary"
    built = build(word, entries)
    return (built, "rule") if built else (g2p.guess(word), "guess")


def phonemise(words: Sequence[str], final: Sequence[bool]) -> list[tuple[tuple[str, ...], str]]:
    """(symbols, whence) of each word. final: whether a pause or mark follows it, where words are
    not weak."""
    results = []
    two = heteronyms.pronounce(words, final)
    words = [_case(word) for word in words]
    for place, word in enumerate(words):
        phones, source = arpabet(word)
        after = words[place + 1] if place + 1 < len(words) else ""
        chosen = two[place]
        if chosen is not None:
            phones, source = chosen, "rule"
        elif word in WEAK and not (final[place] and word in _STRONG_LAST):
            phones = WEAK[word]
            if word in ("the", "to") and not final[place] and after and _vowel_first(after):
                phones = {"the": "DH IY0", "to": "T UW0"}[word]
        results.append((symbols.from_arpabet(phones), source))
    return results


def _case(word: str) -> str:
    """A word without the capital that distinguishes it from another ("Polish"); letters keep
    theirs."""
    return word if word[1:] in ("", "'s", "'d", "'ing") else word.lower()


def _vowel_first(word: str) -> bool:
    first = arpabet(word)[0].split()[:1]
    return bool(first) and first[0][-1].isdigit()
