"""Regular expressions and commands of sed, which stand in manuals and READMEs, sign by sign."""

from __future__ import annotations

import re

from avspeech.text.numbers import digits, number
from avspeech.text.rules import EDGE, Text, letters, rule

_SIGNS = {
    "^": "caret",
    "$": "dollar",
    "\\": "backslash",
    ".": "dot",
    "*": "star",
    "+": "plus",
    "?": "question mark",
    "|": "pipe",
    "-": "dash",
    "@": "at",
    "/": "slash",
    "_": "underscore",
    ":": "colon",
    "=": "equals",
    "#": "hash",
    "&": "ampersand",
}
_PART = re.compile(r"[A-Za-z]+|\d+|[^\s\w]|_")
# What only an expression has: a class of characters. A mark behind a backslash is Markdown's too.
_CLASS = re.compile(r"\\[dwsDWSbB](?![A-Za-z])")
_ANCHORED = re.compile(r"\^[^\s$^]*[A-Za-z][^\s$^]*\$$")
_END = re.compile(r"(?<!\\)[.,;:!'\"’”`]+$")


def _spoken(written: str, context: Text) -> list[str]:
    """The words of an expression; brackets are not said."""
    words: list[str] = []
    for match in _PART.finditer(written):
        part = match.group()
        if part.isdigit():
            words += number(part) if len(part) < 4 and part[0] != "0" else digits(part)
        elif part.isalpha():
            said = len(part) > 1 and context.word(part.lower())
            words += [part.lower()] if said else letters(part)
        elif part == "-" and _ranged(written, match):
            words.append("to")
        else:
            words += _SIGNS.get(part, "").split()
    return words


def _ranged(written: str, match: re.Match[str]) -> bool:
    """Whether a dash stands between two characters of a class: "[a-z]"."""
    opened = written.rfind("[", 0, match.start()) > written.rfind("]", 0, match.start())
    sides = written[match.start() - 1 : match.start()] + written[match.end() : match.end() + 1]
    return opened and len(sides) == 2 and sides.isalnum()


@rule(r"\\(?=[^\s])|\^(?=[^\s])", "=\\^")
def regular_expression(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """An expression that is matched against text, without its brackets. `Use ^\\d{3}-\\w+$ here` ->
    use caret backslash D three dash backslash W plus dollar here"""
    start = match.start()
    if start and context.view[start - 1] not in EDGE + "=:" and not context.opens(start):
        return None
    found = re.match(r"\S+", context.text[start : start + 200])
    assert found is not None
    written = _END.sub("", found.group())
    if not (_CLASS.search(written) or _ANCHORED.fullmatch(written)):
        return None
    return _spoken(written, context), start + len(written)


@rule(r"s/[^/\s]+/[^/\s]*/[gip]{0,2}(?![\w/])", "=s")
def substitution(match: re.Match[str], context: Text) -> list[str] | None:
    """A substitution of sed. `Run s/foo/bar/g on it` -> run S slash foo slash bar slash G on
    it"""
    return _spoken(match.group(), context) if context.opens(match.start()) else None
