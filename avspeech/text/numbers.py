"""Numbers as English words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_LARGE = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
_ORDINAL = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST = 21  # digits; longer ones are read one by one


def cardinal(number: int) -> list[str]:
    """42 -> ["forty", "two"]. number: 0 or more, of at most `LONGEST` digits."""
    if number < 20:
        return [_SMALL[number]]
    if number < 100:
        tens, rest = divmod(number, 10)
        return [_TENS[tens]] + (cardinal(rest) if rest else [])
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return [_SMALL[hundreds], "hundred"] + (cardinal(rest) if rest else [])
    words: list[str] = []
    for place in range(len(_LARGE) - 1, -1, -1):
        part, number = divmod(number, 1000**place)
        if part:
            words += cardinal(part) + ([_LARGE[place]] if place else [])
    return words


def ordinal(number: int) -> list[str]:
    """42 -> ["forty", "second"]."""
    *first, last = cardinal(number)
    if last in _ORDINAL:
        return [*first, _ORDINAL[last]]
    return [*first, last[:-1] + "ieth" if last.endswith("y") else last + "th"]


def year(number: int) -> list[str]:
    """1984 -> nineteen eighty four; 1906 -> nineteen oh six; 2000 -> two thousand; 2026 -> twenty
    twenty six."""
    century, rest = divmod(number, 100)
    if number < 1000 or century % 10 == 0 and rest < 10:
        return cardinal(number)
    if rest == 0:
        return [*cardinal(century), "hundred"]
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def decade(number: int) -> list[str]:
    """1980 -> nineteen eighties, 2000 -> two thousands."""
    *first, last = year(number)
    return [*first, last[:-1] + "ies" if last.endswith("y") else last + "s"]


def digits(text: str) -> list[str]:
    """The digits one by one: "107" -> one zero seven."""
    return [_SMALL[int(digit)] for digit in text]


def number(text: str) -> list[str]:
    """A number as written, with commas and a decimal point: "1,234.50" -> one thousand ... point
    five zero. One with a leading zero, or too long, is read digit by digit."""
    whole, point, fraction = text.replace(",", "").partition(".")
    words = (
        []
        if not whole
        else digits(whole)
        if len(whole) > LONGEST or whole[0] == "0" and len(whole) > 1
        else cardinal(int(whole))
    )
    return [*(words or ["zero"]), *(["point", *digits(fraction)] if point and fraction else [])]


def joined(
    parts: Iterable[str], between: str, say: Callable[[str], list[str]] = number
) -> list[str]:
    """The words of some parts, with one between: "1.2.3" -> one point two point three."""
    words: list[str] = []
    for part in parts:
        words += [*([between] if words else []), *say(part)]
    return words


def duration(*parts: int) -> list[str]:
    """Hours, minutes and seconds: 2, 5, 33 -> two hours five minutes and thirty three seconds."""
    words: list[str] = []
    for value, unit in zip(parts, ("hour", "minute", "second")):
        if value:
            last = ["and"] * (unit == "second" and bool(words))
            words += [*last, *cardinal(value), unit + "s" * (value != 1)]
    return words
