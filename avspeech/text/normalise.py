"""English text as written to words as spoken: numbers, dates, times, money, units, abbreviations,
letters.

One pass from left to right: at each place the first of `order.RULES` that fits says the words.
Marks at the edges of things are hidden from the rules (`rules.masked`), so that a reading never
depends on the mark behind it. What no rule knows (pictures, other scripts) is left out and
reported. A single letter in capitals among the words is spelled ("U", "S"); all else is lower case.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text import citations, formulas, journals, lists, roman, units, weather
from avspeech.text.abbreviations import OF_PEOPLE, PREDICATE, abbreviation
from avspeech.text.cleaning import clean
from avspeech.text.dates import DAY_NAMES
from avspeech.text.order import RULES
from avspeech.text.places import BEHIND_STREET, MADE, REQUEST
from avspeech.text.rules import EDGE, Rule, Text, hums
from avspeech.text.script import Unread

_Matching = Callable[[str, int], "re.Match[str] | None"]


@functools.lru_cache(maxsize=4096)
def _starting(character: str) -> tuple[tuple[_Matching, Rule], ...]:
    """The rules for what may begin with a character, in their order."""
    return tuple((rule.pattern.match, rule) for rule in RULES if rule.may_begin_with(character))



@dataclass(frozen=True)
class Spoken:
    """Words said for the characters [start, end) of a text. own: a word of the caller's."""

    words: tuple[str, ...]
    start: int
    end: int
    own: bool = False


@dataclass(frozen=True)
class Marked:
    """Punctuation: one of `symbols.MARKS`, or "" for a mere end. ends: a sentence ends here."""

    text: str
    start: int
    end: int
    ends: bool = False


Piece = Spoken | Marked

_MARK = re.compile(
    r"[.?!…]+|,|;|:|(?<=\s)[-–—]+(?=\s)|--+|[–—]|[()\[\]{}]|\n[ \t\r]*\n\s*"
    r"|。|？|！|，"
    r"|(?<=\s)(?<![^\w][A-Za-z]\s)\|(?=\s)"  # between the items of a line, not "P(A | B)"
)
_SAME = {"|": ",", "。": ".", "？": "?", "！": "!", "，": ",", **dict.fromkeys("()[]{}", ",")}
_CLOSERS = "\"'”’)]}»"
# A word that no rule but the last can fit.
_PLAIN = re.compile(
    rf"(?=[A-Za-z]?[a-z]{{0,4}}[aeiouy]|[AEIOUY])[A-Za-z][a-z]+(?<!str)(?:'(?:s|t|re|ve|ll|d|m))?"
    rf"(?=[ \n{EDGE}])"
)
# Behind "5 p.m." a word with a capital begins a sentence, but for a day, a month and a zone.
_ENDS_TIME = re.compile(
    rf"[{re.escape(_CLOSERS)}]* +[\"“‘(]*(?!(?:{lists.any_of(DAY_NAMES)}|Eastern|Central"
    r"|Mountain|Pacific|Local|Standard|Daylight|Greenwich|Zulu)(?!\w)"
    r"|[A-Z]\w+ (?:[Tt]ime|Standard|Daylight)\b)[A-Z][a-z]"
)
# A short form before its period, and a number before that.
_SHORT = re.compile(r"(\d[ -]?|/)?(?<![A-Za-z])([A-Za-z]{1,6})$")
# No words that begin a sentence: "Art. I, § 8", "Pat. No. 6", "Jos. A. Bank".
_NO_OPENER = re.compile(r"(?:A(?! [a-z])|I(?! [a-z]|['’]))(?!\w)|No\.? ?[\d#]|[A-Z][a-z]+ et al\b")
# Before a time at the beginning of a sentence: "On Monday at 9 a.m. Ray spoke".
_WHEN = re.compile(
    r"(?:^|[.!?\n]\s*)(?:On|At|By|In|Around|About|After|Before|Since|Until|From|Shortly|Just|Every"
    r"|Late|Early)\b[^.!?,;:]*$"
)
_GOING_ON = frozenset(",;:")
_LIES = re.compile(r" [NSEW]{1,3}\.? of ")  # "2 mi. N. of"
_OWNED = re.compile(r"['’]s (?!are\b|were\b|and\b|have\b|or\b)[a-z]")
_RECKONING = tuple("=+−×÷≈<>≤≥")
_COMPARING = tuple("=<>≤≥≈≫≪+→⇌")
_SPECIAL = frozenset(
    {form for name in lists.ABBREVIATIONS for form in (name, name.lower(), name.title())}
    | {*lists.WRITTEN, *lists.MONTHS, *citations.BOOKS, *lists.STATE_NAMES, *journals.WORDS}
    | {form for name in weather.SHORT for form in (name, name.title())}
    | {name.title() for name in (*lists.MONTH_NAMES, *lists.DAY_NAMES)}
    | set("ii iii iv vi vii viii ix xi xii xiii xiv xv xvi xx ci".split())
    | set(formulas.FUNCTIONS)
    | {"Summ", "Stat", "So", "Sa", "Su", "Em", "Am", "Na", "yo", "hi", "lo", "Hi", "Lo", "po"}
    | {"wi", "Wi"}
)


_LATIN = re.compile("[A-Za-zÀ-ÖØ-öø-˿]+")
_NICKNAME = re.compile(r" [\"“][A-Z][a-z]+[\"”] [A-Z]")  # 'John L. "Jack" Smith'
# Names with a mark: "Yahoo! Inc.", "Jeopardy! hosts".
_NAMED_LOUD = re.compile(
    r"\b[A-Z]\w*! (?:Inc|Corp|Ltd|LLC|PLC|plc)\b"
    r"|\bYahoo! (?:Finance|Mail|News|Sports|Answers|Groups|Japan|Messenger|Search|[a-z])"
    r"|\bJeopardy! [a-z]|\bPanic! at the"
)
_LINK = re.compile(r" ?[&+=@≈≤≥×]")  # no sentence begins with it
_COUNTS = re.compile(r" ?(?!\d\d?\) )[(\[]*(?:[-−+~<>≥≤≈±]?[$£€¥#§]?\.?\d|\([a-z])")


def _goes_on(context: Text, start: int, end: int) -> bool:
    """Whether a period is a short form's, and a number, a sign or the like goes on with it: "5 ft.
    9 in.", "K. 550", "412 pts. (-1.1%)"."""
    text = context.text
    if _LINK.match(text, end):
        return True
    short = _SHORT.search(text[max(0, start - 9) : start])
    if short is None:
        return False
    if len(short[2]) == 1 and _NICKNAME.match(text, end):
        return True
    counted, name = short.groups()
    if name in ("No", "no") and OF_PEOPLE.match(text, end):
        return False
    if text[end : end + 1].isalpha():
        return len(name) == 1 and not counted  # "p.R248W"
    label = name.islower() and (start < 2 or text[start - 2] == "\n")  # "a. 5 kg rice"
    if not _COUNTS.match(text, end) or label:
        return False
    if len(name) == 1 or counted and name in units.table():
        return True
    listed = name in lists.ABBREVIATIONS or counted and name.lower() in lists.ABBREVIATIONS
    if not listed or counted or not (context.word(name.lower()) and hums(name.lower())):
        return bool(listed)
    read = abbreviation.pattern.match(context.view, start - len(name))
    return read is not None and abbreviation.says(read, context) is not None


def _mark(match: re.Match[str], context: Text) -> Marked | None:
    text, found, start, end = context.text, match.group(), match.start(), match.end()
    if "\n" in found:
        return Marked("", start, end, ends=True)
    if found == "!" and _NAMED_LOUD.search(text[max(0, start - 20) : end + 12]):
        return None
    if found == "." and text[end : end + 1] in _GOING_ON:
        return None  # "5 in., then": the comma is its mark
    if found[0] in ".?!…":
        mark = (
            "?"
            if "?" in found
            else "!"
            if "!" in found
            else "…"
            if "…" in found or len(found) > 1
            else "."
        )
        rest = text[end : end + 80].lstrip(_CLOSERS)
        following = rest.lstrip().lstrip("\"'“‘([")
        apart = (
            not rest
            or rest[0].isspace()
            or text[start - 1 : start].islower()
            and following[:1].isupper()
        )
        # A name may begin so: "iPhones sell well".
        named = re.match(r"[a-z][A-Z]", following) is not None and found != "…"
        ends = apart and (named or not following[:1].islower())
        if ends and found == "." and rest and _goes_on(context, start, end):
            return None
        return Marked(mark, start, end, ends)
    return Marked(
        "–" if found[0] in "-–—" else _SAME.get(found[0], found[0]),
        start,
        end,
        ends=found[0] in "。？！",
    )


def normalise(
    text: str,
    word: Callable[[str], bool] = lambda word: False,
    unread: list[Unread] | None = None,
    own: re.Pattern[str] | None = None,
) -> list[Piece]:
    """The words said for a text and its marks, in order, with their places in it.

    word: whether the dictionary has a word in lower case: it decides between "NASA" and "F B I".
    unread: a list to which the characters without a reading are added. own: things that are left as
    they are, one word each, before any rule sees them.
    """
    cleaned = clean(text)
    context = Text(cleaned.text, word, own=own)
    found: list[Unread] = []
    pieces = _pieces(context, found)
    if unread is not None:
        unread += [Unread(u.text, cleaned.place(u.start), cleaned.place(u.end)) for u in found]
    if cleaned.places is None:
        return pieces
    moved: list[Piece] = []
    for piece in pieces:
        start, end = cleaned.place(piece.start), cleaned.place(piece.end)
        moved.append(
            Spoken(piece.words, start, end, piece.own)
            if isinstance(piece, Spoken)
            else Marked(piece.text, start, end, piece.ends)
        )
    return moved


def _pieces(context: Text, unread: list[Unread]) -> list[Piece]:
    view = context.view
    pieces: list[Piece] = []
    position, length = 0, len(view)
    while position < length:
        character = view[position]
        if character == " ":
            position += 1
        elif word := _own_word(context, position) or _plain_word(context, position):
            pieces.append(word)
            position = word.end
        elif character == EDGE or character.isspace():
            position = _between(pieces, context, position)
        elif said := _apply(_starting(character), context, position):
            position = _say(pieces, context, position, said, unread)
        else:
            position = _unsaid(pieces, context, position, unread)
    return pieces


def _own_word(context: Text, position: int) -> Spoken | None:
    """A thing with a pronunciation of the caller's at a place."""
    mine = context.own.match(context.view, position) if context.own is not None else None
    if mine is None or context.within(position):
        return None
    return Spoken((mine.group().lower(),), position, mine.end(), True)


def _plain_word(context: Text, position: int) -> Spoken | None:
    """A word that no rule but the last can fit at a place."""
    text, view = context.text, context.view
    plain = _PLAIN.match(view, position) if view[position].isalpha() else None
    if plain is None or position and view[position - 1].isdigit():
        return None  # "2Fe"
    near = view[max(0, position - 2) : position]
    word, end = plain.group(), plain.end()
    if len(word) == 3 and near[:1].isdigit() and near[1:] == " ":
        return None  # a unit that no table has: "36 ksi"
    quoted = word.endswith(("s", "in")) and text[end] in "'’"
    if word in _SPECIAL or quoted or position and text[position - 1] in "'’‘":
        return None
    if text[end] == "(" or text[end + 1 : end + 2] in _COMPARING:
        return None
    if len(word) <= 3 and near[:-1] in _RECKONING:
        return None
    return Spoken((word.lower(),), position, end)


_INNER = re.compile(r"\./|\.-[a-z]{3}")  # "lbs./week", "a 6-ft.-tall man"


def _between(pieces: list[Piece], context: Text, position: int) -> int:
    """Where to go on behind a mark or a blank between things."""
    found = _MARK.match(context.text, position)
    if found is None:
        return position + 1
    if not _INNER.match(context.text, position):
        _put(pieces, _mark(found, context))
    return found.end()


def _say(
    pieces: list[Piece],
    context: Text,
    position: int,
    said: tuple[list[str], int, str],
    unread: list[Unread],
) -> int:
    """Adds what a rule says and tells where to go on behind it. said: words, end, rule's name."""
    text, (spoken, end, name) = context.text, said
    if _OWNED.match(text, end) and text[end - 1].isdigit() and spoken[-1].islower():
        spoken, end = [*spoken[:-1], spoken[-1] + "'s"], end + 2  # "Python 3.12's types"
    if name == "transcription":
        unread.append(Unread(text[position:end], position, end))
    _add(pieces, spoken, position, end)
    return _behind(pieces, context, position, end, name, spoken)


def _unsaid(pieces: list[Piece], context: Text, position: int, unread: list[Unread]) -> int:
    """Where to go on behind what no rule says: a mark, or what is left out."""
    found = _MARK.match(context.text, position)
    if found:
        _put(pieces, _mark(found, context))
    elif context.view[position] not in lists.ORNAMENTS:
        found = _LATIN.match(context.text, position)
        for place in range(position, found.end() if found else position + 1):
            _leave_out(unread, context.text, place)
    return found.end() if found else position + 1


def _put(pieces: list[Piece], mark: Marked | None) -> None:
    if mark is not None:
        pieces.append(mark)


def _apply(
    rules: tuple[tuple[_Matching, Rule], ...], context: Text, position: int
) -> tuple[list[str], int, str] | None:
    view = context.view
    for matching, rule in rules:
        match = matching(view, position)
        if match is None:
            continue
        said = rule.says(match, context)
        if said is None:
            continue
        words_, end = said if isinstance(said, tuple) else (said, match.end())
        if end > position:
            return words_, end, rule.name
    return None


def _add(pieces: list[Piece], spoken: list[str], start: int, end: int) -> None:
    """The words, with a mark where there is a "," among them."""
    group: list[str] = []
    for item in spoken:
        if item != ",":
            group.append(item)
        elif group:
            pieces += [Spoken(tuple(group), start, end), Marked(",", end, end)]
            group = []
    if group:
        pieces.append(Spoken(tuple(group), start, end))
    elif spoken:
        pieces.pop()


def _behind(
    pieces: list[Piece], context: Text, start: int, end: int, name: str, spoken: list[str]
) -> int:
    """Where to go on behind a thing: the period of an abbreviation is passed over, but where a
    sentence begins behind it, or the text ends."""
    text = context.text
    if name not in (
        "dotted",
        "initial",
        "abbreviation",
        "clock",
        "hour",
        "quantity",
        "number_range",
        "dose",
        "month_day",
        "day_month",
        "day_range",
        "key",
        "party",
    ):
        return end
    period = end - 1 if text[end - 1] == "." else end
    if text[period : period + 1] != "." or text[period : period + 2] in ("..", ".."):
        return end
    written = text[start:period]
    rest = text[period + 1 : period + 81]
    if name in ("quantity", "number_range", "dose"):
        return period + 1 if written[-1:].isalpha() and _measures(context, start, rest) else end
    if name in ("clock", "hour") and not re.search(r"[A-Za-z]\.\s?[A-Za-z]$", written):
        return end
    if name in ("month_day", "day_month") and not written[-1:].isalpha():
        return end
    before = context.before(start)
    begun = _NEW.match(rest.lstrip()) is not None
    lettered = name == "initial" and (
        before.lower() in lists.LETTERED
        or before.islower()
        and (before not in ("by", "and", "with") or begun)  # "by J. Read to"
        or begun
        and re.search(r"[A-Za-z]\.? $", text[max(0, start - 3) : start]) is not None
    )
    timed = (
        name in ("clock", "hour")
        and _ENDS_TIME.match(rest)
        and not context.determined(start)
        and before[:1].islower()
        and not _WHEN.search(text[max(0, start - 60) : start])
    )
    timed = timed or spoken == ["percent"] and _SHARE_ENDS.match(rest) is not None
    timed = timed or written == "etc" and re.match(r" [\"“]?[A-Z][a-z]", rest) is not None
    if name == "initial" and before in ("a", "an") and _GRADED.match(written + rest):
        timed |= not _GETS.isdisjoint(context.words_before(start)[1:2])
    if name == "initial" and PREDICATE.match(rest):  # "in Bldg. C. Parking is free."
        rows = lists.ABBREVIATIONS.get(before, [])
        timed |= any(words[-1] in lists.LETTERED for words, _ in rows)
    if timed or _begins(rest, "" if lettered else written, spoken):
        pieces.append(Marked(".", period, period + 1, ends=True))
    return period + 1


def _measures(context: Text, start: int, rest: str) -> bool:
    """Whether a sentence goes on behind the period of a unit: "5 mi. north", "a 20 Ft. Well"."""
    following = re.match(r"\s+([A-Za-z]+)", rest)
    if following is None:
        return False
    word = following[1]
    titled = word.title() not in lists.OPENERS and context.headline(start)
    return word[0].islower() or titled or _LIES.match(rest) is not None


def _leave_out(unread: list[Unread], text: str, position: int) -> None:
    character = text[position]
    if not character.isprintable() or character.isspace():
        return
    if unread and unread[-1].end == position:
        unread[-1] = Unread(unread[-1].text + character, unread[-1].start, position + 1)
    else:
        unread.append(Unread(character, position, position + 1))


_STREETS = frozenset(
    "street drive avenue road court place terrace circle boulevard lane highway parkway".split()
)
# Behind a street or a firm: (its last word, what begins a sentence there).
_BEGINNING = (
    (_STREETS, BEHIND_STREET),
    (
        frozenset("company incorporated corporation limited".split()),
        re.compile(r"(?:Mrs?|Ms|Dr)\. [A-Z]|(?!Holdings\b)[A-Z][a-z]+[^\Wsui_]s [a-z]"),
    ),
)
# Behind "2.5 pct." a sentence, and no loan: "Analysts cheered".
_SHARE_ENDS = re.compile(r" [A-Z][a-z]+ (?!(?:notes?|bonds?|bills?|loans?|stakes?|tax)\b)[a-z]")
# Behind the letter that ends a name: "Then came Mr. T. He laughed".
_NEW = re.compile(
    r"(?:He|She|It|They|We|You|I|His|Her|Their|Our|My|Your|This|These|Those|The|But|And|So|Then"
    r"|When|There)(?: (?!(?:et|and|al)\b)|['’])[a-z]"
)
# A mark of a school that ends a sentence: "He got an F. Bob got an A".
_GRADED = re.compile(r"[A-DF] [A-Z][a-z]+ (?!et\b|al\b)[a-z]")
_GETS = frozenset(
    "get gets got getting earn earned earns gave give given me him her them us made".split()
)


def _begins(rest: str, abbreviation: str, said: list[str]) -> bool:
    """Whether a sentence begins (or the text ends) behind an abbreviation with its period."""
    following = rest.lstrip(_CLOSERS + " \t\n\r\"'“‘([")
    if not following:
        return True
    opener = re.match(r"[A-Za-z'’]+", following)
    if opener is None or not rest.lstrip(_CLOSERS)[:1].isspace():
        return False
    if MADE.match(following) or said[-1:] and any(
        said[-1] in words and begins.match(following) for words, begins in _BEGINNING
    ):
        return True
    first = re.sub(r"(?<=[a-zI])['’](?:s|re|ve|ll|d|m)$", "", opener.group())  # "It's late."
    rows = lists.ABBREVIATIONS.get(abbreviation, [])
    kinds = rows[-1][1] if rows else frozenset()
    counts = any(kinds & {"letter", "number"} for _, kinds in rows)
    one = re.match(r"I ([a-z]+(?:['’]t)?)", following) if len(abbreviation) > 2 else None
    if counts and (opener.group() == "A" or one and not roman.speaks(one[1].replace("’", "'"))):
        return False  # "Fig. A", "Under Art. I the court sits"
    return (
        (first in lists.OPENERS or REQUEST.match(following) is not None)
        and not _NO_OPENER.match(following)
        and (not kinds & {"title", "name"} or said[-1:] in (["street"], ["drive"]))
        and not re.fullmatch(r"[A-Z]", abbreviation)
        and abbreviation.lower() not in ("e.g", "i.e", "a.k.a")
    )
