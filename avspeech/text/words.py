"""Capitals, letters and plain words."""

from __future__ import annotations

import re

from avspeech.text import clipped, lists, units
from avspeech.text.cleaning import fold
from avspeech.text.rules import EDGE, END, Text, hums, letters, rule

_WRITTEN = lists.any_of(lists.WRITTEN)
_RECKONING = "=+<>≤≥≠±×÷∈∪∩⊂∧∨→*"
# Before the other side of a record: "Hey Jude (7:11) b/w Revolution".
_OF_DISC = re.compile(r"(?:\bsingle|\b[LE]P|\bside|\b45|\d:\d\d\)) $")


_ASKING = frozenset("pls plz".split())


@rule(rf"({_WRITTEN})(['’]?s)?{END}(?![.@]\w)", "=" + "".join({name[0] for name in lists.WRITTEN}))
def as_listed(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """What stands in a table, capitals and all. `ChatGPT` -> chat G P T"""
    name, ending = match.groups()
    start = match.start()
    if (
        context.view[start - 1 : start].isalnum()
        and start
        or not name.islower()
        and name not in ("OK", "W/", "W/O")
        and context.word(name.lower())
        and context.shouted(start)
    ):
        return None
    if context.text[match.end() : match.end() + 1] == "." and name in lists.ABBREVIATIONS:
        near = context.text[max(0, start - 6) : start]
        if re.search(r"(?:, | and | or | from | in |\d )$", near):
            return None  # "Pa. and Del.", "6 pls."
    words = lists.WRITTEN[name]
    if name.lower() in _ASKING and re.match(r"\. [A-Za-z]", context.text[match.end() :][:3]):
        return words, match.end() + 1  # "Pls. RSVP"
    if name == "b/w" and _OF_DISC.search(context.text[max(0, start - 12) : start]):
        words = ["backed", "with"]
    return (
        [*words[:-1], words[-1] + ("'s" if words[-1].isupper() or ending != "s" else "s")]
        if ending
        else words
    )


@rule(
    rf"(?:[A-Za-z]\.){{2,12}}[A-Za-z]?(?:'?s)?{END}|[A-Za-z](?:\.[A-Za-z]){{1,12}}(?:'?s)?{END}"
    rf"|(?:Ph|LL)\.[BDM](?:\.?'?s)?{END}",
    "l",
)
def dotted(match: re.Match[str], context: Text) -> list[str] | None:
    """Letters with periods. `the U.S. Army` -> the U S army"""
    text = match.group()
    if context.within(match.start()):
        return None
    plain, ending = re.fullmatch(r"(.*?[A-Za-z.])('?s)?", text).groups()  # type: ignore[union-attr]
    if plain.islower() and ending == "s":
        plain, ending = text, None  # "h.s."
    key = plain.lower().rstrip(".") + "."
    said = lists.DOTTED.get(key)
    if key in _RENTS and _PRICED.search(context.text[max(0, match.start() - 20) : match.start()]):
        said = _RENTS[key]
    if (
        said is None
        and plain.islower()
        and len(plain) > 4
        and not re.fullmatch(r"[a-z](?:\.[a-z])+\.?", plain)
    ):
        return None
    words = said or letters(plain)
    return [*words[:-1], words[-1] + "'s"] if ending else words


# Behind a price: "a rent of $900 p.m."
_RENTS = {
    "p.m.": ["per", "month"],
    "p.c.m.": ["per", "calendar", "month"],
    "p.w.": ["per", "week"],
    "p.h.": ["per", "hour"],
}
_PRICED = re.compile(
    r"(?:[$£€¥₹]|\b[A-Z]{3}) ?\d[\d,.]*[kK]? $|\d (?:[$£€¥₹]|USD|EUR|GBP|CHF|dollars|euros) $"
)


@rule(
    rf"([A-Z]{{2,4}}|[Bb]?[Cc]c)(?:['’]?(ing|ed)|['’](d)|(?<=[a-z])(d)){END}",
    "=ABCDEFGHIJKLMNOPQRSTUVWXYZbc",
)
def done_by_letters(match: re.Match[str], context: Text) -> list[str] | None:
    """What is done, named by letters. `He ID'd her.` -> he I D'd her."""
    name = match.group(1)
    if context.within(match.start()) or context.shouted(match.start()):
        return None
    ending = "ing" if match.group(2) == "ing" else "d"
    if name == "OK":
        return ["okaying" if ending == "ing" else "okayed"]
    word = name.lower()
    if len(name) > 2 and word != "bcc" and context.word(word) and not context.word_is_letters(word):
        return None  # "ADDed"
    first = letters(name)
    return [*first[:-1], f"{first[-1]}'{ending}"]


# What is before somebody who is written to, and behind; a variable may be called u too.
_TO_YOU = frozenset("are r c see luv love miss thank thx do did can how why hope will abt".split())
_YOU_DO = frozenset(
    "r c are agree can seen know want coming going ok guys there later too got get need think have"
    " luv love".split()
)
_OF_VARIABLE = frozenset("is and or be denotes equals was in with of from satisfies".split())


@rule(r"u(?![^\W_]|['’])", "=u")
def chat_you(match: re.Match[str], context: Text) -> list[str] | None:
    """Somebody who is written to. `how are u` -> how are you"""
    start, end = match.span()
    if not context.opens(start) or re.match(r" ?[=+*/^<>-]", context.behind(end)):
        return None
    near = (context.words_before(start) or [""])[0]
    near = near if near.isupper() else near.lower()
    after = context.after(end).lower()
    meant = near in _TO_YOU and after not in _OF_VARIABLE or after in _YOU_DO
    return ["you"] if meant else None


@rule(
    r"(4)(?= (?:me|u|ur)(?![^\W_]))|[cr](?= u(?![^\W_]))|(?<=\bu )[cr](?![^\W_])"
    r"|(?:[Hh]i|[Ll]o)(?= -?\d{1,3} ?°)|[Hh]i(?= -?\d{1,3}(?:/|\x00) ?[Ll]o\b)"
    r"|(?<=\d/)lo(?= -?\d)|(?<=\d\x00 )[Ll]o(?= -?\d)",
    "=4crhlHL",
)
def chat_for(match: re.Match[str], context: Text) -> list[str] | None:
    """A word by its sound, in a chat or a forecast. `wait 4 me` -> wait for me"""
    if not context.opens(match.start()):
        return None
    written = match.group().lower()
    return [{"4": "for", "c": "see", "r": "are", "hi": "high", "lo": "low"}[written]]


# Units that are written so without a number: "half a kg".
_BARE_UNITS = frozenset("kg km cm mm mg ml lbs ft hrs mph rpm".split())


# In capitals behind an article these are abbreviations.
_NO_NOUNS = frozenset("OR IN ON AT AS SO OF IF BE DO BY MY ME WE".split())


def _is_country(context: Text, start: int, end: int) -> bool:
    """Whether "US" in a line of capitals is the country: "US TROOPS LEAVE"."""
    before = context.words_before(start)[:1]
    if before:
        return before == ["THE"]
    after = context.after(end)
    if after == "AND":  # "US AND UK"
        second = context.after(end + 4)
        return second in lists.SPELLED or bool(second) and not context.word(second.lower())
    return after not in ("", "TOO", "OR")


# Before the subject of a mail.
_SUBJECTS = {"RE": "re", "FW": "forward", "FWD": "forward"}


@rule(r"([A-Z]{2,})(['’]?s)?(?![^\W_])", "C")
def capitals(match: re.Match[str], context: Text) -> list[str] | None:
    """Capitals: a word or spelled. `the FBI and NASA` -> the fbi and nasa"""
    name, plural = match.groups()
    word = name.lower()
    if (
        context.shouted(match.start())
        and name not in lists.LETTERS
        and (context.word(word) or len(name) > 3 and _vowels(name))
    ):
        if name != "US" or not _is_country(context, match.start(), match.end()):
            return None
    near = [w for w in (context.before(match.start()), context.after(match.end()))]
    emphasis = any(len(w) > 3 and w.isupper() and context.word(w.lower()) for w in near)
    vowels = _vowels(name)
    said = word in lists.SAID or len(name) > 5 and vowels > 0 or len(name) == 5 and vowels > 1
    if context.word(word):
        said |= len(name) > 2 or emphasis or word in lists.SHORT_WORDS
    if len(name) == 2 and re.match(r": ?\d", context.text[match.end() : match.end() + 3]):
        said = False  # "SO: 121"
    if name in _SUBJECTS and context.text[match.end() : match.end() + 1] == ":":
        return [_SUBJECTS[name]]
    if name in _BY_LETTERS and _BY_LETTERS[name].search(context.around(match.start())):
        said = False
    if _AGED.match(context.text, match.end()):
        said = False  # "my SO (24F)"
    if len(name) == 3 and _is_code(context, match.start(), match.end()):
        said = False
    if plural == "s" and len(name) == 2:
        said = False  # "TOs"
    if re.search(r"(?:^|[\W_])[-–−]$", context.text[max(0, match.start() - 2) : match.start()]):
        said &= word not in lists.SHORT_WORDS  # "the –OH group"
    near_by = context.text[max(0, match.start() - 24) : match.start()]
    if name in lists.STATES and _TOWN.search(near_by):
        if _BEHIND_STATE.match(context.view, match.end()):
            said = False  # "Salem, OR;"
    if name in _NO_NOUNS and not context.shouted(match.start()):
        before = context.before(match.start())
        said &= before.lower() not in lists.DETERMINERS or before.isupper()  # "the OR was 2.3"
    if said and name not in lists.SPELLED:
        return [
            word
            + (
                ("s" if plural == "s" and not context.word_is_letters(word) else "'s")
                if plural
                else ""
            )
        ]
    spelled = letters(name)
    return spelled[:-1] + [spelled[-1] + "'s"] if plural else spelled


# Where "KIA" is no car: "KIA 6 June 1944".
_OF_WAR = re.compile(
    r"\b(?:[MW]IA|POWs?|USA|USMC|USN|USAAF|RAF|Sgt|Pvt|Pfc|Cpl|Lt|Capt|Maj|Col|soldiers?|troops"
    r"|marines?|wounded|war|battles?|battalion|regiment|infantry|casualties|platoon|squad)\b"
    r"|KIA (?:at|in|on|near|during|\d)|\d KIA"
)
# {capitals that are a word too: what is near where they are letters}
_BY_LETTERS = {
    **dict.fromkeys(lists.FALLEN, _OF_WAR),
    "ACT": re.compile(r"\b(?:SAT|GPA|scores?|prep|exams?|tests?|tutor\w*|colleges?)\b"),
    "ME": re.compile(r"\b(?:OE|ModE|OHG|PIE|PGmc|OFr|AN|MnE)\b"),
}
_AGED = re.compile(r" ?\(\d\d ?[MFmf]\)")
_TOWN = re.compile(r"(?:^|\W)[A-Z][a-z]+, $")
_BEHIND_STATE = re.compile(
    rf"\s*$|\s*\n|[{EDGE}—]| (?:and|or|to) [A-Z][a-z]| \d{{5}}| [–-] "
    r"| (?:is|was|has|had|will)(?! (?:it|he|she|we|you|they|this|that|there|the)\b)\b"
    r"| (?:in|on|at|for|with|by|since|where|who|when|after|before"
    r"|during|area|office|plant|native|resident)\b"
)
_BEHIND_CODE = re.compile(
    r" ?(?:→|->|–|-) ?[A-Z]{3}(?!\w)| \d{2,3}[,;] [A-Z]{2,3} \d\d| \d{1,2}:\d\d"
    r"| \d{1,3}[-–]\d{1,3} [A-Z]{3}(?!\w)| \+\d+\.\d{3}| \d+ pts(?!\w)"
    r"| \d\d?[,;] [BCDFGHJ-NP-TV-Z]{3} \d"
)
_BEFORE_CODE = re.compile(
    r"(?:^|\W)[A-Z]{3} ?(?:→|->|–|-) ?$|(?:^|\W)[A-Z]{2,3} \d{2,3}[,;] $"
    r"|(?:^|\W)[BCDFGHJ-NP-TV-Z]{3} \d\d?[,;] $"
    r"|(?:^|\W)[A-Z]{3} \d{1,3}[-–]\d{1,3} $"
)


def _is_code(context: Text, start: int, end: int) -> bool:
    """Whether three letters are an airport's or a team's: "BOS–DEN", "LAL 112, BOS 109"."""
    if context.text[end : end + 1].isalnum() or context.shouted(start):
        return False
    return (
        _BEHIND_CODE.match(context.text, end) is not None
        or _BEFORE_CODE.search(context.text[max(0, start - 12) : start]) is not None
    )


def _vowels(name: str) -> int:
    return sum(c in "AEIOUY" for c in name)


@rule(r"([A-Za-z]+)(?=\d)", "l")
def name_with_digits(match: re.Match[str], context: Text) -> list[str] | None:
    """Letters before digits. `MP3` -> M P three"""
    text = match.group()
    if len(text) == 4 and text.isupper() and text.lower() not in lists.SAID:
        if not context.word(text.lower()):
            return letters(text)  # "GPIO4", "GDDR6"
    if text.lower() in ("covid", "apollo", "cop") or len(text) > 3:
        tagged = context.text[match.start() - 1 : match.start()] == "#"
        parts = re.findall("[A-Z][a-z]+" if tagged else "[A-Z][a-z]{2,}", text)  # "#ClassOf2024"
        whole = len(parts) > 1 and "".join(parts) == text and not context.word(text.lower())
        return [part.lower() for part in parts] if whole else [text.lower()]
    return (
        [text.lower()] if text.islower() and len(text) > 1 and context.word(text) else letters(text)
    )


@rule(r"[A-Z](?![^\W_]|['’](?!s(?![^\W_]))[^\W_])(?:['’]s)?", "C")
def letter(match: re.Match[str], context: Text) -> list[str] | None:
    """A letter by itself; A is the article where one can stand. `A and B are here` -> A and B are
    here"""
    name = match.group()[0]
    ending = "'s" * (len(match.group()) > 1)
    variable = re.match(r"-[A-Z\d]|/[A-Z]| ?[=≈≤≥<>]", context.behind(match.end()))
    if name == "I" and not ending and not (variable or _over(context, match.start())):
        return ["i"]
    if context.view[match.start() - 1 : match.start()] in ("-", "−") and name == "A":
        return [name + ending]
    if name != "A" or ending:
        return [name + ending]
    return [name] if _is_letter(match, context) else ["a"]


# A number with its sign, and what it measures.
_MEASURES = re.compile(
    r" [±~≈<>≤≥]\$?[\d.]+(?:%|[- ]?[a-zA-Z]+)?"
    r" (?!(?:then|and|or|is|if|for|when)\b)[a-z]{2,}"
)


def _over(context: Text, start: int) -> bool:
    """Whether a variable and a slash are right before a place: "V/I"."""
    return re.search(r"(?:^|\W)[A-Z]/$", context.view[max(0, start - 3) : start]) is not None


def _is_letter(match: re.Match[str], context: Text) -> bool:
    """Whether a capital A is the letter: where no word follows, beside another letter, behind
    "vitamin"."""
    start, end = match.span()
    if context.within(start):
        return True  # "SW1A"
    near = context.words_before(start)
    before = near[0].lower() if near else ""
    after = context.after(end)
    if before in lists.LETTERED:
        return True
    if _MEASURES.match(context.view, end):
        return False  # "A ±5% swing"
    if not after:
        return bool(
            re.match(
                rf"\s*$|{EDGE}| [-–—&] |[–—\n]| [{_RECKONING}]|[→←↔⇌]|-(?!ha\b|[a-z]+ing\b)|/|[+*]",
                context.behind(end),
            )
        )
    if re.match(r"(?:and|or|to|through|versus|vs|in) ?", after) and after in lists.AFTER_LETTER:
        return True
    if re.fullmatch(r"[B-Z]", after):
        return context.text[end + 2 : end + 3] not in ("$", "£", "€")  # "A C$15 ticket"
    if context.shouted(start):
        return False
    if after in lists.AFTER_LETTER:
        return True
    return bool(before) and not after[0].isupper() and context.view[start - 1 : start] == " "


# A Latin letter, with those of phonetics.
_L = "[A-Za-zªºµÀ-ÖØ-öø-˿Ḁ-ỿ]"


@rule(
    rf"{_L}+(?:['’]{_L}+)*|['’](?:tis|twas|em|cause|til|n)(?![^\W_])['’]?",
    "ls",
    re.IGNORECASE,
)
def word(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """A plain word. `naïve YouTube dogs'` -> naive youtube dogs"""
    text = match.group().replace("’", "'").rstrip("'")
    if text.lower() == "'n":
        return ["'n"]
    plain = fold(text)
    end = match.end()
    if not text.isascii() and any(c not in "'ʻ" and not fold(c) for c in text):
        return None  # phonetics: "wɔːtə"
    if re.fullmatch(r"[a-z]'s", plain):
        return [plain[0].upper() + "'s"]  # "p's and q's"
    full = clipped.in_full(context, match.start(), end, plain.lower())
    if full:
        return [full], end + (full[-1] == "'")
    if len(plain) == 1 and (letter := _letter(context, match.start(), end, plain)):
        return [letter]
    if (
        plain[-1] in "sS"
        and context.text[end : end + 1] in ("'", "’")
        and end < len(context.text)
        and _owns(context, end)
    ):
        return [plain.lower() + "'"], end + 1
    if re.fullmatch("[BCDFGHJKLNPQRSTVWXYZ]s", plain) and context.text[end : end + 1] != ".":
        return [plain[0] + "'s"]  # "Ps and Qs"
    if 2 <= len(plain) <= 4 and not context.word(plain.lower()) and not hums(plain.lower()):
        bare = plain in _BARE_UNITS or context.before(match.start()) == "in" and not plain.islower()
        unit = units.table().get(plain) if bare else None  # "in kB"
        if unit is None:
            return letters(plain)  # "npm"
        one = context.before(match.start()).lower() in ("a", "per", "each", "one")
        return (unit.one if one else unit.many).split()
    counted = re.search(r"\d $", context.text[max(0, match.start() - 2) : match.start()])
    if counted and plain.islower() and len(plain) == 3 and not context.word(plain):
        return letters(plain)  # a unit that no table has: "36 ksi"
    parts = re.findall(r"[A-Z]?[a-z']+|[A-Z]+(?![a-z])|'", plain)
    syllables = all(re.fullmatch(r"[A-Z][aeiou]", part) for part in parts)
    if len(parts) > 1 and len(plain) < 5 and not syllables and not context.word(plain.lower()):
        if "'" not in plain and not context.shouted(match.start()):
            return letters(plain)  # "pKa", "IgG"
    if (
        len(parts) > 1
        and not context.word(plain.lower())
        and "'" not in plain
        and not context.shouted(match.start())
    ):
        said: list[str] = []
        for part in parts:
            short = part.isupper() and len(part) < 4 or len(part) == 1
            said += letters(part) if short else [part.lower()]
        return said
    return [plain.lower()]


def _letter(context: Text, start: int, end: int, plain: str) -> str | None:
    """How a single letter is read; None where it is the word "a" or "I"."""
    digit_before = context.text[start - 1 : start].isdigit() and start > 0
    opened = context.text[max(0, start - 1) : start]
    closed = context.text[end : end + 1] in (")", "]") and (
        opened in (*"([\"'“‘\n", "") or start < 20 and not context.text[:start].strip()
    )
    formula = re.match(
        rf"\|? ?[{_RECKONING}]| − |\[\w{{1,2}}\]|/[a-z](?![^\W_])| % \w(?!\w)",
        context.text[end : end + 6],
    )
    if plain == "a" and context.text[end : end + 2] == ". " and opened in ("", "\n"):
        closed = re.search(r"\n *b\. ", context.text[end : end + 400]) is not None
    if plain == "a" and context.text[end : end + 1] == ")" and opened in " \n":
        closed = "b)" in context.text[end : end + 200]  # "Choose: a) tea, b) coffee"
    closed = closed or formula is not None and not _MEASURES.match(context.view, end)
    named = plain == "a" and _is_named(context, start, end)
    if plain in "aI" and not digit_before and not (plain == "a" and closed or named):
        return None
    return plain.upper() if plain != "i" or digit_before or closed else "i"


def _is_named(context: Text, start: int, end: int) -> bool:
    """Whether a small "a" is the letter: "the letter a", "option a is"."""
    before = context.before(start).lower()
    if before in ("letter", "letters", "vitamin", "variable", "an"):
        return True
    after = context.after(end)
    return before in lists.LETTERED - {"an", "from"} and (not after or after in ("is", "was"))


def _owns(context: Text, end: int) -> bool:
    """Whether an apostrophe behind an s is a genitive's: a word follows, and no quotation is
    open."""
    following = re.match(r"['’] ([a-z]+)", context.text[end : end + 30])
    if not following or following.group(1) in lists.NOT_NOUNS:
        return False
    line = context.text[max(0, end - 300) : end]
    opened = len(re.findall(r"(?:^|[\s(])['‘](?=\w)", line))
    return not opened or opened <= len(re.findall(r"\w[.,!?]?['’](?=[\s.,!?)]|$)", line))
