"""Formulas: variables, functions, exponents, sums, and what is made of elements."""

from __future__ import annotations

import re
import unicodedata

from avspeech.text import lists
from avspeech.text.models import pairs
from avspeech.text.numbers import number
from avspeech.text.rules import EDGE, END, Text, letters, rule
from avspeech.text.values import power

SUP, _SUB = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_SUB_LETTERS = "ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ"


@rule(rf"([α-ωΑ-Ω])([{_SUB}]+)", "l")
def greek_index(match: re.Match[str], context: Text) -> list[str] | None:
    """A letter of Greek with an index. `μ₁` -> mu one"""
    words = lists.SIGNS.get(match.group(1), ([], ""))[0]
    return [*words, *number(match.group(2).translate(lists.SUBSCRIPTS))] if words else None


@rule(
    rf"[A-Za-z]+[{_SUB}{_SUB_LETTERS}]+(?:[A-Za-z]+[{_SUB}]*)*(?:[{SUP}]*[⁺⁻]|[{SUP}]+)?"
    rf"|(?:[A-Z][a-z]?){{1,3}}[{SUP}]*[⁺⁻]",
    "l",
)
def formula(match: re.Match[str], context: Text) -> list[str] | None:
    """A formula with indices below the line. `H₂O` -> H two O"""
    apart = re.sub(rf"(?<=[{_SUB}])(?=[{SUP}])", " ", match.group())  # "SO₄²⁻"
    plain = apart.translate(lists.SUBSCRIPTS).translate(lists.SUPERSCRIPTS)
    plain = unicodedata.normalize("NFKC", plain)
    name = re.fullmatch(r"([a-z]{3,})(\d+)", plain)
    if name and context.word(name.group(1)):
        return [name.group(1), *number(name.group(2))]  # "log₂"
    raised = re.search(rf"[{SUP}]+$", match.group())
    if raised:  # "xᵢ²"
        plain = plain[: -len(raised.group())]
    said: list[str] = []
    for part in re.findall(r"[A-Za-z]|\d+|[-+]", plain):
        said += (
            number(part)
            if part.isdigit()
            else ["plus"]
            if part == "+"
            else ["minus"]
            if part == "-"
            else letters(part)
        )
    return [*said, *(power(raised.group()) if raised else [])]


_PRIMES = {"": [], "'": ["prime"], "′": ["prime"], "″": ["double", "prime"]}


@rule(rf"([A-Zf-hp-y])([′″{EDGE}]?){EDGE}([A-Za-z](?:, ?[A-Za-z])?){EDGE}", "l")
def function_of(match: re.Match[str], context: Text) -> list[str] | None:
    """A function with its variable. `f(x) = 2` -> F of X equals two"""
    start, end = match.span()
    if start and context.view[start - 1].isalnum() or match.group(3) in ("s", "k"):
        return None
    if not re.match(r"\w['’′″]?\([^()]*\)(?!\w)", context.text[start : end + 1]):
        return None
    primes = _PRIMES[context.text[match.start(2) : match.end(2)].replace("’", "'")]
    return [match.group(1).upper(), *primes, "of", *letters(match.group(3))]


@rule(rf"[A-Zf-hp-y][′″{EDGE}]?{EDGE}", "l")
def function_value(match: re.Match[str], context: Text) -> list[str] | None:
    """A function with a number or a sum. `f(-2) = 8` -> F of minus two, equals eight"""
    start, end = match.span()
    inner = re.match(r"\(([^()]{1,24})\)", context.text[end - 1 : end + 26])
    if inner is None or start and (context.view[start - 1].isalnum()):
        return None
    value = re.fullmatch(
        r"[-−+]?\d+(?:\.\d+)?|[-−]?[a-zA-Z\d²]+ ?[-−+∪∩*/<>≤≥=] ?[a-zA-Z\d]+", inner.group(1)
    )
    primes = _PRIMES.get(context.text[start + 1 : end - 1].replace("’", "'"))
    return [match.group()[0].upper(), *primes, "of"] if value and primes is not None else None


@rule(rf"(\d{{1,3}}|[a-zA-Z]){EDGE}(?=\s?[=+−×·*/~≈<>≤≥])", "dl")
def factorial(match: re.Match[str], context: Text) -> list[str] | None:
    """A factorial within a calculation. `5! = 120` -> five factorial equals one hundred
    twenty"""
    if (
        context.text[match.end() - 1] != "!"
        or context.view[match.start() - 1 : match.start()][:1].isalnum()
        and match.start()
    ):
        return None
    name = match.group(1)
    return [*(number(name) if name.isdigit() else letters(name)), "factorial"]


@rule(r"Na(?= 1\d\d(?![^\W_]|\.\d\d))", "=N")
def sodium(match: re.Match[str], context: Text) -> list[str] | None:
    """Sodium in the blood. `Na 138, K 4.2` -> N A one hundred thirty eight, K four point two"""
    return None if context.within(match.start()) else ["N", "A"]


@rule(r"([ACGT])>([ACGT])" + END, "=ACGT")
def mutation(match: re.Match[str], context: Text) -> list[str] | None:
    """One base of a gene for another. `a G>A change` -> a G to A change"""
    near = context.view[max(0, match.start() - 1) : match.start()]
    return None if near.isalpha() else [match.group(1), "to", match.group(2)]


_ISOTOPES = {
    "H": "hydrogen", "He": "helium", "Li": "lithium", "Be": "beryllium", "B": "boron",
    "C": "carbon", "N": "nitrogen", "O": "oxygen", "F": "fluorine", "Na": "sodium",
    "Mg": "magnesium", "Al": "aluminum", "Si": "silicon", "P": "phosphorus", "S": "sulfur",
    "Cl": "chlorine", "Ar": "argon", "K": "potassium", "Ca": "calcium", "Fe": "iron",
    "Co": "cobalt", "Ni": "nickel", "Kr": "krypton", "Sr": "strontium", "Mo": "molybdenum",
    "Tc": "technetium", "I": "iodine", "Xe": "xenon", "Cs": "cesium", "Pb": "lead",
    "Po": "polonium", "Rn": "radon", "Ra": "radium", "Th": "thorium", "U": "uranium",
    "Pu": "plutonium", "Am": "americium",
}  # fmt: skip


@rule(rf"([{SUP}]{{1,3}})([A-Z][a-z]?)(?![^\W_])", "ds")
def isotope(match: re.Match[str], context: Text) -> list[str] | None:
    """An element with its mass. `¹⁴C` -> carbon fourteen"""
    name = _ISOTOPES.get(match.group(2))
    before = context.view[max(0, match.start() - 1) : match.start()]
    if name is None or before.isalnum() and before not in lists.GREEK:
        return None
    return [name, *number(match.group(1).translate(lists.SUPERSCRIPTS))]


@rule(rf"({'|'.join(n for n in _ISOTOPES if len(n) == 2)})-(\d{{1,3}})(m?)" + END, "C")
def nuclide(match: re.Match[str], context: Text) -> list[str] | None:
    """An isotope by its symbol. `Cs-137` -> cesium one thirty seven"""
    name, mass, excited = match.groups()
    if context.within(match.start()):
        return None
    return [_ISOTOPES[name], *pairs(mass), *(["M"] if excited else [])]


@rule(r"([A-Za-zα-ω])(?:₁[/⁄]₂|½(?![^\W_]))", "l")
def half_index(match: re.Match[str], context: Text) -> list[str] | None:
    """A half as an index. `T₁/₂` -> T one half"""
    if context.within(match.start()):
        return None
    return [*_name(match.group(1)), "one", "half"]


@rule(r"d([A-Za-zα-ω]?)/d([a-zα-ω])(?![^\W_])", "=d")
def derivative(match: re.Match[str], context: Text) -> list[str] | None:
    """A derivative. `dy/dx` -> D Y D X"""
    if context.within(match.start()):
        return None
    return [part for c in match.group().replace("/", "") for part in _name(c)]


@rule(rf"O{EDGE}", "=O")
def bounded(match: re.Match[str], context: Text) -> list[str] | None:
    """The order of a count. `O(n log n) time` -> O of N log N, time"""
    start, end = match.span()
    inner = re.match(r"\((?:[\w²³ⁿ*·+/^ -]|\([\w ]\)){1,24}\)", context.text[end - 1 : end + 28])
    if start and context.view[start - 1].isalnum() or inner is None:
        return None
    return ["O", "of"] if re.search(r"\b(?:[a-zA-Z]|1)\b|[²³ⁿ]", inner.group()) else None


_EXTREMES = {
    "max": ["max"], "min": ["min"], "rms": ["R", "M", "S"], "avg": ["average"],
    "ref": ["ref"], "eff": ["effective"], "out": ["out"], "in": ["in"], "tot": ["total"],
    "crit": ["critical"], "peak": ["peak"],
}  # fmt: skip


@rule(rf"([A-Za-z])_?({'|'.join(_EXTREMES)})(?=\s?[=<>≤≥≈≫≪])", "l")
def extreme(match: re.Match[str], context: Text) -> list[str] | None:
    """A variable whose index says which value. `Vmax = 5 V` -> V max equals five volts"""
    if context.within(match.start()):
        return None
    if context.word(match.group().lower()) and match.group(1) not in "VI":
        return None  # "Bin = 5"
    return [match.group(1).upper(), *_EXTREMES[match.group(2)]]


@rule(rf"([∑∏])([ᵢⱼₖₙₘ])₌([{_SUB}]+)([ⁿᵏᵐ∞{SUP}]+)", "s")
def sum_of(match: re.Match[str], context: Text) -> list[str] | None:
    """A sum with its limits. `∑ᵢ₌₁ⁿ x` -> sum from I equals one to N of X"""
    sign, name, low, high = match.groups()
    index = unicodedata.normalize("NFKC", name)
    last = unicodedata.normalize("NFKC", high)
    end = ["infinity"] if high == "∞" else number(last) if last.isdigit() else letters(last)
    first = number(low.translate(lists.SUBSCRIPTS))
    return [*lists.SIGNS[sign][0], "from", *letters(index), "equals", *first, "to", *end, "of"]


@rule(rf"∫([{_SUB}]+)([{SUP}∞]+)", "s")
def integral(match: re.Match[str], context: Text) -> list[str] | None:
    """An integral with its limits. `∫₀¹ x` -> integral from zero to one of X"""
    low, high = match.groups()
    last = ["infinity"] if high == "∞" else number(high.translate(lists.SUPERSCRIPTS))
    return ["integral", "from", *number(low.translate(lists.SUBSCRIPTS)), "to", *last, "of"]


@rule(r"(\d{1,4})/([a-z])(?:\^(\d)|([²³]))?(?!\w)", "d")
def over_variable(match: re.Match[str], context: Text) -> list[str] | None:
    """A number over a variable. `1/x = 2` -> one over X equals two"""
    name = match.group(2)
    before = context.view[max(0, match.start() - 2) : match.start()]
    in_equation = re.match(r"\s?[→=+−]|\)", context.behind(match.end())) or re.search(
        r"[=∝+−→≈] ?$", before
    )
    if name in "dhsm" or not (in_equation or match.group(1) == "1" and name in "nxyzkpq"):
        return None
    raised = match.group(3) or match.group(4)
    return [*number(match.group(1)), "over", name.upper(), *(power(raised) if raised else [])]


@rule(rf"(?<={EDGE})[{_SUB}]+", "s")
def index_behind(match: re.Match[str], context: Text) -> list[str] | None:
    """An index behind a bracket. `(NH₄)₂S` -> N H four, two S"""
    return number(match.group().translate(lists.SUBSCRIPTS))


@rule(rf"(?<={EDGE})(?:[{SUP}]+|ⁿ)", "dls")
def power_behind(match: re.Match[str], context: Text) -> list[str] | None:
    """The exponent of a bracket. `(a + b)ⁿ` -> A plus B, to the N"""
    closed = context.text[match.start() - 1] in ")]}"
    return power(match.group()) if closed else None


@rule(
    r"(?<![^\W_])([35])[′'’](?=[-–→ ](?:(?:to|and|or)[ -][35][′'’]|ends?|caps?|UTRs?|untranslated"
    r"|overhangs?|primers?|termin\w+|exonuclease|flanking|phosphate|hydroxyl|[ACGTU]{3,}"
    r"|[35][′'’]))",
    "d",
)
def strand(match: re.Match[str], context: Text) -> list[str] | None:
    """An end of a strand of DNA. `the 3′ end` -> the three prime end"""
    return [*number(match.group(1)), "prime"]


@rule(r"(?<=\d)[⁺⁻]", "s")
def one_sided(match: re.Match[str], context: Text) -> list[str] | None:
    """A number from one side. `x = 0⁺` -> X equals zero plus"""
    return ["plus" if match.group() == "⁺" else "minus"]


@rule(rf"P{EDGE}([A-Z])\|([A-Z]){EDGE}", "=P")
def given(match: re.Match[str], context: Text) -> list[str] | None:
    """A conditional probability. `P(A|B)` -> P of A given B"""
    return ["P", "of", match.group(1), "given", match.group(2)]


_COMPARED = r"[=<>≤≥≠≈+−*/-]"


@rule(r"\|(?=[^|\n]*[a-z\d][^|\n]*\|)(?=[^\s|][^|\n]{0,24}\|)", "=|")
def absolute(match: re.Match[str], context: Text) -> list[str] | None:
    """A value without its sign. `|x - 3| < 5` -> the absolute value of X minus three less than
    five"""
    start = match.start()
    end = context.text.index("|", match.end()) + 1
    compared = re.match(rf" ?{_COMPARED}", context.text[end : end + 2])
    compared = compared or re.search(rf"{_COMPARED} ?$", context.text[max(0, start - 2) : start])
    near = context.text[start - 1 : start] if start else ""
    closed = context.text[end - 2].isspace() or near.isalpha()
    return ["the", "absolute", "value", "of"] if compared and not closed else None


FUNCTIONS = {
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "log": "log",
    "ln": "natural log",
    "exp": "exponential",
    "sqrt": "square root",
}


@rule(r"(sin|cos|tan)([²³])(?=\s?[θαβφωπx])", "=sct")
def function_power(match: re.Match[str], context: Text) -> list[str] | None:
    """A power of a function. `sin²θ` -> sine squared theta"""
    return [FUNCTIONS[match.group(1)], *power(match.group(2))]


@rule(
    rf"({'|'.join(FUNCTIONS)})"
    rf"(?=\(?{EDGE}|\s?[(θαβφωπ]| [b-zB-HJ-Z](?![\w'’-])| ?\d[\d.]*(?:\s?°| ?[=)+*/^−-]))",
    "=sctle",
)
def function(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A function before its variable. `sin(x)` -> sine X"""
    end = match.end()
    behind = context.text[end : end + 8]
    found = re.match(r"\((\d{0,3})([a-zθαβφωπ]?)\)|(?=\s?[θαβφωπ]| ?\d| [b-zB-Z](?!\w))", behind)
    if found is None:
        return None
    if match.group() == "exp" and re.match(r" \d\d?/\d\d(?!\d)", behind):
        return ["expires"], end  # of a card
    words = FUNCTIONS[match.group()].split()
    factor, name = found.group(1), found.group(2)
    inner = [*(number(factor) if factor else []), *(_name(name) if name else [])]
    return [*words, *inner], end + found.end()


def _name(variable: str) -> list[str]:
    return list(lists.SIGNS[variable][0]) if variable in lists.GREEK else letters(variable)


_ELEMENT = (
    "A[cglmrstu]|B[aehikr]?|C[adelorsu]?|D[y]|E[ru]|F[er]?|G[ade]|H[efgo]?|I[nr]?|Kr?|L[aiu]|M[gno]"
    "|N[abdeip]?|Os?|P[abdmortu]?|R[abehnu]|S[bceimnr]?|T[abcehilm]|U|V|W|Xe|Yb?|Z[nr]"
)


@rule(rf"(?:(?:{_ELEMENT})\d{{0,2}}){{2,12}}(?![^\W_])", "C")
def compound(match: re.Match[str], context: Text) -> list[str] | None:
    """A formula of elements. `HCl and Fe2O3` -> H C L and F E two O three"""
    text = match.group()
    start = match.start()
    if start and context.view[start - 1].isalnum() or context.shouted(start):
        return None
    near = context.view[max(0, start - 2) : start] + context.behind(match.end())[:2]
    in_equation = re.search(r"[→⇌+=]", near) is not None  # "CaCO₃ → CaO + CO₂"
    if text.isalpha() and (text.isupper() or context.word(text.lower()) and not in_equation):
        return None
    if text[:-1].isupper() and text[-1] == "s":
        return None  # "CFOs"
    if text.isalpha() and not re.search(r"[A-Z][A-Z]|[a-z][A-Z]", text):
        return None
    said: list[str] = []
    for part in re.findall(r"[A-Za-z]|\d+", text):
        said += number(part) if part.isdigit() else letters(part)
    return said


@rule(
    rf"([A-Za-z]{{1,3}})(?:(?:\^|\s?\*\*\s?(?=\d))"
    rf"(?:\(?([-−]?\d{{1,4}}|[a-z](?![a-z]))\)?|{EDGE}([-−]\d?[a-z]){EDGE})|([⁻]?[{SUP}]+|ⁿ))",
    "l",
)
def raised(match: re.Match[str], context: Text) -> list[str] | None:
    """Letters with an exponent. `mc²` -> M C squared"""
    name, exponent, inner, sign = match.groups()
    if inner:  # "e^(-x)"
        return [*letters(name), "to", "the", "minus", *letters(inner[1:])]
    return [*letters(name), *power(exponent or sign)]


_TERM = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-zα-ωΓΔΘΛΣΦΨΩ])|([-−+*×·/]))")
_TERM_SIGNS = {
    "-": "minus",
    "−": "minus",
    "+": "plus",
    "*": "times",
    "×": "times",
    "·": "times",
    "/": "over",
}


def _terms(text: str) -> list[str] | None:
    """The words of numbers, letters and signs between: "n+1" -> N plus one; None for others."""
    words: list[str] = []
    place = 0
    while place < len(text.rstrip()):
        term = _TERM.match(text, place)
        if term is None:
            return None
        value, name, between = term.groups()
        words += number(value) if value else _name(name) if name else [_TERM_SIGNS[between]]
        place = term.end()
    return words or None


@rule(r"\^\(?(\d?)([-+−])\)?(?![\w.])", "=^")
def charge(match: re.Match[str], context: Text) -> list[str] | None:
    """The charge of an ion. `SO4^2- and Cl^-` -> S O four two minus and C L minus"""
    if not match.start() or not context.text[match.start() - 1].isalnum():
        return None
    count, sign = match.groups()
    return [*(number(count) if count else []), "plus" if sign == "+" else "minus"]


@rule(r"\^", "=^")
def exponent(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """An exponent in brackets, or behind them. `2^(n+1)` -> two to the N plus one"""
    start, end = match.span()
    if not start or not (context.text[start - 1].isalnum() or context.text[start - 1] in ")]}|"):
        return None
    behind = context.text[end : end + 40]
    inner = re.match(r"\(([^(){}]{1,24})\)|\{([^(){}]{1,24})\}", behind)
    if inner is None:
        plain = re.match(r"[-−+]?(?:\d{1,6}(?![\w.]\w)|[A-Za-z](?!\w))", behind)
        words = plain and _power_words(plain.group())
        return (words, end + plain.end()) if plain and words else None
    words = _power_words(inner.group(1) or inner.group(2))
    return (words, end + inner.end()) if words else None


def _power_words(text: str) -> list[str] | None:
    if re.fullmatch(r"[-−+]?\d{1,6}", text):
        return power(text)
    terms = _terms(text)
    return ["to", "the", *terms] if terms else None


_SIDE = "=+−×÷≈<>≤≥"
_GROUP = re.compile(rf"\(((?:(?:{_ELEMENT})\d?[{_SUB}]?){{1,4}})\)([\d{_SUB}])")


@rule(rf"(?:(?:{_ELEMENT})[{_SUB}\d]?){{1,3}}(?=\x00)", "C")
def group(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A formula up to a group in brackets. `Fe(OH)₃` -> F E O H three"""
    start, end = match.span()
    inner = _GROUP.match(context.text, end)
    if start and context.view[start - 1].isalnum() or inner is None:
        return None
    said = letters((match.group() + inner.group(1)).translate(lists.SUBSCRIPTS))
    return [*said, *number(inner.group(2).translate(lists.SUBSCRIPTS))], inner.end()


@rule(r"[a-zA-Z]{2,3}(?![^\W_])", "l")
def product(match: re.Match[str], context: Text) -> list[str] | None:
    """Variables side by side in an equation. `F = ma` -> F equals M A"""
    text, (start, end) = match.group(), match.span()
    if len(text) == 3 and context.word(text.lower()) or text.isupper() and len(text) > 2:
        return None
    times = re.search(r"(?<![\w.])\d{1,2}$", context.view[max(0, start - 4) : start])  # "2as"
    if text.lower() in lists.NOT_NOUNS and not times:
        return None
    start = start - len(times.group()) if times else start
    value = r"[A-Za-z\d][A-Za-z\d²³₀-₉]{0,2}"
    before = context.view[max(0, start - 16) : start]
    left = re.search(rf"(?:^|[\s{EDGE}]){value} ?[{_SIDE}] ?$", before)
    right = re.match(rf" ?[{_SIDE}] ?{value}(?![A-Za-z])", context.behind(end))
    return letters(text) if left or right else None


@rule(r"(?<![\w.])([a-z])([-−])(?=\d+(?![\w-]))", "c")
def variable_minus(match: re.Match[str], context: Text) -> list[str] | None:
    """A variable less a number. `x-1` -> X minus one"""
    return [match.group(1).upper(), "minus"]


@rule(
    r"[-−](?=[A-Za-z]\d{0,3}(?![^\W_]|['’])|\d{1,4}(?:\.\d+)?(?:[α-ω]?[a-zα-ω](?![^\W_²³])"
    r"|[a-zα-ω]?[²³√])|\d{0,3}(?:sin|cos|tan|ln|exp|\dlog)(?![^\W_]))",
    "s",
)
def minus_letter(match: re.Match[str], context: Text) -> list[str] | None:
    """The minus of a variable. `x = -b` -> X equals minus B"""
    return ["minus"] if context.opens(match.start()) else None


@rule(rf"(?:{_ELEMENT})(?![^\W_])", "C")
def element(match: re.Match[str], context: Text) -> list[str] | None:
    """An element behind its number. `2Fe` -> two F E"""
    before = context.view[max(0, match.start() - 3) : match.start()]
    state = re.match(r"\((?:s|l|g|aq)\)", context.text[match.end() : match.end() + 4])
    behind_number = re.search(r"(?:^|\W)\d{1,2}$", before)
    reacts = re.match(r" ?[+→⇌]", context.behind(match.end()))
    state = state or reacts and re.search(r"(?:^|\W)\d{1,2} $", before)  # "2 Na + Cl₂"
    return letters(match.group()) if behind_number or state else None


@rule(r"°(?![CFK]|\s?[\dNSEW])", "=°")
def standard(match: re.Match[str], context: Text) -> list[str] | None:
    """The sign of a standard state. `E° = 1 V` -> E naught equals one volt"""
    before = context.view[max(0, match.start() - 3) : match.start()]
    return ["naught"] if re.search(r"(?:^|[^\w]|Δ)[EGHSK]$", before) else None
