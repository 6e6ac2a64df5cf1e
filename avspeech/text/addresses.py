"""Addresses, names of files and versions: dots and slashes within a word."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import digits, joined, number
from avspeech.text.rules import EDGE, END, Text, letters, rule

# The lengths are bounded, so that no text takes more than its share of time.
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.){1,8}"
_PATH = r"(?:[/?#][\w./?=&%#~+:@-]*[\w/])?"


def mixed(text: str, context: Text) -> list[str]:
    """A piece of an address: words the dictionary has, letters and digits."""
    words: list[str] = []
    for part in re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_", text):
        if part.isdigit():
            round_port = len(part) == 4 and part[0] != "0" and part.endswith("000")
            words += number(part) if len(part) < 3 or round_port else digits(part)
        elif part.isalpha():
            words += _word(part, context)
        elif part in lists.SIGNS_IN_NAMES:
            words += lists.SIGNS_IN_NAMES[part].split()
    return words


_SHORT = frozenset(
    "co me my of to in is or no go on at by up we do be an as if so he jo al ed bo ty".split()
)


def _word(part: str, context: Text) -> list[str]:
    if part in lists.WRITTEN and part not in lists.SUFFIXES:
        return lists.WRITTEN[part]
    if part.isupper() and len(part) < 4 and part not in ("NET", "COM", "ORG", "GOV"):
        return letters(part)
    inner = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", part)
    if len(inner) > 1 and not context.word(part.lower()):
        said: list[str] = []
        for piece in inner:
            said += _word(piece, context)
        return said
    if context.word(part.lower()) and len(part) > 2 or len(part) > 4 or part.lower() in _SHORT:
        return [part.lower()]
    return letters(part)


@rule(
    rf"(?:https?|ftp)://[\w.-]*\w{_PATH}|www\.[\w.-]*\w{_PATH}|mailto:[\w.+-]+@[\w.-]*\w"
    rf"|localhost(?::\d{{2,5}})?{_PATH}",
    "=hHfFwWmMlL",
    re.IGNORECASE,
)
def web_address(match: re.Match[str], context: Text) -> list[str] | None:
    """An address of the web. `www.example.org/help` -> W W W dot example dot org slash help"""
    return mixed(re.sub(r"^(?:https?://|mailto:)", "", match.group()).rstrip("/"), context)


@rule(r"([\w.-]{1,32})@([\w.-]{1,63}):([~/][\w./-]{0,80})[$#](?= |$)", "l")
def prompt(match: re.Match[str], context: Text) -> list[str] | None:
    """What a computer shows before a command. `bob@mill:~$ make` -> bob at mill colon tilde dollar
    make"""
    user, computer, folder = (mixed(part, context) for part in match.groups())
    sign = "dollar" if match.group().endswith("$") else "hash"
    return [*user, "at", *computer, "colon", *folder, sign]


@rule(rf"(cd|ls|pushd) {EDGE}{EDGE}(?![^\W_])", "=clp")
def folder_above(match: re.Match[str], context: Text) -> list[str] | None:
    """The folder above, behind a command. `Type cd .. again` -> type C D dot dot again"""
    name, start = match.group(1), match.start()
    dots = context.text[match.end() - 2 : match.end() + 1]
    if context.within(start) or not dots.startswith("..") or dots == "...":
        return None
    return [*(letters(name) if len(name) == 2 else ["push", "D"]), "dot", "dot"]


@rule(rf"[\w.+-]{{1,64}}@(?:{_HOST}[A-Za-z]{{2,}})(?::[\w./-]*[A-Za-z])?" + END, "ld")
def mail_address(match: re.Match[str], context: Text) -> list[str] | None:
    """An address of mail. `bob@mail.org` -> bob at mail dot org"""
    return mixed(match.group(), context)


@rule(r"10\.\d{4,5}/[\w.;()/:-]{0,60}\w", "d")
def identifier(match: re.Match[str], context: Text) -> list[str] | None:
    """The identifier of a paper. `10.1038/nature12` -> ten dot one zero three eight slash nature
    twelve"""
    return mixed(match.group(), context)


@rule(rf"({_HOST})([A-Za-z]{{2,5}}){END}(?::\d{{2,5}}(?!\d))?{_PATH}", "ld")
def host(match: re.Match[str], context: Text) -> list[str] | None:
    """The name of a computer, by its ending. `Go to example.com` -> go to example dot com"""
    ending = match.group(2).lower()
    if ending not in lists.TOP_LEVEL or re.search(r"\d\.$", match.group(1)):
        return None
    return mixed(match.group().rstrip("/"), context)


@rule(r"([\w-]{1,64}(?:\.[\w-]{1,64}){0,8})\.([A-Za-z]\w{0,4})" + END, "ld")
def file_name(match: re.Match[str], context: Text) -> list[str] | None:
    """A file with a known ending, or a product named so. `readme.txt` -> readme dot T X T"""
    name, ending = match.groups()
    if ending.lower() not in lists.SUFFIXES:
        return None
    last = (
        [ending.lower()]
        if ending.lower() in lists.SUFFIX_WORDS
        else mixed(ending, context)
        if any(c.isdigit() for c in ending)
        else letters(ending)
    )
    return [*mixed(name, context), "dot", *last]


@rule(r"\.([a-z]\w{1,15}|NET)" + END, "=.")
def ending(match: re.Match[str], context: Text) -> list[str] | None:
    """The ending of names by itself, or a name that begins with a dot. `a .csv file` -> a dot C S V
    file"""
    name = match.group(1).lower()
    if not context.opens(match.start()):
        return None
    if name not in lists.SUFFIXES | lists.TOP_LEVEL:
        return ["dot", *mixed(name, context)]
    plain = len(name) > 2 and context.word(name) and not context.word_is_letters(name)
    return ["dot", *([name] if plain or name in lists.SUFFIX_WORDS else letters(name))]


# What a link goes to, brackets within it and the title behind it with it.
_TARGET = re.compile(
    r"(?:[^\s()\\]|\([^\s()\\]{0,200}\)){1,500}(?:\s+(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'))?\s*\)"
)


@rule(rf"(?<={EDGE}{EDGE})(?=\S*[/.#])[^\s()]{{2,500}}?(?={EDGE}|\s)", "dls")
def of_link(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """Where a link of Markdown goes, which is not read. `See [it](a.org/b) now` -> see, it, now"""
    start, end = match.span()
    linked = start > 1 and context.text[start - 2 : start] == "]("
    closed = _TARGET.match(context.text, start) if linked else None
    return ([], closed.end() - 1) if closed else None


# Behind a version, what it is before: "1.2rc1".
_RELEASE = r"(?=(?:[a-z]|rc|alpha|beta|dev|pre|post)\d{0,3}(?![^\W_]))"


@rule(rf"[vV](\d+(?:\.\d+)+)(?:{END}|{_RELEASE})", "=vV")
def version(match: re.Match[str], context: Text) -> list[str] | None:
    """A version. `v1.2.3` -> version one point two point three"""
    if context.within(match.start()):
        return None
    parts = match.group(1).split(".")
    if len(parts) == 2:
        return ["version", *number(match.group(1))]
    return ["version", *joined(parts, "point")]


@rule(
    r"(?<![^\W_])(?<!/)(?:~|\.{1,2})?(?:/[\w.-]{0,200}\w){1,40}/?(?:\?[\w=&%.-]{0,200}[\w])?"
    r"|[A-Za-z]:\\[\w\\.-]*",
    "sl",
)
def path(match: re.Match[str], context: Text) -> list[str] | None:
    """A path of files. `/usr/bin` -> slash U S R slash bin"""
    start = match.start()
    if start and context.text[start - 1] in ").":
        return None  # "sq. ft./yr."
    return (
        mixed(match.group(), context)
        if context.opens(start) and not match.group()[1:2].isdigit()
        else None
    )


@rule(r"@(?=\w*[A-Za-z])\w{0,30}_\w{1,30}", "=@")
def handle(match: re.Match[str], context: Text) -> list[str] | None:
    """A name with an underscore in a network. `Ask @bob_lee` -> ask at bob underscore lee"""
    return mixed(match.group(), context) if context.opens(match.start()) else None


@rule(r"([ru])/(?=[A-Za-z]\w{2})", "=ru")
def forum(match: re.Match[str], context: Text) -> list[str] | None:
    """A forum or one who writes there. `posted in r/books` -> posted in R slash books"""
    return [match.group(1).upper(), "slash"] if context.opens(match.start()) else None


_FOLDERS = frozenset("src lib bin usr refs utils dist node_modules".split())


@rule(r"([a-z][\w-]+)(?:/[\w.-]*\w){1,12}/?" + END, "c")
def relative_path(match: re.Match[str], context: Text) -> list[str] | None:
    """A path that begins with a folder. `in src/utils` -> in S R C slash utils"""
    folders = match.group().split("/")[:-1]
    ending = match.group().rpartition(".")[2]
    listed = ending in lists.SUFFIXES - lists.TOP_LEVEL or not _FOLDERS.isdisjoint(folders)
    if not listed or context.within(match.start()):
        return None
    return mixed(match.group(), context)


@rule(r"([A-Za-z]+)\.(?=[A-Za-z])", "l")
def dotted_name(match: re.Match[str], context: Text) -> list[str] | None:
    """A dot within a word; before a capital behind a word it ends a sentence. `Node.js is` -> node
    dot J S is"""
    name = match.group(1)
    following = re.match(r"[A-Za-z]+", context.behind(match.end()))
    after = following.group() if following else ""
    if len(name) < 2 or not after:
        return None
    if (
        after[0].isupper()
        and not after.isupper()
        and context.word(after.lower())
        and context.word(name.lower())
    ):
        return None
    return [*_word(name, context), "dot"]
