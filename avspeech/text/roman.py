"""Roman numerals: chapters, wars, kings, popes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text import lists
from avspeech.text.numbers import cardinal, ordinal, year
from avspeech.text.rules import EDGE, END, Text, rule

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RIGHT = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
# Words and abbreviations of these letters, where nothing says that a number is meant.
_WORDS = lists.words("roman.words") - {"III", "XX"}
_LETTER_X = frozenset(
    "chromosome chr generation gen type factor unit class group system systems iteration".split()
)
_PRONOUN = lists.words("roman.pronoun")
_VERBS = lists.words("parts.past") | {"speak"}
# Behind a "No. I" that is a number: "No. I of the set".
_OF_NUMBER = frozenset(("", "of", "in", "is", "by", "from"))
# What "I" does, and no king: "To Elizabeth I owe".
_BASE = frozenset(w for w in lists.words("parts.verbs") if w + "s" in lists.words("parts.verbs"))
_GRADED = frozenset("type phase stage grade class level schedule category tier trial".split())
_NAMING = frozenset("an the type letters roman numeral numerals".split())
# Behind "IV" that is said letter by letter.
_INFUSED = frozenset(
    "fluid fluids drip line lines bag antibiotics push pole access therapy".split()
)


def value(text: str) -> int:
    """XIV -> 14; 0 for what is none."""
    if not text or not _RIGHT.fullmatch(text):
        return 0
    numbers = [_VALUES[c] for c in text]
    return sum(-n if n < max(numbers[i:]) else n for i, n in enumerate(numbers))


@rule(r"([IVX]{1,5})(?=[" + EDGE + r"] +[A-Z])", "=IVX")
def heading(match: re.Match[str], context: Text) -> list[str] | None:
    """The number of a heading. `IV. RESULTS` -> four. results"""
    start, end = match.span()
    number = value(match.group(1))
    before = context.text[:start].rstrip(" ([\"'“‘")
    starts = not before or before.endswith("\n")
    movement = _WORK.search(context.text[max(0, start - 60) : start]) is not None
    if not number or not (starts or movement) or context.text[end : end + 1] != ".":
        return None
    loud = re.match(r"\. +[A-Z][A-Z']{3,}", context.text[end : end + 12])
    alone = len(match.group(1)) == 1 and not _OTHER_HEADING.search(context.text)
    return None if alone and not loud and not movement else cardinal(number)


# Before the movement of a work: "BWV 1007: I. Prélude".
_WORK = re.compile(r"\b(?:BWV|RV|HWV|Hob|Op|KV?|No)\b[^\n:–—]{1,20}[:–—] $")
_OTHER_HEADING = re.compile(r"(?:^|\n) *(?:II|III|IV|VI)\. ")


@rule(r"([IVXLCDM]+|[ivxlc]+)(['’]s)?" + END, "=IVXLCDMivxlc")
def roman(match: re.Match[str], context: Text) -> list[str] | None:
    """A Roman numeral, by the word before it. `Louis XIV's court` -> louis the fourteenth's
    court"""
    text, possessive = match.groups()
    number = value(text.upper())
    start = match.start()
    if (
        not number
        or start
        and not (context.view[start - 1].isspace() or context.view[start - 1] == EDGE)
    ):
        return None
    near = context.words_before(start)
    before = near[0] if near else ""
    after = context.after(match.end())
    if re.match(r" World War(?!\w)", context.behind(match.end())) and before != "War":
        article = [] if before.lower() in lists.DETERMINERS else ["the"]
        return [*article, *ordinal(number)]
    plain = before.lower().removesuffix("'s")
    short = re.search(r"([A-Z][a-z]+)\. $", context.text[max(0, start - 8) : start])
    if short and (rows := lists.ABBREVIATIONS.get(short[1])) and rows[0][0][0] in lists.RULERS:
        plain, before = rows[0][0][0], short[1]  # "Chas. II"
    said = _meant(_Numeral(context, text, number, start, near, before, plain, after))
    if said and possessive:
        said = [*said[:-1], said[-1] + "'s"]
    return said


@rule(r"([IVX]{1,4})([A-Da-d])" + END, "=IVX")
def lettered_grade(match: re.Match[str], context: Text) -> list[str] | None:
    """A grade with a letter. `stage IIA` -> stage two A"""
    number = value(match.group(1))
    near = {word.lower() for word in context.words_before(match.start())[:3]}
    named = not near.isdisjoint({*_GRADED, *(name + "s" for name in _GRADED)})
    if not number or not named or match.group() in ("ID", "VIA"):
        return None
    return [*cardinal(number), match.group(2).upper()]


@rule(r"([IVXLC]{1,7})(th|st|nd|rd)" + END, "=IVXLC")
def roman_nth(match: re.Match[str], context: Text) -> list[str] | None:
    """A Roman numeral with the ending of an ordinal. `the IVth floor` -> the fourth floor"""
    number = value(match.group(1))
    ending = ("st", "nd", "rd")[number % 10 - 1] if number and 0 < number % 10 < 4 else "th"
    right = match.group(2) == ("th" if number and 10 < number < 14 else ending)
    return ordinal(number) if number and right else None  # "Gary, Ind."


@rule(r"([ivxlc]{1,7}|[IVXLC]{1,7})[-–]([ivxlc]{1,7}|[IVXLC]{1,7})" + END, "=ivxlcIVXLC")
def roman_range(match: re.Match[str], context: Text) -> list[str] | None:
    """From one Roman numeral to another. `pp. iv–xii` -> pages four to twelve"""
    first, last = (value(part.upper()) for part in match.groups())
    before = context.before(match.start()).lower()
    for words, _ in lists.ABBREVIATIONS.get(before, [])[:1]:
        before = words[-1]  # "mvts. I–III"
    counted = before.removesuffix("s") in lists.COUNTED or _abbreviated(context, match.start())
    return [*cardinal(first), "to", *cardinal(last)] if counted and 0 < first < last else None


@rule(r"([ivxl]{2,6}|i)(?=[" + EDGE + "])", "=ivxl")
def list_number(match: re.Match[str], context: Text) -> list[str] | None:
    """The number of a point in a list. `iv) Stir` -> four, stir"""
    start, end = match.span()
    closed = context.text[end : end + 1] == ")"
    opened = context.text[max(0, start - 1) : start]
    number = value(match.group(1).upper())
    if opened == "(" and context.text[max(0, start - 2) : start - 1].isalnum():
        return None  # "print(i)"
    lined = opened in ("", "\n") and re.search(r"(?:^|\n) *(?:ii|iii|iv|vi)\. \w", context.text)
    closed |= context.text[end : end + 2] == ". " and lined is not None
    if not closed or not number or opened not in ("", "(", "\n") and len(match.group()) == 1:
        return None
    return cardinal(number)


@dataclass(frozen=True)
class _Numeral:
    """A numeral among its words. near: the words before it, the nearest first; before, plain: the
    nearest as written, and in lower case without a genitive; after: the word behind."""

    context: Text
    text: str
    number: int
    start: int
    near: list[str]
    before: str
    plain: str
    after: str


def _meant(numeral: _Numeral) -> list[str] | None:
    """What a numeral says: a cardinal, an ordinal, a year; None where it is none."""
    context, text, number, start = numeral.context, numeral.text, numeral.number, numeral.start
    if re.search(r"\.{4} ?$|(?:\. ){3}$", context.text[max(0, start - 6) : start]):
        return cardinal(number)  # a page of a table of contents
    if context.text[max(0, start - 2) : start] in ("§ ", "¶ "):
        return cardinal(number)
    if text.isupper() and len(text) > 3 and 1000 < number < 2100 and text not in ("MILD",):
        return year(number)
    if text != "I" and _second(numeral, lambda word: word.rstrip("s") in lists.COUNTED):
        return cardinal(number)
    if _may_count(numeral):
        return cardinal(number) if _counts(numeral) else None
    if text.islower():
        return None
    spoken = text == "I" and numeral.after and speaks(numeral.after)
    if not spoken and _second(numeral, lambda word: word in lists.RULERS):
        return ordinal(number)
    return _by_name(numeral)


def _second(numeral: _Numeral, named: Callable[[str], bool]) -> bool:
    """Whether it is the second numeral behind a name: "chapters I and II", "Kings I and II"."""
    near = numeral.near
    joined = numeral.before == "and" and len(near) > 2 and value(near[1].upper()) > 0
    return joined and named(near[2].lower())


def _may_count(numeral: _Numeral) -> bool:
    """Whether what stands before a numeral is counted: "chapter", "Sc."."""
    one = numeral.plain.removesuffix("s")
    return (
        numeral.plain in lists.COUNTED
        or one in lists.COUNTED
        and numeral.plain not in ("books", "types", "acts")
        or _abbreviated(numeral.context, numeral.start)
    )


def _counts(numeral: _Numeral) -> bool:
    """Whether letters behind something that is counted are a numeral: neither "Appendix C" nor
    "In part I was"."""
    text, near, before, after = numeral.text, numeral.near, numeral.before, numeral.after
    counting = before or numeral.context.before(numeral.start)  # "Art. I"
    if text == "I":
        listed = counting[:1].isupper() and after.lower() not in _PRONOUN
        if counting == "No":  # "No. I can't."
            listed &= after in _OF_NUMBER
        listed &= bool(before) or not speaks(after)  # "Mr. V. I don't."
        listed |= [word.lower() for word in near[:2]] == ["war", "world"]
        # "Part I was dull.", but "In part I was".
        listed |= len(near) == 1 and before.istitle() and after in ("is", "was", "has")
        return listed or numeral.plain in _GRADED and not speaks(after)
    if text == "X":
        return not {numeral.plain, counting.lower()} & _LETTER_X  # "Generation X"
    return text not in ("L", "C", "D", "M", "l", "c", "d", "cc")


def _by_name(numeral: _Numeral) -> list[str] | None:
    """What a numeral says behind a name, or behind a word that nothing counts."""
    context, text, number, start = numeral.context, numeral.text, numeral.number, numeral.start
    before, plain, after = numeral.before, numeral.plain, numeral.after
    if re.fullmatch(r"[A-Z]+-?\d+", before) and 1 < number < 40 and len(text) > 1:
        return cardinal(number)  # "the Sony A7 IV"
    loud = context.shouted(start)
    sure = len(text) > 1 and text not in _WORDS and number < 40
    # In a line of capitals only what is no word: "SONNET XVIII", but not "COLOR MIX".
    sure &= not loud or len(text) > 2 and not context.word(text.lower())
    aged = after.lower() in lists.AGES
    if sure and before and not aged and plain not in _NAMING and not before[:1].isupper():
        return cardinal(number)
    if not before[:1].isupper() or plain == "the":
        article = ["the"] * (before.lower() != "the" and "'" not in before)
        return article + ordinal(number) if aged and before else None
    if _is_person(context, start, numeral.near) and 1 < number < 6 and text != "V":
        return ["the", *ordinal(number)]  # "John Smith III"
    ranked = len(numeral.near) > 1 and numeral.near[1].lower() in lists.RANKS
    if plain in lists.RULERS or ranked:
        spoken = text == "I" and (after.lower() in _PRONOUN or after in _BASE) and not ranked
        if spoken or len(text) == 1 and text not in "IVX":
            return None
        return ["the"] * ("'" not in before) + ordinal(number)
    if plain == "paul":
        return ["the", *ordinal(number)]
    titled = text in ("IV", "VI", "XX") and before not in lists.OPENERS and before.istitle()
    titled = titled and after.lower() not in _INFUSED and len(numeral.near) > 0
    if (sure or titled and not loud) and (loud or before[1:].islower()):
        return cardinal(number)
    return None


def _is_person(context: Text, start: int, near: list[str]) -> bool:
    """Whether the name before a numeral is a person's: "John H. Smith III"."""
    before = context.text[max(0, start - 40) : start]
    named = re.search(r"([A-Z][a-z]+)(?:-[A-Z][a-z]+)?\.?(?: [A-Z]\.)* [A-Z][\w'’-]+,? $", before)
    first = named.group(1) if named else near[2] if len(near) > 2 and len(near[1]) == 1 else ""
    rows = lists.ABBREVIATIONS.get(first, [])
    if any("title" in kinds for _, kinds in rows):
        return True  # "Lt. Col. Smith III"
    return (rows[0][0][0] if rows else first.lower()) in lists.GIVEN


def speaks(after: str) -> bool:
    """Whether the word behind an I says that somebody speaks: "I went"."""
    word = after.lower()
    verbs = word in _PRONOUN or word in _VERBS or word.endswith("n't")
    return after.islower() and (verbs or word.endswith("ed") and len(word) > 4)


def _abbreviated(context: Text, start: int) -> bool:
    """Whether an abbreviation that may count is right before a place: "Sc. iv"."""
    found = re.search(r"(?:^|\W)([A-Za-z]+)\.\s?$", context.text[max(0, start - 8) : start])
    if found is None:
        return False
    name = found.group(1)
    rows = [*lists.ABBREVIATIONS.get(name, []), *lists.ABBREVIATIONS.get(name.lower(), [])]
    return any("number" in kinds or words[-1] in lists.COUNTED for words, kinds in rows)
