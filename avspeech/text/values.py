"""Numbers as they are written, alone: thousands, decimals, fractions, powers, years."""

from __future__ import annotations

import re
from dataclasses import dataclass

from avspeech.text import lists, places
from avspeech.text.numbers import cardinal, number, ordinal, year
from avspeech.text.rules import Text

_THIN = "\u00a0\u2009\u202f"
# Points between thousands, as in most of Europe; not of a version ("1.2.0") or of an address.
POINTED = r"[1-9]\d?(?:\.\d{3}){2,}(?!\d|[.-]\w)|[1-9]\d\d(?:\.\d{3})+\.000(?!\d|[.-]\w)"
# A number's whole part, with commas (in India also between its hundred thousands), blanks,
# points or (as in Switzerland) apostrophes between its thousands.
N = (
    rf"(?:{POINTED}|"
    r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,2}(?:,\d\d)+,\d{3}(?!\d)"
    rf"|\d{{1,3}}(?:[{_THIN}]\d{{3}})+(?!\d)"
    r"|\d{1,3}(?:['’]\d{3})+(?![\d'’\"″”])"
    r"|\d{1,3}(?: \d{3}){2,}(?!\d)"
    r"|\d{1,3}(?: 000)+(?!\d)|\d+)"
)
NUMBER = rf"(?:{N}(?:\.\d+)?|\.\d+)"
VULGAR = "".join(lists.FRACTIONS)
_SUP = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_EXPONENT = (
    rf"(?:(?:\^\(?|\*\*)([-−+]?\d{{1,6}}|(?<!\*)[a-z](?![^\W_]))\)?|([⁻⁺]?[{_SUP}]+|ⁿ))"
)
# Of fractions with more than one part that are said as such: "7/16".
_BOTTOMS = frozenset((12, 16, 20, 24, 25, 32, 64))
_SPACES = re.compile(rf"[\s{_THIN},'’]")


@dataclass(frozen=True)
class Value:
    """A number as written: its words, where it ends, whether a noun behind it is singular."""

    words: list[str]
    end: int
    one: bool


def plain(text: str) -> str:
    """The digits of a number without what parts its thousands."""
    return _SPACES.sub("", text.replace(".", "") if text.count(".") > 1 else text)


def power(exponent: str) -> list[str]:
    """ "2" -> squared, "8" -> to the eighth, "-3" -> to the minus three."""
    exponent = exponent.translate(lists.SUPERSCRIPTS).replace("−", "-").lstrip("+")
    if exponent in ("2", "3"):
        return ["squared"] if exponent == "2" else ["cubed"]
    if exponent.isalpha():
        return ["to", "the", exponent.upper()]
    if exponent.startswith("-"):
        return ["to", "the", "minus", *cardinal(int(exponent[1:]))]
    return ["to", "the", *ordinal(int(exponent))]


def fraction(top: int, bottom: int) -> list[str]:
    """3, 4 -> three quarters; 5, 8 -> five eighths; 1, 100 -> one hundredth."""
    if top < 100 and 2 <= bottom <= 100 or bottom in (1000, 1000000):
        name = {
            2: ["half"],
            4: ["quarter"],
            100: ["hundredth"],
            1000: ["thousandth"],
            1000000: ["millionth"],
        }.get(bottom) or ordinal(bottom)
        if top != 1:
            name = [*name[:-1], "halves" if name[-1] == "half" else name[-1] + "s"]
        return [*cardinal(top), *name]
    if top == 1 and bottom < 10000:
        return ["one", *ordinal(bottom)]
    return [*cardinal(top), "over", *cardinal(bottom)]


_MIXED_SIGN = re.compile(rf"(?:({N}(?:\.\d+)?)\s?)?([{VULGAR}])")
MIXED = re.compile(rf"({N})[ -](\d{{1,2}})/(\d{{1,3}})(?![\d/])")
_FRACTION = re.compile(
    r"(\d{1,4})[/⁄](\d{1,7})(?:(?:th|rd|nd)s?(?![^\W_]))?(?![\d/⁄]|,\d{3}(?!\d))"
)
# Behind two values of which one holds: "50/60 Hz"
_ACUITY = re.compile(r"\b(?:vision|acuity|eyesight|sees)\b|^ ?O[DSU]\b")
# Before a year that another may stand for: "c. 1488/90".
_DATED = re.compile(r"\b(?:ca?|circa|about|in|b|d|r|fl|winter|years?)\W{1,2}$")
# Behind what is measured, and no year: "1500/1650 rpm".
_MEASURED = re.compile(
    r"\s?(?:k?m|mi|ft|yd|[kKMG]?Hz|rpm|[kM]?W|mAh?|m?g|kg|ml|px|dpi|k?cal|points|pts)(?![^\W_])"
)
_EITHER = re.compile(r"\s?(?:[kMG]?Hz|V(?:AC|DC)?|[MG]bps|mAh|m?A|[km]?W)(?![^\W_])")
_SCIENTIFIC = re.compile(
    rf"({NUMBER})(?:[eE]([-+−]?\d{{1,2}}|(?<=e)\d{{3}}|[-+−]\d{{3}})(?![\w.])"
    rf"|\s?[xX×·*]\s?10{_EXPONENT})"
)
_POWER = re.compile(rf"({NUMBER}){_EXPONENT}")
_NUMBER = re.compile(
    rf"({NUMBER})(?:[ \u00a0](hundred|thousand|million|billion|trillion)(?![^\W_])"
    r"|([KkMm])(?= (?:people|users|views|followers|residents|viewers|customers|voters|homes"
    r"|children|workers|jobs|students|patients|passengers|visitors|refugees|subscribers)\b)"
    r"|([KkM])(?= (?:mi|miles|km|ft|lbs?|rpm|RPM|psi|BTU|steps|words)\b))?"
)


def value_at(context: Text, place: int, signed: bool = False) -> Value | None:
    """The value that is written at a place of the view; None where none is."""
    return (
        _mixed(context, place)
        or _divided(context, place)
        or _raised(context, place)
        or _whole(context, place, signed)
    )


def _mixed(context: Text, place: int) -> Value | None:
    """A fraction, mostly behind a whole number. `1½`, `2 3/4`"""
    view = context.view
    if match := _MIXED_SIGN.match(view, place):
        whole, sign = match.groups()
        if whole is None and sign == "½" and _HALVED.match(view, match.end()):
            return Value(["half"], match.end(), True)
        if not (match.group()[-2:-1] == " " and _CUT.match(view, match.end())):  # "1 ½ off"
            return with_whole(whole, *lists.FRACTIONS[sign], match.end())
    if match := MIXED.match(view, place):
        whole, top, bottom = match.groups()
        if 0 < int(top) < int(bottom):
            return with_whole(whole, int(top), int(bottom), match.end())
    return None


def _divided(context: Text, place: int) -> Value | None:
    """Two numbers with a slash between them: a fraction, two values, or two years."""
    match = _FRACTION.match(context.view, place)
    if match is None:
        return None
    top, bottom = match.groups()
    end = match.end()
    before = context.before(place)
    if before in ("Op", "op", "opus"):
        return Value([*number(top), "number", *number(bottom)], end, False)
    if match.group() in lists.PAIRS or _both_hold(context, match):
        return Value([*number(top), *number(bottom)], end, False)
    if years := _years(context, match):
        return Value(years, end, False)
    if (context.words_before(place) or [""])[0].lower() in lists.PAIRED:
        return Value([*number(top), "slash", *number(bottom)], end, False)
    inch = int(top) % 2 == 1 and int(top) < int(bottom) and bottom in ("16", "32", "64")
    if before == "BP" or int(top) > 12 and int(bottom) > 2 and not inch or (
        1 < int(top) and int(bottom) in range(11, 100) and int(bottom) not in _BOTTOMS
    ):
        return Value([*number(top), "over", *number(bottom)], end, False)
    if top == "1" and int(bottom) > 1 and match.group()[-1] == "s":
        return Value(fraction(2, int(bottom))[1:], end, False)  # "cut into 1/8ths"
    if int(bottom):
        return Value(fraction(int(top), int(bottom)), end, int(top) < int(bottom))
    return None


def _both_hold(context: Text, match: re.Match[str]) -> bool:
    """Whether two numbers are two values, one of which holds at a time: "50/60 Hz"."""
    top, bottom = (int(part) for part in match.groups())
    place, end = match.span()
    behind = context.behind(end)
    if top >= 5 and bottom > 9 and not top % 5 and not bottom % 5 and (
        _EITHER.match(context.view, end)
    ):
        return True
    if top + bottom == 100 and not top % 5:  # "85/15"
        return True
    # Nothing that is a whole number is a fraction: "Flat 4/2"
    whole = bottom > 1 and top % bottom == 0 and not re.match(r" ?[=+×÷]", behind)
    heat = re.match(r"\s?°", behind) is not None  # no fraction of a degree: "12/8 °C"
    if top >= bottom and (whole or heat) or heat and bottom > 12:
        return True
    if re.match(r"\s?(?:mpg|count)\b| ARMs?(?![^\W_])", behind):  # "a 7/1 ARM"
        return True
    if places.heads_street(context.text, end):  # "10/12 High Street"
        return True
    near = context.view[max(0, place - 40) : place]
    sight = _ACUITY.search(behind[:12]) or _ACUITY.search(near)
    return match[1] == "20" and not bottom % 5 and sight is not None


def _years(context: Text, match: re.Match[str]) -> list[str]:
    """What is said for two years with a slash between them; nothing where they are none."""
    top, bottom = match.groups()
    place = match.start()
    if re.fullmatch(r"(?:19|20)\d\d", top) and int(bottom) == (int(top) + 1) % 100:
        low, last = ["oh"] if bottom[0] == "0" else [], cardinal(int(bottom))
        last = [*low, *last] if int(bottom) else year(int(top) + 1)
        return [*year(int(top)), *last]  # the season "2025/26"
    dated = all(re.fullmatch(r"1[5-9]\d\d|20\d\d", part) for part in (top, bottom))
    round_ones = top[2:] == bottom[2:] == "00"
    measured = _MEASURED.match(context.behind(match.end()))
    if dated and top < bottom and not round_ones and not measured:
        return [*year(int(top)), *year(int(bottom))]  # of a book
    next_one = re.fullmatch(r"1[0-7]\d\d", top) and len(bottom) < 3 and int(top) % 50
    if next_one and (int(top) + 1) % 10 ** len(bottom) == int(bottom):
        return [*year(int(top)), "slash", *number(bottom)]
    since = re.fullmatch(r"1[0-9]\d\d|20\d\d", top) and len(bottom) == 2
    near = context.view[max(0, place - 10) : place]
    if since and int(bottom) > int(top[2:]) and _DATED.search(near):
        return [*year(int(top)), "slash", *number(bottom)]
    return []


def _raised(context: Text, place: int) -> Value | None:
    """A power. `3×10⁸`, `2⁸`"""
    if match := _SCIENTIFIC.match(context.view, place):
        base, *exponents = match.groups()
        raised = next(e for e in exponents if e)
        if match.group(2) and raised.lstrip("+-−"):
            raised = re.sub(r"^([-−+]?)0+(?=\d)", r"\1", raised)
        words = [*number(plain(base)), "times", "ten", *power_in_full(raised)]
        return Value(words, match.end(), False)
    if match := _POWER.match(context.view, place):
        words = [*number(plain(match.group(1))), *power(match.group(2) or match.group(3))]
        return Value(words, match.end(), False)
    return None


def _whole(context: Text, place: int, signed: bool) -> Value | None:
    """A number, with its size if one is behind. `5`, `3.2 million`"""
    match = _NUMBER.match(context.view, place)
    if match is None:
        return None
    written, size, letter, large = match.groups()
    letter = letter or large
    size = size or letter and lists.SIZES[letter.lower()]
    words = number(plain(written)) if signed or size else as_year(written)
    one = not size and plain(written) == "1"
    return Value([*words, size] if size else words, match.end(), one)


def power_in_full(exponent: str) -> list[str]:
    """As `power`, but always "to the ...": "ten to the second"."""
    exponent = exponent.translate(lists.SUPERSCRIPTS).replace("−", "-").lstrip("+")
    return ["to", "the", *ordinal(int(exponent))] if exponent in ("2", "3") else power(exponent)


_CUT = re.compile(r"\s(?:off|price)\b")
_HALVED = re.compile(r"\s(?:price|off|day|time|term|moon|board|mast|hour|dozen|way)\b")


def with_whole(whole: str | None, top: int, bottom: int, end: int) -> Value:
    """A fraction behind its whole number, if there is one: "1", 3, 4 -> one and three quarters."""
    if whole is None:
        return Value(fraction(top, bottom), end, True)
    part = ["a", *fraction(top, bottom)[1:]] if top == 1 else fraction(top, bottom)
    return Value([*number(plain(whole)), "and", *part], end, False)


def as_year(text: str) -> list[str]:
    """A number with no sign: a year where it looks like one."""
    if re.fullmatch(r"10[1-9]\d|1[1-9]\d\d|20\d\d", text):
        return year(int(text))
    return number(plain(text))
