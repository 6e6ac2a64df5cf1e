"""How `normalise` says things: a list of rules, each a pattern and a function that gives the words, or None
where another rule is to be asked. `digits` and `words` fill it, from the special to the general."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text.numbers import digits


@dataclass(frozen=True)
class Text:
    """What rules may look at. text: the whole; word: whether the dictionary has a word; shouted: it is all in
    capitals, which then say nothing."""

    text: str
    word: Callable[[str], bool]
    shouted: bool

    def before(self, place: int) -> str:
        """The word before a place, as written; "" where there is none."""
        found = re.search(r"([^\W_]+)[\s\-–]*$", self.text[max(0, place - 40): place])
        return found.group(1) if found else ""

    def after(self, place: int) -> str:
        """The word after a place, as written; "" where there is none."""
        found = re.match(r"\s*([^\W_]+)", self.text[place: place + 40])
        return found.group(1) if found else ""


Rule = Callable[["re.Match[str]", Text], "list[str] | None"]
RULES: list[tuple[re.Pattern[str], Rule]] = []
END = r"(?![^\W_])"  # no letter or digit follows


def rule(pattern: str, flags: int = 0) -> Callable[[Rule], Rule]:
    def add(function: Rule) -> Rule:
        RULES.append((re.compile(pattern, flags), function))
        return function
    return add


def letters(text: str) -> list[str]:
    """Letters and digits one by one: "B2B" -> B two B."""
    spelled: list[str] = []
    for character in text:
        if character.isascii() and character.isalpha():
            spelled.append(character.upper())
        elif character.isascii() and character.isdigit():
            spelled += digits(character)
    return spelled
