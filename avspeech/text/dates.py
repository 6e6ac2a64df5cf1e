"""Dates, times of day, years, decades."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import cardinal, decade, digits, duration, number, ordinal, year
from avspeech.text.rules import EDGE, END, Text, rule

_MONTH = lists.any_of(lists.MONTHS)
_DAY_NAMES = {
    **lists.MONTHS,
    **{name.title(): name for name in lists.MONTH_NAMES},
    **{name.title(): name for name in lists.DAY_NAMES},
    **{name[:3].title(): name for name in lists.DAY_NAMES},
    **{"Tues": "tuesday", "Weds": "wednesday", "Thur": "thursday", "Thurs": "thursday"},
}
_DAYS = lists.any_of(_DAY_NAMES)
# Before a date of two numbers.
_DATED = frozenset(
    "on by until till since due dated starting from after before beginning effective through "
    "exp expires thru".split()
)
# Before a time that something takes.
_LASTING = frozenset(
    "in of time record finished clocked lasts lasted runs took takes within under over".split()
)
_RATIO_BEFORE = lists.words("dates.ratio_before")
_RATIO_BEHIND = lists.words("dates.ratio_behind")
_HALF = r"\s?([aApP])\.?\s?[mM]" + END  # am, P.M, ...
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


@rule(rf"({_DAYS})[.{EDGE}]?([-–/])({_DAYS})(?:[.{EDGE}]?/({_DAYS}))?" + END, "C")
def day_range(match: re.Match[str], context: Text) -> list[str] | None:
    """From one day or month to another. `Mon.-Fri. we` -> monday to friday we"""
    first, sign, *others = match.groups()
    last = [_DAY_NAMES[name] for name in others if name]
    return [_DAY_NAMES[first], *(["to"] if sign != "/" else []), *last]


_LETTERED_DAYS = {
    "M": "monday", "Tu": "tuesday", "W": "wednesday", "Th": "thursday", "F": "friday",
    "Sa": "saturday", "Su": "sunday",
}  # fmt: skip
_ONE_DAY = lists.any_of(_LETTERED_DAYS)


@rule(rf"({_ONE_DAY})([-–/])({_ONE_DAY})" + END, "C")
def lettered_days(match: re.Match[str], context: Text) -> list[str] | None:
    """Days by their first letters. `M–Sa, 10–6` -> monday to saturday, ten to six"""
    first, sign, last = match.groups()
    start = match.start()
    if start and (context.view[start - 1].isalnum() or context.view[start - 1] in "-/"):
        return None
    if len(first) == len(last) == 1 and (first + sign + last).replace("–", "-") != "M-F":
        return None
    between = ["to"] if sign != "/" else ["and"]
    return [_LETTERED_DAYS[first], *between, _LETTERED_DAYS[last]]


@rule(
    rf"(Sat|Sun)(?={EDGE}? (?:\d{{1,2}}(?::\d\d)?\s?(?:[AaPp]\.?\s?[Mm]|[-–])|closed|noon|by app))",
    "C",
)
def weekend(match: re.Match[str], context: Text) -> list[str] | None:
    """A day that is a word too, before its hours. `Sat: 9am` -> saturday: nine A M"""
    named = context.within(match.start()) or context.before(match.start()).lower() == "the"
    return None if named else [_DAY_NAMES[match.group(1)]]


_BESIDE_DAY = re.compile(
    rf",? (?:(?:or|and|&|to|thru|through|until) (?:{_DAYS})(?!\w)|(?:at|@) ?\d"
    r"|(?:at noon|morning|afternoon|evening|night|eve)(?!\w))"
)
_BEHIND_DAY = re.compile(
    rf"(?<!\w)(?:(?:{_DAYS})(?: (?:or|and|&|to|thru|through|until)|,)|[Nn]ext|[Ll]ast|[Ee]very"
    r"|[Oo]n|[Tt]his|[Bb]y|[Uu]ntil|'?[Tt]il) $"
)


@rule(r"(Wed|Sat|Sun)(?![^\W_]|['’-])", "C")
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
    return [_DAY_NAMES[name]] if beside or inside else None


_HOURS_BEHIND = (
    r"(?=,? (?:\d{1,2}(?::\d\d)?(?: ?[-–]|[ap]\b| ?[AaPp]\.?[Mm])|by app|only|noon|eve"
    r"|mornings?\b))"
)


@rule(rf"(Tu|Th|Sa|Su){EDGE}?{_HOURS_BEHIND}", "C")
def lettered_day(match: re.Match[str], context: Text) -> list[str] | None:
    """A day by its letters, before its hours. `Th 10–6` -> thursday ten to six"""
    return None if context.within(match.start()) else [_LETTERED_DAYS[match.group(1)]]


@rule(r"(\d{1,2})/(\d{1,2})c" + END, "d")
def air_time(match: re.Match[str], context: Text) -> list[str] | None:
    """An hour in the east and in the middle of the US. `at 9/8c` -> at nine eight central"""
    return [*cardinal(int(match.group(1))), *cardinal(int(match.group(2))), "central"]


_CLIPPED = r"(\d{1,2})(?::([0-5]\d))?([aApP])?"


@rule(rf"{_CLIPPED}\s?[-–]\s?{_CLIPPED}" + END, "d")
def hour_range(match: re.Match[str], context: Text) -> list[str] | None:
    """Hours with an a or a p. `6a–9p daily` -> six A M to nine P M daily"""
    hour, minute, half, hour2, minute2, half2 = match.groups()
    if not half2 or not (half or minute or minute2) or half and half.islower() != half2.islower():
        return None
    if not (1 <= int(hour) <= 12 and 1 <= int(hour2) <= 12):
        return None
    if context.before(match.start()).lower() in lists.COUNTED:
        return None  # "p. 5a-6p"
    said: list[str] = []
    for h, m, side in ((hour, minute, half), (hour2, minute2, half2)):
        said += [*(["to"] if said else []), *cardinal(int(h))]
        said += _minutes(m) if m and int(m) else []
        said += [side.upper(), "M"] if side else []
    return said


def _minutes(text: str) -> list[str]:
    return (["oh"] if int(text) < 10 else []) + cardinal(int(text))


_ARMY = r"((?:[01]\d|2[0-4])[0-5]\d)"
# Before a time of four digits that begins with a zero.
_AT = frozenset(
    "at for from by until till to before after between since dep departs arr arrives leaves "
    "ferry train bus flight depart arrive daily".split()
)


@rule(rf"(?<![-–:.,$#\w]){_ARMY}(?:[-–]{_ARMY}(?![-–]\d))?(?![\d.:])" + END, "d")
def army_range(match: re.Match[str], context: Text) -> list[str] | None:
    """Times of four digits. `from 0530–2315 daily` -> from oh five thirty to twenty three fifteen
    daily"""
    first, last = match.groups()
    if first[0] != "0" and (last is None or last[0] != "0"):
        return None
    if re.match(r" ?(?:hours|hrs|h)\b", context.behind(match.end())):
        return None
    before = context.before(match.start()).lower()
    near = context.text[max(0, match.start() - 24) : match.end() + 24]
    timed = before in _AT or before[:3].title() in _DAY_NAMES or last is not None
    timed |= len(re.findall(rf"(?<!\d){_ARMY}(?!\d)", near)) > 1
    behind = re.match(r" (?:to|from|train|ferry|bus|service|flight)\b", context.behind(match.end()))
    timed |= before == "the" and behind is not None
    if before in lists.CODES or not timed:
        return None
    return [*_army(first), *(["to", *_army(last)] if last else [])]


def _army(text: str) -> list[str]:
    """ "0730" -> oh seven thirty; "1400" -> fourteen hundred."""
    hours, minutes = int(text[:2]), text[2:]
    said = (["oh"] if hours < 10 else []) + cardinal(hours)
    return [*said, *(["hundred"] if minutes == "00" else _minutes(minutes))]


@rule(
    rf"(\d{{1,2}}):(\d\d)(?::(\d\d))?(?!\d|,\d{{3}})(?:{_HALF}|([ap]){END})?"
    rf"|(\d{{1,2}})\.(\d\d){_HALF}",
    "d",
)
def clock(match: re.Match[str], context: Text) -> list[str] | None:
    """A time of day. `at 10:05 a.m. we left` -> at ten oh five A M we left"""
    hour, minute, second, half, clipped, hour2, minute2, half2 = match.groups()
    hour, minute, half = hour or hour2, minute or minute2, half or clipped or half2
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return None
    near = re.search(r"([a-z]+):? $", context.text[max(0, match.start() - 16) : match.start()])
    before = near.group(1) if near else context.before(match.start()).lower()
    if not (second or half) and (
        before in _RATIO_BEFORE or context.after(match.end()).lower() in _RATIO_BEHIND
    ):
        return None  # "a 1:10 dilution"
    if second and not half and (before in _LASTING or int(hour) == 0):
        return duration(int(hour), int(minute), int(second))
    words = cardinal(int(hour))
    if int(minute):
        words += (["oh"] if int(minute) < 10 else []) + cardinal(int(minute))
    elif not half:
        words.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
    if second and (int(second) or int(minute)):
        words += ["and", *cardinal(int(second)), "second" + "s" * (int(second) != 1)]
    return words + ([half.upper(), "M"] if half else [])


@rule(r"(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\d:])" + END, "d")
def lap(match: re.Match[str], context: Text) -> list[str] | None:
    """The time of a lap. `a 1:02.5 lap` -> a one oh two point five lap"""
    minutes, seconds, part = match.groups()
    if re.match(rf"\s?[ap]{EDGE}?\.?m", context.behind(match.end()), re.IGNORECASE):
        return None
    low = ["oh"] if seconds[0] == "0" else []
    return [*number(minutes), *low, *number(str(int(seconds))), "point", *digits(part)]


_LASTS = "".join(
    rf"(?:(\d+)\s?(?:{unit})(?![a-z])[ ]?)?" for unit in ("d", "h|hrs?", "m|mins?", "s|secs?")
)


@rule(rf"(?=\d+\s?(?:d|h|hrs?|m|mins?)[ ]?\d+\s?(?:h|hrs?|m|mins?|s|secs?)(?![a-z])){_LASTS}", "d")
def lasting(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Hours, minutes and seconds by their letters. `a 7h 20m flight` -> a seven hour twenty minute
    flight"""
    found = [
        (value, unit)
        for value, unit in zip(match.groups(), ("day", "hour", "minute", "second"))
        if value
    ]
    if len(found) < 2:
        return None
    end = match.end() - match.group().endswith(" ")
    noun = context.adjective(match.start(), end)
    words: list[str] = []
    for value, unit in found:
        words += [*number(value), unit + "s" * (value != "1" and not noun)]
    return words, end


_N = r"(\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d+)?)"


@rule(rf"{_N}:{_N}(?![\d:])", "d")
def ratio(match: re.Match[str], context: Text) -> list[str] | None:
    """A ratio. `a 3:1 lead` -> a three to one lead"""
    edition = re.fullmatch(r"(?:19|20)\d\d", match.group(2))
    if edition and context.before(match.start()) in ("ISO", "IEC", "EN", "DIN", "BS", "ASTM"):
        return [*number(match.group(1)), ",", *year(int(match.group(2)))]
    return [*number(match.group(1)), "to", *number(match.group(2))]


@rule(r"(\d{1,2})" + _HALF, "d")
def hour(match: re.Match[str], context: Text) -> list[str] | None:
    """A full hour. `5pm` -> five P M"""
    return (
        [*cardinal(int(match.group(1))), match.group(2).upper(), "M"]
        if int(match.group(1)) <= 24
        else None
    )


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


@rule(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?![\d/-]|\.\d)", "d")
def number_date(match: re.Match[str], context: Text) -> list[str] | None:
    """A date of three numbers: the month is first, but behind the day where periods stand.
    `7/4/1776` -> july fourth seventeen seventy six"""
    first, sign, second, last = match.groups()
    if sign != "/" and len(last) != 4:
        return None
    m, d = (int(second), int(first)) if sign == "." else (int(first), int(second))
    if m > 12 and d <= 12:
        m, d = d, m
    return [*_months_day(m, d), *_year(last)] if _is_day(m, d) else None


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


@rule(r"(\d\d)(\d\d)(?= ?(?:hours|hrs|h)\b)", "d")
def army_time(match: re.Match[str], context: Text) -> list[str] | None:
    """A time as armies say it. `0800 hours` -> oh eight hundred hours"""
    hours, minutes = match.groups()
    if int(hours) > 24 or int(minutes) > 59 or hours[0] != "0" and minutes[1] not in "05":
        return None
    said = (["oh"] if hours[0] == "0" else []) + cardinal(int(hours))
    if int(minutes) == 0:
        return [*said, "hundred"]
    return [*said, *(["oh"] if minutes[0] == "0" else []), *cardinal(int(minutes))]


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
def month_day_slash(match: re.Match[str], context: Text) -> list[str] | None:
    """A date of two numbers, behind a word that needs one. `on 5/6` -> on may sixth"""
    m, d = map(int, match.groups())
    expires = _EXPIRES.search(context.text[max(0, match.start() - 24) : match.start()])
    short = expires and expires.group(1).lower() == "exp"
    if expires and 23 < d < 60 and 1 <= m <= 12 and (match.group()[0] == "0" or short):
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
    if match.group() == "1/1":
        return _months_day(m, d)
    text = context.text[max(0, match.start() - 16) : match.start()]
    named = re.search(r"([A-Za-z]+)\.?,?\s$", text)
    before = named.group(1).lower() if named else ""
    weekday = before.title() in _DAY_NAMES and before.title() not in lists.MONTHS
    paired = re.search(r"\b\d{1,2}/\d{1,2} (?:to|and|through|thru|until|or) $", text)
    earlier = context.text[max(0, match.start() - 30) : match.start()]
    paired = paired and re.search(r"(?:from|between|on|of|dates?) ", earlier)
    dated = before in _DATED or weekday or bool(paired) or first
    dated = dated or context.after(match.end()) in _HELD
    behind = context.text[match.end() : match.end() + 12]
    dated = dated or re.match(r"(?: ?@| at|,) \d{1,2}(?::\d\d| ?[ap]\.?m)", behind) is not None
    if not (dated or _no_fraction(context, match)) or context.after(match.end()) in _OF_FRACTION:
        return None
    return _months_day(m, d)


# What is on a day: "your 3/8 email".
_HELD = frozenset(
    "email e mail meeting call letter memo appointment deadline webinar game concert".split()
)
# What is done by a part: "cut by 1/3".
_CHANGED = frozenset(
    "cut cuts cutting reduce reduced reduces reducing reduction grew grow grows rose rise rises "
    "fell fall falls dropped drop drops increase increased increases decrease decreased shrink "
    "shrank lower lowered raise raised shorten shortened multiply multiplied divide divided "
    "longer shorter smaller larger more less".split()
)
# Before a month and a year: "Exp. date: 09/27".
_EXPIRES = re.compile(r"\b(exp|expir\w+)\b\W*(?:date\W*)?$", re.IGNORECASE)
_OF_FRACTION = ("of", "cup", "inch")
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
    return m > 1 and d not in _BOTTOMS and alone and _POINTS.isdisjoint(near)


_POINTS = frozenset(
    "scored score scores got went shot made rated lap page part step slide hole round question "
    "odds is was equals just only about over all by shooting hit".split()
)


@rule(
    rf"({_MONTH}){EDGE}?[ ](\d{{1,2}}){_TH}(?![\d:/%])(?!\.\d)"
    rf"(?:\s?([-–])\s?(\d{{1,2}}){_TH}(?!\d))?"
    rf"(?:{EDGE}?[ ](\d{{4}}){END}(?![-–]\d))?",
    "C",
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
