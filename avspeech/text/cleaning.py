"""Characters that are written alike and mean the same, brought to one form; the places of the
source are kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Soft hyphen, zero width space and joiners, direction marks, byte order mark, selectors of a
# picture's look.
_INVISIBLE = "\u00ad\u200b-\u200f\u2028\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
# Ligatures, full-width and mathematical letters, the ideographic space, combining accents.
_STYLED = (
    "\ufb00-\ufb06\uff01-\uff5e\uffe0-\uffe6\U0001d400-\U0001d7ff\u3000"
    "\u0300-\u036f\u2100-\u211d\u2124\u2160-\u217f\u2460-\u2473"
)
_APOSTROPHES = "\u2019\u02bc\u02b9\u00b4\u0060\u201b\u2018\uff07\u055a\ua78c\u2bbd\u275c\u05f3"
# Primes are apostrophes within a word and behind a plural; elsewhere ("f′(x)", "x′y", "6′") they
# are signs.
_PRIME = "[\u2032\u2035]"
_LETTER = r"[^\W\d_]"
# Numbers or letters, each in brackets of its own: "eqs. (4)–(6)".
_RANGE = r"\((?:\d{1,3}|[a-z])\)[-–]\((?:\d{1,3}|[a-z])\)|\[\d{1,3}\][-–]\[\d{1,3}\]"
_BRACKETS = re.compile(r"[()\[\]]")
_ODD = re.compile(
    f"[{_INVISIBLE}{_STYLED}\u2010\u2011\u02bc\u02b9\u00b4\u0060\u201b\uff07\u055a\ua78c\u2126"
    "\u02da]"
    r"|º(?=\s?[CF](?![^\W_]))"
    rf"|\r|(?<=[A-Z]\.)[{_APOSTROPHES}](?=s(?![^\W_]))"
    rf"|(?<=[^\W\d_])[{_APOSTROPHES}](?=[^\W\d_])|\u2018(?=\d\ds|tis|twas|em\b)|\u2019(?=\d\ds?\b)"
    rf"|(?<={_LETTER}{{2}}){_PRIME}(?={_LETTER})|(?<={_LETTER}){_PRIME}(?={_LETTER}{{2}})"
    rf"|{_RANGE}"
    rf"|(?<=\bI){_PRIME}(?=[md]\b)|(?<={_LETTER}{{2}}s){_PRIME}(?=\s)"
)
_GONE = re.compile(f"[{_INVISIBLE}]")
_SAME = {"\u2010": "-", "\u2011": "-", "\u2126": "Ω", "\u02da": "°", "º": "°",
         **dict.fromkeys(_APOSTROPHES + "\u2032\u2035", "'")}
_KEPT = "№℃℉℅™"  # compatibility characters that have a reading of their own

# Letters that Unicode does not take apart.
_FOLDED = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "þ": "th",
        "Þ": "Th",
        "ı": "i",
        "ħ": "h",
        "Ħ": "H",
    }
)


@dataclass(frozen=True)
class Clean:
    """text: the cleaned one; places: for each of its characters, and its end, the place in the
    source (None where they are the same)."""

    text: str
    places: tuple[int, ...] | None

    def place(self, position: int) -> int:
        """The place in the source of a place in the cleaned text."""
        return position if self.places is None else self.places[position]


def clean(source: str) -> Clean:
    """The source without what cannot be seen, and with one kind of apostrophe, hyphen, letter and
    end of line."""
    plain = source.isascii() and not any(odd in source for odd in ("`", "\r", ")-(", "]-["))
    if plain or not _ODD.search(source):
        return Clean(source, None)
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for match in _ODD.finditer(source):
        parts.append(source[done : match.start()])
        places += range(done, match.start())
        new = _form(match.group())
        if match.group() == "\r":
            new = "" if source[match.end() : match.end() + 1] == "\n" else "\n"
        if parts[-1] and len(match.group()) == 1 and unicodedata.combining(match.group()):
            joined = unicodedata.normalize("NFC", parts[-1][-1] + match.group())
            if len(joined) == 1:
                parts[-1], new = parts[-1][:-1] + joined, ""
        parts.append(new)
        places += [match.start()] * len(new)
        done = match.end()
    parts.append(source[done:])
    places += range(done, len(source) + 1)
    return Clean("".join(parts), tuple(places))


def _form(character: str) -> str:
    if _GONE.match(character):
        return ""
    if len(character) > 1:
        return _BRACKETS.sub("", character).replace("-", "–")
    if character in _SAME:
        return _SAME[character]
    if character in _KEPT:
        return character
    plain = unicodedata.normalize("NFKC", character)
    return _SAME.get(plain, " " if plain.isspace() else plain)


def fold(text: str) -> str:
    """Latin letters with accents as plain ones; what has no plain letter is left out."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    return "".join(c for c in plain if c.isascii() and (c.isalpha() or c == "'"))
