"""What the symbol of a unit stands for among its words, where it may stand for several units or
for none: "5 A" is a current in a circuit, and no mark of a school."""

from __future__ import annotations

import re
from dataclasses import dataclass

from avspeech.text import citations, lists, places
from avspeech.text.rules import EDGE, QUALITIES, Text
from avspeech.text.units import Unit

_COMPASS = ("N", "S", "E", "W")


@dataclass(frozen=True)
class Measure:
    """A value [start, place) and the symbol of a unit behind it, up to `end`. value: as written;
    gap: what is between both, "", " " or "-"; symbol: as in the table; power: its exponent; more:
    the rest of a quotient or a product."""

    context: Text
    start: int
    place: int
    end: int
    value: str
    gap: str
    symbol: str
    power: str
    more: str

    def before(self, size: int) -> str:
        """So many characters before the value."""
        return self.context.text[max(0, self.start - size) : self.start]

    def behind(self) -> str:
        """Some characters behind the symbol."""
        return self.context.behind(self.end)


# Units in capitals, and with one, that are nothing else.
_LOUD = frozenset("FT LB LBS OZ YD YDS MIN MINS HRS YRS PTS TBSP TSP KM KG IN".split())
_TITLED = frozenset("Ft Lb Lbs Oz Yd Yds Min Mins Mi Hr Hrs Yr Yrs Pts Tbsp Tsp Km Kg".split())


def as_in_table(context: Text, symbol: str, end: int) -> str:
    """A symbol that is written with capitals as the table has it: "6 FT TALL", "a 20 Ft. Well",
    but neither "5 Min 3" nor "2 FT journalists"."""
    if symbol not in _LOUD | _TITLED or re.match(rf"{EDGE}? ?[\d-]", context.behind(end)):
        return symbol
    following = context.after(end)
    if following.islower() and following not in lists.NOT_NOUNS | _BEHIND_INCHES:
        return symbol
    dotted = context.text[end : end + 1] == "."
    if symbol in ("Mi", "Hr", "Yr", "IN") and not dotted:
        return symbol
    if symbol == "Pts" and dotted and not context.headline(end):
        return symbol  # "The book has 3 Pts. and an index."
    return symbol.lower()


def entry(measure: Measure) -> str:
    """The symbol under which the table has what is meant; "" where no unit is: "62 y/o"."""
    symbol, context = measure.symbol, measure.context
    if symbol == "y" and measure.more:
        return ""
    if symbol == "NM":  # New Mexico: "10 NM residents"
        near = context.text[max(0, measure.start - 80) : measure.end + 40]
        state = _ROADS.search(measure.before(10)) or _OF_STATE.match(measure.behind())
        return "" if state and not _AT_SEA.search(near) else symbol
    other = (
        symbol == "c" and not measure.more  # cups, and only of something
        or symbol == "SF" and re.search(r"\d{3}$", measure.value)  # fewer are of baseball
        or symbol == "pp" and "." in measure.value  # whole ones are pages
    )
    return symbol + "_" if other else symbol


def is_other(measure: Measure) -> bool:
    """Whether a symbol is a part of something else, whatever its unit may be."""
    symbol, context = measure.symbol, measure.context
    if len(symbol) == 1 and _in_name(measure):
        return True
    if symbol in _COMPASS and _directs(measure):
        return True
    named = measure.place + len(measure.gap)
    if symbol[0] in "SLFPANC" and citations.reported(context.text, named):
        return True  # "87 S. Ct. 1428"
    coded = not measure.gap and len(measure.value) == 1
    if coded and symbol in ("AU", "BA", "BR", "PA", "HP") and _POSTCODE.search(measure.before(6)):
        return True  # "Glasgow G12 8AU"
    sized = symbol in ("W", "M", "N", "A", "D")
    if sized and context.before(measure.start).lower() in ("size", "sz"):
        return True  # how wide a shoe is: "size 10½ W"
    if symbol == "cal" and re.match(rf"{EDGE} (?:mo|yr|year|day)", measure.behind()):
        return True  # "1.5 cal. mos."
    near = context.text[max(0, measure.start - 40) : measure.end + 40]
    return symbol in ("H", "K", "W") and _PLAYED.search(near) is not None  # "6 IP, 3 H, 9 K"


def _in_name(measure: Measure) -> bool:
    """Whether a single letter is a part of a name."""
    symbol, power = measure.symbol, measure.power
    if re.match(r"\.[A-Za-z]|&", measure.behind()):
        return True  # "300 B.C.", "130 C&J"
    around = measure.context.text[max(0, measure.start - 8) : measure.end + 3]
    if measure.gap and _SIGNED.search(around):
        return True  # who has the rights: "© 2019–24 J. Wu"
    if symbol.isupper() and power and power.isascii() and power.isdigit():
        return True  # a molecule or a name: "2 H2 + O2", "No. 9,876,543 B2"
    return re.search(r"[A-Z]{2}/$", measure.before(3)) is not None  # a strain: "C57BL/6J"


def _directs(measure: Measure) -> bool:
    """Whether a letter is a part of a town or the way of a road: "19 W. 44th St.", "Rte. 9W",
    "US-1 S / Hwy. 17"."""
    if not measure.gap:
        return _ROADS.search(measure.before(10)) is not None
    text = measure.context.text
    street = not measure.more and places.heads_street(text, measure.end)
    return places.on_highway(text, measure.start) or street


def of_food(measure: Measure) -> Unit | None:
    """What a symbol stands for before what a cook takes: "3 pt. cream", "2 t vanilla"."""
    # "60 C water"
    hot = measure.symbol == "C" and len(re.sub(r"\D.*", "", measure.value)) > 1
    unit = _OF_FOOD.get(measure.symbol)
    return unit if unit and not hot and _food(measure.context, measure.end) else None


def is_unsure(measure: Measure, unit: Unit) -> bool:
    """Whether a symbol may stand for something else, and nothing tells that its unit is meant."""
    symbol, gap = measure.symbol, measure.gap
    if gap == "-":
        vague = unit.care and len(symbol) == 1 and "." not in measure.value
        if not symbol.isalpha() or vague or re.match(r"-\d", measure.behind()):
            return True  # "1-in-10"
    if not unit.care or measure.more:
        return False
    if not gap:
        lone = len(symbol.rstrip("_")) == 1  # "4K", "5A"
        return lone and not (_carried(measure) or _warm(measure))
    return not measure.power and not _sure(measure)


def _carried(measure: Measure) -> bool:
    """Whether an A is a current: "a 24 V, 5 A relay", "10 A fuses"."""
    if measure.symbol != "A":
        return False
    carrying = measure.context.after(measure.end) in _CARRYING
    return carrying or _VOLTS.search(measure.before(12)) is not None


def _warm(measure: Measure) -> bool:
    """Whether a letter is a temperature's."""
    return measure.symbol in ("F", "C") and bool(
        measure.context.view[measure.start] in "-−"
        or re.search(r"\d{2,3} ?°?C/$", measure.before(7))
        or _SCALES.match(measure.context.text, measure.end)
        or _HEAT.search(measure.before(24))
    )


def _sure(measure: Measure) -> bool:
    """Whether a symbol behind a blank that may be something else is the unit: at the end of a
    clause, before a word that cannot follow a noun's adjective, or behind "a" or "the"."""
    symbol, context = measure.symbol, measure.context
    following = context.after(measure.end)
    if symbol == "c_":
        return _filled(measure)
    if symbol == "y" and re.match(r" ?[=+−×≈<>-]", measure.behind()):
        return False  # a variable
    if symbol == "mb":  # of the air, not of a file
        return _PRESSED.fullmatch(measure.value) is not None
    if symbol == "M":
        chemical = _CHEMICAL.fullmatch(following)
        return "." in measure.value and (not following or chemical is not None)
    if _carried(measure):
        return True
    if symbol in ("in", "ins"):
        return _inches(measure)
    if following and following.lower() not in lists.NOT_NOUNS | QUALITIES:
        near = context.words_before(measure.start)[:1]
        graded = following in ("grades", "grade", "students")
        return bool(near) and near[0].lower() in ("a", "an", "the") and not graded
    return True


def _filled(measure: Measure) -> bool:
    """Whether a c is a cup of something: "1 c (240 ml)", "1 c. + 2 T."."""
    behind = measure.behind()
    ends = re.match(rf"{EDGE}*(?:$|{EDGE})", behind) is not None
    if ends and _STIRRED.search(measure.context.around(measure.start)) or _FILLED.match(behind):
        return True
    stuff = re.match(rf"[ {EDGE}]+(?:[A-Z]{{2}} )?{_STATE}([a-z]+|H[2₂]O)", behind)
    return stuff is not None and stuff.group(1) not in lists.NOT_NOUNS


def _inches(measure: Measure) -> bool:
    """Whether "in" is a length."""
    context, start = measure.context, measure.start
    if re.search(r"(?:ft|feet|foot|')\s*$", context.view[:start]):
        return True
    if re.match(r"\s*['’]?[\d$£€]|\s+\.[a-z]", measure.behind()):
        return False
    following = context.after(measure.end).lower()
    if not following or following in _BEHIND_INCHES:
        return True
    return context.determined(start) and following not in lists.NOT_NOUNS


def meant(measure: Measure, unit: Unit) -> Unit:
    """The unit that a symbol stands for among its words."""
    symbol, context = measure.symbol, measure.context
    if unit.one.endswith(" years ago"):
        age = unit.one[: -len("s ago")]
        if context.after(measure.end) in ("old", "ago"):
            unit = Unit(age + "s", age + "s")
        elif context.adjective(measure.start, measure.end):  # "the 66 Ma event"
            unit = Unit(age + " old", age + " old")
    if symbol == "m" and not measure.gap and not measure.more:
        near = measure.before(60)
        if _TIMED.search(near):
            unit = Unit("minute", "minutes")  # "Prep: 15m"
        elif _SOLD.search(near):
            unit = Unit("million", "million")  # "sales of 3.4m"
    near = context.text[max(0, measure.start - 80) : measure.end + 40]
    for words, other in _BY_WORDS.get(symbol, ()):
        if words.search(near):
            unit = other
    if symbol == "ct" and measure.value.isdigit():
        packed = measure.gap == "-" and not GEMS.search(context.around(measure.start))
        if packed or int(measure.value) >= 20:
            unit = Unit("count", "count")  # in a pack; jewels have fewer carats
    return unit


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
_OF_FOOD = {
    "pt": Unit("pint", "pints"),
    "pts": Unit("pint", "pints"),
    "T": Unit("tablespoon", "tablespoons"),
    "t": Unit("teaspoon", "teaspoons"),
    "Tb": Unit("tablespoon", "tablespoons"),
    "C": Unit("cup", "cups"),
}


# How a stuff is that a cook takes.
_STATE = (
    r"(?:(?:cold|warm|hot|boiling|fresh|heavy|whole|light|dry|plain|canned|frozen) )?"
)


def _food(context: Text, end: int) -> bool:
    """Whether something that a cook takes follows."""
    stuff = re.match(
        rf"[ {EDGE}]+{_STATE}([a-z]+)",
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
_PRESSED = re.compile(r"(?:8[5-9]\d|9\d\d|10\d\d)(?:\.\d)?")
_CHEMICAL = re.compile(r"(?:[A-Z][a-z]?\d?){1,6}|of|soln|solution|stock|acid|base")
_BEHIND_INCHES = frozenset(
    "wide tall long thick deep high across by x of and or is was each apart away below above "
    "longer shorter taller wider".split()
)
