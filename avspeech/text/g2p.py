"""Pronunciations of words that no dictionary has, by a joint n-gram model of letters and phones.

M. Bisani, H. Ney, "Joint-sequence models for grapheme-to-phoneme conversion" (Speech
Communication 50, 2008); trained by tools/train_g2p.py on CMUdict, one word in 20 held out. Its
errors on those: `errors`, as the tool prints and the tests check.
"""

from __future__ import annotations

import functools
import hashlib
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "tables" / "g2p.xz"
# The characters of n-grams: the edges of a word, and the pairs of letter and phones from FIRST on.
START, END, FIRST = "^", "$", 0x100
BEAM = 24
ORDER = 7  # characters of the longest n-gram in the table
LONGEST = 40  # letters; what is longer is cut in pieces


class Grams(Mapping[str, tuple[float, float]]):
    """{characters: (log10 probability, log10 back-off)} of a table, which is unpacked by the first
    character of n-grams when one is asked for: a word needs few of them, and all of them take four
    times as long as to read the file.

    Args:
        lines: n-grams in the order of their characters, a line each with its two numbers.
    """

    def __init__(self, lines: str):
        self.lines = lines
        self.spans: dict[str, tuple[int, int]] = {}
        start = 0
        while start < len(lines):
            first = lines[start]
            # The order is that of characters, so the next one is greater: binary search
            low, high = start, len(lines)
            while low < high:
                middle = (low + high) // 2
                begin = lines.rfind("\n", start, middle) + 1 or start
                if lines[begin] == first:
                    low = lines.find("\n", begin) + 1 or len(lines)
                else:
                    high = begin
            self.spans[first] = start, low
            start = low
        self.known: dict[str, dict[str, tuple[float, float]]] = {}

    def part(self, first: str) -> dict[str, tuple[float, float]]:
        """The n-grams that begin with a character."""
        if first not in self.known:
            start, end = self.spans.get(first, (0, 0))
            self.known[first] = {line[:-2]: _unpack(line[-2:])
                                 for line in self.lines[start:end].split("\n") if line}
        return self.known[first]

    def get(self, key: str, default: Any = None) -> Any:
        """The numbers of an n-gram, or `default`."""
        return self.part(key[:1]).get(key, default)

    def __getitem__(self, key: str) -> tuple[float, float]:
        return self.part(key[:1])[key]

    def __iter__(self) -> Iterator[str]:
        return (key for first in self.spans for key in self.part(first))

    def __len__(self) -> int:
        return sum(len(self.part(first)) for first in self.spans)


@dataclass(frozen=True)
class Model:
    """pairs: {letter: [(character, phones)]}; grams: {characters: (log10 probability, log10
    back-off)}, the beginning of each n-gram among them; order: characters of the longest n-gram."""

    pairs: dict[str, list[tuple[str, str]]]
    grams: Grams
    order: int

    @functools.cached_property
    def phones(self) -> dict[str, str]:
        """{character: its phones}."""
        return {character: said for pairs in self.pairs.values() for character, said in pairs}

    @functools.cached_property
    def stressed(self) -> frozenset[str]:
        """The characters with a primary stress."""
        return frozenset(character for character, said in self.phones.items() if "1" in said)

    def scores(self, history: str, characters: Iterable[str]) -> list[float]:
        """log10 of the probability of each of several pairs after those in `history`. The beginning
        of an n-gram is an n-gram, too: a context that is none is not looked up with the pairs."""
        context, weight = history[-(self.order - 1) :], 0.0
        levels: list[tuple[dict[str, tuple[float, float]], str, float]] = []
        while context:
            part = self.grams.part(context[0])
            found = part.get(context)
            if found is not None:
                levels.append((part, context, weight))
                weight += found[1]
            context = context[1:]
        scores = []
        for character in characters:
            for part, context, before in levels:
                found = part.get(context + character)
                if found is not None:
                    scores.append(before + found[0])
                    break
            else:
                scores.append(weight + self.grams.get(character, (-9.0, 0.0))[0])
        return scores


def pack(probability: float, backoff: float) -> str:
    """Two logarithms as two printable characters, in steps of 0.1 and 0.04."""
    steps = round(-probability / 0.1), round(-backoff / 0.04) + 10
    return "".join(chr(33 + min(93, max(0, step))) for step in steps)


@functools.cache  # a few thousand pairs of numbers, shared by all n-grams
def _unpack(text: str) -> tuple[float, float]:
    return -0.1 * (ord(text[0]) - 33), -0.04 * (ord(text[1]) - 43)


@functools.lru_cache(maxsize=1)
def model() -> Model:
    """The model in the package."""
    first, _, lines = lzma.decompress(TABLE.read_bytes()).decode().partition("\n")
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for number, unit in enumerate(first.split(" ")):
        letter, _, phones = unit.partition(":")
        pairs[letter].append((chr(FIRST + number), phones.replace("+", " ")))
    return Model(dict(pairs), Grams(lines), ORDER)


def held_out(word: str) -> bool:
    """Whether a word is kept out of training: one in 20, by a digest of it."""
    return hashlib.sha256(word.encode()).digest()[0] % 20 == 7


@functools.lru_cache(maxsize=4096)
def guess(word: str) -> str:
    """ARPAbet phones of a word of lower-case letters; what are not letters are passed over. One
    vowel has primary stress."""
    letters = "".join(c for c in word if "a" <= c <= "z")
    if len(letters) > LONGEST:
        parts = range(0, len(letters), LONGEST)
        return " ".join(guess(letters[start : start + LONGEST]) for start in parts)
    if not letters:
        return ""
    known = model()
    # (score, history, stressed phones), the best of each history that can still matter.
    beam: list[tuple[float, str, int]] = [(0.0, START, 0)]
    for letter in letters:
        best: dict[tuple[str, int], tuple[float, str, int]] = {}
        choices = [character for character, _ in known.pairs[letter]]
        for score, history, count in beam:
            tail = history[-(known.order - 2) :]
            for character, more in zip(choices, known.scores(history, choices)):
                stressed = count + (character in known.stressed)
                key, new = (tail + character, stressed), score + more
                if key not in best or new > best[key][0]:
                    best[key] = (new, history + character, stressed)
        beam = sorted(best.values(), reverse=True)[:BEAM]
    ended = sorted(
        (
            (score + known.scores(history, END)[0], tuple(known.phones[c] for c in history[1:]))
            for score, history, _ in beam
        ),
        reverse=True,
    )
    said = [" ".join(" ".join(phones).split()) for _, phones in ended]
    # One primary stress, as every word has in the dictionary; else the best there is, mended.
    return next((s for s in said if s.count("1") == 1), None) or _stressed(
        next((s for s in said if s), "")
    )


def _stressed(phones: str) -> str:
    parts = phones.split()
    vowels = [i for i, part in enumerate(parts) if part[-1].isdigit()]
    primary = [i for i in vowels if parts[i][-1] == "1"]
    for i in primary[1:]:
        parts[i] = parts[i][:-1] + "2"
    if vowels and not primary:
        place = next((i for i in vowels if parts[i][-1] == "2"), vowels[0])
        parts[place] = parts[place][:-1] + "1"
    return " ".join(parts)


def errors(entries: Mapping[str, str]) -> dict[str, float]:
    """Shares of wrong words and phones among {word: phones}: `words` and `phones` with stress,
    `plain_words` without it."""
    wrong = plain = edits = total = 0
    for word, phones in entries.items():
        said = guess(word)
        wrong += said != phones
        bare = [[p.rstrip("012") for p in text.split()] for text in (said, phones)]
        plain += bare[0] != bare[1]
        edits += _distance(said.split(), phones.split())
        total += len(phones.split())
    count = max(1, len(entries))
    return {"words": wrong / count, "plain_words": plain / count, "phones": edits / max(1, total)}


def _distance(a: list[str], b: list[str]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]
