"""Times of day, times that things take, and ratios, which are written as they are."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.dates import DAY_NAMES
from avspeech.text.numbers import cardinal, digits, duration, number, year
from avspeech.text.rules import EDGE, END, Text, rule

# Before a time that something takes.
_LASTING = lists.words("times.lasting")
_RATIO_BEFORE = lists.words("times.ratio_before")
_RATIO_BEHIND = lists.words("times.ratio_behind")
_EXERCISES = frozenset("rest rests recovery jog plank planks hold holds warmup cooldown".split())
_HALF = r"\s?([aApP])\.?\s?[mM]" + END  # am, P.M, ...


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
_AT = lists.words("times.at")


@rule(rf"(?<![-–:.,$#\w]){_ARMY}(?:[-–]{_ARMY}(?![-–]\d))?(?![\d.:])" + END, "d")
def army_range(match: re.Match[str], context: Text) -> list[str] | None:
    """Times of four digits. `from 0530–2315 daily` -> from oh five thirty to twenty three fifteen
    daily"""
    first, last = match.groups()
    if first[0] != "0" and (last is None or last[0] != "0"):
        return None
    if last is None and re.match(r" ?(?:hours|hrs|h)\b", context.behind(match.end())):
        return None
    before = context.before(match.start()).lower()
    near = context.text[max(0, match.start() - 24) : match.end() + 24]
    timed = before in _AT or before[:3].title() in DAY_NAMES or last is not None
    timed |= len(re.findall(rf"(?<!\d){_ARMY}(?!\d)", near)) > 1
    behind = re.match(r" (?:to|from|train|ferry|bus|service|flight)\b", context.behind(match.end()))
    timed |= before == "the" and behind is not None
    timed |= _ZONE.match(context.text, match.end()) is not None
    if before in lists.CODES or not timed:
        return None
    return [*_army(first), *(["to", *_army(last)] if last else [])]


_ZONE = re.compile(r" ?(?:GMT|UTC|BST|CES?T|EES?T|[ECMP][SD]T|Zulu|local)(?!\w)")


def _army(text: str) -> list[str]:
    """ "0730" -> oh seven thirty; "1400" -> fourteen hundred."""
    hours, minutes = int(text[:2]), text[2:]
    said = (["oh"] if hours < 10 else []) + cardinal(hours)
    return [*said, *(["hundred"] if minutes == "00" else _minutes(minutes))]


# Behind hours and minutes with a period between them.
_OF_CLOCK = r"(?: ?(?:hrs|Uhr|GMT|UTC|CES?T|BST|EES?T|WES?T|[ap]\.?m)\b)"


@rule(
    rf"(\d{{1,2}}):(\d\d)(?::(\d\d))?(?!\d|,\d{{3}})(?:{_HALF}|([ap]){END})?"
    rf"|(\d{{1,2}})\.(\d\d)(?:{_HALF}|(?=(?:(?:\s?[-–]\s?| to | for )\d{{1,2}}\.\d\d)?{_OF_CLOCK})"
    r"|(?= for \d{1,2} ?[ap]\.?m\b))",
    "d",
)
def clock(match: re.Match[str], context: Text) -> list[str] | None:
    """A time of day. `at 10:05 a.m. we left` -> at ten oh five A M we left"""
    hour, minute, second, half, clipped, hour2, minute2, half2 = match.groups()
    hour, minute, half = hour or hour2, minute or minute2, half or clipped or half2
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return None
    if re.search(r"\d ?= ?$", context.text[max(0, match.start() - 4) : match.start()]):
        return None  # a ratio: "2:3 = 8:12"
    near = re.search(r"([a-z]+):? $", context.text[max(0, match.start() - 16) : match.start()])
    before = near.group(1) if near else context.before(match.start()).lower()
    if not (second or half) and (
        before in _RATIO_BEFORE or context.after(match.end()).lower() in _RATIO_BEHIND
    ):
        return None  # "a 1:10 dilution"
    bracketed = context.text[match.start() - 1 : match.start()] == "(" and (
        context.text[match.end() : match.end() + 1] == ")"
    )
    ahead = context.text[max(0, match.start() - 16) : match.start()]
    weighed = re.search(r"\d ?(?:g|oz|lbs?)\.?,? (?:at )?$", ahead)
    if hour == "1" and weighed and not half:
        return None  # coffee and water: "15 g at 1:16"
    if second and not half and (before in ("a", "an") or bracketed):  # "a 2:01:09 marathon"
        return [*cardinal(int(hour)), *_minutes(minute), *_minutes(second)]
    ahead = context.text[max(0, match.start() - 4) : match.start()].lower()
    if not half and ahead == "sub-":  # "a sub-4:00 mile"
        return [*cardinal(int(hour)), *(_minutes(minute) if int(minute) else [])]
    if not (second or half) and context.after(match.end()).lower() in _EXERCISES:
        return duration(0, int(hour), int(minute))
    if second and not half and (before in _LASTING or int(hour) == 0):
        return duration(int(hour), int(minute), int(second))
    words = cardinal(int(hour))
    if int(minute):
        words += _minutes(minute)
    elif not half:
        words.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
    if second and (int(second) or int(minute)):
        words += ["and", *cardinal(int(second)), "second" + "s" * (int(second) != 1)]
    return words + ([half.upper(), "M"] if half else [])


_STAMPED = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$")


@rule(r"([-+−])([01]\d):?([0-5]\d)(?![\d:])" + END, "=-+−")
def offset(match: re.Match[str], context: Text) -> list[str] | None:
    """Hours from Greenwich behind a date and a time. `2025-03-09T02:15-05:00` -> march ninth twenty
    twenty five at two fifteen minus five"""
    if not _STAMPED.search(context.text[max(0, match.start() - 30) : match.start()]):
        return None
    sign, hours, minutes = match.groups()
    said = ["plus" if sign == "+" else "minus", *cardinal(int(hours))]
    return [*said, *(cardinal(int(minutes)) if minutes != "00" else [])]


@rule(r":([0-5]\d)" + END, "=:")
def past_hour(match: re.Match[str], context: Text) -> list[str] | None:
    """Minutes of every hour. `at :05 and :35` -> at oh five and thirty five"""
    alone = context.opens(match.start()) and context.text[match.start() - 1 :][:1] in (" ", "(")
    return _minutes(match.group(1)) if alone and match.group(1) != "00" else None


# A date, or what begins at a time, before it.
_BEGINS = re.compile(
    rf"(?:\d\.(?:\d\d|\d{{4}})?|(?:{lists.any_of(DAY_NAMES)})\.?(?: \d{{1,2}})?(?:,? \d{{4}})?"
    r"|\b(?:[Dd]oors|[Kk]ick-?off|[Tt]rains?|[Bb]us|[Ff]erry|[Mm]eeting|[Ll]unch|[Dd]inner"
    r"|[Bb]reakfast|[Mm]ass|[Ll]ecture|[Cc]oncert)\b[^.!?\n]{0,24})"
    r",? (?:at|from|by|until|till|um|ab) $"
)


_LISTED = re.compile(
    r"\b(?:Plat|[Pp]latform|on time|delayed|canc|cancell?ed|trains?|dep|departs)\b"
)
_UNTIL = re.compile(r" to \d{1,2}\.[0-5]\d(?!\d)")
_RUNS = re.compile(
    r"\b(?:bus(?:es)?|trains?|trams?|ferr(?:y|ies)|daily|open|[Oo]pening|hours|weekdays?|weekends?"
    rf"|{'|'.join(name[:3].title() for name in DAY_NAMES)}|(?:{lists.any_of(DAY_NAMES)})s?)\b", re.I
)


@rule(r"([01]?\d|2[0-3])\.([0-5]\d)(?![\d.]| ?[%°])" + END, "d")
def dotted_clock(match: re.Match[str], context: Text) -> list[str] | None:
    """Hours and minutes with a period between, behind a date or what begins then. `doors open at
    19.30` -> doors open at nineteen thirty"""
    near = context.text[max(0, match.start() - 60) : match.start()]
    clause = re.split(r"[.!?]\s+(?=[A-Z])", near)[-1]
    ranged = _RUNS.search(clause) and (
        near.endswith("from ") and _UNTIL.match(context.text, match.end())
        or re.search(r" from \d{1,2}\.[0-5]\d to $", near)
    )
    going = re.search(r"[A-ZÄÖÜ][\w-]+ (?:HB |Hbf )?(?:ab|an) $", near)  # "Zürich HB ab 7.32"
    going = going if re.search(r" ab \d", context.around(match.start())) else None
    going = going or re.match(r" to [A-Z]", context.behind(match.end())) and _LISTED.search(
        context.around(match.start())
    )
    if not (ranged or going or _BEGINS.search(near)):
        return None
    hour, minute = match.groups()
    if int(minute):
        return [*cardinal(int(hour)), *_minutes(minute)]
    return [*cardinal(int(hour)), "o'clock" if 1 <= int(hour) <= 12 else "hundred"]


@rule(r"(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\d:])" + END, "d")
def lap(match: re.Match[str], context: Text) -> list[str] | None:
    """The time of a lap. `a 1:02.5 lap` -> a one oh two point five lap"""
    minutes, seconds, part = match.groups()
    if re.match(rf"\s?[ap]{EDGE}?\.?m", context.behind(match.end()), re.IGNORECASE):
        return None
    if minutes in ("0", "00"):
        return [*number(str(int(seconds))), "point", *digits(part), "seconds"]
    low = ["oh"] if seconds[0] == "0" else []
    return [*number(minutes), *low, *number(str(int(seconds))), "point", *digits(part)]


_DEPARTS = re.compile(
    r"\b(?:dep|arr|lv|departs?|arrives?|leaves?|TGV|trains?)\b[^.;\n]{0,4}[^;\n]*$", re.I
)


@rule(r"([01]?\d|2[0-4])h([0-5]\d)" + END, "d")
def french_hour(match: re.Match[str], context: Text) -> list[str] | None:
    """A time of the day with "h". `at 15h00` -> at fifteen hundred"""
    near = context.text[max(0, match.start() - 40) : match.start()]
    before = context.before(match.start())
    if before.lower() not in ("at", "from", "to", "by", "until", "till") and not (
        before.istitle() and _DEPARTS.search(near)
    ):
        return None
    hour, minute = match.groups()
    low = [] if minute == "00" or minute[0] != "0" else ["oh"]
    return [*number(hour), *low, *(["hundred"] if minute == "00" else cardinal(int(minute)))]


_LASTS = "".join(
    rf"(?:(\d+(?:\.\d+)?)\s?(?:{unit})(?![a-z])[ ]?)?"
    for unit in ("d", "h|hrs?", "m|mins?", "s|secs?")
)


@rule(
    r"(?=\d+\s?(?:d|h|hrs?|m|mins?)[ ]?\d+(?:\.\d+)?\s?(?:h|hrs?|m|mins?|s|secs?)(?![a-z]))"
    rf"{_LASTS}",
    "d",
)
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
    noun = "." not in match.group() and context.adjective(match.start(), end)
    words: list[str] = []
    for value, unit in found:
        value = re.sub(r"^0(?=\d)", "", value)
        words += [*number(value), unit + "s" * (value != "1" and not noun)]
    return words, end


@rule(r"(\d{1,3})y ?(\d{1,2})m(?: ?(\d{1,2})d)?" + END, "d")
def years_and_months(match: re.Match[str], context: Text) -> list[str] | None:
    """How old somebody was. `aged 68y 11m` -> aged sixty eight years eleven months"""
    words: list[str] = []
    for count, unit in zip(match.groups(), ("year", "month", "day")):
        words += [*number(count), unit + "s" * (count != "1")] if count else []
    return words


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


@rule(r"(\d\d)(\d\d)(?= ?(?:hours|hrs|h)\b)", "d")
def army_time(match: re.Match[str], context: Text) -> list[str] | None:
    """A time as armies say it. `0800 hours` -> oh eight hundred hours"""
    hours, minutes = match.groups()
    if int(hours) > 24 or int(minutes) > 59 or hours[0] != "0" and minutes[1] not in "05":
        return None
    return _army(hours + minutes)
