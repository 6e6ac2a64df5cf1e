"""Notes, chords, keys and meters of music."""

from __future__ import annotations

import re

from avspeech.text import lists
from avspeech.text.numbers import number
from avspeech.text.rules import EDGE, Text, rule


@rule(r"([A-G])#", "=ABCDEFG")
def sharp(match: re.Match[str], context: Text) -> list[str] | None:
    """A note, or a language. `C#` -> C sharp"""
    return [match.group(1), "sharp"]


def _moved(sign: str) -> list[str]:
    """The word for the sign behind a note, if there is one."""
    return {"": [], "♭": ["flat"], "b": ["flat"]}.get(sign, ["sharp"])


_CHORDS = {
    "maj": "major",
    "M": "major",
    "min": "minor",
    "m": "minor",
    "dim": "diminished",
    "aug": "augmented",
    "sus": "sus",
    "add": "add",
}


@rule(rf"([A-G])([♭♯#b]?)({'|'.join(_CHORDS)})(2|4|6|7|9|11|13)(?![^\W_])", "=ABCDEFG")
def chord(match: re.Match[str], context: Text) -> list[str] | None:
    """A chord. `Dm7 and E♭maj9` -> D minor seven and E flat major nine"""
    note, moved, kind, step = match.groups()
    if context.within(match.start()) or kind == "M" and int(step) in (2, 4):
        return None  # a type of an illness: "DM2"
    return [note, *_moved(moved), _CHORDS[kind], *number(step)]


_A_CHORD = r"[A-G][♭♯#b]?(?:m|maj|sus|dim|aug|add)?\d{0,2}"
_CHORD_BEFORE = re.compile(rf"(?:^|[\s(,–-]){_A_CHORD}(?:, ?|[ –-]{{1,3}})$")
_CHORD_BEHIND = re.compile(rf"(?:, ?|[ –-]{{1,3}}){_A_CHORD}(?![\w'’])")


@rule(r"([A-G])([♭♯#b]?)m(?![^\W_])", "=ABCDEFG")
def minor_chord(match: re.Match[str], context: Text) -> list[str] | None:
    """A chord of a minor key, among others. `play C, Em, D7` -> play C, E minor, D seven"""
    note, moved = match.groups()
    start, end = match.span()
    if context.within(start):
        return None
    beside = _CHORD_BEFORE.search(context.text[max(0, start - 12) : start])
    beside = beside or _CHORD_BEHIND.match(context.text[end : end + 12])
    return [note, *_moved(moved), "minor"] if moved in ("♭", "♯", "#") or beside else None


_KINDS = {
    "maj": "major", "min": "minor", "dim": "diminished", "aug": "augmented",
    "Maj": "major", "Min": "minor",
}  # fmt: skip


@rule(
    rf"([A-G])([♭♯]?)[ ]?({'|'.join(_KINDS)})(\d{{1,2}})?(?![^\W_])"
    rf"|([a-g]) (maj|min)(?={EDGE})",
    "=ABCDEFGabcdefg",
)
def key(match: re.Match[str], context: Text) -> list[str] | None:
    """A key or a chord. `in C♯ min. now` -> in C sharp minor now"""
    note, moved, kind, step, small, small_kind = match.groups()
    if context.within(match.start()):
        return None
    piece = _OF_MUSIC.search(context.around(match.start())) is not None
    if small:
        return [small.upper(), _KINDS[small_kind]] if piece else None
    named = context.before(match.start()) in ("in", "key") and (note != "A" or piece)
    if not (moved or step or named):
        return None
    return [note, *_moved(moved), _KINDS[kind], *(number(step) if step else [])]


_OF_MUSIC = re.compile(
    r"\b(?:Op|BWV|K|mvts?|[Ss]onat\w+|[Ss]ymphon\w+|[Cc]oncerto|[Ff]ugue|[Pp]relude|[Ss]uite"
    r"|[Qq]uartet|[Nn]octurne|[Ww]altz|[Ss]cherzo|chords?)\b"
)
_NAMED = re.compile(
    r" (?:(?:time|met(?:er|re)|rhythm|beat|groove|signature)\b|at ♩)|, ?♩"
)
_PLAYED = re.compile(
    r"\b(?:bpm|plays?|played|playing|bands?|songs?|tunes?|waltz|grooves?|drum\w*|bars|riffs?"
    r"|written)\b"
)
_TEMPO = re.compile(r"\b(?:allegr\w+|andant\w+|presto|adagio|largo|moderato|vivace), $", re.I)


@rule(r"(\d{1,2})/(2|4|8|16)(?![\d/])", "d")
def meter(match: re.Match[str], context: Text) -> list[str] | None:
    """The meter of a tune. `in 3/4 time` -> in three four time"""
    beats, note = map(int, match.groups())
    near = context.text[match.end() : match.end() + 12]
    named = _NAMED.match(near) is not None
    before = context.text[max(0, match.start() - 20) : match.start()]
    named = named or _TEMPO.search(before) is not None
    played = _PLAYED.search(context.text[max(0, match.start() - 60) : match.end() + 40])
    # A fraction that could be said shorter is none.
    whole = (beats % 2 == 0 or played) and context.before(match.start()) == "in"
    following = context.after(match.end()).lower()
    whole = whole and (not following or following in lists.NOT_NOUNS - {"of"})
    return [*number(str(beats)), *number(str(note))] if named or whole else None
