"""Abbreviations, from one table (`tables/abbreviations.tsv`): each of its rows has the words and
what must stand around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text import lists, places, unit_senses
from avspeech.text.cleaning import fold
from avspeech.text.rules import EDGE, END, Text, hums, rule

_IN_STATES = frozenset("from in of near no western eastern northern southern central".split())
_VERBS = lists.words("parts.verbs")
_ON_ROADS = frozenset("on onto off along down up of take by at near".split())
_GREETINGS = frozenset("Dear Hello Hi Hey Thanks Ask Call See Tell Meet With Thank".split())
_GIVEN_OF_WOMEN = lists.words("lists.sisters")


# Those of whom something is, where the first row is of a thing: "the pt.'s pulse".
_OWNERS = {"Pl": ["plaintiff"], "Def": ["defendant"], "Pt": ["patient"], "pt": ["patient"]}
_DATE = re.compile(
    r"(?:c\W* ?)?\d{3,4}(?!\d)|\d{1,2} [A-Z][a-z]{2,8}\W{1,2}\d{4}"
    rf"|(?:{lists.any_of(lists.MONTHS)})\W{{1,2}}\d{{1,2}}\W"
)


@dataclass(frozen=True)
class Place:
    """Where an abbreviation stands. start, end: of it and its period; before, after: the words
    beside it in its clause; rest: what follows, marks and all but those that touch it."""

    context: Text
    name: str
    start: int
    end: int
    before: str
    after: str
    rest: str


# A sentence behind a letter that names something: "in Bldg. C. Parking is free."
PREDICATE = re.compile(
    r" [A-Z][a-z]+ (?:is|are|was|were|has|have|had|will|can|must|may|should)\b"
)
_LETTER = re.compile(
    r" (?:[B-HJ-Z]|A(?! [a-z]))(?![\w'’&])"
    rf"(?!\.(?!\s*$|[\"”’)]|\s+(?:{lists.any_of(lists.OPENERS)})(?!\w)|{PREDICATE.pattern}))"
)


OF_PEOPLE = re.compile(r" \d+ of (?:us|you|them)(?!\w)")  # an answer before it: "No. 5 of us left"


def _numbered(place: Place) -> bool:
    after, name = place.after, place.name
    if name in ("No", "no") and OF_PEOPLE.match(place.context.text, place.end):
        return False
    roman = re.fullmatch(r"[IVXLC]+|M[MCDXLVI]{3,}|[ivxl]{2,}", after)
    if roman and (after != "I" or name.istitle() and name != "No"):
        return True
    codes = name in ("no", "nos") and place.before.lower() in lists.CODES
    colon = place.rest[:1].isdigit() and place.context.text[place.end : place.end + 2] == ": "
    if place.name.istitle() and len(place.name) > 1 and name not in ("No", "Nos"):
        if _LETTER.match(place.context.text, place.end):
            return True  # "Fig. A", but not "Sec. A. Lee"
    # "Inv. #204", "No. JV-2021", "Reg. (EU) 2016/679"
    signed = re.match(r"[#№] ?\d|[A-Z]{1,4}[- ]?\d|E[CU]\x00? ", place.rest) is not None
    return after[:1].isdigit() or codes or colon or signed  # "the account no. is"


def _labels(place: Place) -> bool:
    """Whether an abbreviation is a label with its value behind: "Temp.: 25 °C"."""
    return place.context.text[place.end : place.end + 1] == ":"


def _titled(place: Place) -> bool:
    """Not at the end of a sentence, where it is a word too ("a fig.")."""
    plain = place.name.lower()
    if not (place.context.word(plain) and hums(plain)) or place.rest[:1].isdigit():
        return True
    return bool(place.after) and place.after not in lists.OPENERS


_OF_DAYS = frozenset(
    "service services brunch mass roast hours trains papers "
    "matinee morning mornings noon afternoon evening evenings night nights".split()
)


_DAY = r"(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri|Sat|Sun)"
_BESIDE_DAY = re.compile(rf" ?(?:&|and|or|to|thru|[-–/]) ?{_DAY}(?!\w)")
_BEHIND_DAY = re.compile(rf"\b{_DAY}\.? ?(?:&|and|or|to|thru|[-–/]|, ?(?:and|or|&)?) ?$")
_HAPPENS = re.compile(r"\. (?:was|is|will|were|are|looks|night)\b")


def _of_week(place: Place) -> bool:
    """Sat. and Sun. are days before a number or a month, and within a sentence."""
    rest, before = place.rest, place.before.lower()
    if re.match(r"\d|(?:@|at) ?\d", rest) or rest.split(EDGE)[0].split(" ")[0] in lists.MONTHS:
        return True
    if before in ("on", "next", "last", "every", "through", "thru", "fri", "sat"):
        return True
    if place.context.text[place.end : place.end + 1] in (",", ":") or place.after in _OF_DAYS:
        return True
    if _BESIDE_DAY.match(place.context.text, place.end):
        return True  # "Sat. & Sun. only"
    if _BEHIND_DAY.search(place.context.text[max(0, place.start - 12) : place.start]):
        return True
    if _HAPPENS.match(place.context.text, place.end - 1):
        return True  # "Sat. was hot"
    written = place.context.text[max(0, place.start - 6) : place.start]
    listed = re.search(r"[^.!?\s][,;–—-] ?$", written)
    near = {word.lower() for word in place.context.words_before(place.start)[:2]}
    if place.before.islower() and near.isdisjoint(lists.DETERMINERS):
        return True  # "closed Sun.", but not "the hot Sun."
    return listed is not None and not place.after[:1].isupper()


def _beside_state(place: Place) -> bool:
    """Whether another state goes before, with "or" between: "in Ore., not Wash."."""
    near = place.context.text[max(0, place.start - 24) : place.start]
    found = re.search(r"([A-Z][a-z]+)\.?,? (?:and|or|not|nor|to|&) $", near)
    if found is None:
        return False
    rows = lists.ABBREVIATIONS.get(found.group(1), [])
    return found.group(1) in lists.STATE_NAMES or any("state" in kinds for _, kinds in rows)


# "Tex. Penal Code", "Fla. Stat."
_OF_LAW = re.compile(r" (?:[A-Z][A-Za-z.'&]* ){0,4}(?:Codes?|Const|Stat|Ann|Rev|Admin)(?![a-z])")
_CLOSED = re.compile(r"[ \t]*(?:[;,)\n]|$)")
_CLINIC = re.compile(
    r"\b(?:pts?|patients?|hx|h/o|c/o|s/p|CT|MRI|CXR|BP|HR|exam|w/o contrast|effusions?|lesions?"
    r"|tenderness|edema|bilat|biopsy|ECG|EKG|labs)\b", re.I
)
_ACCESSION = re.compile(r"(?:[Nn]os?[.\x00]? )?(?:(?:1[89]|20)\d\d\.\d|[A-Z]{2,4} ?\d)")
_RESTING = re.compile(r" (?:[A-Z][\w.'’]* ){1,4}(?:Cem|Cemetery|Churchyard|Chapel|Ch|Graveyard)\b")
_WED = re.compile(r" (?:\([1-4]\)|1st|2nd|3rd|first|secondly),? [A-Z][a-z]")
_KIN = re.compile(r"\b(?:[bd]|ca?|bapt|bur|dau|[Ww]id)\. |\((?:ca?\. ?)?1[5-9]\d\d[-–]\d{0,4}\)")
_LEGAL = re.compile(r"\b(?:Def|Pl|Mot|Compl|Decl|Aff|ECF|Dkt|Opp|[Pp]laintiff|[Dd]efendant)\b")


_INSURED = re.compile(r"\b(?:ded(?:uctib\w+|\.)|copay\w*|PPO|HMO|OOP|insur\w+|in-network)", re.I)
_KNITS = re.compile(
    r"\b(?:from hook|sts?|[Cc]h \d|[Cc]ast o\w+|[Bb]ind off|[Ss]l st|dc|sc|hdc|crochet\w*|knit\w*"
    r"|purl\w*|yarn|stitch\w*|skein|rnds?|[KkPp]\d+)(?![^\W_])"
)
_COINS = lists.any_of(coin for coin in lists.MONEY if re.fullmatch("[A-Z]{3}", coin))
_TIMED = re.compile(
    r"(?:[A-Za-z -]|(?<=[a-z])\x00(?= )){0,24}(?:\d{1,2}[:.]\d\d|[012]\d{3})(?!\d)"
)
_TUNED = re.compile(r"\b(?:VHF|UHF|TVs?|cable|radios?|marina|broadcast\w*|Coast Guard)\b")
_QUOTED = re.compile(r" [\"“‘*_][a-zà-ÿ]")  # a word of another language: 'Fr. "eau"'
_SKY = re.compile(r"\b(?:mag|NGC|M\d{1,3}|RA|constellations?|telescopes?|nebula|galaxy)\b")
_BREAK = re.compile(r"\d ?(?:min|h|hrs?)\b\W{0,3}(?:w/|with|plus|\+|incl\.|including)[^.]{0,5} $")
_GOING = re.compile(r"\b[Gg]oing:? (?:\w+\.?[ –-]){0,2}$")
_WEIGHED = re.compile(r"\b[Ww]eigh|\d['′’]\d|\b(?:[Hh]eavy|[Tt]all|lost|gained|st\.?) ")
_CHAPTER = re.compile(
    r"\b(?:Ch|ch|Bk|bk|Chap|chap|cap)\. ?[\dIVXivx]"
    r"|\b(?:[Cc]hapters?|[Pp]salms?|[Vv]erses?|Surah)\b"
)


def _behind_latitude(place: Place) -> bool:
    near = place.context.text[max(0, place.start - 40) : place.start]
    return re.search(r"\b[Ll]at\W|[NS][,;]? $", near) is not None


def _place(context: Text, name: str, start: int, end: int) -> Place:
    nearby = re.match(r"(?:\s*|-)([^\W_]\w*)", context.view[end : end + 40])
    return Place(
        context,
        name,
        start,
        end,
        context.before(start),
        nearby.group(1) if nearby else "",
        context.view[end : end + 40].lstrip(EDGE + " ,"),
    )


def _ahead(place: Place, count: int) -> str:
    """Some characters before an abbreviation."""
    return place.context.text[max(0, place.start - count) : place.start]


# What a row of the table may ask for; "before:a,b" and "behind:a,b" ask for one of these words.
CONDITIONS: dict[str, Callable[[Place], bool]] = {
    "number": _numbered,
    "title": _titled,
    "never": lambda place: False,
    "within": lambda place: (
        place.rest[:1].islower() or place.rest[:1].isdigit() or _labels(place)
    ),
    "lower": lambda place: place.after[:1].islower(),
    "capital": lambda place: (
        place.after[:1].isupper() and (place.after not in lists.OPENERS or len(place.after) == 1)
    ),
    "letter": lambda place: re.fullmatch("[A-Z]", place.after) is not None,
    "named": lambda place: (
        re.match("[A-Z0-9]", place.before) is not None or place.before.lower() in _ON_ROADS
    ),
    "loud": lambda place: re.match(r"[A-Z]{2}|[A-Z]['’]", place.after) is not None,
    "article": lambda place: place.before.lower() in lists.DETERMINERS,
    "year": lambda place: _DATE.match(place.rest) is not None,
    "day": _of_week,
    "state": lambda place: (
        re.search(
            r"(?:, |\b[DRI]-|\b[NSUW]\.)$",
            place.context.text[max(0, place.start - 3) : place.start],
        )
        is not None
        or place.before.lower() in _IN_STATES
        or _beside_state(place)
        or _OF_LAW.match(place.context.text, place.end) is not None
    ),
    "versus": lambda place: place.before[:1].isupper() and place.after[:1].isupper(),
    "ordinal": lambda place: re.search(r"(?:st|nd|rd|th|\dd)$", place.before.lower()) is not None,
    "clinical": lambda place: (
        unit_senses.CLINICAL.search(place.context.around(place.start)) is not None
    ),
    "closing": lambda place: (
        place.before.isalpha() and _CLOSED.match(place.context.text, place.end) is not None
    ),
    "priced": lambda place: (
        re.match(rf"[$£€¥₹]\d|(?:{_COINS}) ?\d", place.rest) is not None
    ),
    "counted": lambda place: place.before[:1].isdigit(),
    "uncounted": lambda place: not place.before[:1].isdigit(),
    "closed": lambda place: place.context.text[place.end : place.end + 1] == ")",
    "timed": lambda place: _TIMED.match(place.rest) is not None,
    "latitude": _behind_latitude,
    "legal": lambda place: _LEGAL.search(place.context.around(place.start)) is not None,
    "insured": lambda place: _INSURED.search(place.context.around(place.start)) is not None,
    "quoted": lambda place: _QUOTED.match(place.context.text, place.end) is not None,
    "sky": lambda place: _SKY.search(place.context.around(place.start)) is not None,
    "tuned": lambda place: _TUNED.search(_ahead(place, 30) + " " + place.rest[:30]) is not None,
    "staged": lambda place: re.search(r"\bACT\b", place.context.around(place.start)) is not None,
    "knit": lambda place: len(set(_KNITS.findall(place.context.around(place.start)))) > 1,
    "going": lambda place: _GOING.search(_ahead(place, 24)) is not None,
    "share": lambda place: _ahead(place, 2).rstrip().endswith("%"),
    "parted": lambda place: _ahead(place, 2).strip(" ([\"“‘'") in (",", ";", ".", ":", ""),
    "family": lambda place: (
        place.after[:1].isupper() and _KIN.search(place.context.around(place.start)) is not None
    ),
    "signed": lambda place: re.match(r"[-−+]\d", place.rest) is not None,
    "versed": lambda place: _CHAPTER.search(place.context.around(place.start)) is not None,
    "worded": lambda place: (
        re.search(r"[a-z]{2,}, $", _ahead(place, 6)) is not None
        and _CLOSED.match(place.context.text, place.end) is not None
    ),
    "weighed": lambda place: _WEIGHED.search(_ahead(place, 40)) is not None,
    "cased": lambda place: (
        not place.before[:1].isupper() or place.before.lower() in _VERBS | {"use", "install"}
    ),
    "lasting": lambda place: _BREAK.search(_ahead(place, 30)) is not None,
    "long": lambda place: re.match(r"\d{2,}", place.rest) is not None,
    "divided": lambda place: re.match(r"\d+/\d+(?!\d)", place.rest) is not None,
    "clinic": lambda place: _CLINIC.search(place.context.around(place.start)) is not None,
    "wed": lambda place: _WED.match(place.context.text, place.end) is not None,
    "kin": lambda place: _KIN.search(place.context.around(place.start)) is not None,
    "accession": lambda place: _ACCESSION.match(place.rest) is not None,
    "resting": lambda place: _RESTING.match(place.context.text, place.end) is not None,
    "sister": lambda place: place.after.lower() in _GIVEN_OF_WOMEN,
}


def _fits(kinds: frozenset[str], place: Place) -> bool:
    for kind in kinds:
        name, colon, words = kind.partition(":")
        if colon:
            near = place.before if name == "before" else place.after
            if near.lower() not in words.split(","):
                return False
        elif kind in CONDITIONS and not CONDITIONS[kind](place):
            return False
    return True


# What is bought by the piece, and so is many behind a number.
_PIECES = frozenset("package packet bottle carton box pair slice can jar bunch envelope".split())


def _several(place: Place, words: list[str]) -> list[str]:
    """The words, the last of them as more than one behind a number: "3 pkg. yeast"."""
    last = words[-1]
    if last not in _PIECES or not re.fullmatch(r"[2-9]|[1-9]\d+", place.before):
        return list(words)
    return [*words[:-1], _more(last)]


def _rows(name: str, context: Text) -> list[tuple[list[str], frozenset[str]]]:
    """The rows of an abbreviation, whatever its capitals."""
    rows = lists.ABBREVIATIONS.get(name, [])
    if name.istitle() and len(name) > 6 and name.endswith("str"):
        return [([fold(name).lower() + "asse"], frozenset())]  # "Bahnhofstr. 12"
    if not rows and name.istitle() and len(name) > 1 or name.isupper() and len(name) > 2:
        rows = rows or lists.ABBREVIATIONS.get(name.lower(), [])
    if not rows and name.isupper() and len(name) == 2:  # "DR. FOX"
        titles = lists.ABBREVIATIONS.get(name.title(), [])
        rows = [row for row in titles if row[1] & {"name", "title"}]
    if not rows and name.islower() and not (context.word(name) and hums(name)):
        rows = lists.ABBREVIATIONS.get(name.title(), [])  # "the mfg. cost"
    if not rows and name.endswith("s") and len(name) > 3 and not context.word(name.lower()):
        single = lists.ABBREVIATIONS.get(name[:-1], [])  # "Schs. A and B"
        rows = [
            ([*words[:-1], words[-1] if words[-1].endswith("s") else _more(words[-1])], kinds)
            for words, kinds in single
        ]
    return rows


def _more(noun: str) -> str:
    """More than one of a noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


@rule(rf"([A-Z]){EDGE}(?= ?[A-Z])", "C")
def initial(match: re.Match[str], context: Text) -> list[str] | None:
    """The initial of a name. `John F. Kennedy` -> john F kennedy"""
    if context.text[match.end() - 1] != "." or context.within(match.start()):
        return None  # "He ran 5K. She won."
    name = match.group(1)
    named = context.before(match.start()).istitle() or _INITIAL.match(context.text, match.end())
    return [name] if name != "I" or named else None


_INITIAL = re.compile(r" ?[A-Z]\. ?[A-Z]")  # "I. M. Pei"


@rule(rf"([^\W\d_]+)(?:\.['’]s{END}|{EDGE})", "l")
def abbreviation(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """An abbreviation with its period. `Dear Dr. Smith` -> dear doctor smith"""
    name, start, end = match.group(1), match.start(), match.end()
    rows = _rows(name, context)
    if end > match.end(1) + 1:  # "Jr.'s"
        said = rows[0][0] if rows else [name.lower()]
        said = _OWNERS.get(name, said)
        return [*said[:-1], said[-1] + "'s"], end
    if not rows or context.text[end - 1] != ".":
        return None
    place = _place(context, name, start, end)
    if name.isupper() and len(name) == 2 and not place.after.isupper():
        rows = lists.ABBREVIATIONS.get(name, [])  # "to RT.", but "DR. FOX"
    for words, kinds in rows:
        if kinds & {"name", "street"}:
            return _title_or_street(place, words, kinds), end
        if _fits(kinds, place):
            return _several(place, words), end
    meanings = {tuple(words) for words, _ in rows}
    odd = not (context.word(name.lower()) and hums(name.lower()))
    if odd and len(name) > 2 and not name.isupper() and len(meanings) == 1:
        return list(rows[0][0]), end  # no word, and an abbreviation of nothing else: "2nd mvt."
    return None


_COLLEGES = frozenset("Penn Boise Fresno Kent Wichita Ball Murray Weber Morgan Jackson".split())
_GAME = re.compile(
    r"\b(?:beat|beats|lost to|won|routed|upset|edged|OT|NCAA|Big (?:Ten|12)|coach|quarterback|QB"
    r"|[Tt]op [29]5|ranked|season|halftime|quarterfinal|semifinal|touchdowns?|points|vs\.)(?!\w)"
)


def _title_or_street(place: Place, words: list[str], kinds: frozenset[str]) -> list[str]:
    """A street has a name before it and no name behind, or a number before; else it is a title."""
    context, after = place.context, place.after
    name = place.name.title()
    street = {"St": "street", "Dr": "drive"}.get(name) or words[0]
    near = context.words_before(place.start)
    before = near[0] if near else ""
    if name == "St" and before in lists.STATE_NAMES | _COLLEGES and (
        place.rest[:1].isdigit()
        or near[1:2] not in (["on"], ["along"], ["down"], ["off"], ["of"])
        and _GAME.search(context.around(place.start))
    ):
        return ["state"]  # "Ohio St. 42", "beat Penn St. in overtime"
    if not near and context.before(place.start) in ("Jr", "Sr"):
        before = "Jr"  # "Martin Luther King Jr. Dr."
    numbered = (
        before[:1].isdigit() or len(near) > 1 and near[1][:1].isdigit() and before[:1].isupper()
    )
    named_behind = after[:1].isupper() and after not in lists.OPENERS
    following = context.text[place.end : place.end + 40].lstrip()
    if named_behind and places.BEHIND_STREET.match(following):
        named_behind = False
    if named_behind and (before.isdigit() or places.saint(context.text, place.end)):
        return list(words)
    on_road = near[1:2] in (["on"], ["off"], ["down"], ["along"]) and name == "Dr"
    named_before = before[:1].isupper() and (before not in lists.OPENERS or on_road)
    named_before &= before.lower() not in _VERBS or before.lower() in ("read", "hill")
    named_before &= not (name == "Dr" and after == "Who")
    placed = after.lower() in lists.BY_STREETS and not (
        name == "Dr" and after.lower() in lists.SURNAMES or before in _GREETINGS
    )  # "Main St. Bridge"
    placed &= before not in ("Mount", "Mt", "Port", "Fort", "Lake", "Saint")
    if numbered or named_before and (placed or not named_behind) or "street" in kinds:
        return [street]
    return list(words) if name != "St" or named_behind or before[:1].isupper() else ["street"]


_STREETS = {
    "Dr": "drive",
    "St": "street",
    "Ave": "avenue",
    "Rd": "road",
    "Ct": "court",
    "Pl": "place",
    "Ter": "terrace",
    "Cir": "circle",
}


@rule(rf"(St|Ste){EDGE}?\.?-(?=[A-ZÀ-Ý][a-zà-ÿ])", "=S")
def joined_saint(match: re.Match[str], context: Text) -> list[str] | None:
    """A saint with a hyphen, as in French. `Rue St-Denis` -> rue saint denis"""
    named = not context.within(match.start())
    return [{"St": "saint", "Ste": "sainte"}[match.group(1)]] if named else None


_COUNT = re.compile(rf" (?:\d|[IVX]{{1,4}}{END})")


@rule(
    r"(?:Mrs?|Ms|Dr|Prof|St)(?=[ ][A-Z])|(?<=& )Co(?![^\W_])"
    rf"|(?:{lists.any_of(lists.BARE | lists.OPEN)}){END}(?!::)"
    rf"|(?:{lists.any_of(lists.COUNTING)})(?= (?:\d|[IVX]{{1,4}}{END}))"
    r"|(?:Wed|Jan|Apr)(?=[-–/]|[ ]['’]?\d)|Mar(?= ['’]\d\d)"
    r"|(?<=\w )(?:St|Ave|Rd|Dr|Ct|Pl|Ter|Cir)(?![^\W_]|[.])",
    "l",
)
def undotted(match: re.Match[str], context: Text) -> list[str] | None:
    """An abbreviation without its period. `Mr Brown` -> mister brown"""
    name = match.group()
    before = context.before(match.start())
    if name in lists.OPEN and not context.within(match.start()):
        place = _place(context, name, *match.span())
        for words, kinds in lists.ABBREVIATIONS[name]:
            if "open" in kinds and _fits(kinds, place):
                return _several(place, words)
        counted = name in lists.COUNTING and _COUNT.match(context.behind(match.end()))
        if not counted and name not in lists.BARE and name not in _STREETS:
            return None
    street = _STREETS.get(name)
    if street and before[:1].isdigit():
        return ["saint"] if name == "St" and places.saint(context.text, match.end()) else [street]
    if street and not re.match(r" (?![NS][EW]?\b|[EW]\b)[A-Z]", context.behind(match.end())):
        before = (context.words_before(match.start()) or [before])[0]  # "St. John's Rd"
        named = before[:1].isupper() and before not in lists.OPENERS
        return [street] if named else None
    if context.view[match.start() - 1 : match.start()].isalnum() and match.start():
        return None
    near = context.text[max(0, match.start() - 2) : match.start()]
    if re.search(r"[$_/\\]$|[a-z]-$", near) and name.islower():
        return None  # a part of another name: "xdg-utils", "$svc"
    rows = lists.ABBREVIATIONS.get(name) or lists.ABBREVIATIONS[name.lower()]
    bare = (words for words, kinds in rows if kinds & {"bare", "digit"})
    return list(next(bare, rows[-1][0]))


@rule(rf"(INT|EXT)(?:[./]|{EDGE})*(?:(INT|EXT){EDGE}?)?(?=\s[A-Z'’]{{2}})", "=IE")
def scene(match: re.Match[str], context: Text) -> list[str] | None:
    """The place of a scene in a film. `INT. KITCHEN` -> interior kitchen"""
    if not re.fullmatch(
        r"(?:INT|EXT)\./?(?:(?:INT|EXT)\.)?", context.text[match.start() : match.end()]
    ):
        return None
    names = {"INT": "interior", "EXT": "exterior"}
    return [names[name] for name in match.groups() if name]
