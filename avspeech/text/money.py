"""Amounts of money."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import cardinal, number
from avspeech.text.rules import EDGE, END, Text, rule
from avspeech.text.values import VULGAR, N, plain

_SIGNS = lists.any_of(s for s in lists.MONEY if not s.isalpha())
_CODES = "|".join(s for s in lists.MONEY if s.isalpha())
_SIZE = (
    r"(?:[\s-]?((?i:thousand|million|billion|trillion|crore|lakh)"
    r"|[BMTbmt]n|[BMT]N|mm|MM|[KkMmBbTt])"
    + END
    + ")?"
)
# Of coins without small ones, whose thousands are parted by points.
_POINTING = frozenset(("Rp", "IDR", "₫", "VND"))
_EACH = "|".join(lists.EACH)
# As in most of Europe: "1.299,00"
_POINTED = r"\d{1,3}(?:\.\d{3})+(?=,\d\d(?!\d|,\d))"
_AMOUNT = rf"({_POINTED}|{N}|(?=\.\d))(?:(?:\.|,(?=\d\d(?!\d|,\d)))(\d+))?" + _SIZE

_BEFORE = {
    "-": ["minus"],
    "−": ["minus"],
    "+": ["plus"],
    "~": ["about"],
    "≈": ["about"],
}


def _said(
    context: Text,
    sign: str,
    start: int,
    end: int,
    whole: str,
    fraction: str | None,
    size: str | None,
) -> list[str]:
    one, many, small, smalls = lists.MONEY[sign]
    whole = plain(whole).replace(".", "") or "0"
    noun = context.adjective(start, end) or (
        context.determined(start)
        and re.match(rf"{EDGE} \d+-[a-z]+ | \d+/\d+ [A-Z]", context.behind(end)) is not None
    )  # "the $20 billion, 10-year plan", "a $250K 7/1 ARM"
    noun = noun or _shared(context, start, end)
    if noun and fraction and not size and context.after(end).endswith("s"):
        noun = context.determined(start)  # "$15 adults, $7.50 kids"
    joined = re.match(r"-[a-z]+", context.behind(end))
    if size or fraction and (len(fraction) != 2 or not small and int(fraction)):
        amount = number(whole + ("." + fraction if fraction else ""))
        return [
            *amount,
            *([lists.SIZES[size.lower()]] if size else []),
            *(one if noun or joined else many).split(),
        ]
    words = [*number(whole), *(one if whole == "1" or noun or joined else many).split()]
    if not fraction or int(fraction) == 0:
        return words
    cents = [*cardinal(int(fraction)), small if int(fraction) == 1 or noun else smalls]
    return cents if int(whole) == 0 else [*words, "and", *cents]


_TWICE = re.compile(r" \([^()\d]{0,12}\d[\d.,]*[kKmMbB]?[^()\d]{0,5}\) ?-?([a-z]+)")
_SECOND = re.compile(
    r"\b(?:[Aa]n?|[Tt]he) [^\s\d]{0,5}\d[\d.,]*[kKmMbB]? \((?:about |approx\. |~)?$"
)
_CLOSING = re.compile(r"\) ([a-z]+)")


def _shared(context: Text, start: int, end: int) -> bool:
    """Whether an amount before a noun is told in two coins: "a NT$500 (US$16) bowl"."""
    first = _TWICE.match(context.text, end) if context.determined(start) else None
    second = _SECOND.search(context.text[max(0, start - 24) : start])
    found = first or second and _CLOSING.match(context.text, end)
    return found is not None and found.group(1) not in lists.NOT_NOUNS


@rule(
    rf"([-−+~≈]?)({_SIGNS}|(?:{_CODES})(?=\s?\d)|(?:Rs|Fr)(?={EDGE} ?\d)){EDGE}?\s?([-−]?){_AMOUNT}"
    rf"(?:\s?({_EACH}){END})?(?![^\W_])",
    "sl",
)
def money(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """An amount behind its sign, one before a noun. `a $5M deal` -> a five million dollar deal"""
    sign, coin, sign2, whole, fraction, size, each = match.groups()
    if sign and not context.opens(match.start()):
        return None
    near = context.text[max(0, match.start() - 4) : match.start()]
    if coin.isalpha() and re.search(r"[A-Z]{3}/$", near):
        return None  # a pair of coins: "GBP/USD 1.27"
    clotting = re.match(r"\s?[-–]\s?\d(?!\d|,)", context.behind(match.end()))
    if coin in ("INR", "PHP") and len(whole) == 1 and not size:
        if clotting or fraction and len(fraction) == 1:
            return None  # a test of blood or a language, not money: "INR 2.5", "PHP 7.4"
    minus = _BEFORE.get(sign or sign2, [])
    start = match.start()
    coin = {"Fr": "CHF"}.get(coin, coin)
    pointed = re.fullmatch(r"(?:0{3})", fraction or "") and coin in _POINTING and not size
    if pointed and fraction:  # "Rp 50.000"
        whole, fraction = whole + fraction, None
    following = re.compile(
        rf"\s?[-–]\s?(?:{re.escape(coin)})?({N}(?:\.\d+)?){_SIZE}(?![^\W_]|[-–]\d)"
    ).match(context.view, match.end())
    if following and not context.behind(following.start()).startswith((" - ", " – ")):
        noun = context.adjective(start, following.end())  # "a £1m–£1.5m house"
        low = (
            []
            if following.group().count(coin) and not noun
            else [
                *number(plain(whole) + ("." + fraction if fraction else "")),
                *([lists.SIZES[size.lower()]] if size else []),
            ]
        )
        if low:
            high, _, cents = following.group(1).partition(".")
            said = _said(
                context, coin, start, following.end(), high, cents or None, following.group(2)
            )
            return [*minus, *low, "to", *said], following.end()
    said = _said(context, coin, start, match.end(), whole, fraction, size)
    twice = None if each else _COIN_AGAIN.match(context.view, match.end())
    if twice and twice[1].lower() in (name.split()[-1] for name in lists.MONEY[coin][:2]):
        if said[-1] in lists.MONEY[coin][:2]:  # "$5 million dollars"
            return [*minus, *said[:-1], twice[1].lower()], twice.end()
    return [*minus, *said, *(lists.EACH[each].split() if each else [])], match.end()


_COIN_AGAIN = re.compile(r" ([A-Za-z]+)(?![^\W_])")


@rule(rf"({_SIGNS}){EDGE}({N})(?:\.(\d+))?{EDGE}{_SIZE}(?![^\W_])", "s")
def loss(match: re.Match[str], context: Text) -> list[str] | None:
    """An amount below zero, as accountants write it. `a loss of $(14.2)M` -> a loss of minus
    fourteen point two million dollars"""
    coin, whole, fraction, size = match.groups()
    if context.text[match.end(1)] != "(" or ")" not in context.text[match.end(2) : match.end()]:
        return None
    return ["minus", *_said(context, coin, match.start(), match.end(), whole, fraction, size)]


@rule(rf"{_AMOUNT}\s?({_SIGNS}|{_CODES})(?![^\W_]|\d)", "d")
def money_behind(match: re.Match[str], context: Text) -> list[str] | None:
    """An amount before its sign. `50 EUR` -> fifty euros"""
    whole, fraction, size, coin = match.groups()
    return _said(context, coin, match.start(), match.end(), whole, fraction, size)


_SPACED = {"Ft": "HUF", "€": "€", "Kč": "Kč", "zł": "zł", "kr": "kr", "₽": "₽", "₴": "₴"}


@rule(rf"(\d{{1,3}}(?: \d{{3}})+)(?:,(\d\d))? ?({'|'.join(_SPACED)})(?![^\W_])", "d")
def money_spaced(match: re.Match[str], context: Text) -> list[str] | None:
    """An amount of Europe with blanks between its thousands. `for 3 990 Ft` -> for three thousand
    nine hundred ninety hungarian forints"""
    whole, fraction, coin = match.groups()
    if context.within(match.start()):
        return None
    return _said(context, _SPACED[coin], match.start(), match.end(), whole, fraction, None)


@rule(
    rf"({N}(?:\.\d)?)(?:\s?¢|([cp])(?=/(?:[a-z]{{1,3}}|litre|liter|gallon|pint|unit|min|minute)"
    rf"{END}|\s(?:each|a|per|apiece|less|more|cheaper|off)\b))",
    "d",
)
def cents(match: re.Match[str], context: Text) -> list[str] | None:
    """Cents, or pence. `50¢` -> fifty cents"""
    count = plain(match.group(1))
    one = count == "1" or context.adjective(match.start(), match.end())
    if match.group(2) == "p":
        return [*number(count), "pence" if count != "1" else "penny"]
    return [*number(count), "cent" if one else "cents"]


_TIMES_NAMED = r"(?:noon|midnight|midday|dawn|dusk|sunrise|sunset|Noon|Midnight|Dawn|Sunrise)"
_THREAD = re.compile(r"-\d\d(?: [a-z]+)? (?:bolt|screw|nut|thread|tap|stud|hole|UN[CF])")
_MONTH = "|".join(lists.MONTHS)
_NAMED = "|".join([*lists.MONTHS, *(name[:3].title() for name in lists.DAY_NAMES)])
_POWER = re.compile(r"10(?:\^\d+|[⁰¹²³⁴⁵⁶⁷⁸⁹]+)$")
_END_OF_DAY = r"(?:noon|midnight|midday|dawn|dusk|sunrise|sunset|close|late)(?![\w-])"


_NAMED_BEHIND = rf"(?:{_NAMED})\W|{_END_OF_DAY}"


@rule(
    rf"(?:[-–]|…|\.{{2,3}})(\s?)(?=[$£€¥₹#]?[\d{VULGAR}]|[-−+]\d|[A-Z]\d|f/\d|{_NAMED_BEHIND})"
    rf"|[-–](?=(?:aft|bef|abt|ca?)[.{EDGE}]? ?1\d{{3}})",
    "s",
)
def until(match: re.Match[str], context: Text) -> list[str] | None:
    """A dash between two prices, shares or times, or named times. `noon-5pm` -> noon to five P M"""
    before = context.text[max(0, match.start() - 20) : match.start()]
    if re.match(r"(?:aft|bef|abt|ca?)\b", context.behind(match.end())):
        return ["to"] if re.search(r"1\d{3}$", before) else None  # "1801–aft. 1860"
    if bool(match.group(1)) != before.endswith(" "):
        return None
    before = before.rstrip()
    if match.group() in ("-", "–") and re.search(r"\bf/[\d.]+$", before):
        return ["to"] if context.behind(match.end()).startswith("f/") else None
    if re.match(r"\d+[ºª]", context.behind(match.end())):
        return None  # a floor: "1578 – 5º andar"
    if match.group(1) and re.search(r"[$£€¥₹]\s?[\d.,]+$", before):
        if re.match(r"[-–] \d+\s?%", context.behind(match.start())):
            return None  # "$24.99 - 50% off"
    if re.search(r"\d/\d{1,2}$", before) and _THREAD.match(context.behind(match.start())):
        return []
    amount = r"(?<![A-Za-z\d^])[\d.,:]*\d(?:%|°|0s|\s?[aApP]\.?\s?[mM]\.?|[kKMB]"
    amount += r"|(?<=\d)(?:m|bn|mn|st|nd|rd|th)"
    amount += r"| (?:hundred|thousand|million|billion|trillion))?$"
    if match.group() == "-" and re.search(r"(?:^|[^\w'’])[A-Z]\w{2,}-[\d.]+$", before):
        return None  # "Llama-3-70B"
    lettered = re.search(r"(?<![A-Za-z\d])\d+([a-h]|[A-Z])$", before)
    if lettered and (match.group()[0] == "–" or lettered.group(1).isupper()):
        alike = "[a-h]" if lettered.group(1).islower() else "[A-Z]"
        if re.match(rf"\d+{alike}(?![^\W_])", context.behind(match.end())):
            return ["to"]  # "514a–520a", "Units 4A-4F"
    if _POWER.search(before) and re.match(r"10[\^⁰¹²³⁴⁵⁶⁷⁸⁹]", context.behind(match.end())):
        return ["to"]  # "10^3–10^4"
    if re.match(r"[-–]\s?[$£€¥₹]", match.group() + context.behind(match.end())[:1]) and re.search(
        r"(?:[aApP]\.?[mM]\.?|:\d\d)$", before
    ):
        return None  # "7:30 pm – $20"
    if match.group()[0] not in "-–":
        return ["to"] if before[-1:].isdigit() else None  # "−20…+60"
    named = re.search(r"([A-Z]+)\d{1,3}$", before)
    behind = context.behind(match.end())
    if named and match.group() == "–":  # "J10–J12", "GPIO34–39"
        return ["to"] if re.match(rf"(?:{named[1]})?\d{{1,3}}{END}", behind) else None
    if behind[:1] in "-−+" or behind[:1].isalpha() and not re.match(_NAMED_BEHIND, behind):
        return None
    dated = re.search(rf"\b\d{{1,2}} (?:{_MONTH})\.?$", before)
    dated = dated or re.search(rf"[\d{VULGAR}]\"$", before) and re.match(
        rf"[\d.'’′/{VULGAR}]+\"", context.behind(match.end())
    )
    return ["to"] if dated or re.search(rf"{amount}|\b{_TIMES_NAMED}$", before) else None
