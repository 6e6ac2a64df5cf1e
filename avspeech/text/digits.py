"""Addresses, and what is written with digits: dates, times, prices, measures, telephone numbers, plain
numbers."""

from __future__ import annotations

import re

from avspeech.text import abbreviations as known
from avspeech.text.numbers import cardinal, decade, digits, number, ordinal, year
from avspeech.text.rules import END, Text, letters, rule

_N = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+"  # a number's whole part, commas and all
_NUMBER = rf"(?:(?:{_N})(?:\.\d+)?|\.\d+)"
_MONTH = "|".join(known.MONTHS)
_UNIT = "|".join(sorted(map(re.escape, known.UNITS), key=len, reverse=True))
_AMPM = r"\s?([aApP])\.?\s?[mM]\b\.?"


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def _plural(text: str) -> bool:
    return text.replace(",", "") not in ("1", "1.0", "-1")


def _mixed(text: str, context: Text) -> list[str]:
    """A piece of an address: words the dictionary has, letters and digits."""
    words: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[.\-_/@]", text):
        if part in known.SIGNS_IN_NAMES:
            words.append(known.SIGNS_IN_NAMES[part])
        elif part.isdigit():
            words += number(part) if len(part) < 3 else digits(part)
        elif (context.word(part.lower()) and len(part) > 2) or len(part) > 4:
            words.append(part.lower())
        else:
            words += letters(part)
    return words


@rule(r"(?:https?://)?(?:[\w.+-]+@)?(?:[A-Za-z0-9-]+\.)+(?:com|org|net|edu|gov|io|info|uk|de|fr|eu)"
       + END + r"(?:/[\w./-]*[\w/])?")
def _address(match: re.Match[str], context: Text) -> list[str] | None:
    text = re.sub(r"^https?://", "", match.group()).rstrip("/")
    return _mixed(text, context)


@rule(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?!\d)(?:" + _AMPM + ")?")
def _time(match: re.Match[str], context: Text) -> list[str] | None:
    hour, minute, second, half = match.groups()
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return None
    words = cardinal(int(hour))
    if int(minute):
        words += (["oh"] if int(minute) < 10 else []) + cardinal(int(minute))
    elif not half and not second and 1 <= int(hour) <= 12:
        words.append("o'clock")
    elif not half:
        words += ["hundred"] if not second else ["zero"]
    if second:
        words += ["and", *cardinal(int(second)), "second" + "s" * (int(second) != 1)]
    return words + ([half.upper(), "M"] if half else [])


@rule(r"(\d{1,4}):(\d{1,4})(?![\d:])")
def _ratio(match: re.Match[str], context: Text) -> list[str] | None:
    return [*number(match.group(1)), "to", *number(match.group(2))]


@rule(r"[-–](?=[$£€¥]?\d)")
def _to(match: re.Match[str], context: Text) -> list[str] | None:
    """Between two prices, percentages or times: "$3-$5", "10%–20%", "10am-5pm"."""
    before = context.text[max(0, match.start() - 20): match.start()]
    return ["to"] if re.search(rf"\d(?:%|{_AMPM[3:]})?$", before) else None


@rule(rf"(?<=\d)/({_UNIT})" + END)
def _per(match: re.Match[str], context: Text) -> list[str] | None:
    return ["per", *known.UNITS[match.group(1)][0].split()]


@rule(r"([A-Z]{1,3})&([A-Z]{1,3})" + END)
def _and_letters(match: re.Match[str], context: Text) -> list[str] | None:
    return [*letters(match.group(1)), "and", *letters(match.group(2))]


@rule(r"([CF])#")
def _sharp(match: re.Match[str], context: Text) -> list[str] | None:
    return [match.group(1), "sharp"]


@rule(r"(\d{1,2})" + _AMPM)
def _hour(match: re.Match[str], context: Text) -> list[str] | None:
    return [*cardinal(int(match.group(1))), match.group(2).upper(),
            "M"] if int(match.group(1)) <= 24 else None


@rule(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
def _iso_date(match: re.Match[str], context: Text) -> list[str] | None:
    y, m, d = map(int, match.groups())
    if not (1 <= m <= 12 and 1 <= d <= 31):
        return None
    return [known.MONTH_NAMES[m - 1], *ordinal(d), *year(y)]


@rule(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])")
def _slash_date(match: re.Match[str], context: Text) -> list[str] | None:
    m, d, y = map(int, match.groups())
    if m > 12 and d <= 12:
        m, d = d, m
    if not (1 <= m <= 12 and 1 <= d <= 31):
        return None
    return [known.MONTH_NAMES[m - 1], *ordinal(d), *(year(y) if y > 99 else _short_year(y))]


def _short_year(y: int) -> list[str]:
    return (["oh"] if y < 10 else []) + cardinal(y)


@rule(rf"({_MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:/%])(?!\.\d)(?:,?\s+(\d{{4}})\b)?")
def _month_day(match: re.Match[str], context: Text) -> list[str] | None:
    if not 1 <= int(match.group(2)) <= 31:
        return None
    return [known.MONTHS[match.group(1)], *ordinal(int(match.group(2))),
            *(year(int(match.group(3))) if match.group(3) else [])]


@rule(rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b(?:\.(?=\s+\d))?(?:,?\s+(\d{{4}})\b)?")
def _day_month(match: re.Match[str], context: Text) -> list[str] | None:
    if not 1 <= int(match.group(1)) <= 31:
        return None
    article = [] if context.before(match.start()).lower() == "the" else ["the"]
    return [*article, *ordinal(int(match.group(1))), "of", known.MONTHS[match.group(2)],
            *(year(int(match.group(3))) if match.group(3) else [])]


@rule(r"(1[1-9]|20)(\d0)['’]?s\b")
def _decade(match: re.Match[str], context: Text) -> list[str] | None:
    return decade(int(match.group(1) + match.group(2)))


@rule(r"['’]?([2-9]0)s\b")
def _short_decade(match: re.Match[str], context: Text) -> list[str] | None:
    return [cardinal(int(match.group(1)))[0][:-1] + "ies"]


@rule(rf"(?:US)?([$£€¥])\s?({_N})(?:\.(\d+))?(?:\s?(thousand|million|billion|trillion|bn|[KkMmBb])\b)?")
def _money(match: re.Match[str], context: Text) -> list[str] | None:
    sign, whole, fraction, size = match.groups()
    one, many, small_one, small_many = known.MONEY[sign]
    if size:
        size = known.SIZES.get(size.lower(), size.lower())
        return [*number(whole + ("." + fraction if fraction else "")), size, many]
    if fraction and (len(fraction) != 2 or not small_one):
        return [*number(f"{whole}.{fraction}"), many]
    words = [*number(whole), many if _plural(whole) else one]
    if not fraction or int(fraction) == 0:
        return words
    cents = [*cardinal(int(fraction)), small_many if int(fraction) != 1 else small_one]
    return cents if _int(whole) == 0 else [*words, "and", *cents]


@rule(rf"({_N})\s?¢")
def _cents(match: re.Match[str], context: Text) -> list[str] | None:
    return [*number(match.group(1)), "cents" if _plural(match.group(1)) else "cent"]


@rule(rf"({_N})(st|nd|rd|th)\b", re.IGNORECASE)
def _ordinal(match: re.Match[str], context: Text) -> list[str] | None:
    value = _int(match.group(1))
    return ordinal(value) if value < 10**18 else None


@rule(r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)|\d{3}-\d{4}(?!\d)"
       r"|\d+(?:-\d+){2,}(?!\d)|\+\d{1,3}(?:[ -]\d{2,5}){2,6}(?!\d)|\d+(?:\.\d+){2,}(?![\d.])")
def _groups(match: re.Match[str], context: Text) -> list[str] | None:
    """Telephone numbers, serial numbers, versions: group by group."""
    text = match.group()
    if re.fullmatch(r"\d{1,2}(\.\d{1,2}){2,}", text):
        return [w for i, part in enumerate(text.split(".")) for w in (["point"] if i else []) + number(part)]
    parts = re.findall(r"\d+", text)
    # an address of the internet, or a pause
    between = "dot" if text.count(".") == len(parts) - 1 == 3 else ","
    words: list[str] = ["plus"] if text[0] == "+" else []
    for i, part in enumerate(parts):
        words += ([between] if i else []) + digits(part)
    return words


@rule(rf"({_N})\s+(\d+)/(\d+)(?![\d/])|(\d+)/(\d+)(?![\d/])|({_N})?\s?([½⅓⅔¼¾⅛])")
def _fraction(match: re.Match[str], context: Text) -> list[str] | None:
    whole, top, bottom, top2, bottom2, whole2, sign = match.groups()
    top, bottom, whole = top or top2, bottom or bottom2, whole or whole2
    if sign:
        top, bottom = known.FRACTIONS[sign]
    if len(top) > 4 or len(bottom) > 4 or int(bottom) == 0:
        return None
    if not sign and match.group() in known.PAIRS:
        return [*number(top), *number(bottom)]
    words = [*number(whole), "and"] if whole else []
    if int(top) < 20 and 2 <= int(bottom) <= 100:
        name = {2: ["half"], 4: ["quarter"]}.get(int(bottom)) or ordinal(int(bottom))
        if int(top) != 1:
            name = [*name[:-1], "halves" if name[-1] == "half" else name[-1] + "s"]
        article = ["a"] if whole and int(top) == 1 else number(top)
        return [*words, *article, *name]
    return [*words, *number(top), "over", *number(bottom)]


@rule(rf"([-−+]?)({_NUMBER})\s?(°\s?[CF]?|%|{_UNIT})" + END)
def _measure(match: re.Match[str], context: Text) -> list[str] | None:
    sign, value, unit = match.groups()
    gap = not match.group().endswith(value + unit)
    if gap and (len(unit) == 1 and unit.isalpha() and unit not in "mg" or unit in ("in", "min", "ha", "at")):
        return None  # "5 in a row", "5 A grades": a space and a letter may be anything
    if sign and match.start() and context.text[match.start() - 1].isalnum():
        return None
    unit = unit.replace(" ", "")
    one, many = known.UNITS[unit] if unit in known.UNITS else known.DEGREES[unit]
    minus = {"-": ["minus"], "−": ["minus"], "+": ["plus"]}.get(sign, [])
    return [*minus, *number(value), *(many if _plural(value) else one).split()]


@rule(rf"({_NUMBER})\s?[-–—]\s?({_NUMBER})(\s?%)?(?![\d-])")
def _range(match: re.Match[str], context: Text) -> list[str] | None:
    low, high, percent = match.groups()
    spaced = not re.fullmatch(r"[\d.,]+[-–—][\d.,%\s]+", match.group())
    if spaced and "-" in match.group():
        return [*_plain(low, context), "minus", *_plain(high, context), *(["percent"] if percent else [])]
    return [*_plain(low, context), "to", *_plain(high, context), *(["percent"] if percent else [])]


def _plain(text: str, context: Text) -> list[str]:
    """A number with no sign: a year where it looks like one."""
    if re.fullmatch(r"10[1-9]\d|1[1-9]\d\d|20\d\d", text):
        return year(int(text))
    return number(text)


@rule(r"(\d+)(\s?)([xX×])\s?(\d+)\b")
def _times(match: re.Match[str], context: Text) -> list[str] | None:
    return [*number(match.group(1)), "times" if match.group(2) else "by", *number(match.group(4))]


@rule(rf"([-−+±~]?)({_NUMBER})(?:\s(thousand|million|billion|trillion)\b)?(?![^\W_])")
def _number(match: re.Match[str], context: Text) -> list[str] | None:
    sign, value, size = match.groups()
    if sign == "-" and match.start() and not context.text[match.start() - 1].isspace():
        return None
    prefix = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"],
              "~": ["about"]}.get(sign, [])
    if value in known.BY_DIGIT and not sign and not size:
        return digits(value)
    return prefix + (_plain(value, context) if not sign else number(value)) + ([size] if size else [])


@rule(r"#(?=\d)|N(?:o|r|os)\.\s?(?=\d)|№\s?")
def _numbered(match: re.Match[str], context: Text) -> list[str] | None:
    return ["number"]


@rule(r"\d+(?=[^\W\d_])")
def _digits_in_name(match: re.Match[str], context: Text) -> list[str] | None:
    return number(match.group()) if len(match.group()) < 3 else digits(match.group())


@rule(r"([A-Za-z]+)(?=\d)")
def _letters_in_name(match: re.Match[str], context: Text) -> list[str] | None:
    text = match.group()
    return [text.lower()] if len(text) > 3 or text.islower() and context.word(text) else letters(text)
