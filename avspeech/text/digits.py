"""Numbers with their signs and units, ranges, products, ordinals, and numbers that are codes."""

from __future__ import annotations

import re

from avspeech.text import lists, measures, units
from avspeech.text.models import pairs
from avspeech.text.numbers import digits, joined, number, ordinal
from avspeech.text.rules import EDGE, END, Text, hums, rule
from avspeech.text.values import MIXED, NUMBER, VULGAR, N, Value, as_year, fraction, plain, value_at

_MINUS = {
    "-": ["minus"],
    "−": ["minus"],
    "–": ["minus"],
    "+": ["plus"],
    "±": ["plus", "or", "minus"],
    "~": ["about"],
    "≈": ["about"],
}
# Units of what may follow without "of": "2 tsp salt", "16 GB RAM".
_OF_STUFF = (
    "spoons",
    "ounces",
    "grams",
    "pounds",
    "liters",
    "bytes",
    "gallons",
    "quarts",
    "pints",
    "cups",
    "carats",
)
# Units written as many.
_SEVERAL = frozenset("lbs hrs yrs mins secs wks mos yds gals qts".split())

_JOINING = lists.any_of(lists.FUNCTION | lists.DETERMINERS)
# What holds so much of something: "4 qt. stock pot", "16 GB memory card", "a 16 oz. can, $4".
_HOLDS = re.compile(
    rf"\.? (?:(?!(?:{_JOINING})\b)[A-Za-z]+ (?:{lists.any_of(lists.THINGS)})"
    r"(?![\w-])|can(?= ?[$£€\d,;.)]|$))"
)


def measured(context: Text, start: int, value: Value, written: str) -> tuple[list[str], int, bool]:
    """The words of a value and the unit behind it, where they end, whether there is a unit."""
    found = measures.unit_at(context, start, value.end, written)
    if found is None and context.view[value.end : value.end + 1] == "+":
        found = measures.unit_at(context, start, value.end + 1, written)
        if found and not found[0].care and found[1] > value.end + 2:  # "15+ min"
            value = Value([*value.words, "plus"], value.end + 1, False)
        else:
            found = None
    if found is None:
        return value.words, value.end, False
    unit, end, joined = found
    behind = end + (
        context.text[end : end + 2] == ". " and context.text[end + 2 : end + 3].islower()
    )
    stuff = unit.many.endswith(_OF_STUFF)
    joined |= stuff and _HOLDS.match(context.text, behind) is not None
    stuff &= context.after(behind) not in lists.THINGS
    joined |= re.match(r"-[a-z]", context.behind(end)) is not None
    near = context.text[max(0, start - 24) : start]
    joined |= (  # "1 (14 oz.) can", and the second of "a 16 Ah, 48 V pack"
        re.search(r"(?<![/\d])\d{1,2} \($", near) is not None
        and (noun := re.match(r"\.?\) ([a-z]+)", context.text[end : end + 24])) is not None
        and noun.group(1) not in lists.NOT_NOUNS - {"can"}
        or (first := re.search(r"\b(\w+) \d[\d.,]*[- ]?[^\W\d_]+, $", near)) is not None
        and first.group(1).lower() in lists.DETERMINERS
        and re.match(r" [^\W\d_]", context.behind(end)) is not None
    )
    listed = context.determined(start) and re.match(
        rf"{EDGE} \d[\d.,]*[- ]?[^\W\d_]+ (?:[A-Z]\w+ )?[a-z]"
        rf"|{EDGE}? \d+ ?(?:oz|in|min|sec|cm)\b{EDGE}? [a-z]",
        context.behind(end),
    )  # "a 220 V, 50 Hz supply"
    many = context.view[value.end : end].lstrip() in _SEVERAL  # "2 lbs rice"
    many |= stuff and context.after(behind) in lists.FOODS  # "30 g carbs"
    before = context.adjective(start, behind, stuff) and (not many or context.determined(start))
    named = context.view[value.end : value.end + 1].isalpha() and not context.after(end)
    named = named and context.before(start).lower() in ("a", "an")  # "a 9mm"
    singular = joined or value.one or before or bool(listed) or named
    return [*value.words, *units.said(unit, singular)], end, True


def _followed(context: Text, end: int) -> bool:
    """Whether a letter or digit follows, so that the number is part of a name ("3D")."""
    return context.view[end : end + 1].isalnum()


@rule(rf"([-−+±~≈]?|(?<![^\s{EDGE}])–(?=\d))\s?(?=[\d.{VULGAR}])", "ds")
def quantity(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A number with its sign and unit, one behind "a" or before a noun. `a -5 °C wind` -> a minus
    five degree celsius wind"""
    sign, start = match.group(1), match.start()
    if sign and not context.opens(start):
        return None
    if sign == "–" and context.text[max(0, start - 1) : start] not in ("", " ", "\n", "(", "["):
        return None
    if match.end() > start + len(sign) and sign in ("-", "+"):
        return None
    if sign == "-" and re.search(r"\d[\"”″]$", context.text[max(0, start - 2) : start]):
        return None  # a screw: 3/8"-16
    zone = re.search(r":\d\d $", context.text[max(0, start - 4) : start])  # "08:15 -0500"
    if sign == "-" and not zone and re.match(r"0\d\d", context.behind(match.end())):
        sign = ""  # the end of a telephone number: "fax -0133"
    value = _with_comma(context, match.end()) or value_at(context, match.end(), bool(sign))
    if value is None:
        return None
    written = context.view[match.end() : value.end]
    if (
        not sign
        and (written in ("911", "007") or _is_called(context, start, value.end))
        and not _counts(context, start)
        or written.isdigit()
        and len(written) > 2
        and is_code(context, start)
    ):
        value = Value(digits(written), value.end, False)
    elif re.fullmatch(r"\d{4}\.\d{2,4}", written) and is_code(context, start):
        value = Value([*pairs(written[:4]), "point", *pairs(written[5:])], value.end, False)
    near = context.view[max(0, start - 2) : start]
    if near[-1:].isalpha() and near[-1] != "Ø" and not re.fullmatch(r"\d[xX]", near):
        return None  # "MP3s", but "14x10x6 in."
    words, end, unit = measured(context, start, value, written)
    greek = "/" in written and context.view[end : end + 1] in lists.GREEK
    greek |= "/" in written and _VARIABLE.match(context.behind(end)) is not None
    if not unit and _followed(context, end) and not greek:
        return None
    if unit and (owned := _OWNED.match(context.text, end)):
        words, end = [*words[:-1], words[-1] + "'s"], owned.end()
    return [*_MINUS.get(sign, []), *words], end


_STRENGTHS = re.compile(r"[1-9]\d{0,2},[1-9]\d(?:,[1-9]\d{1,2})*(?= ?(?:mg|mcg|[µμ]g)(?![^\W_]))")
_COMMA = re.compile(r"(\d{1,3}),(\d{1,2})(?![\d,.]\d|\d)")


def _with_comma(context: Text, place: int) -> Value | None:
    """A number with a comma before its parts, as in most of Europe, and its unit: "1,5 kg"."""
    listed = context.view[max(0, place - 1) : place] == ","  # "3,4,5 km"
    strengths = None if listed else _STRENGTHS.match(context.view, place)
    if strengths:
        counts = [int(count) for count in strengths.group().split(",")]
        if counts == sorted(set(counts)) and not any(count % 5 for count in counts):
            words = joined(map(str, counts), ",", number)
            return Value(words, strengths.end(), False)  # of a tablet: "25,50 mg"
    match = None if listed else _COMMA.match(context.view, place)
    found = measures.unit_at(context, place, match.end(), match.group()) if match else None
    if match is None or found is None or found[0].care:
        return None
    return Value(number(".".join(match.groups())), match.end(), False)


_VARIABLE = re.compile(r"[a-z](?![^\W_])²? ?[-+−=<>≤≥]")  # "2/3x − 1 = 5"
_OWNED = re.compile(r"\.['’]s(?![^\W_])")  # "1 mo.'s rent"


def _is_called(context: Text, start: int, end: int) -> bool:
    """Whether three digits are a number that is called: "text 988", but not "call 200 people"."""
    written = context.view[start:end]
    if len(written) != 3 or not written.isdigit():
        return False
    before = context.before(start).lower()
    if before not in lists.CALLS:
        return False
    following = context.after(end).lower()
    alone = not following or following in lists.NOT_NOUNS
    return written in lists.BY_DIGIT or alone and written[1:] != "00" and before != "at"


def _counts(context: Text, start: int) -> bool:
    """Whether a number counts pages and the like: "p. 112"."""
    before = context.before(start)
    for words, _ in lists.ABBREVIATIONS.get(before, [])[:1]:
        before = words[-1]
    return before.lower() in lists.COUNTED


_ORDERED = re.compile(r"\b(?:[PSM]/N[:#. ]{1,3}|(?:PO|RMA|WO) ?# ?)$")


def is_code(context: Text, start: int) -> bool:
    """Whether a number is a code, by the words before it: "your PIN is 4471"."""
    written = re.split(r"[^\w\s.:#'’]|\n", context.text[max(0, start - 40) : start])[-1]
    near = [w.lower() for w in re.findall(r"\w+", written)[:-4:-1]]
    for place, name in enumerate(near[:2]):  # "ext. 4471", "my ext. is 4471"
        rows = lists.ABBREVIATIONS.get(name) or lists.ABBREVIATIONS.get(name.title(), [])
        said = name != "no" and (not place or near[0] == "is")
        if said and rows and rows[0][0][-1] in lists.CODES:
            near[place] = rows[0][0][-1]
    near += [""] * (3 - len(near))
    if _ORDERED.search(context.text[max(0, start - 8) : start]):
        return True  # "P/N 4412", "PO #4412"
    emergency = context.text[max(0, start - 14) : start]
    if re.search(r"\b(?:9-?1-?1|999|112),? ?(?:[(/]|or |and )$", emergency):
        if re.match(r"(?:911|112|999|988)(?!\d)", context.behind(start)):
            return True  # "911 (112 in Europe)"
    if re.match(r"[2-8]11(?!\d)", context.behind(start)):
        before = context.text[max(0, start - 12) : start]
        if re.search(r"emergency: $|\b911\b", context.text[max(0, start - 30) : start], re.I):
            return True
        if re.search(r"\b(?:[2-9]11 (?:or|and)|call|dial|text) $", before, re.I):
            return True
        called = _CALLING.search(context.text[max(0, start - 60) : start]) is not None
        following = context.after(start + 3).lower()
        return called and (not following or following in lists.NOT_NOUNS)
    return bool(near) and (
        near[0] in lists.CODES - {"ending"}
        or near[:2] == ["in", "ending"]
        or near[0] == "ending" and near[1] in lists.CODES
        or near[:1] == ["in"] and near[1:2] in (["ends"], ["end"]) and near[2] in lists.CODES
        or near[0] in ("is", "was", "isn't", "wasn't", "t", "number", "no")
        and any(w in lists.CODES for w in near[1:])
    )


# Before the second of the numbers to call: "Call 555-0100, or 311."
_CALLING = re.compile(
    r"\b(?:call|dial|text|phone|ring|tel)\b[^!?\n]*\d{3}(?:[^.!?\n]|\.(?! [A-Z]))*\b(?:or|and) $",
    re.IGNORECASE,
)


_THREAD = re.compile(r"\d\d (?:[x×] ?[^a-z]|bolt|screw|nut|thread|tap|stud|hole|UN[CF])")


@rule(rf"(\d{{0,4}}\s?[{VULGAR}])\s?[-–](?=[\d{VULGAR}])", "ds")
def mixed_range(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """From a fraction to another. `1½–2 cups` -> one and a half to two cups"""
    low = value_at(context, match.start())
    high = value_at(context, match.end())
    if low and _THREAD.match(context.behind(match.end())):
        return low.words, match.end()  # "a ¼-20 screw"
    if low is None or high is None:
        return None
    written = context.view[match.end() : high.end]
    words, end, _ = measured(context, match.start(), Value(high.words, high.end, False), written)
    if context.view[end : end + 1] == '"':  # ½–1" deep
        one = high.one or context.adjective(match.start(), end + 1)
        words, end = [*words, "inch" if one else "inches"], end + 1
    return [*low.words, "to", *words], end


@rule(rf"({NUMBER})(\s?)[-–—](\s?)(?=({NUMBER}))", "d")
def number_range(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Two numbers and a dash: a range, or a difference where blanks stand around a hyphen.
    `5–6 km`
    -> five to six kilometers"""
    start = match.start()
    mixed = MIXED.match(context.view, start)
    if mixed and "-" in mixed.group() and 1 < int(mixed.group(3)) > int(mixed.group(2)) > 0:
        return None  # "1-1/4"
    if coded := _coded(context, match):
        return coded
    value = value_at(context, match.end())
    if value is None or context.view[value.end : value.end + 2].lstrip("-–")[:1].isdigit():
        return None
    behind = context.view[value.end : value.end + 3]
    if behind[:1] in ("º", "ª"):
        return None  # a floor: "1578 – 5º andar"
    minus = "-" in match.group() and (match.group(2) or behind[:1] == "=")
    if match.group(2) and match.group(3):  # "y = 7 – 3"
        minus = minus or bool(re.search(r"[=+×÷] ?$", context.view[max(0, start - 2) : start]))
        minus = minus or re.match(r" ?[=+×÷]", behind) is not None
    if start and context.view[start - 1].isalpha() or _OF_NAME.search(
        context.view[max(0, start - 12) : start]
    ):
        return None  # "i7-12700", "Llama-3-70B"
    if match.group(1) + "/" + match.group(4) in lists.PAIRS - {"9/11", "7/11"}:
        return [*number(match.group(1)), *value.words], value.end
    words, end, unit = measured(
        context, start, Value(value.words, value.end, False), match.group(4)
    )
    if context.view[end : end + 1] == '"':  # 6–8" of snow
        shaped = re.match(r'"-[a-z]', context.behind(end)) is not None
        one = shaped or context.adjective(start, end + 1)
        words, end, unit = [*words, "inch" if one else "inches"], end + 1, True
    often = re.match(r"[xX×](?![^\W_]|/)(?! ?\d)", context.behind(end)) if not unit else None
    if often and not (" " in match.group() and _VARIABLE.match(context.behind(end))):
        words, end = [*words, "times"], end + 1  # "2–3x"
    if not unit and _followed(context, end):
        return None
    low = number(plain(match.group(1))) if minus or unit else as_year(match.group(1))
    if re.fullmatch(r"0\d", match.group(4)) and re.fullmatch(r"\d{3,4}", match.group(1)):
        words = ["oh", *words[1:]]  # "2008-09", "pages 706–07"
    return [*low, "minus" if minus else "to", *words], end


# Before two numbers that are one name: a public law, a part, a standard.
_NAMED = re.compile(
    r"\bP(?:ub)?\. ?L\. (?:No\. )?$|\b[PS]/?N[:#]? $"
    r"|\b(?:PO|RMA|WO|SKU|NSN) $|\b(?:[Ii]n|[Tt]o|[Oo]f|[Ff]rom|[Rr]each|[Cc]lear) World $"
    r"|\b(?:ISO|IEC|EN|ANSI|IEEE|ASTM|DIN|MIL|SP) $"
)
_OF_NAME = re.compile(r"(?:^|[^\w'’])[A-Z]\w{2,}-$")


def _coded(context: Text, match: re.Match[str]) -> tuple[list[str], int] | None:
    """Two numbers with a hyphen that are a name: "Figure 4-2", "77-0412"."""
    first, second = match.group(1), match.group(4)
    if not (first.isdigit() and second.isdigit()) or match.group(2) or match.group(3):
        return None
    end = match.end() + len(second)
    if context.view[end : end + 1].isalnum():
        return None
    before = context.before(match.start())
    for words, _ in lists.ABBREVIATIONS.get(before, [])[:1]:
        before = words[-1]
    dated = re.fullmatch(r"1[6-9]\d\d|20\d\d", first)
    short = 1 if "-" in match.group() and len(first) > 3 and not dated else 2
    zero = second[0] == "0" and len(second) > short or first[0] == "0" and len(first) > 2
    near = context.text[max(0, match.start() - 12) : match.start()]
    named = _NAMED.search(near)
    named = named or re.search(r"(?<!§)§ ?$", near)
    if len(second) == 4 and len(first) < 4:
        named = named or re.search(r"\b[A-Z]{4,6} $", near)  # "JCPDS 46-1045"
    if not (zero or named) and before.lower() not in lists.CODED:
        return None
    said = [digits(part) if len(part) > 2 and (zero or part[0] == "0") else number(part)
            if len(part) < 3 else pairs(part) for part in (first, second)]
    return [*said[0], *([","] if zero else []), *said[1]], end


@rule(rf"(\d+(?:\.\d+)?\"?)(\s?)([xX×])\s?(?=[\d{VULGAR}])(?!\s?10[\^⁰¹²³⁴⁵⁶⁷⁸⁹⁻])", "d")
def times(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A product, or the sides of a thing. `a 4x4 truck` -> a four by four truck"""
    if is_code(context, match.start()):
        return None  # "VIN ending in 4X9"
    if context.within(match.start()) and re.search(r" X$", match.group()):
        return None  # "G1 X10"
    second = re.compile(r"\d+(?:\.\d+)?").match(context.view, match.end())
    value = value_at(context, match.end(), True)
    if value is not None and re.search(rf"[/{VULGAR}]", context.view[match.end() : value.end]):
        return [*number(match.group(1).rstrip('"')), "by"], match.end()
    assert second is not None
    first = match.group(1)
    if re.match("['’] ", context.behind(second.end())):  # "1 × 40' HC"
        return [*number(first.rstrip('"')), "by"], match.end()
    if re.fullmatch(r"[1-9]\d{2,3}", first) and re.fullmatch(r"[1-9]\d{2,3}", second.group()):
        if not match.group(2) and (len(first) == 4 or len(second.group()) == 4):
            words, end, _ = measured(
                context, match.start(), Value(pairs(second.group()), second.end(), False), "2"
            )
            return [*pairs(first), "by", *words], end  # the dots of a screen
    if re.match(r"s(?![^\W_])", context.behind(second.end())):
        return [*number(match.group(1).rstrip('"')), "by"], second.start()  # "2x4s"
    words, end, unit = measured(
        context, match.start(), Value(number(second.group()), second.end(), False), second.group()
    )
    if re.match(r'"(?: [^\W\d_]|[,;])', context.behind(end)):  # 3x3" tiles
        one = context.adjective(match.start(), end + 1)
        words, end, unit = [*words, "inch" if one else "inches"], end + 1, True
    if not unit and _followed(context, end) and context.view[end] not in "xX":
        return None
    equal = re.match(" ?=", context.behind(end)) is not None
    multiplied = equal or match.group(2) and not unit and _in_equation(context, match, end)
    between = "times" if multiplied else "by"
    return [*number(match.group(1).rstrip('"')), between, *words], end


def _in_equation(context: Text, match: re.Match[str], end: int) -> bool:
    """Whether a product is meant, where blanks stand around an x: no thing of such sides
    follows."""
    near = context.view[max(0, match.start() - 3) : match.start()] + context.behind(end)[:14]
    if re.search(r"[=+÷<>≤≥]| (?:is|equals) ", near):
        return True
    if re.match(r"\s[x×]\s\d", context.behind(end)):
        return False  # three sides
    following = context.after(end).lower()
    return not (re.match(r"-[a-z]", context.behind(end)) or following) or (
        following in lists.NOT_NOUNS
    )


@rule(
    r"(\d+(?:\.\d+)?)[xX](?=\s+(?:[a-z]+er(?![a-z])|as|more|less|fewer|the|his|her|its|my|your"
    r"|our|their"
    r"|this|that|what|removed|earnings|sales|revenues?|book|speed|zoom|EBITDA?)\b)"
    rf"|(\d{{1,3}}(?:,\d{{3}})+|[1-9]\d?00+)x{END}(?!\s?\d)"
    rf"|(1?\d)x(?={EDGE}|$| (?:and|then|in|on|at|to|before|after)\b)",
    "d",
)
def times_as(match: re.Match[str], context: Text) -> list[str] | None:
    """How many times. `2x faster` -> two times faster"""
    compared = context.after(match.end()).lower()
    if match.group(1) and compared.endswith("er") and compared not in lists.COMPARATIVES:
        return None  # "a 10x engineer"
    near = context.text[max(0, match.start() - 24) : match.start()]
    does = re.search(r"(?<![^\W\d_])([a-z]{3,}|(?<![^.!?\n] )[A-Z][a-z]{2,}) $", near)
    done = does is not None and does[1].lower() not in _NOT_DONE
    if match.group(3) and not (done or _REPEATED.search(near)):
        return None
    if compared == "removed" and match.group(1) in ("1", "2"):
        return ["once" if match.group(1) == "1" else "twice"]  # a cousin
    return [*number(plain(match[1] or match[2] or match[3])), "times"]


_NOT_DONE = lists.NOT_NOUNS | lists.FUNCTION | lists.COUNTED | lists.LETTERED | {"zoom"}
_REPEATED = re.compile(
    r"\b(?:[Rr]ep(?:eat)?s?|again|did|[Dd]o|done|tried|ran|[Rr]un)\b\.?[^.!?]{0,14}$"
)


@rule(r"(\d+)[xX×](?=/|\s+(?:a|per|daily|weekly|monthly)\b)(?:/([a-z]+))?" + END, "d")
def times_per(match: re.Match[str], context: Text) -> list[str] | None:
    """How often. `3x/week` -> three times per week"""
    times, period = match.groups()
    unit = units.table().get(period) if period in lists.PERIODS and not hums(period) else None
    period = unit.one if unit else period
    often = [*number(times), "time" if times == "1" else "times"]
    return [*often, "per", period] if period else often


@rule(rf"({N})((?:st|nd|rd|th)(?:ly)?|"  # "2d Cir."
      rf"d(?= (?:Cir|Dist|Dep|Cong|Sess|Div|Inf|Cav|Regt|Bn|ed|day of)\b"
      rf"|{EDGE} of [A-Z]|{EDGE} ed\b)"
      r"|(?<=\b1)er(?= [a-zé])"
      r"|e(?= (?:arr|arrondissement|étage|siècle|édition|année|République)\b))" + END, "d",
      re.IGNORECASE)
def nth(match: re.Match[str], context: Text) -> list[str] | None:
    """An ordinal. `the 22nd` -> the twenty second"""
    value = int(plain(match.group(1)))
    said = ordinal(value) if value < 10**18 else None
    return [*said[:-1], said[-1] + "ly"] if said and match.group(2).lower().endswith("ly") else said


@rule(r"[nN]\.?[º°]\s?(?=\d)", "=nN")
def number_sign(match: re.Match[str], context: Text) -> list[str] | None:
    """The sign of a number in Spanish and French. `n.º 5` -> number five"""
    return None if context.within(match.start()) else ["number"]


@rule(r"(\d{1,3})\.?[ºª](?! ?[CF]\b)", "d")
def nth_sign(match: re.Match[str], context: Text) -> list[str] | None:
    """An ordinal as in Spanish. `the 2.º floor` -> the second floor"""
    return ordinal(int(match.group(1)))


@rule(rf"[{VULGAR}]", "s")
def part_of_variable(match: re.Match[str], context: Text) -> list[str] | None:
    """A fraction before a variable. `½mv²` -> one half M V squared"""
    top, bottom = lists.FRACTIONS[match.group()]
    return fraction(top, bottom)


# Of an order or a claim, and no amount: "#7734120".
_LONG_NUMBER = re.compile(r"\d{6,12}(?<!000)(?![^\W_]|[.,-]\d)")


@rule(r"#(?=\d|[A-Z]{1,4}-?\d)|№\s?(?=\d)", "=#№")
def numbered(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """The sign of a number. `#1` -> number one"""
    if re.match(r"\d+[a-z]{3,}", context.behind(match.end())):
        return ["hashtag"]  # "#2024goals"
    if nth_named := re.match(r"(\d{1,3})(?:st|nd|rd|th)(?=[A-Z])", context.behind(match.end())):
        end = match.end() + nth_named.end()
        return ["hashtag", *ordinal(int(nth_named[1]))], end  # "#2ndAmendment"
    if long := _LONG_NUMBER.match(context.view, match.end()):
        return ["number", *digits(long.group())], long.end()
    tagged = match.group() == "#" and context.behind(match.end())[:1].isalpha()
    if tagged and re.search(r"(?:^|\s)#[A-Za-z]{3,}\b(?!-?\d)", context.around(match.start())):
        return None  # beside other hashtags: "#tbt #COP29"
    return ["number"]
