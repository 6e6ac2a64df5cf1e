"""What SSML's <say-as> makes of a text: words, whatever the rules of `normalise` would say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from avspeech.errors import InputError
from avspeech.text import lexicon, lists, numbers, units
from avspeech.text.dates import DAYS
from avspeech.text.normalise import Spoken, normalise

_NUMBER = re.compile(r"([+\-−]?)(\d[\d,]*(?:\.\d+)?|\.\d+)")
_PARTS = {"y": r"\d{4}", "m": r"\d{1,2}|[A-Za-z]+\.?", "d": r"\d{1,2}(?:st|nd|rd|th)?"}
_DATES = ("mdy", "dmy", "ymd", "ydm", "md", "dm", "ym", "my", "y", "m", "d")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")
_GAPS = re.compile(r"(\d{4}|\?{4})(\d\d|\?\?)(\d\d|\?\?)")  # parts that are not told are "?"
_NAMED = frozenset((*lists.MONTH_NAMES, *lists.DAY_NAMES))
_LASTS = re.compile(r"(\d{1,3})['′’]\s?(\d{1,2})(?:\"|″|”|'')")  # "1'21\""
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2}))?\s*([ap])?\.?(?:m\.?)?", re.I)
_SIGNS = {"@": "at", "#": "hash", "&": "and", "*": "star", "+": "plus", "-": "dash",
          "_": "underscore",
          "/": "slash", "\\": "backslash", ".": "dot", ",": "comma", ":": "colon", ";": "semicolon",
          "!": "exclamation mark", "?": "question mark", "'": "apostrophe", '"': "quote",
          "(": "open bracket", ")": "close bracket", "=": "equals", "%": "percent", "$": "dollar",
          "<": "less than", ">": "greater than", "~": "tilde", "^": "caret", "|": "bar"}


def say(text: str, kind: str, form: str = "") -> list[str]:
    """The words of a text of a kind.

    Args:
        text: as "12", "5/3/1984", "(415) 555-2671".
        kind: one of `KINDS`; SSML calls it interpret-as.
        form: of a date (as "mdy") or a time ("hms12", "hms24"); SSML calls it format.

    Returns:
        Words; "," is a short rest between groups of digits, letters are capitals.

    Raises:
        InputError: a kind or form that is not known, or a text that is not of the kind.
    """
    known = KINDS.get(kind.lower())
    if known is None:
        raise InputError(f"interpret-as '{kind}': expected one of {', '.join(KINDS)}")
    plain = unicodedata.normalize("NFKC", text).strip()
    words = known(plain, form.lower()) if plain else []
    if not words:
        shown = text.strip()[:40]
        expected = _EXPECTED[known] if not form else f"a {kind} that the format '{form}' fits"
        raise InputError(f"'{shown}' is no {kind}: expected {expected}; write it so or take the "
                         "tag away")
    return words


def _read(text: str) -> list[str]:
    """The words of a text that reads in one way only."""
    return [word for piece in normalise(text, lexicon.has) if isinstance(piece, Spoken)
            for word in piece.words]


def _cardinal(text: str, form: str) -> list[str]:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return []
    sign = {"": [], "+": ["plus"]}.get(match.group(1), ["minus"])
    return [*sign, *numbers.number(match.group(2))]


def _ordinal(text: str, form: str) -> list[str]:
    match = re.fullmatch(r"(\d[\d,]*)(?:st|nd|rd|th)?\.?", text, re.IGNORECASE)
    whole = match.group(1).replace(",", "") if match else ""
    return numbers.ordinal(int(whole)) if whole and len(whole) <= numbers.LONGEST else []


def _digits(text: str, form: str) -> list[str]:
    plain = re.sub(r"[\s,.\-]", "", text)
    return numbers.digits(plain) if plain.isascii() and plain.isdigit() else []


def _characters(text: str, form: str) -> list[str]:
    words: list[str] = []
    for character in text:
        plain = unicodedata.normalize("NFD", character)[0]
        if character.isspace():
            words += [","] if words and words[-1] != "," else []
        elif character.isdecimal():
            words += numbers.digits(str(int(character)))
        elif plain.isascii() and plain.isalpha():
            words.append(plain.upper())
        elif character in _SIGNS:
            words += _SIGNS[character].split()
        else:
            raise InputError(f"'{character}' has no name; take it out of the characters")
    return words[:-1] if words[-1:] == [","] else words


def _telephone(text: str, form: str) -> list[str]:
    number, found, extension = re.match(  # type: ignore[union-attr]
        r"(.*?)(?:[\s,;]*(?:ext\.?|extension|x)\s*(\d{1,8}))?$()", text,
        re.IGNORECASE | re.DOTALL).groups()
    groups = re.findall(r"\+|[A-Za-z]+|\d+", number)
    if re.search(r"[^\w\s()+.\-/]", number) or "+" in groups[1:] or \
            not any(g.isdigit() for g in groups):
        return []
    words: list[str] = []
    for group in groups:
        if group == "+":
            words.append("plus")
            continue
        words += [*_characters(group, ""), ","]
    words = words[:-1]
    return [*words, ",", "extension", *numbers.digits(found)] if found else words


def _date(text: str, form: str) -> list[str]:
    gaps = None if form else _GAPS.fullmatch(text)
    if gaps:  # "????0922"
        told = [(part, found) for part, found in zip("ymd", gaps.groups()) if "?" not in found]
        form, text = "".join(part for part, _ in told), "-".join(found for _, found in told)
        if form == "yd" or not form:
            return []
    if not form:
        iso = re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text)
        form = "ymd" if iso else "mdy" if re.fullmatch(r"\d{1,2}\D\d{1,2}\D\d{4}", text) else ""
        if not form:
            read = _read(text) if any(c.isdigit() for c in text) else []
            return read if re.fullmatch(r"\d{4}s?", text) or _NAMED.intersection(read) else []
    if form == "yyyymmdd":
        form, text = "ymd", re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", text)
    if form not in _DATES:
        raise InputError(f"format '{form}': expected one of {', '.join(_DATES)}, yyyymmdd")
    pattern = r"[\s./,\-–]+".join(f"(?P<{part}>{_PARTS[part]})" for part in form)
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None:
        return []
    parts = match.groupdict()
    words: list[str] = []
    if "m" in parts:
        month = _month(parts["m"])
        if not month:
            return []
        words.append(month.lower())
    if "d" in parts:
        day = int(re.sub(r"\D", "", parts["d"]))
        longest = DAYS[_MONTHS.index(month)] if "m" in parts else 31
        if not 1 <= day <= longest:
            return []
        words += numbers.ordinal(day)
    return words + (numbers.year(int(parts["y"])) if "y" in parts else [])


def _month(text: str) -> str:
    """The name of a month written as a number, a name or a short form of it; "" for no month."""
    if text.isdigit():
        return _MONTHS[int(text) - 1] if 1 <= int(text) <= 12 else ""
    short = text.rstrip(".").lower()
    return next((m for m in _MONTHS if len(short) >= 3 and m.lower().startswith(short)), "")


def _time(text: str, form: str) -> list[str]:
    if form and form not in ("hms12", "hms24"):
        raise InputError(f"format '{form}': expected hms12 or hms24")
    lasting = _LASTS.fullmatch(text) if not form else None
    if lasting and int(lasting.group(2)) < 60:
        return numbers.duration(0, int(lasting.group(1)), int(lasting.group(2)))
    match = _TIME.fullmatch(text)
    if match is None:
        return []
    hour, minute, second = (None if part is None else int(part) for part in match.groups()[:3])
    half = match.group(4)
    if hour is None or hour > 24 or (minute or 0) > 59 or (second or 0) > 59:
        return []
    if (half or form == "hms12") and not 1 <= hour <= 12:
        return []
    words = numbers.cardinal(hour)
    if minute:
        words += [*(["oh"] if minute < 10 else []), *numbers.cardinal(minute)]
    elif not half:
        words += ["o'clock"] if hour <= 12 and form != "hms24" else ["hundred"]
    if second:
        words += ["and", *numbers.cardinal(second), "second" if second == 1 else "seconds"]
    return [*words, half.upper(), "M"] if half else words


def _unit(text: str, form: str) -> list[str]:
    match = re.fullmatch(rf"({_NUMBER.pattern})\s*(\S.*)", text)
    if match is None:
        return []
    value, symbol = match.group(1), match.group(4).replace("μ", "µ")
    unit = units.table().get(symbol)
    if unit is not None:
        return [*_cardinal(value, ""), *units.said(unit, value.lstrip("+-−") == "1")]
    names = {name for known in units.table().values() for name in (known.one, known.many)}
    parts = [re.sub(r"[²³]$|\^?[23]$", "", part) for part in re.split(r"\s*[/·]\s*", symbol)]
    if symbol.lower() not in names and not all(part in units.table() for part in parts):
        raise InputError(f"'{symbol[:20]}' is no unit that is known: expected one as km, m/s² or "
                         "pounds; write it out or take the tag away")
    return [*_cardinal(value, ""), *_read(text)[len(_read(value)):]]


def _fraction(text: str, form: str) -> list[str]:
    text = text.replace("⁄", "/")
    match = re.fullmatch(r"(?:(\d{1,6})[\s+]+)?(\d{1,6})\s*/\s*(\d{1,6})", text)
    if match is None or not int(match.group(3)):
        return []
    words = _read(f"{int(match.group(2))}/{int(match.group(3))}")
    return [*numbers.cardinal(int(match.group(1))), "and", *words] if match.group(1) else words


def _currency(text: str, form: str) -> list[str]:
    amount = re.sub(r"^[^\d.]*|[^\d]*$", "", text)
    coin = text.replace(amount, " ", 1).strip(" -−+") if amount else ""
    return _read(text) if coin in lists.MONEY else []


KINDS: dict[str, Callable[[str, str], list[str]]] = {
    "cardinal": _cardinal, "number": _cardinal, "ordinal": _ordinal, "digits": _digits,
    "characters": _characters, "spell-out": _characters, "verbatim": _characters,
    "date": _date, "time": _time, "telephone": _telephone, "unit": _unit, "fraction": _fraction,
    "currency": _currency}
# What each takes, for those who gave it something else.
_EXPECTED: dict[Callable[[str, str], list[str]], str] = {
    _cardinal: "a number, as 1,234 or -5.2",
    _ordinal: "a whole number, as 3 or 3rd",
    _digits: "digits, as 2025 or 555-0123",
    _characters: "letters, digits or signs",
    _date: "a date, as May 3, 1984, or 5/3/1984 with format=\"mdy\"",
    _time: "a time, as 9:30, 14:05:10 or 9:30 pm",
    _telephone: "a telephone number, as (415) 555-2671 or +44 20 7946 0018 ext. 12",
    _unit: "a number and its unit, as 5 km or 9.8 m/s²",
    _fraction: "a fraction, as 3/4 or 2 1/2",
    _currency: "a sum with its sign or code, as $4.50 or 20 EUR"}
