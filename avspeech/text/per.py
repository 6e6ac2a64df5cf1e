"""What is said "per": amounts, things and units on both sides of a slash."""

from __future__ import annotations

import re

from avspeech.text import lists, units
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
    if second not in lists.PERIODS or not (
        first.endswith("s") or one or first in ("people", "feet", "beat", "rpm")
    ):
        return None
    unit = units.table().get(second)
    return [
        first,
        "per",
        *({"²": ["square"], "³": ["cubic"]}.get(raised, [])),
        *(
            unit.one.split()
            if unit and (len(second) == 1 or not context.word(second) or second in _CLIPPED)
            else [second]
        ),
    ]


_ALIKE = (
    frozenset("mg g kg lb lbs oz".split()),
    frozenset("cm m km ft mi in yd".split()),
    frozenset("mL ml L gal qt pt oz".split()),
    frozenset("J kJ cal kcal".split()),
)


@rule(
    r"/(?=\d+(?:\.\d+)? ?(?:m²|m³|cm²|cm³|mL|ml|L|g|mg|kg|km|m|cm|kcal|min|hrs?|h|d|days?|mi|gal"
    r"|lbs?|oz|sq)\b)",
    "=/",
)
def per_amount(match: re.Match[str], context: Text) -> list[str] | None:
    """A slash between a unit and an amount. `5 g/100 mL` -> five grams per one hundred
    milliliters"""
    before = context.view[max(0, match.start() - 5) : match.start()].rstrip(EDGE)
    amount = re.match(r"/([\d.]+) ?([^\W\d_]+)", context.behind(match.start()))
    unit = re.search(r"[^\W\d_]+$", before)
    if unit is None or amount is None or unit.group() == "f":
        return None  # "f/2.8L"
    for alike in _ALIKE:
        if {unit.group(), amount.group(2)} <= alike and amount.group(1) not in ("1", "100"):
            return ["slash"]  # the same in other units: "23 kg/50 lb"
    return ["per"]


@rule(r"[A-Za-zµμΩ°]{1,5}/(?=[A-Za-zµμΩ°]{1,4}(?:[²³]|\^[23])?(?![^\W_]|/))", "ls")
def unit_alone(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A unit without a number. `in mg/dL` -> in milligrams per deciliter"""
    start = match.start()
    first = match.group()[:-1]
    worded = hums(first.lower()) and context.word(first.lower())
    if start and context.view[start - 1].isalnum() or worded:
        return None
    opened = context.before(start) in ("in", "is") or context.text[start - 1 : start] in "(["
    found = units.unit_at(context, start, start, "2")
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
    rf"\dp$|/[a-z{EDGE} .]{{1,10}}$|\b(?:dollars|cents|euros|pounds)$"
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
    if name == "ct" and priced and not units.GEMS.search(context.around(match.start())):
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
