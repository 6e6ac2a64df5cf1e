"""Words of which something is left out, as people speak and as verse is written."""

from __future__ import annotations

import re

from avspeech.text.rules import EDGE, OPENED, Text, rule

# What is said for a small word without its end; "i'" and "t'" only before these words.
_SMALL = {"o": "o'", "th": "the", "wi": "with", "i": "in", "t": "to"}
_NOUNS = frozenset("a the th that this my thy his her their our be".split())
# Not words without their "h", though the dictionary has them.
_DROPPED = frozenset("ave ere ow ome ope ard ello".split())
_JOINED = frozenset("ll ve re".split())  # "Nothin' 'll do"
_CLOSES = re.compile(r"(?<![\s—–n])['’](?!\w)")  # the quotation that an apostrophe opened


@rule(rf"([Oo]|[Tt]h|[Ww]i|[it])(?:{EDGE}(?= [a-z])|['’]-)|o{EDGE}(?= [A-Z])", "=oOtTwWi")
def small(match: re.Match[str], context: Text) -> tuple[list[str], int] | None:
    """A small word without its end. `a cup o' tea` -> a cup o' tea"""
    name = (match.group(1) or "o").lower()
    end = match.start() + len(name)
    before = context.text[max(0, match.start() - 1) : match.start()]
    if context.text[end : end + 1] not in ("'", "’") or before in ("'", "’", "‘"):
        return None
    if not (context.opens(match.start()) or before == "-" and name == "o"):
        return None
    if name in ("i", "t") and context.after(end + 1) not in _NOUNS:
        return None  # "'you and i' he said"
    return [_SMALL[name]], end + 1


def in_full(context: Text, start: int, end: int, plain: str) -> str | None:
    """A word with the apostrophe that tells what is not said of it: "goin'", "'ouse"."""
    marked = context.text[end : end + 1] in ("'", "’") and end < len(context.text)
    if marked and plain.endswith("in") and len(plain) > 3:
        if context.word(plain + "'") or context.word(plain + "g"):
            if not context.word(plain) or not OPENED.search(context.text[max(0, end - 80) : end]):
                return plain + "'"
    if start and context.text[start - 1] in ("'", "’", "‘") and not marked:
        if _CLOSES.search(context.text[end : end + 80]):
            return None
        he = plain == "e" and context.after(end).islower()
        dropped = not context.word(plain) and context.word("h" + plain)
        if he or dropped or plain in _DROPPED | _JOINED:
            return "'" + plain
    return None
