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


def is_past(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether "read", "wound" or the like is in the past, or a participle."""
    start = place
    while (
        start > 0
        and not final[start - 1]
        and words[start - 1] not in ("and", "but", "because", "that", "when", "while")
    ):
        start -= 1
    left = [w for w in reversed(words[start:place]) if not adverb(w)]
    if not left:
        before = words[max(0, place - 12) : place]
        if place and words[place - 1] in ("and", "but"):
            return any(_past(w) for w in before) and not any(
                w in MODALS or w == "to" for w in before
            )
        return False
    near = left[0]
    if (
        near in ("to", "please")
        or near in MODALS
        and near not in ("did",)
        or near.endswith(("'ll", "n't"))
        and near not in ("haven't", "hasn't", "hadn't", "isn't", "wasn't", "aren't", "weren't")
    ):
        return False
    if (
        near in HAVE
        or near in FORMS_OF_BE
        or near in ("get", "gets", "got", "well", "widely")
        or near.endswith("'ve")
    ):
        return True
    if near.endswith("'d"):
        return True
    if near.endswith("'s") and near[:-2] in ("he", "she", "it", "who", "that"):
        return True
    if any(w in MODALS or w.endswith("n't") and w not in HAVE for w in left):
        return False
    if len(left) > 1 and left[1] in CAUSES and near in OBJECTS - {"it", "you", "her"}:
        return False  # "have them read it", but "had it read"
    if (
        any(w in HAVE or w in ("was", "were") for w in left[:3])
        and near not in SUBJECTS | {"to", "who"}
        and near in OBJECTS | {"not"}
    ):
        return True
    if any(w in HAVE for w in left) and near in SINGULAR_SUBJECTS | SUBJECTS and left[-1] in HAVE:
        return True
    if (
        near
        in (
            "let",
            "lets",
            "made",
            "make",
            "help",
            "helps",
            "hear",
            "heard",
            "him",
            "me",
            "us",
            "them",
        )
    ):
        return False
    if near in ("he", "she", "it") or near in (
        "everyone",
        "everybody",
        "someone",
        "nobody",
        "somebody",
    ):
        return True
    sentence = list(words)
    around = sentence[max(0, place - 14) : place] + sentence[place + 1 : place + 15]
    signs = (
        any(w in _PAST_SIGNS for w in around)
        or any(
            a in ("last", "this")
            and b in _TIMES
            and not (a == "this" and b != "morning")
            or (a, b) == ("this", "morning")
            for a, b in zip(around, around[1:])
        )
        or "once" in around
    )
    if left == ["who"] and start == 0:
        return True
    if near in SUBJECTS or plural(near):
        habit = any(
            w in ("every", "always", "usually", "often", "sometimes", "daily", "can", "will")
            for w in around
        )
        return signs or not habit and any(_past(w) for w in around)
    if near in PREPOSITIONS or near in ARTICLES or near in POSSESSIVES:
        return False
    return near not in ("and", "or") and not adjective(near)


def _past(word: str) -> bool:
    return (
        word in _PAST
        or word.endswith("ed")
        and len(word) > 4
        and word not in ("need", "indeed", "hundred", "speed", "exceed")
    )
