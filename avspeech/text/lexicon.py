"""The default phonemiser: CMUdict (BSD license, 124,926 words, in this package), then word endings
and compounds, then a guess by `g2p`. General American.

Words of two pronunciations are distinguished by the words around them (`heteronyms`).
"""

from __future__ import annotations

import functools
import lzma
import re
from collections.abc import Sequence
from pathlib import Path

from avspeech.text import g2p, heteronyms, lists, symbols

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


_VOICELESS = ("P", "T", "K", "F", "TH")
_HISS = ("S", "Z", "SH", "ZH", "CH", "JH")


def with_s(stem: str) -> str:
    """Phones with the ending of a plural, a genitive or he/she/it."""
    last = stem.split()[-1]
    return stem + (" AH0 Z" if last in _HISS else " S" if last in _VOICELESS else " Z")


def with_ed(stem: str) -> str:
    """Phones with the ending of the past."""
    last = stem.split()[-1]
    return stem + (
        " AH0 D" if last in ("T", "D") else " T" if last in (*_VOICELESS, "S", "SH", "CH") else " D"
    )


# Ending: (what may have been there in the stem, what it adds).
_ENDINGS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("ing", ("", "e"), "IH0 NG"),
    ("er", ("", "e"), "ER0"),
    ("est", ("", "e"), "AH0 S T"),
    ("ly", ("",), "L IY0"),
    ("ness", ("",), "N AH0 S"),
    ("less", ("",), "L AH0 S"),
    ("ful", ("",), "F AH0 L"),
    ("ment", ("",), "M AH0 N T"),
    ("ship", ("",), "SH IH2 P"),
    ("able", ("", "e"), "AH0 B AH0 L"),
    ("like", ("",), "L AY2 K"),
)
_BEGINNINGS = {
    "un": "AH0 N",
    "re": "R IY0",
    "non": "N AA0 N",
    "over": "OW1 V ER0",
    "under": "AH1 N D ER0",
    "mis": "M IH0 S",
    "anti": "AE1 N T IY0",
    "super": "S UW1 P ER0",
    "inter": "IH2 N T ER0",
    "pre": "P R IY0",
    "out": "AW1 T",
    "micro": "M AY1 K R OW0",
    "multi": "M AH1 L T IY0",
}


def _clipped(word: str, entries: Entries) -> str | None:
    """A word of which something is not said, as its apostrophe tells: "goin'", "pass'd", "heav'n",
    "'ouse"."""
    if word.endswith(("in'", "in")) and len(word) > 4:
        whole = entries.get(word.rstrip("'") + "g")
        if whole.endswith(" IH0 NG"):
            return whole[:-1]
    if word.endswith("'d"):
        stem = word[:-2]
        past = entries.get(stem + "ed")
        if past:
            return past if past.endswith(("T AH0 D", "D AH0 D")) else past.replace(" AH0 D", " D")
        found = entries.get(stem)
        return with_ed(found) if found else None
    if word.endswith("'st"):  # "lov'st"
        found = entries.get(word[:-3] + "e") or entries.get(word[:-3])
        return f"{found} S T" if found else None
    if word[0] == "'":
        return entries.get("h" + word[1:]).removeprefix("HH ") or None
    head, _, tail = word.partition("'")
    if len(head) > 1 and tail[:1] not in tuple("aeiou") and tail not in ("", "s"):
        return next((entries[full] for c in "eoiua" if (full := head + c + tail) in entries), None)
    return None


def _built(word: str, entries: Entries) -> str | None:
    """A word out of known parts: an ending, a beginning, two words in one."""
    clipped = _clipped(word, entries)
    if clipped:
        return clipped
    if word.endswith("'"):
        return entries.get(word[:-1]) or None
    for ending, make in (("'s", with_s), ("s", with_s), ("ed", with_ed)):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            for whole in (
                (stem,)
                if ending == "'s"
                else (stem, stem + "e")
                if ending == "ed"
                else (stem,)
                if not stem.endswith(("s", "u", "i"))
                else ()
            ):
                if whole in entries and len(whole) > 2:
                    return make(entries[whole])
            if ending == "'s":
                found = _built(stem, entries) or g2p.guess(stem)
                return make(found) if found else None
            if ending in ("s", "ed") and stem.endswith("ie" if ending == "s" else "i"):
                stem = stem[: -2 if ending == "s" else -1] + "y"
                if stem in entries:
                    return make(entries[stem])
            if ending == "ed" and len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in entries:
                return make(entries[stem[:-1]])
            if (
                ending == "s"
                and stem.endswith("e")
                and stem[:-1].endswith(("s", "x", "z", "ch", "sh"))
                and stem[:-1] in entries
            ):
                return make(entries[stem[:-1]])
    for ending, tails, phones in _ENDINGS:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2:
            for tail in tails:
                if stem + tail in entries:
                    return f"{entries[stem + tail]} {phones}"
            if (
                len(stem) > 3
                and stem[-1] == stem[-2]
                and ending in ("ing", "er", "est")
                and stem[:-1] in entries
            ):
                return f"{entries[stem[:-1]]} {phones}"
    if word.endswith("itis"):
        return _learned(word)
    for beginning, phones in _BEGINNINGS.items():
        if (
            word.startswith(beginning)
            and len(word) > len(beginning) + 3
            and word[len(beginning) :] in entries
        ):
            return f"{phones} {entries[word[len(beginning) :]]}"
    for place in range(len(word) - 3, 2, -1):
        first, second = word[:place], word[place:]
        if first[-1] == "s" and second[0] in "ptck" and first[:-1] in entries:
            if len(first) > 3 and "s" + second in entries:
                first, second = first[:-1], "s" + second  # "doom-scroll", "down-spout"
        if (
            min(len(first), len(second)) >= 3
            and len(word) > 6
            and first in entries
            and second in entries
        ):
            return f"{entries[first]} {entries[second].replace('1', '2')}"
    return _learned(word) if word.endswith("ism") else None


def _learned(word: str) -> str | None:
    """A guess with the ending of "bronchitis" or "realism", whatever the guess has there."""
    ending, phones = ("itis", "AY1 T AH0 S") if word.endswith("itis") else ("ism", "IH2 Z AH0 M")
    stem = re.sub(r" [A-Z]+\d (?:T [A-Z]+\d S|[SZ] (?:AH0 )?M)$", "", guess := g2p.guess(word))
    if stem == guess:
        return None
    return f"{stem.replace('1', '2') if ending == 'itis' else stem} {phones}"


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
    built = _built(word, entries)
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
