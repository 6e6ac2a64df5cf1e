"""What a rule of `normalise` is, and what it may look at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from avspeech.text import lists
from avspeech.text.numbers import digits

# In the text that rules see, marks at the edges of things are this character, so that no reading
# depends on the mark behind it. Rules that need the mark (abbreviations) look at `Text.text`.
EDGE = "\x00"
END = r"(?![^\W_])"  # no letter or digit follows
_OF_FEET = (
    r"(?:containers?|trailers?|ladders?|boats?|yachts?|ceilings?|fences?|cables?|cords?|ropes?"
    r"|poles?|walls?|boards?|drops?|trees?)\b"
)
# Marks that belong to a thing: (212) 555, 6'2", 'n', the '90s, .5, and an apostrophe before a
# clipped word.
_KEPT = (
    r"\(\d{3}\)(?=[\s-]?\d{3}[-\s.]\d{4})|\(0\d{1,4}\)(?=\s?\d{3,4}[-\s]?\d{3,4}(?!\d))"
    r"|(?<![\w.])\d{1,2}['’′]\s?\d{1,2}[⅛¼⅜½⅝¾⅞]?(?:\"|”|″|'')(?=\W|$)"
    r"|(?<![\w.])\d{1,4}['’](?=\s?[x×]\s?\d| (?:tall|wide|long|high|deep|by \d+)\b)"
    r"|(?:(?<=['’] by )|(?<=\d['’] to ))\d{1,4}['’](?!\w)"
    r"|(?<=[x×])\s?\d{1,4}['’](?!\w)"
    r"|(?:(?<=\bin )|(?<=\bof )|(?<=\bby ))['’]\d\d(?!\w)"
    r"|(?<=[a-z] )['’]\d\d(?=['’](?!\w))"
    r"|(?<=[a-z] )['’]0\d(?!\w)"
    r"|(?<!\d)\d{1,2}['’](?=[-–]\d{1,2}['’])|(?<=\d['’][-–]\d)['’]"
    r"|(?:(?<=\ba )|(?<=\ban ))\d{1,3}['’](?= [a-z])"
    r"|(?<![\w.])[35]['’](?= (?:ends?|UTRs?|overhangs?|primers?)\b)"
    r"|(?<!\w)['’](?:n['’](?!\w)"
    r"|(?:\d\ds?(?!:\d)(?![^\n'’]{0,40}[^\s'’]?['’](?!\w))|tis|twas|em|cause|til)\b)"
    r"|(?<= )\d{1,2}['’](?=[,.!?]?[\"”])"
    r"|(?<=\d)(?:…|\.{2,3})(?=[-−+]?\d)"
    r"|(?<![\w.])\.(?=\d)"
)
_EDGES = re.compile(
    r"(?=[^A-Za-z])(?:"  # nothing of it begins with a letter; this makes it fast
    rf"(?P<kept>{_KEPT})|(?P<feet>(?<=\d)['’](?= (?:(?:[A-Z]{{2}} )?{_OF_FEET}"
    r"|(?:of|to|over|above|below|in|per|gain|climb|tall|high|deep|clr|clear|HC|GP)\b)))"
    r"|(?P<inches>(?<=\d)\")"
    r"|[.,;:!?'’]+(?=[\s–—()\[\]{}\"“”„«»…]|--|$)"  # behind a thing
    r"|(?:(?<=[\s–—])|^)['‘’]+"  # before one
    r"|(?<=[a-z])\.(?=/[a-z\d$])"  # "50 hrs./wk."
    r"|(?<=[a-z]{2})\.(?=-[a-z]{3})"  # "med.-high", "Lt.-Gov."
    r"|[()\[\]{}\"“”„«»…。？！，‘]|\.{2,}|~~)",
    re.IGNORECASE,
)
_CAPITALS = re.compile(
    r"[A-Z][A-Z']*(?![^\W_])"
    r"(?:(?:[ \t]*[,;:–—-]?[ \t]+|[ \t]*['’\"“”]?[ \t]+)[A-Z][A-Z']*(?![^\W_]))*"
)


def masked(text: str) -> str:
    """The text with each mark at the edge of a thing as `EDGE`; its length stays."""

    inches = _inches(text) if '"' in text else frozenset()
    heights = HEIGHT.search(text) is not None
    elevations = {match.end() for match in ELEVATION.finditer(text)}

    def form(match: re.Match[str]) -> str:
        kept = match.lastgroup == "kept" or match.start() in inches
        if match.lastgroup == "feet":
            kept = not OPENED.search(text[max(0, match.start() - 80) : match.start()])
        feet = heights and _LONE_FEET.match(text, match.start())
        if feet or match.start() in elevations:
            return match.group()[0] + EDGE * (len(match.group()) - 1)
        return match.group() if kept else EDGE * len(match.group())

    return _EDGES.sub(form, text)


# A quotation is open.
OPENED = re.compile(r"(?:^|[\s(\"“])['‘](?!\d\ds?(?!\w)|(?:tis|twas|em|cause|til)(?!\w))\w")
# Beside a height, a number and an apostrophe are feet: "Mom's 5'4" and I'm 6'."
HEIGHT = re.compile(r"(?<![\d.])\d{1,3}['’′]\s?\d{1,2}(?:\"|”|″|'')")
_LONE_FEET = re.compile(r"(?:(?<=[ (]\d)|(?<=[ (]\d\d))['’](?![^\W_])")
ELEVATION = re.compile(
    r"\b(?:[Ee]lev(?:\.|ation)|[Ll]evels?|[Aa]ltitudes?|[Dd]epths?)[^'’\n]{1,20}\d(?=['’](?!\w))"
)
_QUOTING = re.compile(r"(?<![\d⅛¼⅜½⅝¾⅞])\"")
# A number that is no part of a name: neither "ci95" nor "utf-8".
_SIZE = re.compile(r"(?:(?<![\d,A-WYZa-wyz_])(?<![A-Za-z]-)\d{1,3}|[⅛¼⅜½⅝¾⅞])$")
_NOUN = re.compile(
    r" (?!and\b|or\b|but\b|so\b|is\b|was\b|[sh]e\b|they\b)(?:[a-z]|[A-Z]\.?[A-Z\d₂]"
    r"|\d{3,4}[pi]\b|\dK\b)"
)
_LONE = re.compile(r'"(?:[,;)] ?| \()[^\W_]')
# A name of a thing that was measured: 55" Samsung TV
_NAMED = re.compile(r' (?:[A-Z][\w-]+ ){1,2}(?:[A-Z]{2,}s?|[a-z]{3,}s?)(?![^\W_])')
# A mark of inches before what goes on with it: 45"-wide, 1/8" = 0.125", ⅝"–¾"
_JOINED = re.compile(rf'"(?:-[a-z]| ?[=≈<>≤≥] ?[\d.]|[-–][\d./{"".join(lists.FRACTIONS)}]+")')


def _inches(text: str) -> frozenset[int]:
    """Where a quotation mark between a number and a noun says inches: where no quotation is open,
    or one mark of the paragraph would be too many."""
    found: set[int] = set()
    start = 0
    for paragraph in text.split("\n\n"):
        odd = paragraph.count('"') % 2 == 1
        sized = paragraph.count('"') > 1 and not _QUOTING.search(paragraph)
        closed = True
        for match in re.finditer('"', paragraph):
            place = match.start()
            behind = _SIZE.search(paragraph[max(0, place - 8) : place])
            side = _SIDE.match(paragraph, place + 1) or _SIDE_BEFORE.search(
                paragraph[max(0, place - 16) : place]
            )
            lone = paragraph.count('"') == 1 and _LONE.match(paragraph, place)
            noun = _NOUN.match(paragraph, place + 1) is not None and (closed or odd)
            noun = noun or closed and _NAMED.match(paragraph, place + 1) is not None
            alone = closed and behind and _MEASURED.search(paragraph[max(0, place - 60) : place])
            alone = alone or closed and behind and _JOINED.match(paragraph, place)
            paired = closed and (not odd or sized)  # no quotation begins there: 14", 23"
            # Of two marks that close, the first says inches: "My TV is 55"," he said.
            then = paragraph.find('"', place + 1)
            twice = not closed and then > 0 and paragraph[then - 1] not in " \t\n([{=:>"
            if behind and (twice or side or lone or noun or alone or paired):
                found.add(start + place)
            else:
                closed = not closed
        start += len(paragraph) + 2
    return frozenset(found)

# Before a mark of inches at the end of a clause: "Cut it to 36"."
_MEASURED = re.compile(
    r"\b(?:cut|trim\w*|saw\w*|snow\w*|rain\w*|accumulat\w+|deep|depth|wide|width|long|length"
    r"|thick\w*|tall|high|height|seams?|hems?|inseam|waist|gauge|TVs?|screens?|monitors?"
    r"|displays?|pipes?|bolts?|(?-i:boards?)|rows|apart)\b"
    r"(?:[^.!?\n]|\.(?! (?-i:[A-Z])))*$|[⅛¼⅜½⅝¾⅞]$",
    re.IGNORECASE,
)
# The sides of a thing: 1.5" × 3.5"
_SIDE = re.compile(r"\s?[x×]\s?[\d.]|[WDHL](?!\w)")
_SIDE_BEFORE = re.compile(r"\d\"?\s?[x×]\s?[\d.]+$")


@dataclass
class Text:
    """text: the whole; view: the same as rules see it; word: whether the dictionary has a word;
    own: things with a pronunciation of the caller's."""

    text: str
    word: Callable[[str], bool]
    view: str = ""
    shouts: list[tuple[int, int]] = field(default_factory=list)
    own: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        self.view = masked(self.text)
        for match in _CAPITALS.finditer(self.text):
            if self._is_shout(match):
                self.shouts.append(match.span())

    def _is_shout(self, match: re.Match[str]) -> bool:
        """Whether a run of words in capitals is plain speech, written loud: two words or more, one
        of which is no abbreviation. "US AND THEM", but neither "US" nor "NASA TV"."""
        names = [name.rstrip("'") for name in re.findall(r"[A-Z][A-Z']*", match.group())]
        if match.start() and (
            self.text[match.start() - 1].isalnum() or self.text[match.start() - 1] in "&./-_"
        ):
            return False
        if len(names) < 2:
            return False
        strong = 0
        for name in names:
            plain = name.lower()
            if name in lists.SPELLED | lists.FALLEN or plain in lists.SAID:
                continue
            if (
                plain in lists.STRONG_SHORT
                or len(name) > 2
                and self.word(plain)
                and not self.word_is_letters(plain)
            ):
                strong += 1
        return strong > 0 and strong * 3 >= len(names)

    def within(self, start: int) -> bool:
        """Whether a letter or digit stands right before `start`: what is there is part of more."""
        return start > 0 and self.view[start - 1].isalnum()

    def word_is_letters(self, word: str) -> bool:
        """Whether the dictionary says a word letter by letter ("fbi")."""
        from avspeech.text import lexicon

        return lexicon.is_letters(word)

    def shouted(self, place: int) -> bool:
        """Whether a place is in a run of words in capitals, which then say nothing."""
        return any(start <= place < end for start, end in self.shouts)

    def headline(self, place: int) -> bool:
        """Whether a place is in a headline: words in capitals, or a line whose words all begin with
        one."""
        if self.shouted(place):
            return True
        line = self.line(place)
        words = [word for word in _WORD.findall(line) if word not in _SMALL]
        return len(words) > 1 and len(line) < 150 and all(word[0].isupper() for word in words)

    def line(self, place: int) -> str:
        """The line around a place; some of it where it is longer than headlines are."""
        start = self.text.rfind("\n", max(0, place - 150), place) + 1
        return self.text[start or max(0, place - 150) : place + 150].partition("\n")[0]

    def before(self, place: int) -> str:
        """The word before a place, as written; "" where there is none."""
        found = re.search(r"([^\W_]+)\.?[\s\-–]*$", self.text[max(0, place - 40) : place])
        return found.group(1) if found else ""

    def words_before(self, place: int) -> list[str]:
        """Some words before a place, the nearest first, up to the first mark."""
        return re.findall(
            r"[^\W_]+(?:['’][^\W_]+)*", self.view[max(0, place - 60) : place].rsplit(EDGE, 1)[-1]
        )[::-1]

    def after(self, place: int) -> str:
        """The word behind a place, as written; "" where a mark, a digit or nothing follows."""
        found = re.match(
            r"[ \t\n\xa0\u202f]+([^\W\d_]+(?:['’][^\W\d_]+)*)", self.view[place : place + 40]
        )
        return found.group(1) if found else ""

    def behind(self, place: int) -> str:
        """Some characters of the view from a place on, enough to see what follows a thing."""
        return self.view[place : place + 80]

    def around(self, place: int) -> str:
        """The text near a place, for words that tell what it is about; bounded, so that a book
        takes time that grows with its length only."""
        return self.text[max(0, place - 300) : place + 300]

    def opens(self, place: int) -> bool:
        """Whether nothing, a blank, a mark or a sign of arithmetic is right before a place."""
        return (
            not place
            or self.view[place - 1] in EDGE + "=<>≤≥≈±(~≠:/"
            or self.view[place - 1].isspace()
        )

    def adjective(self, start: int, end: int, stuff: bool = False) -> bool:
        """Whether a measure is before the noun that it measures: "a 10 km run", "$5 bills".
        stuff: the measure is of something that may follow it without "of": "2 tsp salt"."""
        following = self.after(end)
        if _ENGINE.match(self.view, end):
            return True
        near = self.words_before(start)[:1]
        if near and self.view[max(0, start - 2) : start].strip()[-1:] in tuple("=<>≤≥≈"):
            return False  # "a = 9.8 m/s² down"
        if near in (["a"], ["an"], ["A"], ["An"]):
            return bool(following) and following.lower() not in lists.FUNCTION - {"can"}
        if len(following) == 1 and following.islower() or near in (["every"], ["Every"]):
            return False  # "4 mg q.d.", "every 10 min. Mon. to Fri."
        if near in (["each"], ["Each"]) and _DOES.fullmatch(following):
            return False  # "each 5 mL contains", but "each 5 L bus"
        if near and (near[0].lower() in lists.DETERMINERS or _owner(near[0])):
            return bool(following) and (
                following.lower() not in lists.NOT_NOUNS
                or following.lower() in lists.ALSO_NOUNS | {"can"}
            )
        if (
            not following
            or following.lower() in lists.NOT_NOUNS
            or following.lower().endswith("ly")
            or following in QUALITIES
        ):
            return False
        if following[0].isupper() and not re.fullmatch(r"[A-Z]{2,5}s", following):
            short = following.isupper() and not self.line(start).isupper()  # "400 m LOA"
            if self.determined(start) or short or not self.headline(start):
                return self.determined(start)
            following = following.lower()
            if following in lists.DAY_NAMES or _PRICED.match(self.view, end):
                return False  # "LOSES $5 FRIDAY", "Soup $5 Salad $7"
        if self.determined(start):
            return True
        if stuff and (not following.endswith("s") or following.endswith("ss")):
            return False
        behind = re.match(rf"\s+\S+?(?=[\s{EDGE}]|$)", self.behind(end))
        rest = self.behind(end + behind.end()) if behind else ""
        then = re.match(r"[ \t\n]+([^\W\d_]+)", rest)
        return not following.endswith(("ing", "ed")) and (
            not then or then.group(1).lower() in lists.NOT_NOUNS | _VERBS
        )

    def determined(self, start: int) -> bool:
        """Whether an article or the like is before a place, with one adjective at most
        between."""
        near = [w.lower() for w in self.words_before(start)[:2]]
        return bool(near) and (
            near[0] in lists.DETERMINERS
            or _owner(near[0])
            or len(near) > 1
            and near[1] in lists.DETERMINERS
            and near[0] not in lists.NOT_NOUNS
            and not near[0].endswith("s")
        )


_WORD = re.compile(r"(?<![\w'’])(?<!\d )[A-Za-z][A-Za-z'’]*")
# The words of a headline that have no capital.
_SMALL = frozenset(
    "a an the and or but nor for to of in on at by as vs v with from into over after w".split()
)
_PRICED = re.compile(rf" [A-Za-z]+{EDGE}? [$£€]?\d")


def _owner(word: str) -> bool:
    """Whether a word is a genitive: "NASA's $10B telescope", but not "it's"."""
    plain = word.lower().replace("’", "'")
    return plain.endswith("'s") and plain not in lists.CONTRACTIONS


_VERBS = lists.words("parts.verbs") | {"use"}
# Behind a measure: "18 t gross", "8 mi. easy".
QUALITIES = frozenset("gross net easy hard steady".split())
_DOES = re.compile(r"[a-z]{2,}[^\Wsui_]s")
_ENGINE = re.compile(r" (?:[VIWH]|flat-)\d{1,2}(?!\w)")  # "a 2.0L V6"


@dataclass(frozen=True)
class Rule:
    """pattern: of what is written; says: gives the words (with the place where the thing ends,
    where that is not the end of the match), or None where the next rule is to be tried; starts: the
    kinds of first character, of "d" digit, "l" letter ("C" a capital, "c" none), "s" any other, or
    "=" and the characters themselves, which is faster."""

    pattern: re.Pattern[str]
    says: Callable[[re.Match[str], Text], list[str] | tuple[list[str], int] | None]
    starts: str

    def may_begin_with(self, character: str) -> bool:
        """Whether what it says may begin with a character."""
        if self.starts[0] == "=":
            return character in self.starts[1:]
        if character.isalpha():
            return "l" in self.starts or ("C" if character.isupper() else "c") in self.starts
        return ("d" if "0" <= character <= "9" else "s") in self.starts

    @property
    def name(self) -> str:
        return self.says.__name__

    @property
    def about(self) -> str:
        return " ".join((self.says.__doc__ or "").split())


def rule(pattern: str, starts: str = "dls", flags: int = 0) -> Callable[..., Rule]:
    """Makes a rule of the function behind it. Its docstring says what is read, with an example:
    "... `5 km` -> five kilometers"."""

    def make(
        function: Callable[[re.Match[str], Text], list[str] | tuple[list[str], int] | None],
    ) -> Rule:
        return Rule(re.compile(pattern, flags), function, starts)

    return make


def letters(text: str) -> list[str]:
    """Letters and digits one by one: "B2B" -> B two B."""
    spelled: list[str] = []
    for character in text:
        if character.isascii() and character.isalpha():
            spelled.append(character.upper())
        elif character.isascii() and character.isdigit():
            spelled += digits(character)
    return spelled


def hums(plain: str) -> bool:
    """Whether a word can be said: it has a vowel, or is a sound ("hmm", "psst")."""
    return bool(re.search(r"[aeiouy']|^(?:[hm]+|s*h+|z+|br+|gr+|p?s+t*|pf+t*|t+s*k+)$", plain))
