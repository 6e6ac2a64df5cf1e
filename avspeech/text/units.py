"""Units of measure, from one table (`tables/units.tsv`): symbols, prefixes and powers."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from avspeech.text import lists

_SMALL = {"p": "pico", "n": "nano", "µ": "micro", "m": "milli"}
PREFIXES = {
    "small": _SMALL,
    "metric": {
        **_SMALL,
        "f": "femto",
        "c": "centi",
        "d": "deci",
        "h": "hecto",
        "k": "kilo",
        "M": "mega",
        "G": "giga",
        "T": "tera",
        "P": "peta",
    },
}
# Powers are said before these, behind all others: "square meter", "second squared".
_LENGTHS = ("meter", "inch", "foot", "yard", "mile")
_POWERS = {"2": ("square", "squared"), "3": ("cubic", "cubed")}
# Prefixed symbols that are words: "pm", "has", "PA".
_WORDS = "pm Pm fl pl cs ds hs hm fm Ml TA PA hA MA pH PH dad".split()


@dataclass(frozen=True)
class Unit:
    """one, many: as said; care: behind a blank the symbol may be something else ("5 A grades", "5
    in a row")."""

    one: str
    many: str
    care: bool = False


@functools.lru_cache(maxsize=1)
def table() -> dict[str, Unit]:
    """{symbol: unit}, with those that prefixes make."""
    named: dict[str, Unit] = {}
    made: dict[str, Unit] = {}
    for symbols, one, many, prefixes, care in lists.rows("units.tsv", 5):
        for symbol in symbols.split(" "):
            named[symbol] = Unit(one, many, bool(care))
            for letter, name in PREFIXES.get(prefixes, {}).items():
                start = name[:-1] if one[0] == "o" and name[-1] == "o" else name
                made[letter + symbol] = Unit(start + one, start + many)
    for symbol in _WORDS:
        made.pop(symbol, None)
    return {**made, **named}


def find(symbol: str) -> Unit | None:
    """The unit of a symbol, with either sign for micro."""
    return table().get(symbol.replace("μ", "µ"))


def powered(unit: Unit, power: str) -> Unit:
    """A unit with its exponent: "m", "²" -> square meter; "s", "⁻¹" -> per second."""
    below = power.strip("^")[:1] in ("⁻", "-")
    power = power.strip("^⁻-¹1").replace("²", "2").replace("³", "3")
    if below:  # "10 s⁻¹"
        per = "per " + powered(unit, power).one
        return Unit(per, per)
    if not power:
        return unit
    before, behind = _POWERS[power]
    if unit.one.endswith(_LENGTHS):
        return Unit(f"{before} {unit.one}", f"{before} {unit.many}")
    return Unit(f"{unit.one} {behind}", f"{unit.many} {behind}")


def unit_with(unit: Unit, tail: str) -> Unit:
    """The unit with " per ..." behind it."""
    return Unit(unit.one + tail, unit.many + tail)


def said(unit: Unit, singular: bool) -> list[str]:
    """The words of a unit; letters are capitals."""
    return (unit.one if singular else unit.many).split()
