"""Places in books and laws."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import cardinal
from avspeech.text.rules import EDGE, END, Text, rule

# {name or abbreviation of a book: words}
BOOKS = {name: row[1].split() for row in lists.rows("books.tsv", 2) for name in row[0].split()}
_BOOKS = "|".join(sorted(BOOKS, key=len, reverse=True))
# Abbreviations of other things too, where no verse follows.
_OTHER = frozenset("Gen Rev Phil Jon Sam Ex Num Rom Mt Jas".split())
_NUMBERS = {"1": "first", "2": "second", "3": "third", "I": "first", "II": "second", "III": "third"}


@rule(
    rf"(?:([123]|I{{1,3}})[ ])?({_BOOKS}){EDGE}?[ ]"
    r"(\d{1,3})(?::(\d{1,3})(?:[-–](\d{1,3}))?)?"
    rf"(?![:\d]|\s?[ap]\.?m|\.\d){END}",
    "ld",
)
def verse(match: re.Match[str], context: Text) -> list[str] | None:
    """A verse of a holy book. `1 Cor. 13:4` -> first corinthians thirteen four"""
    count, book, chapter, first, last = match.groups()
    edge = context.text[match.end(2) : match.end(2) + 1]
    short = book.lower() not in BOOKS[book]
    if edge not in " ." or edge == "." and not short:
        return None
    if first is None and not (short and edge == "." or count) or book == "Col" and first is None:
        return None
    if first is None and count is None and book in _OTHER:
        return None
    words = [*([_NUMBERS[count]] if count else []), *BOOKS[book], *cardinal(int(chapter))]
    if first is not None:
        words += cardinal(int(first))
    return [*words, "to", *cardinal(int(last))] if last else words


@rule(r"§§\s?(?=\d)", "s")
def sections(match: re.Match[str], context: Text) -> list[str] | None:
    """Several sections of a law. `§§ 3-5` -> sections three to five"""
    return ["sections"]
