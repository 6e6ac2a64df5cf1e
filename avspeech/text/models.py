"""Numbers that are names: of rooms, roads, airplanes, cards, standards and versions."""

from __future__ import annotations

import re

from avspeech.text import lists, units
from avspeech.text.numbers import cardinal, digits, number, year
from avspeech.text.rules import EDGE, END, Text, letters, rule


def pairs(text: str) -> list[str]:
    """Three or four digits as a name is said: "320" -> three twenty, "404" -> four oh four,
    "4090" -> forty ninety, "1000" -> one thousand. Other digits are said one by one."""
    if text[0] == "0" or not 3 <= len(text) <= 4:
        return number(text) if len(text) < 3 else digits(text)
    if text.endswith("00"):
        whole = len(text) == 4 and not text.endswith("000")
        return [*cardinal(int(text[:2])), "hundred"] if whole else cardinal(int(text))
    if len(text) == 4 and text[1] == "0" and text[2] == "0":
        return cardinal(int(text))
    first, last = text[:-2], text[-2:]
    return [*cardinal(int(first)), *(["oh"] if last[0] == "0" else []), *cardinal(int(last))]


@rule(r"([A-Z]{1,3})(-?)(\d{3,5})(?:-(\d{1,4}))?(s(?!\w))?(?![\d-]|[.,:]\d)", "C")
def model(match: re.Match[str], context: Text) -> list[str] | None:
    """Letters in capitals and a number. `an A320 and a F-150` -> an A three twenty and a F one
    fifty"""
    name, hyphen, first, second, plural = match.groups()
    start = match.start()
    if start and (context.view[start - 1].isalnum() or context.view[start - 1] in "-_/."):
        return None
    if context.word(name.lower()) and len(name) > 2 and name not in lists.SPELLED:
        return None
    is_year = re.fullmatch(r"19\d\d|20\d\d", first)
    said = year(int(first)) if is_year else pairs(first)
    said = [*letters(name), *said, *(pairs(second) if second else [])]
    return _many(said) if plural else said


@rule(r"(\d{4})(?![\d,]|\.\d)" + END, "d")
def series(match: re.Match[str], context: Text) -> list[str] | None:
    """Four digits behind letters in capitals. `the RTX 4090` -> the R T X forty ninety"""
    text = match.group(1)
    before = context.before(match.start())
    if before.lower() == "port":
        return pairs(text)
    if not re.fullmatch(r"[A-Z]{2,4}", before) or re.match(r"1[1-9]|20|0|.00", text):
        return None
    if before in lists.MONEY or before.lower() in lists.CODES or context.shouted(match.start()):
        return None
    unit = context.after(match.end())
    measured = len(unit) > 1 and not unit.islower() and unit in units.table()  # "QNH 1013 hPa"
    return None if measured or context.text[match.start() - 1] != " " else pairs(text)


@rule(r"(\d{3})(?:[-–](\d{1,4}))?(?:['’]?(s)|([A-Z]{1,3}))?(?![\d,]|[.:]\d|[-–]\d)" + END, "d")
def of_three(match: re.Match[str], context: Text) -> list[str] | None:
    """The number of a room, a road or a flight. `Room 237` -> room two thirty seven"""
    first, second, plural, letter = match.groups()
    before = (context.words_before(match.start()) or [context.before(match.start())])[0]
    if context.text[max(0, match.start() - 2) : match.start()].strip() == ".":
        before = context.before(match.start())
    for words, _ in lists.ABBREVIATIONS.get(before, [])[:1]:
        before = words[-1]  # "Rm. 212"
    before = before.lower().replace("’", "'").removesuffix("'s")
    american = re.search(
        r"(?:^|[^\d ]) ?U\.?S\.? $", context.text[max(0, match.start() - 7) : match.start()]
    )
    plane = re.fullmatch(r"7[0-8]7", first) and (plural or before in ("a", "the", "new", "old"))
    counted = context.after(match.end())
    plane = plane or re.fullmatch(r"7[0-8]7", first) and re.fullmatch(r"[1-9]00", second or "")
    plane = plane and not (counted.endswith("s") and counted.islower())
    chip = counted in ("timer", "chip", "IC")  # "a 555 timer"
    listed = chip or before in lists.NUMBERED or american or plane
    near = context.text[max(0, match.start() - 16) : match.start()]
    series_name = re.search(r"\b[A-Z]{1,2}X $", near)
    flight = re.search(r"[Ff]lights?(?: is| was|[,:]| no\.)? [A-Z]{2} ?$", near)
    listed = listed or flight or _is_answer(context, match)
    listed = listed or series_name and not counted.endswith("s")  # "the RX 580"
    coded = re.fullmatch(r"[A-Z]{2,4}", context.before(match.start())) and near[-1:] == " "
    coded = coded and not re.search(r"\d[,;] [A-Z]+ $", near)  # "LAL 112, BOS 109"
    coded = coded and re.fullmatch(r"[1-9]0[1-9]", first) and before.upper() not in lists.MONEY
    coded = coded and not (counted.islower() and counted.endswith("s") and counted[-2:] != "ss")
    street = re.match(r" (?:[NSEW]\.? )?\d{1,3}(?:st|nd|rd|th) [A-Z]", context.behind(match.end()))
    listed = listed or street  # "350 5th Ave."
    listed = listed or coded and not context.shouted(match.start() - 2)  # "CS 101"
    if not listed or first[0] == "0" or american and context.after(match.end()).endswith("s"):
        return None
    if first.endswith("00") and not second and not plural:
        return None
    said = [*pairs(first), *(pairs(second) if second else []), *(letter or "")]
    if "'" in match.group() or "’" in match.group():
        return [*said[:-1], said[-1] + "'s"]
    return _many(said) if plural else said


_ASKED = re.compile(
    r"\b(?:HTTPS?|APIs?|GET|POST|PUT|DELETE|URLs?|errors?|responses?|servers?|endpoints?"
    r"|requests?)\b"
)


_ANSWERS = re.compile(r"\b(?:return|respond|throw)(?:s|ed)?(?: with)?(?: an?)? $")
_NOT_COUNTED = frozenset("is was means errors pages".split())


def _is_answer(context: Text, match: re.Match[str]) -> bool:
    """Whether a number is what a server answers: "the API returns 404"."""
    following = context.after(match.end())
    counted = following.endswith("s") and following not in _NOT_COUNTED
    if counted or not re.fullmatch(r"[45]0[1-9]s?", match.group()):
        return False
    if following in ("error", "response", "status") or match.group().endswith("s"):
        return True
    before = context.text[max(0, match.start() - 60) : match.start()]
    alone = not following[:1].islower() or following in lists.NOT_NOUNS
    return _ASKED.search(before) is not None or alone and _ANSWERS.search(before) is not None


def _many(said: list[str]) -> list[str]:
    *first, last = said
    if last.endswith("y"):
        return [*first, last[:-1] + "ies"]
    return [*first, last + ("es" if last.endswith("x") else "s")]


@rule(rf"(\d{{3}}){EDGE}([a-z]){EDGE}", "d")
def paragraph(match: re.Match[str], context: Text) -> list[str] | None:
    """A law that a plan is named by. `a 401(k) plan` -> a four oh one K plan"""
    if context.text[match.end(1)] != "(":
        return None
    return [*pairs(match.group(1)), match.group(2).upper()]


@rule(r"802\.(\d{1,2})([a-z]{0,2})" + END, "d")
def wireless(match: re.Match[str], context: Text) -> list[str] | None:
    """A standard of wireless networks. `802.11ac` -> eight oh two dot eleven A C"""
    return [*pairs("802"), "dot", *number(match.group(1)), *letters(match.group(2))]


@rule(r"(\d{1,4})\.(\d{2})(?![\d.,])" + END, "d")
def release(match: re.Match[str], context: Text) -> list[str] | None:
    """The version of a program with two digits behind the point. `Python 3.11` -> python three
    point eleven"""
    whole, part = match.groups()
    compared = re.search(r"[≥≤<>]=? ?$", context.text[max(0, match.start() - 3) : match.start()])
    start = match.start() - len(compared.group()) if compared else match.start()  # "Python ≥3.10"
    if context.before(start).lower() not in lists.RELEASED:
        return None
    oh = ["zero"] if part[0] == "0" else []
    return [*number(whole), "point", *oh, *cardinal(int(part))]


@rule(r"(\d+)\.([xX])(?![^\W_])", "d")
def any_release(match: re.Match[str], context: Text) -> list[str] | None:
    """All versions of a number. `Log4j 2.x` -> L O G four J two point X"""
    return [*number(match.group(1)), "point", "X"]


@rule(
    r"(?:(?<=[A-Za-z])|(?<=[A-Za-z]-)|(?<=\dx)|(?<=\d [xX×] )"
    r"|(?<=\d )(?=\d{3}s)|(?<=['’]s )(?=\d{3})"
    r"|(?<=[Ss]ize )|(?<=\bM[Aa][Xx] )|(?<=\bthe )(?=\ds(?: and\b| or\b|\x00|$)))"
    r"(?<!\b[a-z])(\d{1,3})'?s(?![^\W_])",
    "d",
)
def digits_plural(match: re.Match[str], context: Text) -> list[str] | None:
    """The plural of a name that ends in a number. `MP3s` -> M P threes"""
    return _many(pairs(match.group(1)))


@rule(r"(2|5|7|10|20|30)s(/?)(5|7|10|20|30)s" + END, "d")
def tenors(match: re.Match[str], context: Text) -> list[str] | None:
    """Bonds of two spans of years. `the 2s/10s curve` -> the twos tens curve"""
    first, slash, second = match.groups()
    if slash and context.after(match.end()) not in ("spread", "curve", "steepener", "flattener"):
        return None  # the decades "20s/30s"
    return [*_many(cardinal(int(first))), *_many(cardinal(int(second)))]


@rule(r"(\d{1,4})['’]s" + END, "d")
def digits_own(match: re.Match[str], context: Text) -> list[str] | None:
    """What belongs to a number or a year. `2023's best` -> twenty twenty three's best"""
    text = match.group(1)
    is_year = re.fullmatch(r"1[1-9]\d\d|20\d\d", text)
    said = year(int(text)) if is_year else pairs(text)
    return [*said[:-1], said[-1] + "'s"]


_COLORED = re.compile(
    r"\b(?:colou?rs?|hex|css|rgba?|background|fill|palette|shades?|text|border)\b", re.IGNORECASE
)


@rule(r"#(?=[\dA-Fa-f]*\d)(?=[\dA-Fa-f]*[A-Fa-f])([\dA-F]{6}|[\da-f]{6}|[\dA-F]{8})" + END, "=#")
def color(match: re.Match[str], context: Text) -> list[str] | None:
    """A color by its digits. `the color #FF8800` -> the color hash F F eight eight zero zero"""
    if not _COLORED.search(context.around(match.start())):
        return None
    return ["hash", *letters(match.group(1))]


@rule(r"0x([0-9A-Fa-f]{1,16})" + END, "d")
def hexadecimal(match: re.Match[str], context: Text) -> list[str] | None:
    """A number of sixteen digits. `0xFF` -> zero X F F"""
    return ["zero", "X", *letters(match.group(1))]


@rule(r"(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*\d)[A-Z\d]{1,8}(?:-[A-Z\d]{1,8}){2,6}" + END, "Cd")
def serial(match: re.Match[str], context: Text) -> list[str] | None:
    """A serial number of letters and digits. `A7-4410-Z` -> A seven, four four one zero, Z"""
    if context.within(match.start()):
        return None
    parts = match.group().split("-")
    if sum(any(c.isdigit() for c in part) for part in parts) < 2 and len(parts) < 4:
        return None
    said: list[str] = []
    dated = parts[0].isalpha() and re.fullmatch(r"(?:19|20)\d\d", parts[1]) is not None
    if dated and len(parts) == 3 and parts[2].isdigit():  # "CVE-2021-44228"
        named = [parts[0].lower()] if context.word(parts[0].lower()) else letters(parts[0])
        return [*named, *year(int(parts[1])), ",", *digits(parts[2])]
    for part in parts:
        for piece in re.findall(r"[A-Z]+|\d+", part):
            if piece.isdigit():
                said += number(piece) if len(piece) < 3 else digits(piece)
            else:
                said += letters(piece)
        said.append(",")
    return said[:-1]


@rule(r"(\d{1,3})-(\d{2,4})(?![\d-]|[.,]\d)" + END, "d")
def docket(match: re.Match[str], context: Text) -> list[str] | None:
    """The number of a case or a bill. `Case 14-203` -> case fourteen, two oh three"""
    before = context.before(match.start()).lower()
    if before not in ("no", "case", "docket", "bill", "ordinance", "resolution"):
        return None
    first, second = match.groups()
    return [*number(first), ",", *(number(second) if second[0] == "0" else pairs(second))]


@rule(r"\d{5,6}(?!\d|[,.]\d)" + END, "d")
def short_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A number that messages go to. `text 88788` -> text eight eight seven eight eight"""
    near = [w.lower() for w in context.words_before(match.start())[:3]]
    if re.search(r"\bD\.?C\.? $", context.text[max(0, match.start() - 6) : match.start()]):
        return digits(match.group())  # a ZIP code
    calls = near[:1] == ["text"] or "text" in near and near[:1] == ["to"]
    return digits(match.group()) if calls else None


@rule(r"\.(\d\d|\d{3})(?![\d.,%])" + END, "=.")
def caliber(match: re.Match[str], context: Text) -> list[str] | None:
    """The caliber of a gun. `a .22 rifle` -> a twenty two rifle"""
    following = context.after(match.end()).lower()
    if following in lists.GUNS:
        return pairs(match.group(1))
    if following and following not in lists.NOT_NOUNS:
        return None
    near = context.words_before(match.start())[:1]
    return pairs(match.group(1)) if near in (["a"], ["A"]) else None


@rule(r"(\d{1,4})(ers?|ish|fold|some|somethings?)" + END, "d")
def digits_ending(match: re.Match[str], context: Text) -> list[str] | None:
    """A number with the ending of a word. `the 49ers` -> the forty niners"""
    *first, last = pairs(match.group(1))
    ending = match.group(2)
    short = last.endswith("e") and ending in ("er", "ers")
    return [*first, (last[:-1] if short else last) + ending]


_PERSONS = {"1": "first", "2": "second", "3": "third", "sg": "singular", "pl": "plural"}


@rule(rf"([123])(sg|pl)(?:{EDGE}(?= [a-z]))?" + END, "=123")
def person(match: re.Match[str], context: Text) -> list[str]:
    """A form of a verb. `the 3sg. form` -> the third person singular form"""
    return [_PERSONS[match.group(1)], "person", _PERSONS[match.group(2)]]


@rule(r"\d+(?=[^\W\d_])", "d")
def digits_in_name(match: re.Match[str], context: Text) -> list[str] | None:
    """Digits before letters. `3D in 1080p` -> three D in ten eighty P"""
    return pairs(match.group())


@rule(r"\d+\.\d+(?=[^\W\d_])", "d")
def decimal_before_letters(match: re.Match[str], context: Text) -> list[str] | None:
    """A decimal that letters follow. `0.6c` -> zero point six C"""
    return number(match.group())


_STUFF = re.compile(r"(?:[A-Z][a-z]?\d?){2,}$|(?:solution|stock|acid|base|buffer|of)$")


@rule(r"([1-9]\d*\.\d+)([MB])" + END, "d")
def millions(match: re.Match[str], context: Text) -> list[str] | None:
    """So many millions or billions. `won 9.3M votes` -> won nine point three million votes"""
    if _STUFF.match(context.after(match.end())):
        return None  # a concentration: "2.5M NaCl"
    return [*number(match.group(1)), {"M": "million", "B": "billion"}[match.group(2)]]


_AMOUNTS = frozenset(
    "vol volume revenue revenues sales turnover profit profits loss losses income cost costs budget"
    " raise raised raises worth valued valuation spent spend earned earns invested paid sold debt"
    " users views followers subscribers downloads copies population audience viewers over nearly"
    " almost than roughly some reached reach hit hits topped tops exceeds exceeded".split()
)
_MEASURED = re.compile(r"(?:race|sprint|dash|swim|hurdle|relay|pool|final|freestyle|pencil)\w*$")
_COUNTED = re.compile(r"[a-z]{2,}[^\Wsui_]s$|people$|children$|men$|women$")


@rule(r"([1-9]\d{0,3})([MB])" + END, "d")
def whole_millions(match: re.Match[str], context: Text) -> list[str] | None:
    """So many whole millions or billions, of what is counted or earned. `a volume of 52M` -> a
    volume of fifty two million"""
    start, following = match.start(), context.after(match.end())
    near = re.findall(r"\w+", context.text[max(0, start - 30) : start].lower())[:-4:-1]
    if not context.opens(start) or near[:1] and near[0] in lists.LETTERED | lists.COUNTED:
        return None
    things = _COUNTED.match(following) and following not in lists.NOT_NOUNS
    opened = re.search(r"([a-z]{3,}s|people) \($", context.text[max(0, start - 20) : start])
    things = things or opened and len(match.group(1)) == 3  # "adults (168M)", but "friends (26M)"
    amount = not _AMOUNTS.isdisjoint(near) and (not following or following in lists.NOT_NOUNS)
    if not (things or amount) or _MEASURED.match(following) or _STUFF.match(following):
        return None
    return [*number(match.group(1)), {"M": "million", "B": "billion"}[match.group(2)]]


@rule(r"(?<=[A-Za-z])\d{1,3}\.\d{1,3}" + END, "d")
def decimal_in_name(match: re.Match[str], context: Text) -> list[str] | None:
    """A name that ends in a decimal. `PM2.5` -> P M two point five"""
    return number(match.group())


@rule(r"(?=[A-Z\d]*[A-Z])(?=(?:[A-Z]*\d){5})[A-Z\d]{8,24}" + END, "Cd")
def long_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A long code of letters and digits. `1Z999AA1` -> one Z nine nine nine A A one"""
    return letters(match.group())


@rule(r"(?<=[a-z]-)(\d{3})(?![\d-]|[.,]\d)" + END, "d")
def name_of_three(match: re.Match[str], context: Text) -> list[str] | None:
    """Three digits that belong to a name. `Blink-182` -> blink one eighty two"""
    before = context.text[max(0, match.start() - 16) : match.start()]
    name = re.search(r"(?:^|\W)[A-Z][a-z]+-$", before)
    return pairs(match.group(1)) if name else None


@rule(r"\d+", "d")
def bare_digits(match: re.Match[str], context: Text) -> list[str] | None:
    """Any other digits. `12` -> twelve"""
    if re.fullmatch(r"(?:19|20)\d\d", match.group()):  # "FY2024", "#Mars2020"
        return year(int(match.group()))
    return number(match.group()) if len(match.group()) < 3 else digits(match.group())
