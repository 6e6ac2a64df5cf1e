"""Shorthand of forecasts."""

from __future__ import annotations

import re

from avspeech.text.rules import EDGE, END, Text, rule

SHORT = {
    "wx": "weather",
    "sct": "scattered",
    "sctd": "scattered",
    "isol": "isolated",
    "isold": "isolated",
    "wdly": "widely",
    "tstm": "thunderstorm",
    "tstms": "thunderstorms",
    "t-storm": "thunderstorm",
    "t-storms": "thunderstorms",
    "shwr": "shower",
    "shwrs": "showers",
    "ptly": "partly",
    "pt": "partly",
    "mstly": "mostly",
    "cldy": "cloudy",
    "psbl": "possible",
    "ocnl": "occasional",
    "pcpn": "precipitation",
    "precip": "precipitation",
    "accum": "accumulation",
    "vsby": "visibility",
    "hum": "humidity",
    "gstg": "gusting",
    "becmg": "becoming",
    "hi": "high",
    "lo": "low",
    "hi's": "highs",
    "lo's": "lows",
    "pop": "probability of precipitation",
    "pops": "probability of precipitation",
}
# Of these only before a number, as they are words of other texts too.
_COUNTED = frozenset("hi lo hi's lo's pop pops hum".split())
_MARKS = re.compile(
    r"\b(?:sunny|sun|cloudy|cldy|clouds|clear|rain|rainy|showers?|shwrs?|snow|flurries|fog|haze"
    r"|t-?storms?|tstms?|thunderstorms?|winds?|gusts?|gusting|highs?|lows?|hi|lo|humidity"
    r"|dew ?point|wx|pops?|sct|isol|precip|pcpn|breezy|overcast|forecast)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"[.:]? ?(?:in (?:the )?)?(?:(?:near|around|mid|low|upper)[- ])?[-−]?\d")
_LISTED = re.compile(r"(?:^|[,;:.(–|/-] ?|\n|\b(?:and|with|w/|the|a) )$")
_NAMES = "|".join(sorted(SHORT, key=len, reverse=True))


@rule(rf"({_NAMES})('?d)?(?:{EDGE}(?= ?(?-i:[a-z\d])))?" + END, "ls", re.IGNORECASE)
def forecast(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A word of a forecast as it is shortened. `sct tstms, hi 88` -> scattered thunderstorms, high
    eighty eight"""
    start, end = match.span()
    text = context.text
    if start and (text[start - 1].isalnum() or text[start - 1] in "-/.&'’@#_"):
        return None
    name = match.group(1).lower()
    near = text[max(0, start - 100) : start] + " | " + text[end : end + 100]
    marks = {mark.lower().rstrip("s") for mark in _MARKS.findall(near)} - {name.rstrip("s")}
    if len(marks) < (1 if name in ("tstm", "tstms", "wx", "shwrs", "cldy", "mstly") else 2):
        return None
    behind = text[match.end(1) : match.end(1) + 20]
    if name in _COUNTED and not _AHEAD.match(behind):
        return None
    if name[:2] in ("hi", "lo") and not _LISTED.search(text[max(0, start - 6) : start]):
        return None
    if name == "pt" and not re.match(r"\.? (?:cloudy|cldy|sunny)", behind):
        return None
    if name == "wx" and not (behind[:1] == ":" or match.group(1).islower()):
        return None
    period = end > match.end(match.lastindex or 1) and text[end - 1] == "."
    return SHORT[name].split(), end if period else match.end(match.lastindex or 1)
