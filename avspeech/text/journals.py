"""Journals by their shortened names, and where a paper stands in them."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import number
from avspeech.text.rules import EDGE, END, Text, letters, rule

# {shortened word: (as said, as said before another noun)}
WORDS = {row[0]: (row[1], row[2] or row[1]) for row in lists.rows("journals.tsv", 3)}
_NAMES = lists.any_of(WORDS)
_TOKEN = re.compile(
    r"([A-Z][A-Za-z]*)(\.?)(?: ?(&|and|of|the|in|for)(?= ))?(?: |(?<=\.)(?=[A-Z]))?"
)
# Before these an adjective stands: "physical review", "chemical society".
_NOUNS = frozenset(
    "Phys Chem Soc Rev Sci Biol Eng Assoc Res J Bull Stud Dis Dyn Mech Commun Inst Acad Stat "
    "Microbiol Pharmacol Ecol Educ Trans Psychol Genet Anal Process Neurosci Oceanogr Technol "
    "Meteorol Biochem Hist Mag Q Theory Biophys Geol Physiol Surg".split()
)
_OF = {
    "Ann": "of", "Arch": "of", "Bull": "of", "J": "of", "Mem": "of", "Proc": "of", "Trans": "of",
    "Adv": "in", "Front": "in", "Opin": "in", "Prog": "in", "Stud": "in", "Top": "in",
}  # fmt: skip
_BODIES = frozenset("Acad Assoc Coll Inst Soc".split())
# Words of which one at least is in the name of a journal that no number follows.
_HEADS = frozenset("Acta Ann Annu Arch Bull Commun J Lett Proc Rev Trans".split())
# Behind a name without periods: a year and a volume.
_YEAR = re.compile(r"\.? (?:1[89]|20)\d\d(?: [A-Z][a-z]{2}(?: \d{1,2})?)?; ?\d")
_VOLUME = re.compile(r",? (?:[Vv]ol\. ?)?\(?\d|,? [A-E] ?\d")
# Titles and names too.
_NO_NAME = frozenset("Mar Gen Rep Rev Stan Lond Ann Harv".split())


def _tokens(text: str, start: int) -> tuple[list[re.Match[str]], int]:
    """The words of a shortened name from a place on, and how many of them have a period."""
    found: list[re.Match[str]] = []
    place, dotted = start, 0
    while len(found) < 10 and (token := _TOKEN.match(text, place)):
        name, period = token.group(1), token.group(2)
        full = not period and len(name) > 3 and name.istitle() and name not in WORDS
        if not (name in WORDS and (period or not dotted) or full and found):
            break
        found.append(token)
        dotted += bool(period)
        place = token.end()
        if text[place - 1 : place] not in (" ", "."):
            break
    while found and not found[-1].group(2) and dotted:
        found.pop()
    return found, dotted


def _named(text: str, start: int) -> list[re.Match[str]]:
    """The words of a journal's name at a place; none where it is no such name."""
    found, dotted = _tokens(text, start)
    names = [token.group(1) for token in found]
    if len(names) < 2 or all(len(name) == 1 for name in names):
        return []  # "said J.J."
    end = found[-1].end(2)
    if not dotted or dotted == 1 and found[-1].group(2):  # "N Engl J Med. 2020;382:7"
        listed = [name for name in names if name in WORDS and len(name) > 1]
        while len(found) > 1 and not _YEAR.match(text, found[-1].end(2)):
            found.pop()
        return found if len(listed) > 1 and len(found) > 1 else []
    if dotted < 2 or any(len(name) == 1 for name in names) and not _initials(names):
        return []
    counted = _VOLUME.match(text, end) and names[-1] not in ("Mar", "Gen", "Rep")
    heads = _HEADS.intersection(names)
    sure = dotted > 2 and heads or names[0] == "J" and (dotted > 2 or names[1] not in _NO_NAME)
    return found if counted or sure else []


def _initials(names: list[str]) -> bool:
    """Whether single letters are words of a journal's name: "N. Engl.", "R. Soc.", "L. Rev."."""
    pairs = {"N": ("Engl",), "R": ("Soc", "Astron", "Meteorol", "Stat"), "L": ("Rev", "J", "Q")}
    for place, name in enumerate(names):
        behind = names[place + 1] if place + 1 < len(names) else ""
        if name in pairs and behind not in pairs[name]:
            return False
        if name == "L" and not place or len(name) == 1 and name not in ("N", "R", "L", "J", "Q"):
            return False
        if name == "J" and not place and not behind:
            return False
    return True


def _words(found: list[re.Match[str]]) -> list[str]:
    names = [token.group(1) for token in found]
    said: list[str] = []
    for place, name in enumerate(names):
        behind = names[place + 1] if place + 1 < len(names) else ""
        noun, adjective = WORDS.get(name, (name.lower(), name.lower()))
        word = adjective if behind in _NOUNS and (behind != "Rev" or name != "Soc") else noun
        if name in _BODIES and (name != "Soc" or behind not in ("Hist", "Psychol", "Sci")):
            word = noun
        if name == "Ann" and behind == "Rev":
            word = "annual"
        elif name == "Rev" and (not place or names[place - 1] in ("Nat", "Soc")):
            word = "reviews"
        elif name == "Appl" and not behind:
            word = "applications"
        elif name == "Adv" and behind not in ("Mater", "Funct", "Sci"):
            word = noun
        elif place and (names[place - 1], name) in (("Acad", "Sci"), ("Soc", "Lond")):
            word = "of sciences" if name == "Sci" else "of london"
        said += word.split()
        joint = _OF.get(name) or ("of" if name == "Rev" else "")
        if name == "Rev" and place and names[place - 1] not in ("Ann", "Annu"):
            joint = ""
        if name == "Ann" and behind == "Rev" or name == "Adv" and word == "advanced":
            joint = ""
        if joint and behind and behind not in ("Lett", "Suppl"):
            body = _BODIES.intersection(names[place + 1 :]) and behind not in ("Rev", "Sect")
            said += [joint, *(["the"] if body else [])]
        linked = found[place].group(3)
        said += [{"&": "and"}.get(linked, linked)] if linked and behind else []
    return said


@rule(rf"(?:{_NAMES})(?=[.{EDGE} ])", "C")
def journal(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A journal by its shortened name. `in J. Am. Chem. Soc. 12, 5` -> in journal of the american
    chemical society twelve, five"""
    text, start = context.text, match.start()
    if context.within(start) or text[start - 1 : start] in ("-", ".") and start:
        return None
    found = _named(text, start)
    if not found:
        return None
    said = _words(found)
    if found[0].group(1) == "Trans" and context.before(start) in ("IEEE", "ACM"):
        said[1:2] = ["on"]
    end = found[-1].end(2)
    if series := re.match(r",? ([A-E])(?=:? ?\d)", text[end : end + 8]):
        return [*said, series.group(1)], end + series.end()
    if re.match(r"\s*$|\s*\n|\s+[A-Z](?![^a-z]* ?\d)", text[end : end + 12]):
        end -= text[end - 1] == "."  # the end of a sentence
    return said, end


_CITED = re.compile(r"((?:[A-Z][A-Za-z]*\.?,? (?:& |and |of )?){1,9})(?:[Vv]ol\. )?$")
_PAGES = re.compile(
    r"(\d{1,4})(?:\s?\((\d{1,3}(?:[-–/]\d{1,3})?)\))?: ?([A-Za-z]?)(\d{1,7})"
    r"(?:[-–]([A-Za-z]?)(\d{1,7}))?(?![\d:])"
)


@rule(r"(\d{1,4})(?=[:\s(\x00])" + END, "d")
def volume(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Volume and pages of a paper. `Phys. Rev. Lett. 77:3865–3868` -> physical review letters
    seventy seven, three thousand eight hundred sixty five to three thousand eight hundred sixty
    eight"""
    text, start = context.text, match.start()
    found = _PAGES.match(text, start)
    if found is None or context.within(start):
        return None
    near = text[max(0, start - 90) : start]
    if not re.search(r"(?:1[89]|20)\d\d(?: [A-Z][a-z]{2}(?: \d{1,2})?)?; ?$", near):
        cited = _CITED.search(near)
        if cited is None or not any(
            _named(text, start - len(near) + cited.start(1) + place.start())
            for place in re.finditer(r"[A-Z][a-z]*\.?", cited.group(1))
        ):
            return None
    first, issue, letter, page, letter2, last = found.groups()
    said = [*number(first), ","]
    if issue:
        low, *high = re.split("[-–/]", issue)
        said += [*number(low), *(["to", *number(high[0])] if high else []), ","]
    said += [*letters(letter), *number(page)]
    if last:
        said += ["to", *letters(letter2 or ""), *number(last)]
    return said, found.end()
