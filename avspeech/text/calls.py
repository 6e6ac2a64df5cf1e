"""Telephone numbers, ZIP codes, cards, versions and addresses: digits group by group."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.digits import is_code
from avspeech.text.models import pairs
from avspeech.text.numbers import digits, joined, number, year
from avspeech.text.rules import EDGE, END, Text, letters, rule
from avspeech.text.values import POINTED

_POINTED = re.compile(POINTED)


# Before the extension of somebody: "call Jen (x. 2204)".
_CALLED = re.compile(
    r"\b(?:[Cc]all|[Dd]ial|[Pp]hone|[Tt]el\.?|[Rr]ing|[Rr]each|[Cc]ontact|at)"
    r" (?:[A-Z][\w.]+ ?){0,3}[(,]? ?$"
)


@rule(rf"x(?:{EDGE} (?=\d)|(?=\d\d))(\d{{1,6}})" + END, "=x")
def extension(match: re.Match[str], context: Text) -> list[str] | None:
    """An extension behind a telephone number. `555-0199 x204` -> five five five, zero one nine
    nine extension two zero four"""
    near = context.text[max(0, match.start() - 40) : match.start()]
    called = re.search(r"\d{4},? $", near) or _CALLED.search(near)
    if called and len(match.group(1)) == 4 and not near[-2:-1].isdigit():
        return ["extension", *pairs(match.group(1))]
    said = number(match.group(1)) if len(match.group(1)) < 3 else digits(match.group(1))
    return ["extension", *said] if called else None


@rule(r"\d{3}(?: \d{3})?[ .]\d{4}(?![\d,]| \d{4}(?!\d))|\d{4} \d{3} \d{3,4}(?![\d,])", "d")
def spaced_call(match: re.Match[str], context: Text) -> list[str] | None:
    """A telephone number with blanks or a point, behind a word that says so or another number.
    `call 555 0123` -> call five five five, zero one two three"""
    second = re.search(r"[- ]\d{4} (?:or|and) $", context.text[: match.start()][-10:])
    if context.before(match.start()).lower() not in lists.CALLS and not second:
        return None
    return joined(re.split("[ .]", match.group()), ",", digits)


@rule(
    r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)|\d{3}-\d{4}(?!\d)"
    r"|0\d{2,4} \d{3,4} ?\d{3,4}(?! ?\d|-\d)|0\d{1,4} ?[/ ] ?\d{5,8}(?:-\d{1,4})?(?![\d-])"
    r"|\(0\d{1,4}\)\s?\d{3,4}[-\s]?\d{3,4}(?!\d)"
    r"|(?<=#)\d{2,4}-\d{5,8}(?![\d-])"
    r"|\d{5}-\d{4}(?!\d)|\d\d-\d{7}(?!\d)|\d{4}(?:[ -]\d{4}){2,3}(?!\d)|\d+(?:-\d+){2,}(?!\d)"
    rf"|\+\d{{1,3}}(?: ?{EDGE}0{EDGE} ?\d{{2,5}})?(?:[ -]\d{{2,8}}){{2,6}}(?!\d)"
    r"|\+[1-9]\d? \d(?: \d{2,4}){2,4}(?!\d)|[2-9]\d\d/\d{3}-\d{4}(?!\d)"
    rf"|\+\d{{1,3}} ?{EDGE}0{EDGE} ?\d{{2,5}}[ -]\d{{3,8}}(?!\d)"
    r"|00[1-9]\d{0,2}(?: \d{2,8}){2,5}(?!\d)"
    r"|\+\d{1,3}[ -]\d{6,11}(?!\d)|\+\d{8,14}(?!\d)|\d{1,3}(?:\.\d{3}){2}-\d{1,2}(?![\d-])"
    r"|\d+(?:\.\d+){2,}(?!\d)(?::\d{2,5}(?!\d))?",
    "ds",
)
def groups(match: re.Match[str], context: Text) -> list[str] | None:
    """Telephone, card and serial numbers, versions and addresses: group by group. `555-1234` ->
    five five five, one two three four"""
    text, _, port = match.group().partition(":")
    parts = re.findall(r"\d+", text)
    before = context.before(match.start()).lower()
    released = before in lists.RELEASED or before in ("build", "windows")
    if _POINTED.match(context.view, match.start()) and not port and not released:
        if before in lists.CALLS or is_code(context, match.start()):
            return joined(parts, ",", digits)
        return None  # points between thousands: "1.000.000"
    address = text.count(".") == len(parts) - 1 == 3 and all(int(p) < 256 for p in parts)
    if address and not released:
        said = joined(parts, "dot", lambda part: digits(part) if len(part) > 2 else number(part))
        return [*said, *(["colon", *pairs(port)] if port else [])]
    if port:
        return None
    if re.fullmatch(r"\d{1,4}(\.\d{1,5}){2,}", text) and not re.fullmatch(
        r"(?:1\.)?\d{3}\.\d{3}\.\d{4}", text
    ):
        return joined(parts, "point", _part)
    if re.fullmatch(r"[1-9]\d?(?:-[1-9]\d?){2}(?:(?:-[1-9]\d?){2,3})?", text):
        return joined(parts, ",", number)  # of a lock or a lottery
    plus = ["plus"] if text[0] == "+" else []
    free = parts[-2:-1] != parts[:1] and len(parts[-1]) == 4  # "1-800-555-0199"
    say = (lambda part: number(part) if part in _FREE else digits(part)) if free else digits
    return [*plus, *joined(parts, ",", say)]


def _part(text: str) -> list[str]:
    return year(int(text)) if re.fullmatch(r"(?:19|20)\d\d", text) else number(text)


_OF_JOURNAL = re.compile(r"\bISSN(?:-L)?:? (?:\([a-z]+\):? )?$")


@rule(r"(\d{4})-(\d{3}[\dXx])" + END, "d")
def of_journal(match: re.Match[str], context: Text) -> list[str] | None:
    """The number of a journal. `ISSN 0317-847X` -> I S S N zero three one seven, eight four seven
    X"""
    named = _OF_JOURNAL.search(context.text[max(0, match.start() - 20) : match.start()])
    return [*letters(match.group(1)), ",", *letters(match.group(2))] if named else None


@rule(r"\d{2,4}(?: \d{2,4}){1,3}(?![\d,%]|\.\d)" + END, "d")
def spaced_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A code in groups, behind a word that says so. `Your PIN is 493 027.` -> your pin is four
    nine three, zero two seven."""
    coded = is_code(context, match.start())
    return joined(match.group().split(" "), ",", digits) if coded else None


@rule(r"(?=(?:[A-Z ]*\d){6})[A-Z\d]{1,4}(?: [A-Z\d]{1,6}){2,8}" + END, "Cd")
def lettered_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A code of letters and digits in groups, behind a word that says so. `Tracking no. 1Z 999 AA1
    67` -> tracking number one Z, nine nine nine, A A one, six seven"""
    text = match.group()
    coded = is_code(context, match.start()) and re.search("[A-Z]", text)
    if not coded or any(part.isalpha() and len(part) > 2 for part in text.split(" ")):
        return None
    return joined(text.split(" "), ",", letters)


@rule(r"((?:[xX]{2,4}[- ]|\*{3,4}[- ]?){1,4})(\d{4})(?![\d*-])" + END, "=xX*")
def hidden(match: re.Match[str], context: Text) -> list[str] | None:
    """The end of a number that is hidden. `card XXX-XX-1234` -> card X X X, X X, one two three
    four"""
    if context.within(match.start()):
        return None
    said: list[str] = []
    for group in re.findall("[xX]+", match.group(1)):
        said += [*letters(group), ","]
    return [*said, *digits(match.group(2))]


_FREE = ("800", "900")  # said as hundreds, as they are before a name: "1-800-FLOWERS"


@rule(r"((?:1-)?\d{3})-((?=[A-Z-]{4,10}(?![A-Z-]))[A-Z]+(?:-[A-Z]+)*)" + END, "d")
def lettered_number(match: re.Match[str], context: Text) -> list[str] | None:
    """A telephone number with a word. `1-800-FLOWERS` -> one, eight hundred, flowers"""
    words: list[str] = []
    for group in match.group(1).split("-"):
        words += [*(number(group) if group[1:] == "00" else digits(group)), ","]
    for name in match.group(2).split("-"):
        words += [name.lower()] if context.word(name.lower()) or len(name) > 4 else letters(name)
    return words


_RADIO = re.compile(
    r"\b(?:[Rr]oger|[Oo]fficers?|Ofc|Sgt|[Uu]nits?|[Dd]ispatch\w*|[Rr]espond\w*|[Rr]adio\w*"
    r"|[Pp]olice|[Cc]op(?:y|s)|[Pp]atrol\w*|[Ss]uspects?|[Dd]eput(?:y|ies))\b"
)


@rule(r"10-(\d{1,2})(?![-–\d]|[./]\d)" + END, "d")
def ten_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A code that is said by radio. `Roger, a 10-54` -> roger, a ten fifty four"""
    coded = context.before(match.start()).lower() in ("a", "the", "code", "that's")
    roger = match.group(1) == "4" and not context.words_before(match.start())
    roger = roger and context.opens(match.start()) and not context.after(match.end())
    if not (roger or coded and _RADIO.search(context.around(match.start()))):
        return None
    return ["ten", *number(match.group(1))]


@rule(rf"(?<={EDGE} )(\d{{5}})(?= [A-Z][a-zà-ÿ]{{2,}})", "d")
def before_town(match: re.Match[str], context: Text) -> list[str] | None:
    """The code of a town in Europe, before it. `Am Hang 3, 10115 Berlin` -> am hang three, one
    zero one one five berlin"""
    if context.text[match.start() - 2] != ",":
        return None
    return digits(match.group(1))


@rule(rf"(?<=[a-z] )(?!\d\d000)(\d{{5}})(?=[{EDGE}\n]|$)(?!{EDGE}\d)", "d")
def behind_town(match: re.Match[str], context: Text) -> list[str] | None:
    """The code of a town without its state. `9 Elm St., Chicago 60601` -> nine elm street, chicago
    six zero six zero one"""
    near = context.text[max(0, match.start() - 40) : match.start()]
    return digits(match.group(1)) if _BEHIND_STREET.search(near) else None


_BEHIND_STREET = re.compile(r"[A-Za-z]{2}\.?(?:, |\n)[A-Z][a-z]+(?: [A-Z][a-z]+)? $")


@rule(r"([A-Z]{2}),? (?=[A-Z]\d[A-Z] ?\d[A-Z]\d(?![^\W_]))", "C")
def province(match: re.Match[str], context: Text) -> list[str] | None:
    """A province before its code. `Toronto, ON M5W 1G6` -> toronto, O N M five W one G six"""
    return letters(match.group(1))


@rule(
    rf"([A-Z]{{2}}|{'|'.join(sorted(lists.STATE_NAMES))}){EDGE}?[ ]"
    r"(\d{5})(?:-(\d{4}))?(?![\d-])",
    "C",
)
def zip_code(match: re.Match[str], context: Text) -> list[str] | None:
    """A state and its ZIP code. `CA 90210` -> C A nine zero two one zero"""
    state, first, more = match.groups()
    if len(state) == 2 and state not in lists.STATES:
        return None
    return [
        *(letters(state) if len(state) == 2 else [state.lower()]),
        *digits(first),
        *([",", *digits(more)] if more else []),
    ]
