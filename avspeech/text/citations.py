"""Places in books and laws."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.models import pairs
from avspeech.text.numbers import cardinal, digits, joined, number, year
from avspeech.text.roman import value
from avspeech.text.rules import EDGE, END, Text, rule

# {name or abbreviation of a book: words}
BOOKS = {name: row[1].split() for row in lists.rows("books.tsv", 2) for name in row[0].split()}
_BOOKS = lists.any_of(BOOKS)
# Abbreviations of other things too, where no verse follows.
_OTHER = frozenset("Gen Rev Phil Jon Sam Ex Num Rom Mt Jas".split())
_NUMBERS = {"1": "first", "2": "second", "3": "third", "I": "first", "II": "second", "III": "third"}


@rule(
    rf"(?:([123]|I{{1,3}})[ ])?({_BOOKS}){EDGE}?[ ]"
    rf"(\d{{1,3}}|[ivxlc]{{1,7}}(?={EDGE} \d|:\d))"
    rf"(?:(?::|(?<=[ivxlc]){EDGE} )(\d{{1,3}})(?:[-–](\d{{1,3}}))?([a-c])?)?"
    rf"(?![:\d]|\s?[ap]\.?m|\.\d){END}",
    "ld",
)
def verse(match: re.Match[str], context: Text) -> list[str] | None:
    """A verse of a holy book. `1 Cor. 13:4` -> first corinthians thirteen four"""
    count, book, chapter, first, last, part = match.groups()
    if not chapter.isdigit():  # "Gen. xxv. 19"
        chapter = str(value(chapter.upper()))
    edge = context.text[match.end(2) : match.end(2) + 1]
    short = book.lower() not in BOOKS[book]
    if edge not in " ." or edge == "." and not short:
        return None
    if first is None and not (short and edge == "." or count) or book == "Col" and first is None:
        return None
    if first is None and count is None and book in _OTHER or int(chapter) > 150:
        return None
    words = [*([_NUMBERS[count]] if count else []), *BOOKS[book], *cardinal(int(chapter))]
    if first is not None:
        words += cardinal(int(first))
    words += ["to", *cardinal(int(last))] if last else []
    return [*words, *(part.upper() if part else "")]


@rule(rf"arXiv[:{EDGE}]? ?(\d{{4}})\.(\d{{4,5}})(?:v(\d{{1,2}}))?" + END, "=a")
def preprint(match: re.Match[str], context: Text) -> list[str]:
    """A paper that is not printed yet. `arXiv:2106.04624v1` -> archive two one zero six point zero
    four six two four version one"""
    month, paper, version = match.groups()
    behind = ["version", *number(version)] if version else []
    return ["archive", *digits(month), "point", *digits(paper), *behind]


_SIDES = {"r": "recto", "v": "verso"}


@rule(r"(\d{1,3})([rv])(?:[-–](\d{1,3})?([rv]))?" + END, "d")
def leaf(match: re.Match[str], context: Text) -> list[str] | None:
    """A side of a leaf of a manuscript. `fol. 12r` -> folio twelve recto"""
    if context.before(match.start()).lower() not in ("fol", "fols", "f", "ff", "folio", "folios"):
        return None
    first, side, last, side2 = match.groups()
    other = ["to", *(number(last) if last else []), _SIDES[side2]] if side2 else []
    return [*number(first), _SIDES[side], *other]


@rule(r"(§§|¶¶)\s?(?=\d)", "=§¶")
def sections(match: re.Match[str], context: Text) -> list[str] | None:
    """Several sections or paragraphs of a law. `§§ 3-5` -> sections three to five"""
    return ["sections" if match.group(1) == "§§" else "paragraphs"]


@rule(r"((?:19|20)?\d\d)/(\d{1,4})(?:/(EC|EU|EEC))?(?![\w/])", "d")
def european_law(match: re.Match[str], context: Text) -> list[str] | None:
    """A law of the European Union. `Regulation 2016/679` -> regulation twenty sixteen slash six
    seventy nine"""
    before = context.text[max(0, match.start() - 24) : match.start()]
    named = re.search(r"\b(?:Reg|Regulation|Directive|Dir|Decision)\.? (?:\(E[CU]\) )?$", before)
    first, second, union = match.groups()
    if named is None or len(second) > 2 and first == second:
        return None
    said = year(int(first)) if len(first) == 4 else number(first)
    return [*said, "slash", *pairs(second), *(union or "")]


@rule(r"(\d{1,4})\.(\d{1,4})([a-z]?)(?:-(\d{1,3}))?(?![\d.-])" + END, "d")
def regulation(match: re.Match[str], context: Text) -> list[str] | None:
    """A section of the federal rules. `29 CFR 1910.134` -> twenty nine C F R nineteen ten point
    one thirty four"""
    near = context.text[max(0, match.start() - 14) : match.start()]
    if not re.search(r"C\.?F\.?R\.?,? (?:§+ ?|[Pp]art )?$", near):
        return None
    part, section, letter, last = match.groups()
    said = [*pairs(part), "point", *pairs(section), *letter.upper()]
    return [*said, *(number(last) if last else [])]


# Series of decisions and statutes, and rules of courts, without their blanks.
_SERIES = {
    "S.Ct.": "supreme court", "L.Ed.": "lawyers edition", "L.Ed.2d": "lawyers edition second",
    "F.2d": "F second", "F.3d": "F third", "F.4th": "F fourth",
    "F.Supp.": "F supp", "F.Supp.2d": "F supp second", "F.Supp.3d": "F supp third",
    "P.2d": "P second", "P.3d": "P third", "A.2d": "A second", "A.3d": "A third",
    "N.E.2d": "N E second", "N.W.2d": "N W second", "S.E.2d": "S E second",
    "S.W.2d": "S W second", "S.W.3d": "S W third", "So.2d": "southern second",
    "So.3d": "southern third", "Fed.Reg.": "federal register", "Stat.": "statutes",
    "Cal.Rptr.": "california reporter",
    "Cal.2d": "cal second", "Cal.3d": "cal third", "Cal.4th": "cal fourth",
    "Cal.App.4th": "cal app fourth", "N.Y.2d": "N Y second", "Pub.L.": "public law",
    "Fed.R.Civ.P.": "federal rule of civil procedure",
    "Fed.R.Crim.P.": "federal rule of criminal procedure",
    "Fed.R.App.P.": "federal rule of appellate procedure",
    "Fed.R.Evid.": "federal rule of evidence", "Summ.J.": "summary judgment",
}  # fmt: skip
_SERIES_PATTERN = re.compile(
    "|".join(
        " ?".join(re.escape(part) for part in re.findall(r"[A-Z][a-z]*\.|\d\w+", name))
        for name in sorted(_SERIES, key=len, reverse=True)
    )
)


def reported(text: str, place: int) -> re.Match[str] | None:
    """The series of law that is named at a place: "S. Ct."."""
    return _SERIES_PATTERN.match(text, place)


@rule(r"(?=(?:[SLFPA]|N|So|Fed|Cal|Stat|Pub|Summ)(?![a-z]))", "=SLFPANC")
def series_of_law(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A series of decisions or statutes. `87 S. Ct. 14` -> eighty seven supreme court fourteen"""
    found = reported(context.text, match.start())
    if found is None:
        return None
    name = found.group().replace(" ", "")
    behind = re.match(r" (?:at |§ |No\. )?\d", context.text[found.end() : found.end() + 8])
    before = context.text[max(0, match.start() - 2) : match.start()]
    section = re.match(r",? §", context.text[found.end() : found.end() + 4])
    state = re.search(r"[A-Z][a-z]+\. $", context.text[max(0, match.start() - 8) : match.start()])
    if name == "Stat." and section and state:
        return ["statutes"], found.end()  # "Fla. Stat. § 768"
    if len(name) < 6 and not (behind and re.search(r"\d ?$", before)):
        return None  # "Stat." is a word, and "F.2d" a name
    return _SERIES[name].split(), found.end()


@rule(r"([IVX]{1,4})\.([ivx]{1,5})(?:\.(\d{1,3})(?:[-–](\d{1,3}))?)?" + END, "=IVX")
def of_play(match: re.Match[str], context: Text) -> list[str] | None:
    """Act, scene and line of a play. `Hamlet III.i.56` -> hamlet three, one, fifty six"""
    act, scene, line, last = match.groups()
    if context.within(match.start()) or not line and (
        not value(scene.upper())
        or not context.before(match.start())[:1].isupper()
        or re.match(r"\.?[ -]?[a-z]|\.\w", context.text[match.end() : match.end() + 3])
    ):
        return None  # "give I.v. fluids"
    parts = (str(value(act)), str(value(scene.upper())), *([line] if line else []))
    return [*joined(parts, ","), *(["to", *number(last)] if last else [])]
