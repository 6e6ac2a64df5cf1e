"""Signs and what they say between words, letters and the terms of formulas."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.addresses import mixed
from avspeech.text.digits import is_code
from avspeech.text.formulas import SUP
from avspeech.text.numbers import number
from avspeech.text.rules import EDGE, END, Text, hums, letters, rule
from avspeech.text.values import VULGAR, power

_EQUALS = re.compile(r"[^=]{0,11}=|× ?[\d.]+ (?:is|equals|gives|makes)\b")
_SIDED = re.compile(rf"× ?[\d.]*[\d{VULGAR}](?: (?:in|ft|cm|mm)\b|\"|c\b)")


@rule(r"[x×](?=\s?\d)", "=x×")
def by(match: re.Match[str], context: Text) -> list[str] | None:
    """The x between two sides. `4 cm x 6 cm` -> four centimeters by six centimeters"""
    before = context.view[max(0, match.start() - 12) : match.start()]
    if match.group() == "×":
        if re.search(r"[\d⅛¼⅜½⅝¾⅞]\"[WDHL]? ?$", before):
            return ["by"]
        side = re.search(r"\d ?([a-z]{1,2}) $", before)
        behind = context.behind(match.start())
        alike = side and re.match(rf"× ?[\d.]+ ?{side.group(1)}(?!\w)", behind)
        third = re.search(r"\d ?[x×] ?\d+(?:\.\d+)? ?$", before) and not _EQUALS.match(behind)
        cut = re.search(rf"[{VULGAR}] ?$", before) or re.match(_SIDED, behind)
        return ["by"] if alike or third or cut else None
    if re.search(r"\d ?[x×] ?\d+(?:\.\d+)?$", before):
        return ["by"]  # the third side: "55x40x23"
    if re.search(r"\d $", before):
        near_by = context.view[max(0, match.start() - 24) : match.start() + 24]
        return ["times"] if "=" in near_by else ["by"]
    near = re.search(
        rf"\d ?([A-Za-z\"′″'-]{{1,6}}){EDGE}? $"
        rf"|\b(?:dia|diam|diameter|wide|high|tall|deep|long|thick){EDGE}? $"
        r"|[\d⅛¼⅜½⅝¾⅞][\"″][WDHL]? ?$", before
    )
    joins = near is not None and near.group(1) in lists.FUNCTION - {"in"}  # "10 on x86"
    return ["by"] if near and not joins else None


_LOVED = re.compile(
    r"(?:[!.)]|[^\x00-\u2fff]|\b(?:you|u|ya|it|this|love|luv|thanks|thank|thx|miss|job|best|guys"
    r"|gr8|great|beautiful|cute|sweet|babe|baby|friends?|family"
    r"|all|everyone|mom|dad|much|so)) $",
    re.IGNORECASE,
)


@rule(r"(?<= )(?:[:;]-?[DPpOo]|(<3))(?=[\s\x00]|$)", "=:;<")
def emoticon(match: re.Match[str], context: Text) -> list[str] | None:
    """A face of signs and a letter, which is not said, or a heart. `BYOB :P` -> B Y O B"""
    if match.group(1):
        start = match.start()
        return ["heart"] if _LOVED.search(context.text[max(0, start - 12) : start]) else None
    return []


@rule(
    r"/(?:[^/\s]{0,40}[ˈˌːəɪʊɛɔɑʌɒɜɹʃʒŋɡɐɾʁɲɥ][^/\n]{0,60}|[a-z]{0,8}[æðθʰ][a-zæðθʰ]{0,8})/", "=/"
)
def transcription(match: re.Match[str], context: Text) -> list[str] | None:
    """How a name is said, in the letters of phonetics, which is not read. `Lyon /liˈoʊn/ is` ->
    lyon is"""
    return [] if context.opens(match.start()) else None


@rule(r"([HWDL]) ?[x×] ?([HWDL])(?: ?[x×] ?([HWDL]))?" + END, "=HWDL")
def by_letters(match: re.Match[str], context: Text) -> list[str] | None:
    """The sides of a thing by their letters. `HxWxD` -> H by W by D"""
    if context.within(match.start()):
        return None
    first, *others = [side for side in match.groups() if side]
    return [first, *(word for side in others for word in ("by", side))]


@rule(r"([A-Z]{1,3})&([A-Z]{1,3})('s)?" + END, "C")
def and_letters(match: re.Match[str], context: Text) -> list[str] | None:
    """Letters joined by "&". `R&D` -> R and D"""
    said = [*letters(match.group(1)), "and", *letters(match.group(2))]
    return [*said[:-1], said[-1] + "'s"] if match.group(3) else said


@rule(
    r"x(?= ?\d+(?: ?(?:d|days?|wks?|weeks?|mos?|months?|hrs?|hours?|times|mins?|reps)|/52|/7)"
    r"(?![^\W_]))",
    "=x",
)
def repeated(match: re.Match[str], context: Text) -> list[str] | tuple[list[str], int] | None:
    """So long or so often. `b.i.d. x 10 days` -> B I D times ten days"""
    days = re.match(r"x ?(\d+) ?d(?!\w)", context.behind(match.start()))
    if context.view[match.start() - 1 : match.start()] not in (" ", ""):
        return None
    if days:
        one = days.group(1) == "1"
        return ["times", *number(days.group(1)), "day" if one else "days"], (
            match.start() + days.end()
        )
    return ["times"]


_GRADED = lists.DETERMINERS | {"got", "gets", "gave", "of", "from", "to", "earned", "and", "or"}


_OR_BETTER = re.compile(r" or (?:better|higher|above|lower|below|worse)\b")


@rule(
    r"([A-DF])[-−](?=[\s\x00]|$)|([A-DF])([-−+])['’]?s(?![^\W_])"
    r"|(AAA?|BBB?|CCC?)[-−](?=[\s\x00]|$)",
    "=ABCDF",
)
def grade(match: re.Match[str], context: Text) -> list[str] | None:
    """A mark of a school with its minus. `She got an A- in art.` -> she got an A minus in art."""
    before = context.before(match.start()).lower()
    if match.group(2):
        return [match.group(2), "pluses" if match.group(3) == "+" else "minuses"]
    if match.group(4) and context.opens(match.start()):
        return [*match.group(4), "minus"]  # a rating of debt: "cut to BBB-"
    better = _OR_BETTER.match(context.behind(match.end()))
    graded = better or before in _GRADED
    return [match.group(1), "minus"] if graded and context.opens(match.start()) else None


@rule(r"\$(?:(?=[A-Za-z_]\w*(?!\w|/))|([A-Za-z_]\w*(?:/[\w.-]*\w)+))", "=$")
def dollar(match: re.Match[str], context: Text) -> list[str] | None:
    """The sign before a name. `$TSLA fell` -> dollar T S L A fell"""
    if not context.opens(match.start()):
        return None
    return ["dollar", *(mixed(match.group(1), context) if match.group(1) else [])]


@rule(r"(?<![\w.])--?(?=[A-Za-z][\w-]*)", "=-")
def flag(match: re.Match[str], context: Text) -> list[str] | None:
    """An option of a command. `npm install --save` -> N P M install dash dash save"""
    start, end = match.span()
    option = re.match(r"[\w-]+", context.behind(end))
    assert option is not None
    name, dashes = option.group(), match.group()
    before = context.before(start).lower()
    if not context.opens(start) or context.text[start - 1 : start] in ("=", "<", ">") and start:
        return None
    if len(dashes) == 1 and re.search(r"[a-z]\.$", context.text[max(0, start - 2) : start]):
        return None  # "a 6-ft.-tall man"
    if len(dashes) == 1:
        earlier = context.text[max(0, start - 24) : start]
        near = before in ("and", "or") and re.search(r"[a-z] -{1,2}[a-z]", earlier)
        commanded = len(before) > 1 and before.isalpha() and before not in lists.FUNCTION | _EQUAL
        two = context.words_before(start)[1:2]
        commanded |= len(before) == 1 and bool(two) and not hums(two[0])  # "npm i -g"
        joined = re.fullmatch(r"[a-zA-Z]{2,4}", name) and not hums(before)
        joined = joined or not hums(name.lower()) and len(name) < 5  # "rm -rf", "tar -xzf"
        if not (len(name) == 1 or joined and commanded):
            return None
        near = near or re.match(r"-\w,? --[a-z]", context.text[start : start + 8])
        return ["dash"] if commanded or near or before in _USING else None
    return None if name.lower() in lists.NOT_NOUNS or name[0].isupper() else ["dash", "dash"]


_EQUAL = frozenset("equals equal plus minus times squared root roots".split())
_USING = frozenset("with flag option add use pass using".split())
_TERM = r"(?:\d{1,3}(?:\.\d+)?[a-zA-Zα-ω]?|[a-zA-Zα-ω])(?:[²³⁴ⁿ]|\^\w)?"
_TERM_BEFORE = re.compile(rf"(?:^|[\s(=+/|])(?<!\d )(?:{_TERM}|\)[²³]?) $|[)\]][²³]? $")
_EQUALED = re.compile(r"[=+×÷] ?[\d.,]+ $")  # "rate = 220 – age"
_TERM_BEHIND = re.compile(rf"[-–] (?:{_TERM}(?![\w]|['’]\w|[.,]\d)|[(√])")
_FORMULA = re.compile(r"[=+^²³⁴√×÷≤≥≈<>|]|(?<!\w)[f-h]\(")


@rule(r"[-–](?= )", "=-–")
def spaced_minus(match: re.Match[str], context: Text) -> list[str] | None:
    """A minus between the terms of a formula. `x² - 4x = 0` -> X squared minus four X equals
    zero"""
    start = match.start()
    near = context.text[max(0, start - 20) : start], context.text[start : start + 20]
    if _EQUALED.search(near[0]) and re.match(r"[-–] [a-z]+", near[1]):
        return ["minus"] if context.after(start + 1) not in lists.NOT_NOUNS else None
    if not (_TERM_BEFORE.search(near[0]) and _TERM_BEHIND.match(near[1])):
        return None
    return ["minus"] if any(_FORMULA.search(side) for side in near) else None


_TWO_SIGNS = {
    "!=": ["not", "equal", "to"],
    "<=": ["less", "than", "or", "equal", "to"],
    ">=": ["greater", "than", "or", "equal", "to"],
    "->": ["to"],
    "-->": ["to"],
    ":=": ["colon", "equals"],
    "&&": ["and"],
    "||": ["or"],
    "+/-": ["plus", "or", "minus"],
}


# Who speaks now, in the captions of a film: "Is it true? >> No."
_SAID = re.compile(r"[.!?—][\"”)]? >{0,2}$")
_SPEAKS = re.compile(r">{1,3} [A-Z\"“]")
# Who writes, in a log of a chat: "<bob> hi all".
_NICKNAME = re.compile(r"<[A-Za-z][\w|-]{0,20}>(?= )")
_ADDRESSED = re.compile(
    r"<(?:[\w.+-]{1,64}@[\w.-]{1,80}|(?:https?|ftp|mailto):[^\s<>]{1,160})>"
)


@rule(rf"<(?=[A-Za-z][\w.:/, -]{{0,40}}>)|(?={_ADDRESSED.pattern})<|>", "=<>")
def angle(match: re.Match[str], context: Text) -> list[str] | None:
    """Angle brackets around a name or an address, which are not said. `list&lt;word>` -> list
    word"""
    start = match.start()
    opened = start < 3 and not context.text[:start].strip(">")
    if opened or _SAID.search(context.text[max(0, start - 6) : start]):
        if _SPEAKS.match(context.text, start):
            return []
    left = context.text.rfind("<", max(0, start - 170), start + 1)
    if left == 0 or left > 0 and context.text[left - 1] == "\n":
        nickname = _NICKNAME.match(context.text, left)
        if nickname and start in (left, nickname.end() - 1):
            return []
    address = _ADDRESSED.match(context.text, left) if left >= 0 else None
    if address and start in (left, address.end() - 1):
        return []
    if re.search(r"(?:^|\n)[> ]*$", context.text[max(0, start - 9) : start]):
        quoted = re.match(r">+ ?(?:[^\W\d]|[\"“‘'*(-])", context.text[start : start + 12])
        return [] if quoted and (not start or context.text[start - 1] in "\n> ") else None
    if match.group() == "<":
        joined = bool(start) and context.text[start - 1].isalnum()
        included = re.search(r"\binclude $", context.text[max(0, start - 9) : start])
        return [] if joined or included else None
    generic = r"(?:\w|\binclude )<[A-Za-z][\w.:/, ]{0,40}$"
    return [] if re.search(generic, context.text[max(0, start - 52) : start]) else None


@rule(r"\.(?=[a-z]{2,}\d{0,3}(?![^\W_]))", "=.")
def inner_dot(match: re.Match[str], context: Text) -> list[str] | None:
    """A dot within a name, behind a digit. `db-01.prod.local` -> D B zero one dot prod dot local"""
    start = match.start()
    return ["dot"] if start and context.view[start - 1].isdigit() else None


@rule(r"\\(?=[a-z](?![^\W_])| )", "=\\")
def backslash(match: re.Match[str], context: Text) -> list[str] | None:
    """A sign of a program that is written with a backslash. `split at \\n` -> split at backslash
    N"""
    return ["backslash"] if context.opens(match.start()) or match.start() == 0 else None


@rule(r"!=|<=|>=|:=|-?->|&&|\|\|(?= )|\+/[-−–](?![^\W\d])", "=!<>=:-&|+")
def two_signs(match: re.Match[str], context: Text) -> list[str] | None:
    """Signs of a program. `x != y` -> X not equal to Y"""
    return _TWO_SIGNS[re.sub("[−–]", "-", match.group())]


@rule(r"(?<![\w.\\])([a-z]):([a-z])(?![\w\\/])", "l", re.IGNORECASE)
def letter_ratio(match: re.Match[str], context: Text) -> list[str] | None:
    """A ratio of variables. `a:b` -> A to B"""
    return [match.group(1).upper(), "to", match.group(2).upper()]


_GRADES = re.compile(r"\b(?:[Gg]rades?|K[-–]1?\d,?(?: and| or)?) $")
_TAUGHT = re.compile(
    r"\d+ (?:[A-Za-z]+ )?(?:[Ss]chools?|[Ee]ducation|[Ss]tudents|[Tt]eachers?|classrooms?|[Cc]ampus"
    r"|curricul\w+|districts?|pupils|math|reading|science|tests?|lessons?|programs?|range|books)\b"
)


@rule(
    rf"([A-Z])–([A-Z]{{1,2}}){END}|([a-hj-z])–([b-z]){END}"
    rf"|(K)[–-](?=1?\d(?!\d))"
    rf"|(A-Z|M-F|A-F|X{{0,3}}S[-–](?:\d?X{{0,3}}L|M)|[ML][-–]\d?X{{0,3}}L){END}",
    "l",
)
def letter_range(match: re.Match[str], context: Text) -> list[str] | None:
    """From one letter to another. `A–Z` -> A to Z"""
    first, _, last = match.group().replace("–", "-").partition("-")
    if not last:
        graded = _GRADES.search(context.text[max(0, match.start() - 20) : match.start()])
        taught = _TAUGHT.match(context.text, match.end())
        return ["K", "to"] if graded or taught else None  # "grades K–5", "a K–8 school"
    if match.start() and context.view[match.start() - 1] in "-–":
        return None
    if re.match(r"–[A-Za-z]", context.behind(match.end())) or first.islower() and first >= last:
        return None  # chords: "G–D–Em"
    return [*letters(first), "to", *letters(last)]


@rule(r"(BCE?|AD|CE)[-–](BCE?|AD|CE)" + END, "=BAC")
def eras(match: re.Match[str], context: Text) -> list[str] | None:
    """From one era to another. `300 BC–AD 400` -> three hundred B C to A D four hundred"""
    return [*letters(match.group(1)), "to", *letters(match.group(2))]


@rule(r"#(?:(include|define|undef|ifdef|ifndef|endif|pragma)|s)(?![^\W_])|\?s(?![^\W_])", "=#?")
def hash_word(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A line for a compiler, or several numbers. `Send the #s` -> send the numbers"""
    if not context.opens(match.start()):
        return None
    if match.group(1):
        return ["hash"], match.start() + 1
    return ["numbers" if match.group()[0] == "#" else "questions"], match.end()


@rule(r"(UTC|GMT)[-−](?=\d)", "=UG")
def time_zone(match: re.Match[str], context: Text) -> list[str] | None:
    """Hours west of Greenwich. `UTC-5` -> U T C minus five"""
    return [*letters(match.group(1)), "minus"]


@rule("[" + "".join(lists.GREEK) + "]", "l")
def greek(match: re.Match[str], context: Text) -> list[str] | None:
    """A letter of Greek by itself. `Δt` -> delta T"""
    view, place = context.view, match.start()
    near = view[max(0, place - 1) : place] + view[place + 1 : place + 2]
    if any("\u0370" <= c <= "\u03ff" for c in near):
        return None
    return list(lists.SIGNS[match.group()][0])


@rule(r"#", "=#")
def hash_sign(match: re.Match[str], context: Text) -> list[str] | None:
    """The sign # by itself. `Use the # key` -> use the pound key"""
    place, view = match.start(), context.view
    left, right = _beside(context, place)
    if _between_words(context, place):
        counts = context.after(place + 1) in ("is", "was") or view[place + 2 : place + 3].isdigit()
        owned = context.before(place).lower() in _OWNING  # "send me ur #"
        return ["number"] if counts or owned else ["pound"]  # "Use the * and # keys."
    if left == " " and right in ("", EDGE) and _keyed(context, place):
        return ["pound"]  # "press 0 or #."
    if left == " " and context.text[place + 1 : place + 2] == ":":
        return ["number"]  # "Order #: 12"
    if left.isupper() and view[place - 2 : place - 1].isupper():
        return ["number"]  # "PO#"
    weight = re.search(r"(?<!\d)\d{1,8}$", view[max(0, place - 9) : place])
    if weight and not right.isalnum():
        if is_code(context, place - len(weight.group())):
            return ["pound"]  # "PIN 8812#"
        if re.fullmatch(r"[1-9]\d{0,3}", weight.group()):
            dialed = [word.lower() for word in context.words_before(place)[1:2]]
            one = not _KEYED.isdisjoint(dialed) or context.adjective(place - 1, place + 1)
            return ["pound" if one else "pounds"]  # "dial 5#", "he weighs 220#"
    return ["hashtag"] if right.isalpha() and not left.isalnum() else None


@rule(r"\*", "=*")
def star(match: re.Match[str], context: Text) -> list[str] | None:
    """The sign * where it is said as such. `Use the * and # keys` -> use the star and pound
    keys"""
    place, view, text = match.start(), context.view, context.text
    left, right = _beside(context, place)
    if _between_words(context, place) and view[place - 3 : place - 2] not in (" ", "", EDGE):
        return ["star"]
    if _STAR.search(text[max(0, place - 6) : place]):
        return ["star"]  # a black hole
    if left == " " and right in ("", EDGE) and _keyed(context, place):
        return ["star"]
    if right.isdigit() and context.before(place).lower() in _KEYED:
        return ["star"]  # "dial *67"
    file = right == "." and view[place + 2 : place + 3].isalnum()
    if file or text[max(0, place - 1) : place + 2] == "(*)":
        return ["star"]  # "*.csv"
    if _FACTORS.search(text[max(0, place - 8) : place]) and _FACTOR.match(text, place):
        return ["times"]  # "x*y"
    bold = "*" in (left, right)  # "**bold**"
    apart = left == right == " " or left.isdigit() and right.isdigit()
    return None if bold or not apart else _joining(context, place, "*")


@rule("[" + re.escape("".join(s for s in lists.SIGNS if s != "*")) + r"⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ/" + "]", "ls")
def sign(match: re.Match[str], context: Text) -> list[str] | None:
    """A sign. `x ≠ 5` -> X not equal to five"""
    found, place = match.group(), match.start()
    view = context.view
    left, right = _beside(context, place)
    if found == "/":
        return _slash(context, place)
    if found in "$£€" and context.before(place).lower() in ("per", "a"):
        return [lists.MONEY[found][0]]  # "152 yen per $"
    if found in SUP + "ⁿ":
        bracket = left == EDGE and context.text[place - 1] == ")"
        return power(found) if left and left in lists.GREEK or bracket else None
    if found == "%" and left == right == " " and re.match(r" \w(?!\w)", view[place + 1 :][:3]):
        return ["mod"]  # "a % b"
    if found in lists.GREEK:
        return None  # a word of Greek
    if found == "~" and left.isalnum() and right.isalnum():
        return ["tilde"]
    if found == "~" and re.search(r"\d ?[VA]$", context.text[max(0, place - 3) : place]):
        return ["A", "C"]  # "230 V~"
    if found == "·" and left == right == " " and _PARTED.search(
        context.text[max(0, place - 12) : place] + context.text[place + 1 : place + 13]
    ):
        return None  # between the items of a line: "2h ago · 1.2K views"
    words, kind = lists.SIGNS[found]
    if kind == "between":
        return _joining(context, place, found)
    if kind == "before":
        spaced = right == " " and view[place + 2 : place + 3] in (*"0123456789√πλμσ",)
        valued = right.isdigit() or right in "√.αβγδλμπσω" and right or spaced
        return list(words) if valued else None
    if found == "=" and (left == "=" or right == "="):
        return [] if left == "=" else list(words)
    return list(words)


def _beside(context: Text, place: int) -> tuple[str, str]:
    """The characters before and behind a sign; "" at an end of the text."""
    return context.view[place - 1 : place] if place else "", context.view[place + 1 : place + 2]


def _between_words(context: Text, place: int) -> bool:
    return _beside(context, place) == (" ", " ") and context.view[place - 2 : place - 1].isalpha()


def _keyed(context: Text, place: int) -> bool:
    """Whether a key of a telephone is pressed right before a place."""
    return bool(_KEYED.intersection(w.lower() for w in context.words_before(place)[:4]))


def _joining(context: Text, place: int, found: str) -> list[str] | None:
    """What a sign says between two terms."""
    view = context.view
    left, right = _beside(context, place)
    before, behind = view[max(0, place - 2) : place], view[place + 1 : place + 3]
    spaced = before.strip(" " + EDGE) and behind.strip(" " + EDGE)
    alike = left.isspace() == right.isspace()
    word = left.isalpha() and view[place - 2 : place - 1].isalpha()
    return list(lists.SIGNS[found][0]) if spaced and alike and left and right and not word else None


_FACTORS = re.compile(r"(?:^|[\s(=+,-])(?:[A-Za-z]|\d+(?:\.\d+)?)$")
_FACTOR = re.compile(r"\*(?:[A-Za-z]|\d+(?:\.\d+)?)(?![\w*'’])(?![^\s*]*\*)")
_STAR = re.compile(r"\b(?:Sgr A|M\d\d)$")
_PARTED = re.compile(r"[A-Za-z]{3,}  |  [A-Za-z]{3,}|\d[A-Za-z]\w*  |  [\d.]+[A-Za-z]{1,2}\w* ")
_TYPING = frozenset("use type press enter with a the insert hit add".split())
_OWNING = frozenset("my your ur his her their our phone cell tel acct".split())
_KEYED = frozenset("dial dialing press pressing enter call hit type key push".split())
_OVER = re.compile(r"(?:^|[^\w/])(?:\d{0,3}[A-Za-zα-ωΑ-Ωħ]{1,2}[₀-₉²³ⁿ]?|\d+)$|[₀-₉²³ⁿ)]$")
_UNDER = re.compile(r"(?:[A-Za-zα-ωΑ-Ωħ][₀-₉²³ⁿ]*|\d{1,3}|∂)(?![^\W_]|/|[.]\d)|\((?=\w)")
_WORKED = re.compile(r"[=≈≤≥≠∝·×∂√ħ₀-₉²³ⁿα-ωΔ<>]| [+−] ")


def _divides(context: Text, place: int) -> bool:
    """Whether a slash parts what is divided from what divides it: one variable or number on each
    side, in a formula. `F = m₁m₂/r²`, but neither "and/or" nor "A/B tests"."""
    text = context.text
    left, right = text[max(0, place - 12) : place], text[place + 1 : place + 14]
    if not _OVER.search(left) or not _UNDER.match(right):
        return False
    valued = re.search(r"\d ?[A-Za-zµΩ]{1,3}$", left) and re.match(r"\d+ ?[A-Za-zµΩ]", right)
    if valued or re.search(r"\d$", left) and right[:1].isdigit():
        return False  # "100 nF/16 V"
    single = re.search(r"(?:^|[^\w])[A-Z]$", left) and re.match(r"[A-Z](?!\w)", right)
    near = left + right
    return _WORKED.search(near) is not None and not (single and not re.search(r"[=≈·×]", near))


def _slash(context: Text, place: int) -> list[str] | None:
    view = context.view
    left, right = view[place - 1 : place] if place else "", view[place + 1 : place + 2]
    alike = re.search(r"\d ?([A-Za-z]+)$", context.text[max(0, place - 12) : place])
    heat = alike and alike.group(1) in ("C", "F")  # "180C/160C fan"
    decades = alike and alike.group(1) == "s" and alike.group().startswith("0")  # "80s/90s"
    if alike and not heat and not decades and re.match(
        rf"/[\d.]+ ?{alike.group(1)}(?!\w)", context.text[place : place + 20]
    ):
        return ["of"]  # "3 GB/8 GB"
    if _divides(context, place):
        return ["over"]
    if left.isalnum() and right.isalnum() and not (left.isdigit() and right.isdigit()):
        return []  # and/or
    if right in "$£€" and right and re.search(r"(?:^|\s)[2-9]$", view[max(0, place - 2) : place]):
        return ["for"]  # "2/$5"
    short = re.search(r"\b([A-Za-z]*[a-z])\.$", context.text[max(0, place - 12) : place])
    if right.isalpha() and short:  # "max./bag", "ded./coins."
        return ["per"] if short[1].lower() in ("max", "min", "avg") else []
    if "_" in (left, right):
        return []  # a blank to be filled: "__/__/____"
    if left == " " and right == " ":
        if context.before(place).lower() in _TYPING:
            return ["slash"]  # "Use / or -."
        near = view[max(0, place - 3) : place + 4]
        single = re.search(r"(?:\W[a-z]|\d|²|³) / (?:[a-z](?!\w)|\d)", " " + near)
        return ["over"] if single and re.search(r"[a-z]", near) else []
    behind = view[place + 2 : place + 3]
    if left == EDGE and context.text[place - 1] == ")" and right.isalnum() and not behind.isalpha():
        return ["over"]
    return ["slash"]
