"""English text as written to words as spoken: numbers, dates, times, money, units, abbreviations, letters.

One pass from left to right: at each place the first rule of `_RULES` that fits says the words, so the rules
stand from the special to the general. What no rule knows (pictures, other scripts) is left out. A single
letter in capitals among the words is spelled ("U", "S"); all else is lower case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from avspeech.text import abbreviations as known
from avspeech.text.numbers import cardinal, decade, digits, number, ordinal, year


@dataclass(frozen=True)
class Spoken:
    """Words said for the characters [start, end) of a text."""

    words: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Marked:
    """Punctuation: one of `symbols.MARKS`, or "" for a mere end. ends: a sentence ends here."""

    text: str
    start: int
    end: int
    ends: bool = False


Piece = Spoken | Marked
Rule = Callable[["re.Match[str]", "_Text"], "list[str] | None"]


@dataclass(frozen=True)
class _Text:
    """What rules may look at. text: the whole; word: whether the dictionary has a word; shouted: it is all in
    capitals, which then say nothing."""

    text: str
    word: Callable[[str], bool]
    shouted: bool

    def before(self, place: int) -> str:
        """The word before a place, as written; "" where there is none."""
        found = re.search(r"([^\W_]+)[\s\-–]*$", self.text[max(0, place - 40): place])
        return found.group(1) if found else ""

    def after(self, place: int) -> str:
        """The word after a place, as written; "" where there is none."""
        found = re.match(r"\s*([^\W_]+)", self.text[place: place + 40])
        return found.group(1) if found else ""


_N = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+"  # a number's whole part, commas and all
_NUMBER = rf"(?:(?:{_N})(?:\.\d+)?|\.\d+)"
_MONTH = "|".join(known.MONTHS)
_UNIT = "|".join(sorted(map(re.escape, known.UNITS), key=len, reverse=True))
_END = r"(?![^\W_])"  # no letter or digit follows
_AMPM = r"\s?([aApP])\.?\s?[mM]\b\.?"
_RULES: list[tuple[re.Pattern[str], Rule]] = []


def _rule(pattern: str, flags: int = 0) -> Callable[[Rule], Rule]:
    def add(function: Rule) -> Rule:
        _RULES.append((re.compile(pattern, flags), function))
        return function
    return add


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def _plural(text: str) -> bool:
    return text.replace(",", "") not in ("1", "1.0", "-1")


def letters(text: str) -> list[str]:
    """Letters and digits one by one: "B2B" -> B two B."""
    spelled: list[str] = []
    for character in text:
        if character.isascii() and character.isalpha():
            spelled.append(character.upper())
        elif character.isascii() and character.isdigit():
            spelled += digits(character)
    return spelled


def _mixed(text: str, context: _Text) -> list[str]:
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


@_rule(r"(?:https?://)?(?:[\w.+-]+@)?(?:[A-Za-z0-9-]+\.)+(?:com|org|net|edu|gov|io|info|uk|de|fr|eu)"
       + _END + r"(?:/[\w./-]*[\w/])?")
def _address(match: re.Match[str], context: _Text) -> list[str] | None:
    text = re.sub(r"^https?://", "", match.group()).rstrip("/")
    return _mixed(text, context)


@_rule(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?!\d)(?:" + _AMPM + ")?")
def _time(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(r"(\d{1,4}):(\d{1,4})(?![\d:])")
def _ratio(match: re.Match[str], context: _Text) -> list[str] | None:
    return [*number(match.group(1)), "to", *number(match.group(2))]


@_rule(r"[-–](?=[$£€¥]?\d)")
def _to(match: re.Match[str], context: _Text) -> list[str] | None:
    """Between two prices, percentages or times: "$3-$5", "10%–20%", "10am-5pm"."""
    before = context.text[max(0, match.start() - 20): match.start()]
    return ["to"] if re.search(rf"\d(?:%|{_AMPM[3:]})?$", before) else None


@_rule(rf"(?<=\d)/({_UNIT})" + _END)
def _per(match: re.Match[str], context: _Text) -> list[str] | None:
    return ["per", *known.UNITS[match.group(1)][0].split()]


@_rule(r"([A-Z]{1,3})&([A-Z]{1,3})" + _END)
def _and_letters(match: re.Match[str], context: _Text) -> list[str] | None:
    return [*letters(match.group(1)), "and", *letters(match.group(2))]


@_rule(r"([CF])#")
def _sharp(match: re.Match[str], context: _Text) -> list[str] | None:
    return [match.group(1), "sharp"]


@_rule(r"(\d{1,2})" + _AMPM)
def _hour(match: re.Match[str], context: _Text) -> list[str] | None:
    return [*cardinal(int(match.group(1))), match.group(2).upper(),
            "M"] if int(match.group(1)) <= 24 else None


@_rule(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
def _iso_date(match: re.Match[str], context: _Text) -> list[str] | None:
    y, m, d = map(int, match.groups())
    if not (1 <= m <= 12 and 1 <= d <= 31):
        return None
    return [known.MONTH_NAMES[m - 1], *ordinal(d), *year(y)]


@_rule(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])")
def _slash_date(match: re.Match[str], context: _Text) -> list[str] | None:
    m, d, y = map(int, match.groups())
    if m > 12 and d <= 12:
        m, d = d, m
    if not (1 <= m <= 12 and 1 <= d <= 31):
        return None
    return [known.MONTH_NAMES[m - 1], *ordinal(d), *(year(y) if y > 99 else _short_year(y))]


def _short_year(y: int) -> list[str]:
    return (["oh"] if y < 10 else []) + cardinal(y)


@_rule(rf"({_MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:/%])(?!\.\d)(?:,?\s+(\d{{4}})\b)?")
def _month_day(match: re.Match[str], context: _Text) -> list[str] | None:
    if not 1 <= int(match.group(2)) <= 31:
        return None
    return [known.MONTHS[match.group(1)], *ordinal(int(match.group(2))),
            *(year(int(match.group(3))) if match.group(3) else [])]


@_rule(rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b(?:\.(?=\s+\d))?(?:,?\s+(\d{{4}})\b)?")
def _day_month(match: re.Match[str], context: _Text) -> list[str] | None:
    if not 1 <= int(match.group(1)) <= 31:
        return None
    article = [] if context.before(match.start()).lower() == "the" else ["the"]
    return [*article, *ordinal(int(match.group(1))), "of", known.MONTHS[match.group(2)],
            *(year(int(match.group(3))) if match.group(3) else [])]


@_rule(r"(1[1-9]|20)(\d0)['’]?s\b")
def _decade(match: re.Match[str], context: _Text) -> list[str] | None:
    return decade(int(match.group(1) + match.group(2)))


@_rule(r"['’]?([2-9]0)s\b")
def _short_decade(match: re.Match[str], context: _Text) -> list[str] | None:
    return [cardinal(int(match.group(1)))[0][:-1] + "ies"]


@_rule(rf"(?:US)?([$£€¥])\s?({_N})(?:\.(\d+))?(?:\s?(thousand|million|billion|trillion|bn|[KkMmBb])\b)?")
def _money(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(rf"({_N})\s?¢")
def _cents(match: re.Match[str], context: _Text) -> list[str] | None:
    return [*number(match.group(1)), "cents" if _plural(match.group(1)) else "cent"]


@_rule(rf"({_N})(st|nd|rd|th)\b", re.IGNORECASE)
def _ordinal(match: re.Match[str], context: _Text) -> list[str] | None:
    value = _int(match.group(1))
    return ordinal(value) if value < 10**18 else None


@_rule(r"(?:\+?1[-. ]?)?(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)|\d{3}-\d{4}(?!\d)"
       r"|\d+(?:-\d+){2,}(?!\d)|\+\d{1,3}(?:[ -]\d{2,5}){2,6}(?!\d)|\d+(?:\.\d+){2,}(?![\d.])")
def _groups(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(rf"({_N})\s+(\d+)/(\d+)(?![\d/])|(\d+)/(\d+)(?![\d/])|({_N})?\s?([½⅓⅔¼¾⅛])")
def _fraction(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(rf"([-−+]?)({_NUMBER})\s?(°\s?[CF]?|%|{_UNIT})" + _END)
def _measure(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(rf"({_NUMBER})\s?[-–—]\s?({_NUMBER})(\s?%)?(?![\d-])")
def _range(match: re.Match[str], context: _Text) -> list[str] | None:
    low, high, percent = match.groups()
    spaced = not re.fullmatch(r"[\d.,]+[-–—][\d.,%\s]+", match.group())
    if spaced and "-" in match.group():
        return [*_plain(low, context), "minus", *_plain(high, context), *(["percent"] if percent else [])]
    return [*_plain(low, context), "to", *_plain(high, context), *(["percent"] if percent else [])]


def _plain(text: str, context: _Text) -> list[str]:
    """A number with no sign: a year where it looks like one."""
    if re.fullmatch(r"10[1-9]\d|1[1-9]\d\d|20\d\d", text):
        return year(int(text))
    return number(text)


@_rule(r"(\d+)(\s?)([xX×])\s?(\d+)\b")
def _times(match: re.Match[str], context: _Text) -> list[str] | None:
    return [*number(match.group(1)), "times" if match.group(2) else "by", *number(match.group(4))]


@_rule(rf"([-−+±~]?)({_NUMBER})(?:\s(thousand|million|billion|trillion)\b)?(?![^\W_])")
def _number(match: re.Match[str], context: _Text) -> list[str] | None:
    sign, value, size = match.groups()
    if sign == "-" and match.start() and not context.text[match.start() - 1].isspace():
        return None
    prefix = {"-": ["minus"], "−": ["minus"], "+": ["plus"], "±": ["plus", "or", "minus"],
              "~": ["about"]}.get(sign, [])
    if value in known.BY_DIGIT and not sign and not size:
        return digits(value)
    return prefix + (_plain(value, context) if not sign else number(value)) + ([size] if size else [])


@_rule(r"#(?=\d)|N(?:o|r|os)\.\s?(?=\d)|№\s?")
def _numbered(match: re.Match[str], context: _Text) -> list[str] | None:
    return ["number"]


@_rule(r"\d+(?=[^\W\d_])")
def _digits_in_name(match: re.Match[str], context: _Text) -> list[str] | None:
    return number(match.group()) if len(match.group()) < 3 else digits(match.group())


@_rule(r"([A-Za-z]+)(?=\d)")
def _letters_in_name(match: re.Match[str], context: _Text) -> list[str] | None:
    text = match.group()
    return [text.lower()] if len(text) > 3 or text.islower() and context.word(text) else letters(text)


@_rule(r"[IVX]{1,5}\b(?!['’])")
def _roman(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(r"Ph\.?D\b\.?|(?:[A-Za-z]\.){2,}(?:[A-Za-z]\b)?|(?:[A-Za-z]\.\s?){2,}(?=\s?[A-Z][a-z])")
def _dotted(match: re.Match[str], context: _Text) -> list[str] | None:
    text = re.sub(r"\s", "", match.group()).lower()
    return known.DOTTED[text].split() if text in known.DOTTED else letters(text)


@_rule(r"([A-Z])\.(?=\s[A-Z])")
def _initial(match: re.Match[str], context: _Text) -> list[str] | None:
    return [match.group(1)] if match.group(1) not in "I" or context.before(match.start()).istitle() else None


@_rule(r"([A-Za-z]+)\.(?:(?=\s*[^\s])|$)")
def _abbreviation(match: re.Match[str], context: _Text) -> list[str] | None:
    name = match.group(1)
    after = context.text[match.end(): match.end() + 40].lstrip()[:1]
    before = context.before(match.start())
    if name in ("St", "Dr") and (not after.isupper() or before.istitle() and before not in known.OPENERS):
        return ["street" if name == "St" else "drive"]
    spoken = known.ABBREVIATIONS.get(name)
    if spoken is None or (name in known.ALSO_WORDS and not after.isdigit()):
        return None
    return spoken.split()


@_rule(r"(Mrs?|Ms|Dr|Prof|St)\b(?=\s[A-Z])|(vs|etc)\b")
def _undotted(match: re.Match[str], context: _Text) -> list[str] | None:
    return known.ABBREVIATIONS[match.group()].split()


@_rule(r"([A-Z]{2,})(['’]?s)?(?![^\W_])")
def _capitals(match: re.Match[str], context: _Text) -> list[str] | None:
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


@_rule(r"[^\W\d_]+(?:['’][^\W\d_]+)*(?:(?<=s)['’](?=\s))?|['’](?:tis|twas|em|cause|til)\b", re.IGNORECASE)
def _word(match: re.Match[str], context: _Text) -> list[str] | None:
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


def _is_letter(match: re.Match[str], context: _Text) -> bool:
    """Whether a capital A is the letter: in the midst of a sentence, where no article is in capitals."""
    before = context.text[max(0, match.start() - 40): match.start()].rstrip()
    return bool(before) and before[-1] not in ".?!:;…\"“'‘(—–"


@_rule("[" + re.escape("".join(known.SIGNS)) + "]")
def _sign(match: re.Match[str], context: _Text) -> list[str] | None:
    sign = match.group()
    place = match.start()
    left, right = context.text[max(0, place - 1): place].strip(), context.text[place + 1: place + 2].strip()
    if sign == "/" and left and right and not (left.isdigit() and right.isdigit()):
        return []  # and/or
    return known.SIGNS[sign].split()


_MARK = re.compile(r"(?!\(\d{3}\)\s?\d{3}|–[$£€¥]?\d)"  # a telephone number; "10%–20%"
                   r"(?:[.?!…]+|,|;|:|(?<=\s)[-–—]+(?=\s)|--+|[–—]|[()\[\]{}]|\n[ \t\r]*\n\s*|。|？|！|，)")
_SAME = {"。": ".", "？": "?", "！": "!", "，": ",", "(": ",", ")": ",", "[": ",", "]": ",", "{": ",",
         "}": ","}
_CLOSERS = "\"'”’)]}»"


def _mark(match: re.Match[str], text: str) -> Marked:
    found, start, end = match.group(), match.start(), match.end()
    if "\n" in found:
        return Marked("", start, end, ends=True)
    if found[0] in ".?!…":
        mark = ("?" if "?" in found else "!" if "!" in found else "…" if "…" in found
                or len(found) > 1 else ".")
        rest = text[end: end + 80].lstrip(_CLOSERS)
        following = rest.lstrip().lstrip("\"'“‘([")
        apart = not rest or rest[0].isspace()
        return Marked(mark, start, end, ends=apart and not following[:1].islower())
    return Marked("–" if found[0] in "-–—" else _SAME.get(found[0], found[0]), start, end,
                  ends=found[0] in "。？！")


def normalise(text: str, word: Callable[[str], bool] = lambda word: False) -> list[Piece]:
    """The words said for a text and its marks, in order, with their places in it.

    word: whether the dictionary has a word in lower case: it decides between "NASA" and "F B I".
    """
    bare = [c for c in text if c.isalpha()]
    context = _Text(text, word, len(bare) > 12 and not any(c.islower() for c in bare))
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        found = _MARK.match(text, position)
        if found is None and text[position].isspace():
            position += 1
            continue
        if found is not None and not (text[position] == "." and text[position + 1: position + 2].isdigit()
                                      and found.end() == position + 1):
            pieces.append(_mark(found, text))
            position = found.end()
            continue
        for pattern, rule in _RULES:
            match = pattern.match(text, position)
            said = rule(match, context) if match and match.end() > position else None
            if match and said is not None:
                end = match.end()
                while text[end - 1].isspace():
                    end -= 1
                group: list[str] = []
                for item in [*said, ","]:
                    if item != ",":
                        group.append(item)
                    elif group:
                        pieces.append(Spoken(tuple(group), position, end))
                        group = []
                        pieces.append(Marked(",", end, end))
                if said:
                    pieces.pop()  # the comma that ended the last group
                # The period of an abbreviation ends a sentence too, where one begins behind it.
                if text[match.end() - 1] == "." and _begins(text[match.end(): match.end() + 80],
                                                            match.group(), said):
                    pieces.append(Marked(".", match.end() - 1, match.end(), ends=True))
                position = match.end()
                break
        else:
            position += 1
    return pieces


def _begins(rest: str, abbreviation: str, said: list[str]) -> bool:
    """Whether a sentence begins (or the text ends) behind an abbreviation with its period."""
    following = rest.lstrip(_CLOSERS + " \t\n\r\"'“‘([")
    if not following:
        return True
    name, opener = abbreviation.rstrip(". "), re.match(r"[A-Za-z']+", following)
    return (rest[:1].isspace() and opener is not None and opener.group() in known.OPENERS
            and (name not in known.BEFORE_NAMES or said[-1:] in (["street"], ["drive"]))
            and not re.fullmatch(r"[A-Z]", name))
