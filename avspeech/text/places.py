"""Streets, directions and coordinates."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import number
from avspeech.text.rules import EDGE, END, Text, rule

_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_STREET = (
    r"(?:St|Ave|Rd|Blvd|Dr|Ln|Pl|Ct|Hwy|Pkwy|Sq|Ter|Cir|Street|Avenue|Road|Boulevard|Drive|Lane"
    r"|Place|Court|Highway|Parkway|Square|Terrace|Circle|Way)(?![^\W_])"
)
_NAME = r"(?:[A-Z][\w'’]+|\d+(?:st|nd|rd|th))"
_TO_STREET = re.compile(
    rf"\.? (?:(?:St|Gt|Lt|Old|[NSEW])\.? )?{_NAME}(?: [A-Z][\w'’]+){{0,2}} {_STREET}"
)
_FROM_STREET = re.compile(rf"{_STREET}\.?,? $")
_HIGHWAY = r"(?:\b(?:I|US|SR|U\.S\.)[- ]|\b(?:Route|Rte\.|Hwy\.?|Highway|Interstate|Rd\.|Road) )"
_FROM_HIGHWAY = re.compile(rf"(?:{_HIGHWAY}|\bthe [ABDEMN])\d{{1,4}} $")
_HEADING = frozenset("go head heads heading turn drive travel run runs walk facing just".split())
_ALONG = frozenset("on at along of to near from off down up and between".split())
_DEGREES = re.compile(
    r"(\d{1,3}(?:\.\d+)?)\s?°(?:\s?(\d{1,2}(?:\.\d+)?)\s?['′’]"
    r"(?:\s?(\d{1,2}(?:\.\d+)?)\s?[\"″”])?)?"
    r"(?:\s?([NS][EW]|[NSEW])(?![^\W_]))?"
)


# What begins a sentence behind a short form: "by Mr. B. Made in Italy", "on Hill St. Bring cash".
MADE = re.compile(
    r"(?:Sold|Made|Built|Printed|Shipped|Designed|Assembled)"
    r" (?:in|by|to|for|with|from|on|at|as|only|here|worldwide|separately|entirely|locally)\b"
)
REQUEST = re.compile(
    rf"(?:{lists.any_of(name.title() for name in lists.words('parts.verbs'))}|Ring|Walk|Park|Look)"
    r" (?:an?|the|my|your|his|her|our|their|it|them|us|me|him|this|that|exit|left|right|north|south"
    r"|you|east|west|[NSEW]|once|twice|for|to|at|up|down|there|here)(?!\w)"
    r"|(?:Add|Apply|Ask|Avoid|Bring|Choose|Enjoy|Enter|Follow|Get|Give|Keep|Pay|Remember|Send|Stir"
    r"|Take|Try|Use|Visit|Wear) [a-z]|Allow (?:\d|[a-z])"
    r"|(?:Sold|Made|Built|Printed|Shipped|Designed|Assembled) [a-z]"
    r"|(?:Do|Does|Did|Is|Are|Was|Were|Has|Have|Had|Ca|Could|Would|Should|Wo|Must)n['’]t [a-z]"
)
# And behind a street: "on Elm Dr. Dr. Lee".
BEHIND_STREET = re.compile(rf"(?:Dr|Mrs?|Ms|Prof|St)\. [A-Z][a-z]|{REQUEST.pattern}")


def saint(text: str, end: int) -> bool:
    """Whether a name and a street follow "St." (which ends at a place): "St. James St."."""
    return bool(re.match(rf" {_NAME}(?: [A-Z][\w'’]+)? {_STREET}", text[end : end + 60]))


def on_highway(text: str, start: int) -> bool:
    """Whether a number that begins at a place is a highway's: "I-5 N."."""
    return re.search(rf"{_HIGHWAY}$", text[max(0, start - 14) : start]) is not None


def heads_street(text: str, end: int) -> bool:
    """Whether the name of a street follows a direction that ends at a place: "N. Main St."."""
    return bool(_TO_STREET.match(text[end : end + 60]))


def compass(text: str) -> list[str]:
    """The words of "N" or "NW"."""
    return ["".join(_COMPASS[c] for c in text if c in _COMPASS)]


_WINDS = re.compile(
    r"\b(?:[Ww]inds?:?|facing|faces|heading|bearing|due|toward|towards|from the|to the|moving)"
    r"(?: (?:are|is|from|out of the|at))? $"
    r"|[\d⅛¼⅜½⅝¾⅞] ?(?:km|mi|miles?|kilometers?|nmi|NM|nm|m|ft|yd|yds|blocks?|kts?|knots|mph)\.? $"
)


_WINDY = re.compile(r" (?:winds?|gales?) (?:to |up to |at |around )?\d")
_BLOWN = re.compile(
    r"\b[Ww](?:inds?|ND):? (?:(?:is|are|were|was|will be|mostly|at|light|from|out of) )?"
    r"(?:the )?$"
)
_VEERS = re.compile(
    r"\b(?:becoming|shifting(?: to)?|veering(?: to)?|backing(?: to)?|turning|then|gusty|light"
    r"|winds?:?|or|to) $",
    re.IGNORECASE,
)
_SPEED = re.compile(
    r" (?:at |around |up to )?\d{1,3}(?: ?(?:[-–]|to|gusting(?: to)?|G) ?\d{1,3})?"
    r" ?(?:kts?|kn|knots|mph|km/h|kph|m/s)(?!\w)"
)
_TOWARD = re.compile(
    r" (?:towards?|at|into|across|along|through|over|past|from|to|on|and then|then|this|by|until)\b"
)
_BLOWING = re.compile(r" \d{1,2}(?: (?:to|or|gusting) \d|[-–,;.\x00])")
_AT_SEA = re.compile(r"\b(?:gales?|vis|visibility|swells?|[Ff]orce|squalls?|showers|Beaufort)\b")
# What has a side of the compass: "the N face".
_FACES = re.compile(
    r" (?:side|end|edge|corner|face|ridge"
    r"|slope|shore|bank|rim|summit|coast|fork|entrance|wing|wall|lot|gate|exit|aisle"
    r"|tower)\b"
)
# Before a letter that is no direction: "a total of N of 20".
_NO_PLACES = frozenset("of with for is and or are was than by where when if let given".split())


@rule(rf"NY(?={EDGE} N\.?Y\.?(?![^\W_]))", "=N")
def city(match: re.Match[str], context: Text) -> list[str]:
    """The city that is named as its state is. `NY, NY 10018` -> new york, N Y one zero zero one
    eight"""
    return ["new", "york"]


@rule(r"[NS]{1,2}[EW]|[EW][NS][EW]|[NSEW](?=\x00? of (?:[A-Z\d]|(?:here|the|town)\b))"
      rf"|[NSEW](?={_FACES.pattern})"
    r"|[NSEW](?= (?:at |to |winds? |gales? |around )?(?:up )?(?:to )?\d)" + END, "=NSEW")
def wind(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A direction between two others. `9 km SE of Reno` -> nine kilometers southeast of reno"""
    start, end = match.span()
    if start and (context.text[start - 1].isalnum() or context.text[start - 1] in "-/.&"):
        return None
    if context.text[end : end + 1].isalnum():
        return None
    near = context.text[max(0, start - 24) : start]
    dotted = context.text[end : end + 1] == "."
    blows = re.match(
        r"\x00? (?:of|winds?|gales?|cor(?:ner)?|side|edge|quadrant)\b", context.behind(end)
    ) or _FACES.match(context.behind(end))
    blowing = _BLOWN.search(near) is not None
    speeds = _SPEED.match(context.text, end) is not None
    opening = speeds and not context.words_before(start)
    opening |= not context.words_before(start) and blows_ahead(context.text, end)
    if len(match.group()) == 1 and not (blowing or opening):
        if not re.search(r"[a-z]\.? $", near[-3:]):
            return None
    before = context.before(start)
    lies = before.islower() and before not in lists.DETERMINERS | lists.LETTERED | _NO_PLACES
    lies |= before.lower() == "the" and _FACES.match(context.behind(end)) is not None
    moves = before.islower() and _TOWARD.match(context.text, end) and len(match.group()) > 1
    if opening or speeds and (len(match.group()) > 1 or blowing or _VEERS.search(near)):
        return _sides(match.group()), end
    forecast = _BLOWING.match(context.behind(end)) and _AT_SEA.search(context.around(start))
    if forecast and len(match.group()) > 1:
        blows = forecast
    if not moves and not (blows and (len(match.group()) > 1 or lies) or _WINDS.search(near)):
        return None
    return _sides(match.group()), end + (dotted and blows is not None)


def _sides(text: str) -> list[str]:
    """The words of a direction of up to three letters: "WSW" -> west southwest."""
    first, *others = [_COMPASS[c] for c in text]
    return [first, "".join(others)] if len(others) == 2 else ["".join([first, *others])]


def blows_ahead(text: str, end: int) -> bool:
    """Whether a wind is named behind a place: "S winds 10 kt"."""
    return _WINDY.match(text, end) is not None


_LANDS = (
    r"(?:Korea|Dakota|Carolina|Africa|America|Virginia|Va|Ireland|Germany|Sudan|Timor|Macedonia"
    r"|Yemen|Vietnam|Asia|Europe|Pole|Atlantic|Pacific)(?:[a-z]{1,4})?(?![^\W_])"
)


@rule(rf"([NSEW])(?:{EDGE}|\.) (?={_LANDS})", "=NSEW")
def part_of_land(match: re.Match[str], context: Text) -> list[str] | None:
    """A part of a land or a continent. `N. Dakota and S. Korea` -> north dakota and south korea"""
    dotted = context.text[match.start() + 1 : match.start() + 2] == "."
    named = context.before(match.start()).lower() in lists.GIVEN  # "John S. Ireland"
    return None if context.within(match.start()) or not dotted or named else compass(match.group(1))


@rule(r"([NS]\.?[EW](?:\.(?=[\s,]))?|[NSEW])" + END, "=NSEW")
def direction(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """The part of a town. `480 N. Main St.` -> four hundred eighty north main street."""
    start, end = match.span()
    text = context.text
    if start and (text[start - 1].isalnum() or text[start - 1] in "-/.&"):
        return None
    near = text[max(0, start - 18) : start]
    if _FROM_STREET.search(near) or _FROM_HIGHWAY.search(near):
        ends = BEHIND_STREET.match(text[end + 2 : end + 40])  # "on I-95 N. Take exit 12."
        return compass(match.group()), end + (text[end : end + 2] == ". " and not ends)
    before = context.before(start)
    dotted = text[end : end + 1] == "."
    if before.lower() in _HEADING and (dotted or _TOWARD.match(text, end)):
        return compass(match.group()), end + dotted  # "Go N. on Oak St.", "Head N on 5th"
    if before.lower() == "then" and _TOWARD.match(text, end):
        return compass(match.group())
    if re.match(r"\.? \d{1,3}(?:st|nd|rd|th)(?!\w)", text[end : end + 8]) and before.islower():
        if before in _ALONG:
            return compass(match.group()), end + dotted  # "on E. 42nd"
    named = before[:1].isupper() and before not in lists.OPENERS and text[start - 1 : start] == " "
    if named and re.match(rf"\. {_STREET}", text[end : end + 20]):
        return compass(match.group()), end + 1  # "Zhongshan N. Rd."
    if (named and text[start - 2 : start] != ", ") or not heads_street(text, end):
        return None
    return compass(match.group()), end + (text[end : end + 1] == ".")


@rule(rf"([RDI])-([A-Z])\.([A-Z]){EDGE}", "=RDI")
def party(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """The party and the state of a politician. `Mace, R-S.C., said` -> mace, R S C, said"""
    if context.within(match.start()) or context.text[match.end() - 1] != ".":
        return None
    return list(match.groups()), match.end()


_LIMBS = (
    r"(?:(?:upper|lower|distal|proximal|medial|lateral) )?(?:arms?|legs?|hands?|foot|feet|knees?"
    r"|hips?|shoulders?|eyes?|ears?|ankles?|wrists?|elbows?|lungs?|kidneys?|breasts?|lobes?"
    r"|femur|tibia"
    r"|humerus|thumb|flank|chest|groin|heel|neck|calf|thigh|forearm|clavicle|ventric\w+|atri\w+"
    r"|hemispher\w+|extremit\w+|quadrant)\b"
)


@rule(rf"([LR])(?= {_LIMBS})", "=LR")
def limb(match: re.Match[str], context: Text) -> list[str] | None:
    """A side of the body. `numb in the L arm` -> numb in the left arm"""
    named = context.before(match.start()).lower() in _LETTERED
    return None if named or context.within(match.start()) else [_TURNS[match.group()]]


_LETTERED = frozenset("size option model vitamin plan type grade group letter part".split())
_TURNS = {"L": "left", "R": "right"}


@rule(rf"(?<=\w )([LR])(?= (?:on|onto|at|to|in|into|toward|past)\b|{EDGE}|$)", "=LR")
def turn(match: re.Match[str], context: Text) -> list[str] | None:
    """Which way to turn. `Turn L on Oak St.` -> turn left on oak street."""
    if context.before(match.start()).lower() not in _TURNING:
        return None
    return [_TURNS[match.group()]]


_TURNING = frozenset("turn turns bear keep veer exit merge hard then".split())


@rule(rf"([TR]){EDGE}? ?(\d{{1,3}}) ?([NSEW])(?:{EDGE}(?=[,;:]|{EDGE}| [a-z]))?" + END, "=TR")
def township(match: re.Match[str], context: Text) -> list[str] | None:
    """A square of land by its row or column. `T. 3 N., R. 2 W. of` -> township three north, range
    two west of"""
    row, count, side = match.groups()
    if context.within(match.start()) or context.text[match.end(1)] != ".":
        return None
    return [{"T": "township", "R": "range"}[row], *number(count), _COMPASS[side]]


_LATITUDE = re.compile(r"\b(?:lat|long?|lng|latitude|longitude)\b[.:]? ?$|\.\d+ ?[NS],? $", re.I)


# Where N and W are newtons and watts.
_POWERED = re.compile(
    r"\b(?:forces?|newtons?|watts?|motors?|springs?|friction|thrust|torque|power|actuators?|grip"
    r"|dissipat\w+|voltage|sensors?|loads?|servos?|solenoids?|tension|drag|lifts?"
    r"|pulls?|pushes|draws?|consum\w+)\b|\d ?(?:k?V|m?A|mW|N·?m|Pa|m/s)\b",
    re.IGNORECASE,
)


@rule(r"(\d{1,3}\.\d+)\s?([NSEW])" + END, "d")
def decimal_coordinate(match: re.Match[str], context: Text) -> list[str] | None:
    """A place on the earth without the sign of degrees. `40.7 N, 74.1 W` -> forty point seven
    north, seventy four point one west"""
    pair = re.match(rf"{EDGE}? \d{{1,3}}\.\d+ ?[EW](?!\w)", context.behind(match.end()))
    near = context.text[max(0, match.start() - 12) : match.start()]
    if not (_LATITUDE.search(near) or pair and match.group(2) in "NS"):
        return None
    if _POWERED.search(context.text[max(0, match.start() - 80) : match.end() + 60]):
        return None
    return [*number(match.group(1)), _COMPASS[match.group(2)]]


@rule(r"([NS])(?= ?(\d{1,2})°[^A-Za-z]{0,12}[EW](?![^\W_]))", "=NS")
def bearing(match: re.Match[str], context: Text) -> list[str] | None:
    """The side that a line bears to. `Strike N30°E` -> strike north thirty degrees east"""
    return None if context.within(match.start()) else [_COMPASS[match.group(1)]]


@rule(r"([-−+]?)\d{1,3}(?:\.\d+)?\s?°", "ds")
def coordinate(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A place on the earth. `40°26′ N` -> forty degrees twenty six minutes north"""
    found = _DEGREES.match(context.text, match.end(1))
    if found is None or not (found.group(2) or found.group(4)):
        return None
    if match.group(1) and not (found.group(2) and context.opens(match.start())):
        return None
    words = {"": [], "+": ["plus"]}.get(match.group(1), ["minus"])
    for value, unit in zip(found.groups(), ("degree", "minute", "second")):
        if value:
            value = re.sub(r"^0(?=\d)", "", value)
            words += [*number(value), unit if value == "1" else unit + "s"]
    return [*words, *(compass(found.group(4)) if found.group(4) else [])], found.end()
