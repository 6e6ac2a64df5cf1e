"""English text as written to words as spoken: numbers, dates, times, money, units, abbreviations, letters.

One pass from left to right: at each place the first of `rules.RULES` that fits says the words. What no rule
knows (pictures, other scripts) is left out. A single letter in capitals among the words is spelled ("U",
"S"); all else is lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text import abbreviations as known
from avspeech.text import words  # noqa: F401  it and `digits` fill RULES
from avspeech.text.rules import RULES, Text


@dataclass(frozen=True)
class Spoken:
    """Words said for the characters [start, end) of a text."""

    words: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Marked:
    """Punctuation: one of `symbols.MARKS`, or "" for a mere end. ends: a sentence ends here."""

    text: str
    start: int
    end: int
    ends: bool = False


Piece = Spoken | Marked

_MARK = re.compile(r"(?!\(\d{3}\)\s?\d{3}|–[$£€¥]?\d)"  # a telephone number; "10%–20%"
                   r"(?:[.?!…]+|,|;|:|(?<=\s)[-–—]+(?=\s)|--+|[–—]|[()\[\]{}]|\n[ \t\r]*\n\s*|。|？|！|，)")
_SAME = {"。": ".", "？": "?", "！": "!", "，": ",", "(": ",", ")": ",", "[": ",", "]": ",", "{": ",",
         "}": ","}
_CLOSERS = "\"'”’)]}»"


def _mark(match: re.Match[str], text: str) -> Marked:
    found, start, end = match.group(), match.start(), match.end()
    if "\n" in found:
        return Marked("", start, end, ends=True)
    if found[0] in ".?!…":
        mark = ("?" if "?" in found else "!" if "!" in found else "…" if "…" in found
                or len(found) > 1 else ".")
        rest = text[end: end + 80].lstrip(_CLOSERS)
        following = rest.lstrip().lstrip("\"'“‘([")
        apart = not rest or rest[0].isspace()
        return Marked(mark, start, end, ends=apart and not following[:1].islower())
    return Marked("–" if found[0] in "-–—" else _SAME.get(found[0], found[0]), start, end,
                  ends=found[0] in "。？！")


def normalise(text: str, word: Callable[[str], bool] = lambda word: False) -> list[Piece]:
    """The words said for a text and its marks, in order, with their places in it.

    word: whether the dictionary has a word in lower case: it decides between "NASA" and "F B I".
    """
    bare = [c for c in text if c.isalpha()]
    context = Text(text, word, len(bare) > 12 and not any(c.islower() for c in bare))
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        found = _MARK.match(text, position)
        if found is None and text[position].isspace():
            position += 1
            continue
        if found is not None and not (text[position] == "." and text[position + 1: position + 2].isdigit()
                                      and found.end() == position + 1):
            pieces.append(_mark(found, text))
            position = found.end()
            continue
        for pattern, rule in RULES:
            match = pattern.match(text, position)
            said = rule(match, context) if match and match.end() > position else None
            if match and said is not None:
                end = match.end()
                while text[end - 1].isspace():
                    end -= 1
                group: list[str] = []
                for item in [*said, ","]:
                    if item != ",":
                        group.append(item)
                    elif group:
                        pieces.append(Spoken(tuple(group), position, end))
                        group = []
                        pieces.append(Marked(",", end, end))
                if said:
                    pieces.pop()  # the comma that ended the last group
                # The period of an abbreviation ends a sentence too, where one begins behind it.
                if text[match.end() - 1] == "." and _begins(text[match.end(): match.end() + 80],
                                                            match.group(), said):
                    pieces.append(Marked(".", match.end() - 1, match.end(), ends=True))
                position = match.end()
                break
        else:
            position += 1
    return pieces


def _begins(rest: str, abbreviation: str, said: list[str]) -> bool:
    """Whether a sentence begins (or the text ends) behind an abbreviation with its period."""
    following = rest.lstrip(_CLOSERS + " \t\n\r\"'“‘([")
    if not following:
        return True
    name, opener = abbreviation.rstrip(". "), re.match(r"[A-Za-z']+", following)
    return (rest[:1].isspace() and opener is not None and opener.group() in known.OPENERS
            and (name not in known.BEFORE_NAMES or said[-1:] in (["street"], ["drive"]))
            and not re.fullmatch(r"[A-Z]", name))
