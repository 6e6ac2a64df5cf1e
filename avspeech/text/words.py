"""Abbreviations, capitals, Roman numerals, plain words and signs."""

from __future__ import annotations

import re
import unicodedata

from avspeech.text import abbreviations as known
from avspeech.text import digits  # noqa: F401  its rules come before these
from avspeech.text.numbers import cardinal, ordinal
from avspeech.text.rules import Text, letters, rule


@rule(r"[IVX]{1,5}\b(?!['’])")
def _roman(match: re.Match[str], context: Text) -> list[str] | None:
    value = known.ROMAN.get(match.group())
    before = context.before(match.start())
    place = match.start()
    beside = re.search(r"[A-Za-z] $", context.text[max(0, place - 2): place])
    if len(match.group()) == 1 and not (beside and before.lower() in known.COUNTED):
        return None  # "I", "X" and "V" are words and letters too
    if value is None or context.shouted or not before[:1].isupper():
        return None
    if before.lower() in known.COUNTED:
        return cardinal(value)
    return ["the", *ordinal(value)] if before.lower() in known.NUMBERED_NAMES else None


@rule(r"Ph\.?D\b\.?|(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?|(?:[A-Za-z]\.\s?){2,}(?=\s?[A-Z][a-z])")
def _dotted(match: re.Match[str], context: Text) -> list[str] | None:
    text = re.sub(r"\s", "", match.group()).lower()
    return known.DOTTED[text].split() if text in known.DOTTED else letters(text)


@rule(r"([A-Z])\.(?=\s[A-Z])")
def _initial(match: re.Match[str], context: Text) -> list[str] | None:
    return [match.group(1)] if match.group(1) not in "I" or context.before(match.start()).istitle() else None


@rule(r"([A-Za-z]+)\.(?:(?=\s*[^\s])|$)")
def _abbreviation(match: re.Match[str], context: Text) -> list[str] | None:
    name = match.group(1)
    after = context.text[match.end(): match.end() + 40].lstrip()[:1]
    before = context.before(match.start())
    if name in ("St", "Dr") and (not after.isupper() or before.istitle() and before not in known.OPENERS):
        return ["street" if name == "St" else "drive"]
    spoken = known.ABBREVIATIONS.get(name)
    if spoken is None or (name in known.ALSO_WORDS and not after.isdigit()):
        return None
    return spoken.split()


@rule(r"(Mrs?|Ms|Dr|Prof|St)\b(?=\s[A-Z])|(vs|etc)\b")
def _undotted(match: re.Match[str], context: Text) -> list[str] | None:
    return known.ABBREVIATIONS[match.group()].split()


@rule(r"([A-Z]{2,})(['’]?s)?(?![^\W_])")
def _capitals(match: re.Match[str], context: Text) -> list[str] | None:
    name, plural = match.groups()
    word = name.lower()
    if context.shouted:
        return None
    emphasis = any(len(near) > 3 and near.isupper() and context.word(near.lower())
                   for near in (context.before(match.start()), context.after(match.end())))
    vowels = sum(c in "AEIOU" for c in name)
    said = word in known.SAID or len(name) > 5 or len(name) == 5 and vowels > 1
    if context.word(word):
        said |= len(name) > 2 or emphasis or word in known.SHORT_WORDS
    if said and name not in known.SPELLED:
        return [word + ("'s" if plural else "")]
    spelled = letters(name)
    return spelled[:-1] + [spelled[-1] + "'s"] if plural else spelled


@rule(r"[^\W\d_]+(?:['’][^\W\d_]+)*(?:(?<=s)['’](?=\s))?|['’](?:tis|twas|em|cause|til)\b", re.IGNORECASE)
def _word(match: re.Match[str], context: Text) -> list[str] | None:
    text = match.group().replace("’", "'")
    plain = unicodedata.normalize("NFKD", known.fold(text))
    plain = "".join(c for c in plain if c.isascii() and (c.isalpha() or c == "'"))
    if not plain.strip("'"):
        return []
    if len(plain) == 1 and plain not in "aAI" or plain == "A" and not context.shouted and _is_letter(match,
                                                                                                     context):
        return [plain.upper()]
    parts = re.findall(r"[A-Z]?[a-z']+|[A-Z]+(?![a-z])|'", plain)
    if len(parts) > 1 and not context.shouted and not context.word(plain.lower()) and "'" not in plain:
        return [w for part in parts for w in (letters(part) if part.isupper() and len(part) < 4
                                              else [part.lower()])]
    return [plain.lower()]


def _is_letter(match: re.Match[str], context: Text) -> bool:
    """Whether a capital A is the letter: in the midst of a sentence, where no article is in capitals."""
    before = context.text[max(0, match.start() - 40): match.start()].rstrip()
    return bool(before) and before[-1] not in ".?!:;…\"“'‘(—–"


@rule("[" + re.escape("".join(known.SIGNS)) + "]")
def _sign(match: re.Match[str], context: Text) -> list[str] | None:
    sign = match.group()
    place = match.start()
    left, right = context.text[max(0, place - 1): place].strip(), context.text[place + 1: place + 2].strip()
    if sign == "/" and left and right and not (left.isdigit() and right.isdigit()):
        return []  # and/or
    return known.SIGNS[sign].split()
