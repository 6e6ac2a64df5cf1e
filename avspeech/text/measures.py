"""A value's unit as it is written: a symbol, its powers, quotients and products."""

from __future__ import annotations

import dataclasses
import re

from avspeech.text import lists, unit_senses
from avspeech.text.rules import EDGE, Text
from avspeech.text.units import Unit, find, powered, table, unit_with

_SYMBOL = r"(?:°(?=-)|[A-Za-zµμΩÅ℃℉%‰′″°](?:[A-Za-zµμΩ-]*[A-Za-zµμΩ])?[☉⊙]?)"
_POWER = r"(?:[⁻-]?[²³¹]|\^-?[23]|[23](?!\d))"
_WHOLE = re.compile(
    rf"(\s?|-)((?:sq|cu|square|cubic|fl)(?:{EDGE}|\.(?=-))?[\s-])?({_SYMBOL})({_POWER})?"
    rf"((?:{EDGE}?\s?[/·⋅]\s?{_SYMBOL}{_POWER}?|[ ·⋅]{_SYMBOL}(?:⁻[¹²³]|\^-[123])"
    r"| (?:m|s|K|L|cm|kg|g|mol)-[123])*)"
    r"(?![^\W_]|[²³^])"
)
_PART = re.compile(rf"{EDGE}?\s?([/·⋅]|(?<!\s)\s)\s?({_SYMBOL})({_POWER}|\^?-[123])?")
# A column of a liquid, by which a pressure is measured: "760 mm Hg", "29.9 in. Hg", "10 cm H2O".
_COLUMN = re.compile(rf"(\s?|-)([mc]m|in){EDGE}?\s?(Hg|H[2₂]O)(?![^\W_])")
_INVERSE = re.compile(r"(\s?|-)([fp]b)(⁻¹|\^-1)(?![^\W_])")  # of data: "36 fb⁻¹"
_BRACKETED = re.compile(
    r"/\(([A-Za-zµΩ°]+)([²³])?[·⋅ *]([A-Za-zµΩ°]+)([²³])?(?:[·⋅ *]([A-Za-zµΩ°]+)([²³])?)?\)"
)

# A unit, where it ends, and whether a hyphen joins it to its value.
Found = tuple[Unit, int, bool]


def unit_at(context: Text, start: int, place: int, value: str) -> Found | None:
    """The unit that is written behind a value, where it ends, and whether a hyphen joins them.
    start: of the value; place: its end."""
    fixed = _fixed(context.view, place)
    match = _WHOLE.match(context.view, place)
    if fixed or match is None:
        return fixed
    gap, area, symbol, power, more = match.groups()
    if area and area.startswith("fl"):
        symbol, area = "fl_" + symbol, None
    symbol = unit_senses.as_in_table(context, symbol, match.end())
    measure = unit_senses.Measure(
        context, start, place, match.end(), value, gap, symbol, power or "", more or ""
    )
    symbol = unit_senses.entry(measure)
    if not symbol:
        return None
    measure = dataclasses.replace(measure, symbol=symbol)
    unit = find(symbol)
    if unit is None and area and context.word(symbol.lower()):
        unit = Unit(symbol, symbol)
    if unit is None and "-" in symbol and not gap and not more:
        return _joined(context, symbol, match.start(3))
    if unit is None:
        spelled = gap == " " and not power and more and symbol.islower() and context.word(symbol)
        degree = None if spelled else _DEGREE.match(context.behind(place))
        if degree is None:
            return None  # "20 miles/hour": the slash has a rule of its own
        unit = find("°" + degree.group(2))
        measure = dataclasses.replace(
            measure, end=place + degree.end(), gap="", power="", more=""
        )
    return _meant(measure, unit, area, match) if unit else None


def _fixed(view: str, place: int) -> Found | None:
    """A column of a liquid, or a unit of data."""
    column = _COLUMN.match(view, place)
    if column:
        length = table()[column[2]]
        liquid = " of mercury" if column[3] == "Hg" else " of water"
        return unit_with(length, liquid), column.end(), column[1] == "-"
    inverse = _INVERSE.match(view, place)
    if inverse:
        return table()[inverse[2] + inverse[3]], inverse.end(), inverse[1] == "-"
    return None


def _joined(context: Text, symbol: str, place: int) -> Found | None:
    """A unit that a word is joined to: "5V-tolerant". place: where the symbol begins."""
    head = symbol.partition("-")[0]
    unit, end = find(head), place + len(head)
    joined = unit and not unit.care and re.match(r"-[a-z]{3}", context.behind(end))
    return (unit, end, True) if unit and joined else None


def _meant(
    measure: unit_senses.Measure, unit: Unit, area: str | None, match: re.Match[str]
) -> Found | None:
    """The unit of a symbol that may be one, with its powers and what it is divided by."""
    context = measure.context
    hyphen = measure.gap == "-"
    if unit_senses.is_other(measure):
        return None
    if food := unit_senses.of_food(measure):
        return food, measure.end, hyphen
    if unit_senses.is_unsure(measure, unit):
        return None
    if measure.symbol in ("°", "deg"):  # "20 deg. C"
        scale = re.match(rf"{EDGE}?\s?([CFK])(?![^\W_])", measure.behind())
        if scale:
            unit = find("°" + scale.group(1)) or unit
            measure = dataclasses.replace(measure, end=measure.end + scale.end())
    unit = unit_senses.meant(measure, unit)
    if area:
        unit = powered(Unit(unit.one, unit.many), "3" if area.startswith("cu") else "2")
    unit = powered(unit, measure.power)
    bracketed = _BRACKETED.match(context.text, measure.end)
    if bracketed:  # "W/(m·K)"
        names = [g for g in zip(bracketed.groups()[::2], bracketed.groups()[1::2]) if g[0]]
        parts = [(find(name), raised) for name, raised in names]
        if all(part for part, _ in parts):
            tail = " ".join(powered(p, r or "").one for p, r in parts if p is not None)
            return unit_with(unit, " per " + tail), bracketed.end(), hyphen
    return _quotient(context, unit, match.start(5), measure)


def _quotient(
    context: Text, unit: Unit, place: int, measure: unit_senses.Measure
) -> Found | None:
    """A unit with what it is divided by or multiplied with. place: where that begins."""
    tail = ""
    hyphen = measure.gap == "-"
    for part in _PART.finditer(measure.more):
        sign, symbol, power = part.groups()
        other = find(symbol)
        degrees = unit.one.startswith("degree")  # "180 °C/gas mark 4"
        timed = symbol in lists.PERIODS | {"decade", "century"}
        if other is None and (timed or not degrees) and symbol.islower() and context.word(symbol):
            name = symbol.upper() if len(symbol) == 1 else symbol
            other = Unit(name, name)
        if sign == "/" and symbol in lists.PACKED:
            other = Unit(lists.PACKED[symbol], "")
        if other is None:
            if sign == "/":
                return unit_with(unit, tail), place + part.start(), hyphen
            return None
        below = sign == "/" or bool(power) and power.strip("^")[0] in "⁻-"
        raised = (power or "").lstrip("^⁻-").replace("1", "")
        other = powered(Unit(other.one, other.many), raised)
        tail += f" per {other.one}" if below else ""
        if not below:
            unit = Unit(f"{unit.one} {other.one}", f"{unit.one} {other.many}")
    return unit_with(unit, tail), measure.end, hyphen


_DEGREE = re.compile(r"(\s?)°\s?([CFK])(?![^\W_])")
