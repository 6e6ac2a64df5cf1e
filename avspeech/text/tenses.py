"""Whether "read", "wound" or "dove" is in the past, by the words around."""

from __future__ import annotations

from collections.abc import Sequence

from avspeech.text import lists
from avspeech.text.parts import (
    ARTICLES,
    CAUSES,
    FORMS_OF_BE,
    HAVE,
    MODALS,
    OBJECTS,
    POSSESSIVES,
    PREPOSITIONS,
    SINGULAR_SUBJECTS,
    SUBJECTS,
    adjective,
    adverb,
    plural,
)

_PAST = lists.words("parts.past")
_PAST_SIGNS = frozenset("yesterday ago".split())
_TIMES = lists.words("parts.times")
_COUNTS = frozenset("a an one two three four five six ten under half".split())
_SPANS = frozenset(
    "sitting sittings go day days night nights hour hours weekend afternoon evening "
    "week weeks".split()
)
_CLAUSES = frozenset("and but because that when while".split())  # with them a clause begins
_HAVE_NOT = frozenset("haven't hasn't hadn't isn't wasn't aren't weren't".split())
_MAKE_DO = frozenset("let lets made make help helps hear heard him me us them".split())
_ONE = frozenset("he she it everyone everybody someone nobody somebody".split())
_HABIT = frozenset("every always usually often sometimes daily can will".split())


def is_past(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether "read", "wound" or the like is in the past, or a participle."""
    start = place
    while start > 0 and not final[start - 1] and words[start - 1] not in _CLAUSES:
        start -= 1
    left = [w for w in reversed(words[start:place]) if not adverb(w)]
    if not left:
        before = words[max(0, place - 12) : place]
        joined = place > 0 and words[place - 1] in ("and", "but")
        return (joined and any(_past(w) for w in before)
                and not any(w in MODALS or w == "to" for w in before))
    told = _by_helper(left)
    if told is not None:
        return told
    near = left[0]
    if near in _MAKE_DO:
        return False
    if near in _ONE:
        return True
    around = [*words[max(0, place - 14) : place], *words[place + 1 : place + 15]]
    if left == ["who"] and start == 0:
        return True
    if near in SUBJECTS or plural(near):
        habit = any(w in _HABIT for w in around)
        behind = () if final[place] else words[place + 1 : place + 12]
        once = _finished(behind) or _reported(behind) or _fresh(words[place - 1], behind)
        once = once and near != "who" and left[1:2] not in (["if"], ["when"], ["as"])
        return _dated(around) or not habit and (once or any(_past(w) for w in around))
    if near in PREPOSITIONS or near in ARTICLES or near in POSSESSIVES:
        return False
    return near not in ("and", "or") and not adjective(near)


def _by_helper(left: Sequence[str]) -> bool | None:
    """Whether a verb is in the past, by a helping verb of its clause; None where none tells.

    Args:
        left: the words of the clause before it, from right to left, without adverbs.
    """
    near = left[0]
    if (near in ("to", "please") or near in MODALS and near != "did"
            or near.endswith(("'ll", "n't")) and near not in _HAVE_NOT):
        return False
    if (near in HAVE or near in FORMS_OF_BE or near in ("get", "gets", "got", "well", "widely")
            or near.endswith(("'ve", "'d"))):
        return True
    if near.endswith("'s") and near[:-2] in ("he", "she", "it", "who", "that"):
        return True
    if any(w in MODALS or w.endswith("n't") and w not in HAVE for w in left):
        return False
    if len(left) > 1 and left[1] in CAUSES and near in OBJECTS - {"it", "you", "her"}:
        return False  # "have them read it", but "had it read"
    if (any(w in HAVE or w in ("was", "were") for w in left[:3])
            and near not in SUBJECTS | {"to", "who"} and near in OBJECTS | {"not"}):
        return True
    if any(w in HAVE for w in left) and near in SINGULAR_SUBJECTS | SUBJECTS and left[-1] in HAVE:
        return True
    return None


def _finished(behind: Sequence[str]) -> bool:
    """Whether words tell how long it took to do something: "in a day", "in one sitting"."""
    return any(
        a == "in" and b in _COUNTS and c in _SPANS
        for a, b, c in zip(behind, behind[1:], behind[2:])
    )


def _reported(behind: Sequence[str]) -> bool:
    """Whether somebody tells what was read: "I read somewhere that", "We read that the shop"."""
    if behind[:1] == ["that"]:
        clause = ARTICLES | POSSESSIVES | SUBJECTS | {"he", "she", "it", "there"}
        return behind[1:2] != [] and behind[1] in clause
    return behind[:1] == ["somewhere"] or behind[:2] == ["my", "mind"]


def _fresh(near: str, behind: Sequence[str]) -> bool:
    """Whether it was just now: "I just read your email", but not "I just read for fun"."""
    objective = bool(behind) and behind[0] in ARTICLES | POSSESSIVES | OBJECTS | {"that", "about"}
    return objective and near in ("just", "already", "finally", "recently")


def _dated(around: Sequence[str]) -> bool:
    """Whether words tell a time in the past: "yesterday", "last week", "this morning", "once",
    "back then", "just now", "in those days", "as a child"."""
    if any(w in _PAST_SIGNS or w == "once" for w in around):
        return True
    if any(
        a == "last" and b in _TIMES or (a, b) in (("this", "morning"), ("back", "then"),
                                                  ("just", "now"), ("those", "days"))
        for a, b in zip(around, around[1:])
    ):
        return True
    return any(
        (a, b) == ("as", "a") and c in ("child", "kid", "boy", "girl", "teenager")
        for a, b, c in zip(around, around[1:], around[2:])
    )


def _past(word: str) -> bool:
    return (
        word in _PAST
        or word.endswith("ed")
        and len(word) > 4
        and word not in ("need", "indeed", "hundred", "speed", "exceed")
    )
