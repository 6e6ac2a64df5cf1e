"""Dates, days of the week, years, decades."""

from __future__ import annotations

import re

from avspeech.text import lists, parts
from avspeech.text.numbers import cardinal, decade, number, ordinal, year
from avspeech.text.rules import EDGE, END, Text, rule

_MONTH = lists.any_of(lists.MONTHS)
DAY_NAMES = {
    **lists.MONTHS,
    **{name.title(): name for name in lists.MONTH_NAMES},
    **{name.title(): name for name in lists.DAY_NAMES},
    **{name[:3].title(): name for name in lists.DAY_NAMES},
    **{"Tues": "tuesday", "Weds": "wednesday", "Thur": "thursday", "Thurs": "thursday"},
}
_DAYS = lists.any_of(DAY_NAMES)
# Before a date of two numbers.
_DATED = lists.words("dates.dated")
_TH = r"(?:st|nd|rd|th)?"


DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # of each month, at most


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= DAYS[month - 1]


def _months_day(month: int, day: int) -> list[str]:
    return [lists.MONTH_NAMES[month - 1], *ordinal(day)]


def _year(text: str) -> list[str]:
    if len(text) == 4:
        return year(int(text))
    return (["oh"] if int(text) < 10 else []) + cardinal(int(text))


@rule(rf"({_DAYS})[.{EDGE}]?([-–/])({_DAYS})(?:[.{EDGE}]?/({_DAYS}))?" + END, "=JFMASONDTW")
def day_range(match: re.Match[str], context: Text) -> list[str] | None:
    """From one day or month to another. `Mon.-Fri. we` -> monday to friday we"""
    first, sign, *others = match.groups()
    last = [DAY_NAMES[name] for name in others if name]
    return [DAY_NAMES[first], *(["to"] if sign != "/" else []), *last]


_LETTERED_DAYS = {
    "M": "monday", "Tu": "tuesday", "W": "wednesday", "Th": "thursday", "F": "friday",
    "Sa": "saturday", "Su": "sunday", "Mo": "monday", "We": "wednesday", "Fr": "friday",
}  # fmt: skip
_ONE_DAY = lists.any_of(_LETTERED_DAYS)


@rule(rf"({_ONE_DAY})([-–/])({_ONE_DAY})" + END, "=MTWFS")
def lettered_days(match: re.Match[str], context: Text) -> list[str] | None:
    """Days by their first letters. `M–Sa, 10–6` -> monday to saturday, ten to six"""
    first, sign, last = match.groups()
    start = match.start()
    if start and (context.view[start - 1].isalnum() or context.view[start - 1] in "-/"):
        return None
    both = (first + sign + last).replace("–", "-")
    hours = re.match(r" \d{1,2}:\d\d", context.behind(match.end()))
    if len(first) == len(last) == 1 and both != "M-F" and not (both == "M/W" and hours):
        return None
    between = ["to"] if sign != "/" else ["and"]
    return [_LETTERED_DAYS[first], *between, _LETTERED_DAYS[last]]


_CLASSES = {"MWF": "M/W/F", "TTh": "T/Th", "TuTh": "Tu/Th", "MTWThF": "M/T/W/Th/F"}


@rule(
    rf"((?:{_ONE_DAY}|T)(?:/(?:{_ONE_DAY}|T)){{1,4}}|{'|'.join(_CLASSES)})"
    r"(?=,? \d{1,2}(?::\d\d)?\s?(?:[-–]|[ap]\.?m))",
    "=MTWFS",
)
def days_of_classes(match: re.Match[str], context: Text) -> list[str] | None:
    """Days on which something is at the same hour. `M/W/F 9–5` -> monday, wednesday, friday nine
    to five"""
    days = _CLASSES.get(match.group(), match.group()).split("/")
    if context.within(match.start()) or days == ["M", "F"] or len(days) == 2 and days[1] == "T":
        return None
    said: list[str] = []
    for day in days:
        between = ["and" if len(days) == 2 else ","] if said else []
        said += [*between, _LETTERED_DAYS.get(day, "tuesday")]
    return said


@rule(
    rf"(Sat|Sun)(?={EDGE}? (?:\d{{1,2}}(?::\d\d)?\s?(?:[AaPp]\.?\s?[Mm]|[-–])|closed|noon|by app))",
    "=S",
)
def weekend(match: re.Match[str], context: Text) -> list[str] | None:
    """A day that is a word too, before its hours. `Sat: 9am` -> saturday: nine A M"""
    named = context.within(match.start()) or context.before(match.start()).lower() == "the"
    return None if named else [DAY_NAMES[match.group(1)]]


_BESIDE_DAY = re.compile(
    rf",? (?:(?:or|and|&|to|thru|through|until) (?:{_DAYS})(?!\w)|(?:at|@) ?\d"
    rf"|(?:at noon|morning|afternoon|evening|night|eve)(?!\w)|\d{{1,2}}{_TH} (?:{_MONTH})(?!\w))"
)
_BEHIND_DAY = re.compile(
    rf"(?<!\w)(?:(?:{_DAYS})(?: (?:or|and|&|to|thru|through|until)|,)|[Nn]ext|[Ll]ast|[Ee]very"
    r"|[Oo]n|[Tt]his|[Bb]y|[Uu]ntil|'?[Tt]il) $"
)


@rule(r"(Wed|Sat|Sun)(?![^\W_]|['’-])", "=WS")
def weekday(match: re.Match[str], context: Text) -> list[str] | None:
    """A day that is a word too, beside another day or a time, or with its capital within a
    sentence. `I'm free Wed or Sat` -> i'm free wednesday or saturday"""
    name, start, end = match.group(), match.start(), match.end()
    if context.within(start) or context.text[end : end + 1] == ".":
        return None
    beside = _BESIDE_DAY.match(context.text, end)
    beside = beside or _BEHIND_DAY.search(context.text[max(0, start - 14) : start])
    near = (context.words_before(start) or ["The"])[0]
    inside = name != "Sun" and near.islower() and near not in lists.DETERMINERS
    if name == "Sun" and context.after(end)[:1].isupper():
        return None  # "on Sun Microsystems"
    opened = start == 0 or context.text[start - 2 : start] in ("; ", ", ", "\n", " (")
    hours = opened and _HOURS.search(context.text[end : end + 32])
    return [DAY_NAMES[name]] if beside or inside or hours else None


_HOURS = re.compile(r"^[^.;,\n]*\d(?::\d\d|\d\d)?(?: ?[ap]m)?[-–]\d")
_HOURS_BEHIND = (
    r"(?=,? (?:\d{1,2}(?::\d\d)?(?: ?[-–]| & \d|[ap]\b| ?[AaPp]\.?[Mm])|\d{1,2}/\d{1,2}(?![\d/])"
    r"|by app|only|noon|eve|mornings?\b))"
)


@rule(rf"(Tu|Th|Sa|Su)(?:{EDGE}?{_HOURS_BEHIND}|(?<=[ap] ..)(?={EDGE}))", "=TS")
def lettered_day(match: re.Match[str], context: Text) -> list[str] | None:
    """A day by its letters, before its hours. `Th 10–6` -> thursday ten to six"""
    return None if context.within(match.start()) else [_LETTERED_DAYS[match.group(1)]]


@rule(r"(\d{4})[-/](\d\d)[-/](\d\d)(?![\d-])(?:(T)(?=\d\d:\d\d))?", "d")
def iso_date(match: re.Match[str], context: Text) -> list[str] | None:
    """A date from the year on. `2024-02-29` -> february twenty ninth twenty twenty four"""
    y, m, d = map(int, match.groups()[:3])
    at = ["at"] if match.group(4) else []
    return [*_months_day(m, d), *year(y), *at] if _is_day(m, d) else None


@rule(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])(?![\d-]|[.,]\d)" + END, "d")
def iso_month(match: re.Match[str], context: Text) -> list[str] | None:
    """A year and its month, where no years to come are meant. `by 2025-06` -> by june twenty twenty
    five"""
    first, month = map(int, match.groups())
    return [lists.MONTH_NAMES[month - 1], *year(first)] if month <= first % 100 else None


_POSTED = frozenset("had averaged averages averaging posted posting put scored".split())


_SIZED = re.compile(r" ?(?:[GMT]B|oz|mm|cm|ft|lbs?|mg|mL|k?Hz)(?![^\W_])")


@rule(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?![\d/-]|\.\d)", "d")
def number_date(match: re.Match[str], context: Text) -> list[str] | None:
    """A date of three numbers: the month is first, but behind the day where periods stand.
    `7/4/1776` -> july fourth seventeen seventy six"""
    first, sign, second, last = match.groups()
    if sign != "/" and len(last) != 4:
        dated = context.before(match.start()).lower() in _DATED and sign == "."
        if not (dated and int(first) > 12):  # "until 31.8.26"
            return None
    if sign == "/" and len(last) == 2 and context.before(match.start()).lower() in _POSTED:
        # Points, rebounds and assists.
        return [*number(first), ",", *number(second), ",", *number(last)]
    m, d = (int(second), int(first)) if sign == "." else (int(first), int(second))
    if m > 12 and d <= 12:
        m, d = d, m
    if sign == "/" and _SIZED.match(context.behind(match.end())):
        return None  # "8/16/32 GB"
    near = context.text[max(0, match.start() - 24) : match.start()].lower()
    if sign == "/" and d <= 12 and re.search(r"dd[/.-]mm\b", near):
        m, d = d, m
    if sign == "/" and len(last) == 2 and (m > 31 or d > 31 or not _is_day(m, d)):
        return [*number(first), ",", *number(second), ",", *number(last)]  # "31/11/11"
    return [*_months_day(m, d), *_year(last)] if _is_day(m, d) else None


_PARTS = {"d": "day", "m": "month", "y": "year"}


_PART = "(d{1,2}|m{1,2}|y{2,4})"


@rule(rf"(?=\S*(?:dd|yy)){_PART}([/.-]){_PART}(?:\2{_PART})?" + END, "=dmyDMY", re.IGNORECASE)
def form_of_date(match: re.Match[str], context: Text) -> list[str] | None:
    """How a date is to be written. `as dd/mm/yyyy` -> as day month year"""
    if context.within(match.start()):
        return None
    return [_PARTS[part[0].lower()] for part in match.group(1, 3, 4) if part]


_CAPITALS = lists.any_of(name[:3].upper() for name in lists.MONTHS)


@rule(
    rf"(\d{{1,2}})(?:-({_MONTH}|{_CAPITALS})(?:-(\d{{4}}|\d\d))?| ({_CAPITALS}) (\d\d))(?![-\d])"
    + END,
    "d",
)
def day_named(match: re.Match[str], context: Text) -> list[str] | None:
    """A date with hyphens, or stamped on food. `03-Jun-25` -> june third twenty five"""
    day, month, full, stamped, short = match.groups()
    name = lists.MONTHS[(month or stamped).title()]
    last = full or short
    if not _is_day(lists.MONTH_NAMES.index(name) + 1, int(day)):
        return None
    return [name, *ordinal(int(day)), *(_year(last) if last else [])]


@rule(r"(\d{1,2})\.(\d{1,2})(?![\d/%])" + END, "d")
def day_month_dots(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A day and a month, each with a period, within a sentence or behind a word that needs a date.
    `until 31.12. we` -> until december thirty first we"""
    day, month = match.groups()
    end = match.end()
    if not _is_day(int(month), int(day)):
        return None
    dotted = context.text[end : end + 1] == "."
    goes_on = dotted and re.match(r"\.\)?,?\s?(?:[a-z]|[-–(])", context.text[end : end + 4])
    dated = context.before(match.start()).lower() in _DATED | {"of", "und", "am", "bis", "to"}
    whole = len(day) == len(month) == 2 and (int(day) > 12 or dotted)
    alone = dotted and not context.text[: match.start()].strip() and not context.text[end + 1 :]
    if not (goes_on or dated and whole or alone and len(month) == 2):
        return None
    last = not re.search(r"[^\W\d_]|\d", context.text[end + 1 : end + 80])
    return _months_day(int(month), int(day)), end + (dotted and not last)


@rule(r"(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?![\d/])" + END, "d")
def month_year(match: re.Match[str], context: Text) -> list[str] | None:
    """A month and a year. `Expires 06/2027` -> expires june twenty twenty seven"""
    return [lists.MONTH_NAMES[int(match.group(1)) - 1], *year(int(match.group(2)))]


_COMMON = frozenset("1/2 1/3 2/3 1/4 3/4 1/5 2/5 3/5 4/5 1/6 5/6 1/8 3/8 5/8 7/8 1/10".split())


@rule(r"(\d{1,2})/(\d{1,2})\s?[-–]\s?(\d{1,2})/(\d{1,2})(?![\d/%\"]|\.\d)" + END, "d")
def slash_range(match: re.Match[str], context: Text) -> list[str] | None:
    """From one date of two numbers to another. `away 12/24–1/2` -> away december twenty fourth to
    january second"""
    m, d, m2, d2 = map(int, match.groups())
    if not (_is_day(m, d) and _is_day(m2, d2)):
        return None
    first, last = f"{m}/{d}", f"{m2}/{d2}"
    odd = not {first, last} <= _COMMON and not (d in (16, 32) or d2 in (16, 32))
    dated = context.before(match.start()).lower() in _DATED | {"of", "dates"}
    return [*_months_day(m, d), "to", *_months_day(m2, d2)] if odd or dated else None


@rule(r"(\d{1,2})/(\d{1,2})(?![\d/%])" + END, "d")
def month_day_slash(
    match: re.Match[str], context: Text
) -> list[str] | tuple[list[str], int] | None:
    """A date of two numbers, behind a word that needs one. `on 5/6` -> on may sixth"""
    m, d = map(int, match.groups())
    expires = _EXPIRES.search(context.text[max(0, match.start() - 24) : match.start()])
    short = expires and expires.group(1).lower() == "exp"
    zero = match.group()[0] == "0"
    whole_day = _is_day(m, d) and not zero and (m < 10 or d == DAYS[m - 1])  # "exp. 6/30"
    if expires and 23 < d < 60 and 1 <= m <= 12 and (zero or short and not whole_day):
        return [lists.MONTH_NAMES[m - 1], *year(2000 + d)]
    opened = match.start() > 0 and context.text[match.start() - 1] == "("
    bracketed = opened and context.text[match.end() : match.end() + 1] == ")"
    first = m > 12  # the day is first, as in Europe: "on 31/12", "(25/12)"
    first = first and (context.before(match.start()).lower() in _DATED or bracketed and d > 9)
    if first:
        m, d = d, m
    if match.group() in lists.PAIRS or not _is_day(m, d):
        return None
    changed = context.before(match.start()) == "by" and match.group() in _COMMON
    near = {word.lower() for word in context.words_before(match.start())[1:7]}
    if changed and not _CHANGED.isdisjoint(near):
        return None  # "cut it by 1/2"
    if match.group() == "1/1" or _BESIDE_NEW_YEAR.match(context.behind(match.end())):
        return _months_day(m, d)
    text = context.text[max(0, match.start() - 60) : match.start()]
    others = _OTHERS.search(text)
    assert others is not None
    named = re.search(r"([A-Za-z]+)(?:\.?,?|:)\s$", text[: others.start()])
    before = named.group(1).lower() if named else ""
    weekday = before.title() in DAY_NAMES and before.title() not in lists.MONTHS
    weekday |= before.title() in _LETTERED_DAYS and len(before) > 1
    earlier = re.search(r"(?<!\w)(?:from|between|on|of|dates?|except) ", text[-30:])
    common = {match.group(), *re.findall(r"\d+/\d+", others.group())} <= _COMMON
    dated = before in _DATED or weekday or first or bool(others.group() and earlier)
    dated = dated or bool(others.group()) and _is_whole(m, d) and before not in _OF_PARTS
    dated = dated or before in _DONE and not common
    dated = dated or _EVENT.search(text[: others.start()]) is not None
    dated = dated or context.after(match.end()) in _HELD
    dated = dated or m > d and _CHART.search(context.around(match.start())) is not None
    behind = context.text[match.end() : match.end() + 12]
    dated = dated or re.match(r"(?: ?@| at|,) \d{1,2}(?::\d\d| ?[ap]\.?m)", behind) is not None
    after = context.after(match.end())
    noun = after.islower() and after not in lists.FUNCTION | lists.NOT_NOUNS | _HELD
    noun = noun and not (_TO_COME.match(after) or parts.adverb(after))
    if match.group() in _COMMON and noun or after in _OF_FRACTION:
        return None  # "opens 1/2 turn"
    if not (dated or _no_fraction(context, match)):
        return None
    last = re.match(r"[-–](\d{1,2})(?![\d/:.%-])", context.behind(match.end()))
    if last and d < int(last[1]) <= DAYS[m - 1]:  # "11/27–28"
        return [*_months_day(m, d), "to", *ordinal(int(last[1]))], match.end() + last.end()
    return _months_day(m, d)


# Dates that go before one in a list, and what is between them.
_OTHERS = re.compile(
    r"(?:(?<![\d/])\d{1,2}/\d{1,2}(?:,? (?:and|or|to|&|through|thru|until) |, ?))*$"
)
_BESIDE_NEW_YEAR = re.compile(r"(?:,| &| and| or) 1/1(?![\d/])")
# What was done on a day: "signed 6/14".
_DONE = lists.words("dates.done")
# What is on a day: "your 3/8 email".
_HELD = lists.words("dates.held")
# What is on a day, with the word between: "My birthday is 8/19".
_EVENT = re.compile(
    rf"(?<!\w)(?:{lists.any_of(sorted(lists.words('dates.events') | _HELD))})"
    r"(?:(?: date)?:| (?:is|was|are|were|will be|\(\w+\))(?: on)?)? $",
    re.IGNORECASE,
)
# The notes of a clinic, where no fraction is more than one.
_CHART = re.compile(r"\b(?:s/p|h/o|c/o|f/u|[Hh]x|[Dd]x|[Pp]ts?\.|[Dd]ischarged|[Aa]dmitted)(?!\w)")
# What is done by a part: "cut by 1/3".
_CHANGED = lists.words("dates.changed")
# Before a month and a year: "Exp. date: 09/27".
_EXPIRES = re.compile(r"\b(exp|expir\w+)\b\W*(?:date\W*)?$", re.IGNORECASE)
_TO_COME = re.compile(
    r"(?:\w+ing|we|i|you|he|she|they|it|the|a|an|this|when|if|then|only|one|inclusive|please)$"
)
_OF_FRACTION = lists.words("dates.of_fraction") | {"ARM", "ARMs"}
# Below the line of fractions that are written.
_BOTTOMS = frozenset((2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 20, 24, 25))


def _no_fraction(context: Text, match: re.Match[str]) -> bool:
    """Whether two numbers are no fraction that is written, nor points of so many: "for 8/21"."""
    m, d = map(int, match.groups())
    before = context.before(match.start()).lower()
    if before in ("for", "of", "thru", "your") and d > 12 and d != 16:
        return m > 1 or d > 20
    near = [w.lower() for w in context.words_before(match.start())[:3]]
    alone = not context.after(match.end())
    if not alone or m == 1 or not _POINTS.isdisjoint(near):
        return False
    whole = _is_whole(m, d) and before not in _OF_PARTS
    return d not in _BOTTOMS or whole and not _RECKONED.search(context.around(match.start()))


def _is_whole(m: int, d: int) -> bool:
    """Whether two numbers would be more than a whole: "New episodes 11/5", but "It's 11/10"."""
    return d < m and m > 6 and d != 10


_POINTS = lists.words("dates.points")
# Before what is more than a whole, or a meter of music.
_OF_PARTS = frozenset("at by for fraction fractions in of ratio than times to".split())
_RECKONED = re.compile(r"[=+×*^]")


@rule(
    rf"({_MONTH}){EDGE}?[ ](\d{{1,2}}){_TH}(?![\d:/%])(?!\.\d)"
    rf"(?:\s?([-–])\s?(\d{{1,2}}){_TH}(?!\d))?"
    rf"(?:{EDGE}?[ ](\d{{4}}){END}(?![-–]\d))?",
    "=JFMASOND",
)
def month_day(match: re.Match[str], context: Text) -> list[str] | None:
    """A month and its day. `Jan. 5, 2024` -> january fifth twenty twenty four"""
    month, first, dash, last, full = match.groups()
    if not 1 <= int(first) <= 31 or last and not 1 <= int(last) <= 31:
        return None
    for place in re.finditer(EDGE, match.group()):
        if context.text[match.start() + place.start()] not in ".,":
            return None
    words = [
        lists.MONTHS[month],
        *ordinal(int(first)),
        *(["to", *ordinal(int(last))] if dash else []),
    ]
    return [*words, *(year(int(full)) if full else [])]


@rule(rf"(\d{{1,2}}){_TH}[ ](?:of[ ])?({_MONTH})(?![^\W_])(?:{EDGE}?[ ](\d{{4}}){END})?", "d")
def day_month(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """A day and its month. `4 July 1776` -> the fourth of july seventeen seventy six"""
    day, month, full = match.groups()
    if not 1 <= int(day) <= 31:
        return None
    edge = match.group().find(EDGE)
    if edge >= 0 and context.text[match.start() + edge] not in ".,":
        full = None
    article = [] if context.before(match.start()).lower() == "the" else ["the"]
    words = [*article, *ordinal(int(day)), "of", lists.MONTHS[month]]
    return (
        [*words, *year(int(full))]
        if full
        else words
        if match.group(3) is None
        else (words, match.end(2))
    )  # type: ignore[return-value]


@rule(r"(1(?:00|0?,?000|00,?000|,?000,000))['’]?s(?= of\b)", "d")
def hundreds(match: re.Match[str], context: Text) -> list[str] | None:
    """A round number of many. `1000s of users` -> thousands of users"""
    words = cardinal(int(match.group(1).replace(",", "")))
    words = words[1:] if words[0] == "one" and len(words) == 2 else words
    tens = [words[0] + "s", "of"] if words[0] == "ten" else []
    tens = ["hundreds", "of"] if words[:2] == ["one", "hundred"] else tens
    return [*tens, words[-1] + "s"]


@rule(r"(1[1-9]|20)(\d0)['’]?s" + END, "d")
def long_decade(match: re.Match[str], context: Text) -> list[str] | None:
    """A decade or century. `the 1980's` -> the nineteen eighties"""
    return decade(int(match.group(1) + match.group(2)))


_WAITS = re.compile(
    r"\b(?:(?:for|after|every|within|under|took|takes|wait|waits|lasts|than) $"
    r"|(?:timeout|delay|latency|interval|duration|cooldown)s?\b[^.!?]*$)",
    re.IGNORECASE,
)


def _lasts(context: Text, start: int) -> bool:
    """Whether seconds are meant by "30s", by the words before it."""
    return _WAITS.search(context.text[max(0, start - 60) : start]) is not None


@rule(r"['’]?([1-9]0|00)['’]?s" + END, "ds")
def short_decade(match: re.Match[str], context: Text) -> list[str] | None:
    """A decade of two digits. `the 80's` -> the eighties"""
    if match.group().isalnum() and _lasts(context, match.start()):
        return None  # "after 30s"
    if match.group(1) == "00":
        return ["two", "thousands"]
    name = cardinal(int(match.group(1)))[0]
    return [name[:-1] + "ies" if name.endswith("y") else name + "s"]


@rule(r"['’](\d\d)(['’]s)?" + END, "s")
def short_year(match: re.Match[str], context: Text) -> list[str] | None:
    """A year without its century. `the class of '99` -> the class of ninety nine"""
    if not context.opens(match.start()):
        return None
    said = _year(match.group(1))
    return [*said[:-1], said[-1] + "'s"] if match.group(2) else said
