"""What the rules look up: the tables of `tables/`, and short lists of words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "tables"


def rows(name: str, columns: int) -> list[list[str]]:
    """The rows of a table in the package, each of so many columns; lines that begin with "# " are
    remarks."""
    found = []
    for line in (FOLDER / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            cells = line.split("\t")
            found.append([*cells, *[""] * (columns - len(cells))])
    return found


_WORDS = {row[0]: frozenset(row[1].split()) for row in rows("words.tsv", 2)}


def words(name: str) -> frozenset[str]:
    """A list of `tables/words.tsv`."""
    return _WORDS[name]


MONTH_NAMES = (
    "january february march april may june july august september october november december"
).split()
DAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS = {
    **{m.title(): m for m in MONTH_NAMES},
    **{m[:3].title(): m for m in MONTH_NAMES},
    "Sept": "september",
}

def any_of(names: Iterable[str]) -> str:
    """A pattern for any of some names, the longest first; those of one first letter are together,
    so that few of them are tried at a place. Not for a pattern that ignores case, where "A" and "a"
    would be two groups, the first of which could take a shorter name."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        groups.setdefault(name[0], []).append(re.escape(name[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(ends)})" for first, ends in groups.items())


# Sign or code: (one, many, one of the small coin, many).
MONEY = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows("money.tsv", 5)}
SIZES = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "mm": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
    "thousand": "thousand",
    "million": "million",
    "billion": "billion",
    "trillion": "trillion",
    "crore": "crore",
    "lakh": "lakh",
}
# What letters behind a price say: "£45pp".
EACH = {"pp": "per person", "pw": "per week", "pcm": "per calendar month", "ea": "each"}
# Behind a slash.
PACKED = {
    "doz": "dozen",
    "pc": "piece",
    "btl": "bottle",
    "pkg": "package",
    "pkt": "packet",
    "cs": "case",
    "sh": "share",
    "cust": "customer",
    "grp": "group",
    "qtr": "quarter",
    "nt": "night",
    "sem": "semester",
    "oct": "octave",
    "dec": "decade",
    "rev": "revolution",
    "div": "division",
}
# Behind the caliber of a gun.
GUNS = words("lists.guns")
# Said as two numbers wherever they stand.
PAIRS = frozenset({"24/7", "50/50", "9/11", "20/20", "7/11", "60/40", "80/20", "18/8", "18/10"})
FRACTIONS = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅕": (1, 5),
    "⅖": (2, 5),
    "⅗": (3, 5),
    "⅘": (4, 5),
    "⅙": (1, 6),
    "⅚": (5, 6),
    "⅐": (1, 7),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
    "⅑": (1, 9),
    "⅒": (1, 10),
}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _abbreviations() -> dict[str, list[tuple[list[str], frozenset[str]]]]:
    found: dict[str, list[tuple[list[str], frozenset[str]]]] = {}
    for name, said, kinds in rows("abbreviations.tsv", 3):
        found.setdefault(name, []).append((said.split(), frozenset(kinds.split())))
    return found


# {abbreviation: its rows (words, kinds), of which the first that fits is taken}
ABBREVIATIONS = _abbreviations()
BARE = frozenset(
    name for name, found in ABBREVIATIONS.items() if any("bare" in kinds for _, kinds in found)
)
BARE |= {
    name.title()
    for name in BARE
    if name.islower() and name != "mos" and name.title() not in ABBREVIATIONS
}
# Those that need no period before a number: "Rm 212".
COUNTING = frozenset(
    name for name, found in ABBREVIATIONS.items() if any("digit" in kinds for _, kinds in found)
)
# Those that need none where the rest of their row holds: "ch 3" where one knits.
OPEN = frozenset(
    name for name, found in ABBREVIATIONS.items() if any("open" in kinds for _, kinds in found)
)
DOTTED = {row[0]: row[1].split() for row in rows("dotted.tsv", 2)}
WRITTEN = {row[0]: row[1].split() for row in rows("written.tsv", 2)}
# At the beginning of a sentence: "Tmrw", "Gr8".
WRITTEN = {
    **{name[0].upper() + name[1:]: said for name, said in WRITTEN.items()
       if name.islower() and name[0].isalpha() and len(name) > 2
       and name.title() not in ABBREVIATIONS},
    **WRITTEN,
}
STATE_NAMES = words("lists.state_names")
STATES = words("lists.states")
# What is named by the street it is in: "Main St. Bridge"; those of them that are surnames too.
BY_STREETS = words("lists.by_streets")
CONTRACTIONS = words("lists.contractions")
SURNAMES = words("lists.surnames")

# Words that begin a sentence behind "U.S." or "etc.", rather than going on with a name.
OPENERS = words("lists.openers")
# Before a Roman numeral that counts.
COUNTED = words("lists.counted")
# Before one that tells kings and popes apart; any name is one behind a word of RANKS.
RULERS = words("lists.rulers")
RANKS = words("lists.ranks")
GIVEN = words("lists.given")
AGES = frozenset("century dynasty olympiad congress corps legion army".split())

# Capitals said as a word, though they look like an abbreviation.
SAID = words("lists.said")
# Capitals that are spelled, though there is such a word. ("DO NOT" and "IT IS" are shouts: see
# `shouted`.)
SPELLED = words("lists.spelled") - {"HER", "TEN", "FAT", "ADD", "TOR", "RE", "LA"}
# Spelled within a shout too.
LETTERS = words("lists.letters")
# Words too, but letters where soldiers are.
FALLEN = frozenset(("KIA", "WIA"))
SHORT_WORDS = words("lists.short_words")
# Of these even two letters in capitals beside another say that a line is shouted.
STRONG_SHORT = SHORT_WORDS - frozenset("or ok ha ma pa us it".split())
# Spoken digit by digit.
BY_DIGIT = frozenset({"911", "999", "112", "411", "007"})
# Before three digits that are said as one and two: "room two thirty seven".
NUMBERED = words("lists.numbered")
# Before the number of a version.
RELEASED = words("lists.released")
CALLS = frozenset("call dial phone text ring fax at tel telephone".split())
CODES = words("lists.codes")

# What a recipe takes by the pint or the spoon.
FOODS = words("lists.foods")
# Before two numbers with a hyphen that are one name: "Figure 4-2".
CODED = words("lists.coded")
# Before two numbers with a slash that are two of them: "pins 4/5".
PAIRED = words("lists.paired")

# Before a capital A that is the letter.
LETTERED = words("lists.lettered")
# Behind a capital A that is the letter.
AFTER_LETTER = words("lists.after_letter")

# What may stand behind "per", or behind a slash that is said so.
PERIODS = words("lists.periods")

SIGNS = {row[0]: (row[1].split(), row[2]) for row in rows("signs.tsv", 3)}
GREEK = frozenset(sign for sign in SIGNS if sign.isalpha())
SIGNS_IN_NAMES = {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "/": "slash",
    "@": "at",
    ":": "colon",
    "~": "tilde",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "+": "plus",
    "#": "hash",
    "%": "percent",
    "\\": "backslash",
}
# Not said, and nothing is lost: ornaments of a text.
ORNAMENTS = frozenset("*_|^~`\\•·●○■□▪◦‣⁃†‡'-/¨'\"¡¿#")

TOP_LEVEL = words("lists.top_level")
SUFFIXES = words("lists.suffixes")
SUFFIX_WORDS = words("lists.suffix_words")

ALSO_NOUNS = words("lists.also_nouns")
# Countable things that a measure of stuff may stand before: "a 16 oz cup".
THINGS = words("lists.things")
FUNCTION = words("lists.function")
# Not so the -er of an engineer.
COMPARATIVES = words("lists.comparatives")
# Behind a measure, these do not make it an adjective: "10 km long", "$5 each", "5 km is", "20 mg
# daily".
NOT_NOUNS = words("lists.not_nouns")
DETERMINERS = words("lists.determiners")
