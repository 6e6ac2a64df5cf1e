"""What is said "per": amounts, things and units on both sides of a slash."""

from __future__ import annotations

import re

from avspeech.text import lists, measures, unit_senses, units
from avspeech.text.rules import EDGE, Text, hums, letters, rule
from avspeech.text.values import VULGAR

_CLIPPED = ("min", "sec", "hr", "wk", "qtr", "mo", "yr")


@rule(r"([a-z]+|[A-Z]{2,3})/([a-z]+|[A-Z]{2,3})([²³]?)(?![^\W_]|/)", "l")
def per_word(match: re.Match[str], context: Text) -> list[str] | None:
    """So many of a thing in each other one. `20 miles/hour` -> twenty miles per hour"""
    first, second, raised = match.groups()
    if first in ("he", "she", "his", "him", "her") and second in (
        "he",
        "she",
        "her",
        "hers",
        "his",
        "him",
    ):
        return [first, "or", second]
    one = re.search(r"(?:^|\W)1 $", context.view[max(0, match.start() - 3) : match.start()])
    counted = first.isupper() and re.search(r"\d[kKM]? $", context.view[: match.start()][-4:])
    if second not in lists.PERIODS or not (
        first.endswith("s") or one or counted or first in ("people", "feet", "beat", "rpm")
    ):
        return None
    unit = units.table().get(second)
    return [
        *(letters(first) if first.isupper() else [first]),
        "per",
        *({"²": ["square"], "³": ["cubic"]}.get(raised, [])),
        *(
            unit.one.split()
            if unit and (len(second) == 1 or not context.word(second) or second in _CLIPPED)
            else [second]
        ),
    ]


# Sizes of units by what they measure: two of one kind may say one amount twice, "23 kg/50 lb".
_SIZES = tuple(
    {symbol: float(size) for symbol, size in (item.split("=") for item in sizes.split())}
    for sizes in (
        "mg=.001 g=1 kg=1000 oz=28.3 ounces=28.3 lb=454 lbs=454 pounds=454",
        "mm=.001 cm=.01 m=1 km=1000 in=.0254 inches=.0254 ft=.305 feet=.305 yd=.914 mi=1609"
        " miles=1609",
        "mL=1 ml=1 L=1000 l=1000 oz=29.6 tsp=4.9 tbsp=14.8 cup=240 cups=240 pt=473 qt=946 gal=3785",
        "J=1 kJ=1000 cal=4.2 kcal=4184 calories=4184",
        "mph=1.61 km/h=1 kph=1",
        "psi=6.9 bar=100 kPa=1",
    )
)
# What a recipe takes by volume or by weight, in milliliters.
_SPOONS = {"c": 240, "cup": 240, "cups": 240, "tbsp": 15, "Tbsp": 15, "T": 15, "tsp": 5, "t": 5}
_BEFORE_SLASH = re.compile(
    rf"(?:(\d[\d,]*(?:\.\d+)?) ?)?(?:([{VULGAR}])|(\d)/(\d) )?[ -]?(?:fl[.{EDGE}]? ?)?([A-Za-z]+)$"
)
_BEHIND_SLASH = re.compile(r"/([\d,]*\.?\d+)[ -]?(km/h|[^\W\d_]+)")


def _amount(whole: str | None, vulgar: str | None, top: str | None, bottom: str | None) -> float:
    """The size of a number with a fraction behind it; 0 where there is none."""
    size = float(whole.replace(",", "")) if whole else 0.0
    if vulgar:
        size += lists.FRACTIONS[vulgar][0] / lists.FRACTIONS[vulgar][1]
    return size + (int(top) / int(bottom) if top and bottom and int(bottom) else 0)


@rule(r"/(?=[\d,]*\.?\d+[ -]?[A-Za-zµ])", "=/")
def per_amount(match: re.Match[str], context: Text) -> list[str] | None:
    """A slash between a unit and an amount; it is not said where the amount is the same in other
    units. `5 g/100 mL` -> five grams per one hundred milliliters"""
    before = context.view[max(0, match.start() - 24) : match.start()].rstrip(EDGE)
    first = _BEFORE_SLASH.search(before)
    second = _BEHIND_SLASH.match(context.behind(match.start()))
    if first is None or second is None or first[5] == "f":
        return None  # "f/2.8L"
    size, other = _amount(*first.group(1, 2, 3, 4)), float(second[1].replace(",", ""))
    for sizes in _SIZES:
        if first[5] in sizes and second[2] in sizes and first[5] != second[2]:
            ratio = size * sizes[first[5]] / (other * sizes[second[2]] or 1)
            if 0.8 < ratio < 1.25:
                return []
    if first[5] in _SPOONS and second[2] in ("g", "grams"):  # "½ c./113 g butter"
        return [] if 0.3 < size * _SPOONS[first[5]] / (other or 1) < 1.7 else ["per"]
    return ["per"] if _OF_AMOUNTS.match(second[2]) else None


_OF_AMOUNTS = re.compile(
    "(?:[mc]?m[²³]|m[lL]|L|m?g|k[gm]|m|cm|kcal|min|hrs?|h|d|days?|mi|gal|lbs?|oz|sq)$"
)


@rule(r"[A-Za-zµμΩ°]{1,5}/(?=[A-Za-zµμΩ°]{1,4}(?:[²³]|\^[23])?(?![^\W_]|/))", "ls")
def unit_alone(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A unit without a number. `in mg/dL` -> in milligrams per deciliter"""
    start = match.start()
    first = match.group()[:-1]
    worded = hums(first.lower()) and context.word(first.lower())
    if start and context.view[start - 1].isalnum() or worded:
        return None
    opened = context.before(start) in ("in", "is") or context.text[start - 1 : start] in "(["
    found = measures.unit_at(context, start, start, "2")
    if found is None or len(first) == 1 and not opened:
        return None
    unit, end, _ = found
    return (unit.many.split(), end) if end > match.end() else None


_COUNTED = re.compile(r"(?:^|[^\w.,])(\d[\d.,^⁰¹²³⁴⁵⁶⁷⁸⁹]*) ([a-z]{3,})$")
_MANY = frozenset("people men women children feet teeth mice fish sheep deer".split())


@rule(r"/(?=([a-z]+L?)(?![^\W_]|/)|(\d[\d,]*) [a-z]+)", "=/")
def per_counted(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """So many things for each of others. `5 people/car` -> five people per car"""
    before = context.view[max(0, match.start() - 30) : match.start()].rstrip(EDGE)
    counted = _COUNTED.search(before)
    if counted is None:
        return None
    count, things = counted.groups()
    each = match.group(1)
    if not (things.endswith("s") or things in _MANY or count == "1"):
        return None
    if each is None:
        return ["per"], match.end()
    if len(each) > 1 and (each.endswith("s") and not each.endswith("ss")):
        return None  # "10 cats/dogs"
    unit = units.table().get(each)
    if unit is None or len(each) > 2 and context.word(each) and each not in _CLIPPED:
        return ["per"], match.end()
    return ["per", *unit.one.split()], match.end(1)


_AMOUNT = re.compile(
    rf"\dp$|(?<!\dst)(?<!\dnd)(?<!\drd)(?<!\dth)(?<!/last)/[a-z{EDGE} .]{{1,10}}$"
    r"|\b(?:dollars|cents|euros|pounds)$"
    rf"|[\d⁰¹²³⁴⁵⁶⁷⁸⁹{VULGAR}][+\"]?\s?(?:[kKMBpc¢]|bn|million|billion)?$"
)


_PERIOD = frozenset("s min hr h day d wk week mo month yr year".split())


@rule(rf"/((?:(?:sq|cu)[.{EDGE}]? ?)?[a-zA-Zµμ]+)([23²³])?(?![^\W_])(?!/(?!yr|mo|day|wk))", "=/")
def per(match: re.Match[str], context: Text) -> list[str] | None:
    """A slash behind an amount. `$15/hr` -> fifteen dollars per hour"""
    before = context.view[max(0, match.start() - 20) : match.start()]
    name = match.group(1)
    raised = (match.group(2) or "").translate(lists.SUPERSCRIPTS)
    if re.match(r" [$£€]\d", context.behind(match.end())):
        return None  # "cup $5/bowl $8"
    if raised and name not in ("m", "cm", "mm", "km", "ft", "in", "mi", "yd"):
        return None
    priced = re.search(rf"[$£€¥₹]\s?[\d.,{VULGAR}]+$", before)
    plain = len(name) > 2 and name.islower() and name not in units.table()
    counted = re.search(r"= ?\d+$", before)
    if (priced or counted) and plain and context.word(name):
        return ["per", name]
    if not (_AMOUNT.search(before) or name in _PERIOD and before[-1:] in "O₂₃₄"):
        return None
    if re.search(r"[A-Za-z]\d+$", before) and not priced:
        return None  # a name: "XM4/B"
    if re.fullmatch("[A-KN-Z]", name) and re.search(r"(?<![\d.^,])\d{1,3}$", before) and not priced:
        return letters(name)  # the number of a house: "12/A"
    if name in ("SF", "sf") and priced:
        return ["per", "square", "foot"]
    if name == "ct" and priced and not unit_senses.GEMS.search(context.around(match.start())):
        return ["per", "count"]
    area, _, length = name.rpartition(" ")
    unit = units.table().get(length.replace("μ", "µ"))
    if unit is not None:
        power = {"sq": ["square"], "cu": ["cubic"]}.get(area.rstrip("." + EDGE), [])
        power = {"2": ["square"], "3": ["cubic"]}.get(raised, power)
        return ["per", *power, *unit.one.split()]
    if name == "ea":
        return ["each"]
    if name in lists.PACKED and (priced or name != "sh"):
        return ["per", lists.PACKED[name]]
    return ["per", "day" if name == "d" else name] if name in lists.PERIODS else None
