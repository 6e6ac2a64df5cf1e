"""Whether a question is answered by yes or no, so that the voice rises at its end."""

from __future__ import annotations

from collections.abc import Sequence

from avspeech.text import lists

AUXILIARIES = lists.words("questions.auxiliaries")
ASKING = lists.words("questions.asking")
PRONOUNS = frozenset("i you he she it we they there that this one these those".split())
TAGS = lists.words("questions.tags")
_FILLERS = lists.words("questions.fillers")
_PREPOSITIONS = lists.words("questions.prepositions")
# Behind "or" these are no other answer.
_NO_CHOICE = lists.words("questions.no_choice")


_THINKING = [["do", "you", verb] for verb in ("think", "suppose", "reckon", "believe")]


def rises(chunks: Sequence[Sequence[str]]) -> bool:
    """Whether a question of these stretches of words (lower case, parted by its commas and dashes)
    asks for yes or no: "are you ready", "ready", "nice, isn't it"; neither "what is it" nor "tea or
    coffee"."""
    parts = [["what"] if _swears(chunk) else _bare(chunk) for chunk in chunks if chunk]
    if not parts:
        return False
    if len(parts) > 1 and parts[0][0] in ASKING and list(parts[-1]) in _THINKING:
        return False  # "Why is that, do you think?"
    if _is_tag(chunks[-1]) and len(parts) > 1:
        return True
    if _has_choice([word for chunk in chunks for word in chunk], chunks):
        return False
    for chunk in reversed(parts):
        if chunk and chunk[0] in AUXILIARIES and not (len(chunk) > 1 and chunk[1] in ASKING):
            return True
    for number, chunk in enumerate(parts):
        if not chunk:
            continue
        asks = (
            chunk[0] in ASKING or chunk[0] in _PREPOSITIONS and any(w in ASKING for w in chunk[1:3])
        )
        subordinate = (
            number + 1 < len(parts)
            and chunk[0] in ("when", "where", "while")
            and len(chunk) > 1
            and chunk[1] not in AUXILIARIES
        )
        if asks and not subordinate:
            return False
    last = [w for chunk in parts for w in chunk][-1:]
    return not (last and last[0] in ASKING)


def _swears(chunk: Sequence[str]) -> bool:
    """Whether a stretch begins as "WTF is that" does."""
    return len(chunk) > 3 and list(chunk[:3]) == ["w", "t", "f"]


def _bare(chunk: Sequence[str]) -> list[str]:
    """A stretch without the words that only lead to the question; at least one word is kept."""
    words = list(chunk)
    while len(words) > 1 and words[0] in _FILLERS:
        words.pop(0)
    return words


def _is_tag(chunk: Sequence[str]) -> bool:
    words = [w for w in chunk if w != "not"]
    if len(words) == 1:
        return words[0] in TAGS
    return (
        len(words) in (2, 3)
        and words[0] in AUXILIARIES
        and words[1] in PRONOUNS
        and (len(words) == 2 or words[2] in ("think", "agree", "say", "though", "not"))
    )


def _has_choice(words: Sequence[str], chunks: Sequence[Sequence[str]]) -> bool:
    for place, word in enumerate(words):
        if word != "or" or place == 0:
            continue
        behind = words[place + 1] if place + 1 < len(words) else ""
        if words[place + 2 : place + 3] and words[place + 2].startswith(words[place - 1]):
            return True  # "one bedroom or two bedrooms"
        if behind in _NO_CHOICE or "any" in words[:place]:
            continue
        return bool(behind)
    return False
