"""Units of measure, from one table (`tables/units.tsv`): symbols, prefixes, powers and
quotients."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from avspeech.text import citations, lists, places
from avspeech.text.rules import EDGE, QUALITIES, Text

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
_COMPASS = ("N", "S", "E", "W")
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
    # Prefixed symbols that are words: "pm", "has", "PA".
    for symbol in (
        "pm",
        "Pm",
        "fl",
        "pl",
        "dl",
        "hl",
        "cs",
        "ds",
        "hs",
        "dm",
        "hm",
        "fm",
        "Ml",
        "TA",
        "PA",
        "hA",
        "MA",
        "pH",
        "PH",
        "dad",
    ):
        if symbol not in ("dl", "hl", "dm"):
            made.pop(symbol, None)
    return {**made, **named}


def _find(symbol: str) -> Unit | None:
    return table().get(symbol.replace("μ", "µ"))


def _powered(unit: Unit, power: str) -> Unit:
    below = power.strip("^")[:1] in ("⁻", "-")
    power = power.strip("^⁻-¹1").replace("²", "2").replace("³", "3")
    if below:  # "10 s⁻¹"
        per = "per " + _powered(unit, power).one
        return Unit(per, per)
    if not power:
        return unit
    before, behind = _POWERS[power]
    if unit.one.endswith(_LENGTHS):
        return Unit(f"{before} {unit.one}", f"{before} {unit.many}")
    return Unit(f"{unit.one} {behind}", f"{unit.many} {behind}")


def unit_at(context: Text, start: int, place: int, value: str) -> tuple[Unit, int, bool] | None:
    """The unit that is written behind a value, where it ends, and whether a hyphen joins them.
    start: of the value; place: its end."""
    column = _COLUMN.match(context.view, place)
    length = _find(column[2]) if column else None
    if column and length:
        return (
            unit_with(length, " of mercury" if column[3] == "Hg" else " of water"),
            column.end(),
            column[1] == "-",
        )
    match = _WHOLE.match(context.view, place)
    inverse = _INVERSE.match(context.view, place)
    if inverse:
        return table()[inverse[2] + inverse[3]], inverse.end(), inverse[1] == "-"
    if match is None:
        return None
    gap, area, symbol, power, more = match.groups()
    if area and area.startswith("fl"):
        symbol, area = "fl_" + symbol, None
    if symbol == "y" and more:
        return None  # "62 y/o"
    if symbol == "c" and not more:
        symbol = "c_"  # cups, and only of something
    if symbol == "SF" and re.search(r"\d{3}$", value):
        symbol = "SF_"  # fewer are of baseball
    if symbol == "NM" and not _AT_SEA.search(context.text[max(0, start - 80) : match.end() + 40]):
        road = _ROADS.search(context.text[max(0, start - 10) : start])
        if road or _OF_STATE.match(context.behind(match.end())):
            return None  # New Mexico: "10 NM residents"
    if symbol == "pp" and "." in value:
        symbol = "pp_"  # whole ones are pages
    unit = _find(symbol)
    if unit is None and area and context.word(symbol.lower()):
        unit = Unit(symbol, symbol)
    end = match.end()
    head = symbol.partition("-")[0]
    if unit is None and "-" in symbol and not gap and not more:  # "5V-tolerant"
        unit, end = _find(head), match.start(3) + len(head)
        sure = unit and not unit.care and re.match(r"-[a-z]{3}", context.behind(end))
        return (unit, end, True) if unit and sure else None
    if (
        unit is None
        and gap == " "
        and not power
        and more
        and symbol.islower()
        and context.word(symbol)
    ):
        return None  # "20 miles/hour": the slash has a rule of its own
    if unit is None:
        degree = re.match(r"(\s?)°\s?([CFK])(?![^\W_])", context.behind(place))
        if degree is None:
            return None
        unit, end = _find("°" + degree.group(2)), place + degree.end()
        gap = power = more = ""
        assert unit is not None
    if len(symbol) == 1 and re.match(r"\.[A-Za-z]|&", context.behind(end)):
        return None  # "300 B.C.", "130 C&J"
    if gap and len(symbol) == 1 and _SIGNED.search(context.text[max(0, start - 8) : end + 3]):
        return None  # who has the rights: "© 2019–24 J. Wu"
    if len(symbol) == 1 and symbol.isupper() and power and power.isascii() and power.isdigit():
        return None  # a molecule or a name: "2 H2 + O2", "No. 9,876,543 B2"
    if symbol in _COMPASS and not gap and _ROADS.search(context.text[max(0, start - 10) : start]):
        return None  # "Rte. 9W"
    if len(symbol) == 1 and re.search(r"[A-Z]{2}/$", context.text[max(0, start - 3) : start]):
        return None  # a strain: "C57BL/6J"
    if symbol[0] in "SLFPANC" and citations.reported(context.text, place + len(gap)):
        return None  # "87 S. Ct. 1428"
    if symbol in _COMPASS and gap and _directs(context, start, end, more):
        return None  # "19 W. 44th St."
    coded = not gap and len(value) == 1 and symbol in ("AU", "BA", "BR", "PA", "HP")
    if coded and _POSTCODE.search(context.text[max(0, start - 6) : start]):
        return None  # "Glasgow G12 8AU"
    if symbol in ("W", "M", "N", "A", "D") and context.before(start).lower() in ("size", "sz"):
        return None  # how wide a shoe is: "size 10½ W"
    if symbol == "cal" and re.match(rf"{EDGE} (?:mo|yr|year|day)", context.behind(end)):
        return None  # "1.5 cal. mos."
    if symbol in ("H", "K", "W") and _PLAYED.search(context.text[max(0, start - 40) : end + 40]):
        return None  # "6 IP, 3 H, 9 K"
    hot = symbol == "C" and len(re.sub(r"\D.*", "", value)) > 1  # "60 C water"
    if symbol in _OF_FOOD and not hot and _food(context, end):
        unit = _OF_FOOD[symbol]
        return unit, end, gap == "-"
    vague = unit.care and len(symbol) == 1 and "." not in value
    if gap == "-" and (not symbol.isalpha() or vague):
        return None
    if gap == "-" and re.match(r"-\d", context.behind(end)):
        return None  # "1-in-10"
    amperes = symbol == "A" and (
        _VOLTS.search(context.text[max(0, start - 12) : start]) is not None
        or context.after(end) in _CARRYING
    )
    heat = symbol in ("F", "C") and (
        context.view[start] in "-−"
        or re.search(r"\d{2,3} ?°?C/$", context.text[max(0, start - 7) : start])
        or _SCALES.match(context.text, end)
        or _HEAT.search(context.text[max(0, start - 24) : start])
    )
    lone = unit.care and not gap and len(symbol.rstrip("_")) == 1 and not more
    if lone and not (amperes or heat):
        return None  # "4K", "5A"
    if (
        unit.care
        and gap
        and not more
        and not power
        and not _sure(context, start, end, symbol, value)
    ):
        return None
    if symbol in ("°", "deg"):  # "20 deg. C"
        scale = re.match(rf"{EDGE}?\s?([CFK])(?![^\W_])", context.behind(end))
        if scale:
            unit, end = _find("°" + scale.group(1)) or unit, end + scale.end()
    if unit.one.endswith(" years ago"):
        age = unit.one[: -len("s ago")]
        if context.after(end) in ("old", "ago"):
            unit = Unit(age + "s", age + "s")
        elif context.adjective(start, end):  # "the 66 Ma event"
            unit = Unit(age + " old", age + " old")
    near = context.text[max(0, start - 60) : start]
    if symbol == "m" and not gap and not more and _SOLD.search(near):
        unit = Unit("million", "million")  # "sales of 3.4m"
    if symbol == "m" and not gap and not more and _TIMED.search(near):
        unit = Unit("minute", "minutes")  # "Prep: 15m"
    if area:
        unit = _powered(Unit(unit.one, unit.many), "3" if area.startswith("cu") else "2")
    for words, other in _BY_WORDS.get(symbol, ()):
        if words.search(context.text[max(0, start - 80) : end + 40]):
            unit = other
    packed = gap == "-" and not GEMS.search(context.around(start))
    if symbol == "ct" and value.isdigit() and (packed or int(value) >= 20):
        unit = Unit("count", "count")  # in a pack; jewels have fewer carats
    unit = _powered(unit, power or "")
    bracketed = _BRACKETED.match(context.text, end)
    if bracketed:  # "W/(m·K)"
        names = [g for g in zip(bracketed.groups()[::2], bracketed.groups()[1::2]) if g[0]]
        parts = [(_find(name), raised) for name, raised in names]
        if all(part for part, _ in parts):
            tail = " ".join(_powered(p, r or "").one for p, r in parts if p is not None)
            return unit_with(unit, " per " + tail), bracketed.end(), gap == "-"
    return _quotient(context, unit, match, more, end, gap)


def _quotient(
    context: Text, unit: Unit, match: re.Match[str], more: str, end: int, gap: str
) -> tuple[Unit, int, bool] | None:
    tail = ""
    place = match.start(5)
    for part in _PART.finditer(more or ""):
        sign, symbol, power = part.groups()
        other = _find(symbol)
        degrees = unit.one.startswith("degree")  # "180 °C/gas mark 4"
        timed = symbol in lists.PERIODS | {"decade", "century"}
        if other is None and (timed or not degrees) and symbol.islower() and context.word(symbol):
            name = symbol.upper() if len(symbol) == 1 else symbol
            other = Unit(name, name)
        if sign == "/" and symbol in lists.PACKED:
            other = Unit(lists.PACKED[symbol], "")
        if other is None:
            if sign == "/":
                return unit_with(unit, tail), place + part.start(), gap == "-"
            return None
        below = sign == "/" or bool(power) and power.strip("^")[0] in "⁻-"
        raised = (power or "").lstrip("^⁻-").replace("1", "")
        other = _powered(Unit(other.one, other.many), raised)
        tail += f" per {other.one}" if below else ""
        if not below:
            unit = Unit(f"{unit.one} {other.one}", f"{unit.one} {other.many}")
    return unit_with(unit, tail), end, gap == "-"


def unit_with(unit: Unit, tail: str) -> Unit:
    """The unit with " per ..." behind it."""
    return Unit(unit.one + tail, unit.many + tail)


_HEAT = re.compile(
    r"\b(?:bak(?:e[ds]?|ing)|oven|preheat\w*|roast\w*|temps?|temperatures?|chill|highs?|lows?)\b"
    r"[^\d]*(?:\d+ ?[CF]/)?$",
    re.IGNORECASE,
)
_FILLED = re.compile(
    rf"{EDGE}? (?:{EDGE}\d+ ?m[lL]|\+ \d+ ?T)|{EDGE}?/\d+ ?(?:g|m[lL]|oz)\b"
)
_STIRRED = re.compile(
    r"\b(?:stir\w*|simmer\w*|whisk\w*|cups?|tbsp|tsp|flour|sugar|bake\w*|boil\w*)\b", re.I
)
_SCALES = re.compile(r"/\d{2,3} ?(?:°? ?F|C)\b")  # "180C/350F"
_VOLTS = re.compile(r"\d ?(?:k?V|V[AD]C|Hz)\W{1,4}$")
_SIGNED = re.compile(r"(?:©|\([cC]\)|\d\d[-–,]) ?\d{2,4} [A-Z]\. [A-Z]$")
_ROADS = re.compile(r"\b(?:Rte|Route|Hwy|Highway|Exit|US|I|SR|Rd|Road)\.?[ -]$")
_OF_STATE = re.compile(
    r" (?!(?:north|south|east|west)|(?:from|out|away|apart|wide|long|or|and|to|at|per|in|is|was)\b)"
    "[a-z]"
)
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? $")
_PLAYED = re.compile(r"\d (?:IP|ER|BB|HR|AB|RBI|SO)\b")
GEMS = re.compile(r"\b(?:diamonds?|gold|rings?|emeralds?|ruby|sapphires?|stones?|gems?)\b")
# What these stand for before what a cook takes: "3 pt. cream", "2 t vanilla".
_OF_FOOD = {
    "pt": Unit("pint", "pints"),
    "pts": Unit("pint", "pints"),
    "T": Unit("tablespoon", "tablespoons"),
    "t": Unit("teaspoon", "teaspoons"),
    "Tb": Unit("tablespoon", "tablespoons"),
    "C": Unit("cup", "cups"),
}


def _food(context: Text, end: int) -> bool:
    """Whether something that a cook takes follows."""
    stuff = re.match(
        rf"[ {EDGE}]+(?:(?:cold|warm|hot|boiling|fresh|heavy|whole|light|dry|plain"
        r"|canned|frozen) )?"
        r"([a-z]+)",
        context.behind(end),
    )
    return stuff is not None and stuff.group(1) in lists.FOODS


_SOLD = re.compile(
    r"\b(?:sales|users|subscribers|customers|downloads|views|viewers|votes|visitors|followers"
    r"|copies|population|pop\.|revenues?|profits?|turnover|audience)(?!\w)(?:[^.!?]|\.(?=\d))*$",
    re.IGNORECASE,
)
_TIMED = re.compile(
    r"\b(?:prep|cook|bake|rest|chill|marinate|active|duration|runtime|run ?time|ETA|wait|timeout)"
    r"(?: time)?:? $",
    re.IGNORECASE,
)
# Where a letter is no temperature.
_ELECTRIC = (
    r"10[⁻^]|capaci|farad|coulomb|charge|electr|batter|circuit"
    r"|\d ?[µnpkm]?[FVAΩW]\b.*\b[VΩ]\b"
)
_WARM = re.compile(rf"\A(?!.*(?:{_ELECTRIC}))", re.DOTALL | re.IGNORECASE)
_RATES = re.compile(
    r"\b(?:rates?|hikes?|cuts?|yields?|spreads?|fed|ecb|central|margins?|mortgage"
    r"|tightening|bonds?|loans?|coupons?|notes?|t-bills?|\d-(?:yr|year)|sofr|libor"
    r"|euribor|treasur\w+|y/y|q/q|yoy|qoq|ro[aei]|roic|ebitda|widen\w*|narrow\w*)\b"
    r"|^(?!.*\b(?:[kMG]bps|modem|baud|loss|link|errors?)\b).*\d ?%",  # "up 20 bps to 2%"
    re.IGNORECASE,
)
_AT_SEA = re.compile(
    r"\b(?:winds?|seas|swells?|offshore|coast|ships?|vessels?|yacht|sail\w*|port|harbor"
    r"|knots|kts?|visibility|vis|airport|runway)\b",
    re.IGNORECASE,
)
CLINICAL = re.compile(
    r"\b(?:[Pp]atients?|enroll?ed|[Rr]andomi[sz]ed|(?:mean|median) age|placebo|cohort|treated"
    r"|admitted|surgery|symptoms?)\b"
)
_GENES = re.compile(
    r"\b(?:genes?|genom\w+|DNA|RNA|cDNA|PCR|plasmids?|chromosom\w+|exons?|introns?|primers?"
    r"|amplicons?|loci|locus|contigs?|reads)\b"
)
_GAMES = re.compile(
    r"\b(?:lvl|level|mage|boss|heal\w*|potions?|damage|dmg|armor|monsters?|spells?|AC"
    r"|\d?d\d+|MP|XP)\b",
    re.IGNORECASE,
)
# By how much a horse won: "won by 2 l."
_RACED = re.compile(
    r"\b(?:w[io]ns?|beat\w*|lost|second|third|\d(?:nd|rd|th)),? by [\d½¼¾ ./-]+ l(?!\w)"
)
_BASIS_POINT = Unit("basis point", "basis points")
# {symbol: (words near it, what it stands for then)}
_BY_WORDS = {
    "F": ((_WARM, Unit("degree fahrenheit", "degrees fahrenheit")),),
    "C": ((_WARM, Unit("degree celsius", "degrees celsius")),),
    "pts": ((CLINICAL, Unit("patient", "patients")),),
    "l": ((_RACED, Unit("length", "lengths")),),
    **{
        symbol: ((_GENES, Unit(name + "base", name + "bases")),)
        for symbol, name in (("kb", "kilo"), ("Mb", "mega"), ("Gb", "giga"))
    },
    "HP": ((_GAMES, Unit("hit point", "hit points")),),
    "pc": ((re.compile(r"\d-pc\b|\bpc\.? (?:sets?|kits?|lots?)\b"), Unit("piece", "pieces")),),
    "bps": ((_RATES, _BASIS_POINT),),
    "bp": ((_RATES, _BASIS_POINT),),
    "GB": (
        (
            re.compile(
                r"\b(?:magic n(?:o|umber)|[AN]L|standings|wild[- ]card|pennant"
                r"|(?:first|1st) place)\b"
            ),
            Unit("game back", "games back"),
        ),
    ),
    "nm": ((_AT_SEA, Unit("nautical mile", "nautical miles")),),
}


# What a current goes through: "a 15A fuse".
_CARRYING = frozenset("fuse fuses breaker breakers adapter charger circuit circuits outlet".split())


def _directs(context: Text, start: int, end: int, more: str) -> bool:
    """Whether a letter is a part of a town: a street or a highway has it. more: what seems to
    be the rest of a unit: "US-1 S / Hwy. 17"."""
    highway = places.on_highway(context.text, start)
    return highway or not more and places.heads_street(context.text, end)


_PRESSED = re.compile(r"(?:8[5-9]\d|9\d\d|10\d\d)(?:\.\d)?")


def _sure(context: Text, start: int, end: int, symbol: str, value: str) -> bool:
    """Whether a symbol that may be something else is the unit: at the end of a clause, before a
    word that cannot follow a noun's adjective, or behind "a" or "the"."""
    following = context.after(end)
    digit = re.match(r"\s*['’]?[\d$£€]|\s+\.[a-z]", context.behind(end))
    if symbol == "c_":
        stuff = re.match(rf"[ {EDGE}]+(?:[A-Z]{{2}} )?([a-z]+)", context.behind(end))
        # "1 c (240 ml)", "1 c. + 2 T."
        closed = re.match(rf"{EDGE}*(?:$|{EDGE})", context.behind(end)) and _STIRRED.search(
            context.around(start)
        )
        filled = closed or _FILLED.match(context.behind(end))
        return bool(filled) or stuff is not None and stuff.group(1) not in lists.NOT_NOUNS
    if symbol == "y" and re.match(r" ?[=+−×≈<>-]", context.behind(end)):
        return False  # a variable
    if symbol == "mb":  # of the air, not of a file
        return _PRESSED.fullmatch(value) is not None
    if symbol == "M":
        chemical = re.fullmatch(
            r"(?:[A-Z][a-z]?\d?){1,6}|of|soln|solution|stock|acid|base", following
        )
        return "." in value and (not following or chemical is not None)
    if symbol == "A" and (
        following in _CARRYING or _VOLTS.search(context.text[max(0, start - 12) : start])
    ):
        return True  # "a 24 V, 5 A relay", "10 A fuses"
    if symbol in ("in", "ins"):
        if re.search(r"(?:ft|feet|foot|')\s*$", context.view[:start]):
            return True
        if (
            digit
            or following
            and following.lower()
            not in (
                "wide",
                "tall",
                "long",
                "thick",
                "deep",
                "high",
                "across",
                "by",
                "x",
                "of",
                "and",
                "or",
                "is",
                "was",
                "each",
                "apart",
                "away",
                "below",
                "above",
                "longer",
                "shorter",
                "taller",
                "wider",
            )
        ):
            return (
                not digit and context.determined(start) and following.lower() not in lists.NOT_NOUNS
            )
        return True
    if following and following.lower() not in lists.NOT_NOUNS | QUALITIES:
        near = context.words_before(start)
        return (
            bool(near)
            and near[0].lower() in ("a", "an", "the")
            and following not in ("grades", "grade", "students")
        )
    return True


def said(unit: Unit, singular: bool) -> list[str]:
    """The words of a unit; letters are capitals."""
    return (unit.one if singular else unit.many).split()
