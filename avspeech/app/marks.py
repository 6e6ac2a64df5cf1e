"""Marks of melody and pauses that are put behind a word of a text, or taken away.

The text stays the user's own: only the marks behind that one word change, and a change that would
alter how the text is read is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from avspeech import text as reader
from avspeech.errors import InputError
from avspeech.text import markup
from avspeech.text.script import FALL, RISE

STEP = 3.0  # semitones that one more click adds
STEEPEST = 12.0  # semitones that clicks reach
PAUSE = 0.2  # seconds that a click adds or takes
LONGEST = 3.0  # seconds that clicks reach
# Tags that hold text alone: marks stand behind them.
_HOLDS_TEXT = re.compile(r"\s*</(?:sub|say-as|phoneme)\s*>")
ACTIONS = ("raise", "lower", "level", "longer", "shorter", "clear")


@dataclass(frozen=True)
class Marked:
    """A word of a text and its marks."""

    text: str  # as it is spoken
    start: int  # its place in the source, in characters
    end: int
    tone: float | None  # semitones over the word; None without a mark, or a question's own rise
    pause: float | None  # seconds of the pause behind it; 0: the voice decides; None without a mark


@dataclass(frozen=True)
class _Behind:
    """The marks behind a word: what they say, and where they stand."""

    tone: float | None
    pause: float | None
    spans: tuple[tuple[int, int], ...]


def words(source: str) -> list[Marked]:
    """The words of a text, each place in it once.

    Raises:
        InputError: bad markup, with its column.
    """
    pieces = markup.parse(source)
    found: list[Marked] = []
    for word in reader.analyse(source).words:
        if found and (word.start, word.end) == (found[-1].start, found[-1].end):
            last = found.pop()  # several words of one number, say
            found.append(Marked(f"{last.text} {word.text}", last.start, last.end, last.tone,
                                last.pause))
            continue
        behind = _behind(pieces, word.end)
        found.append(Marked(word.text, word.start, word.end, behind.tone, behind.pause))
    return found


def change(source: str, start: int, end: int, action: str) -> str:
    """The text with other marks behind one of its words.

    Args:
        source: the text.
        start, end: the place of the word, as `words` gives it.
        action: "raise" or "lower" by a step, "level", a "longer" or "shorter" pause, or "clear".

    Returns:
        The text.

    Raises:
        InputError: bad markup, no such word, or a mark there would change how the text is read.
    """
    if action not in ACTIONS:
        raise InputError(f"'{action}': expected one of {', '.join(ACTIONS)}")
    before = words(source)
    if not any((word.start, word.end) == (start, end) for word in before):
        raise InputError("there is no word at this place any more; speak the text again")
    behind = _behind(markup.parse(source), end)
    tone, pause = _changed(behind.tone, behind.pause, action)
    ssml = "<speak" in source or "<break" in source
    tags = _tone_tag(tone) + _pause_tag(pause, ssml)
    held = _HOLDS_TEXT.match(source, end)
    place = held.end() if held else end
    parts = [source[:place], tags]
    for begin, stop in behind.spans:
        blank = source[place:begin].endswith(" ") and source[stop : stop + 1] in ("", " ")
        parts.append(source[place : begin - blank])
        place = stop
    edited = "".join([*parts, source[place:]])
    if [word.text for word in words(edited)] != [word.text for word in before]:
        raise InputError("a mark here would change how the text is read; choose the word before or "
                         "behind it")
    return edited


def _changed(tone: float | None, pause: float | None,
             action: str) -> tuple[float | None, float | None]:
    if action == "clear":
        return None, None
    if action == "level":
        return 0.0, pause
    if action in ("raise", "lower"):
        up = 1.0 if action == "raise" else -1.0
        if tone is None or tone == 0:
            tone = RISE if up > 0 else FALL
        elif tone * up > 0:
            tone = up * min(STEEPEST, abs(tone) + STEP)
        else:  # back towards level
            tone = 0.0 if abs(tone) <= abs(RISE) else tone + up * STEP
        return tone, pause
    seconds = (pause or 0.0) + (PAUSE if action == "longer" else -PAUSE)
    seconds = round(min(LONGEST, seconds), 3)
    return tone, seconds if seconds >= PAUSE / 2 else None


def _tone_tag(tone: float | None) -> str:
    if tone is None:
        return ""
    if tone == 0:
        return "<level>"
    name = "rise" if tone > 0 else "fall"
    return f"<{name}>" if abs(tone) == RISE else f"<{name} slope={abs(tone):g}>"


def _pause_tag(pause: float | None, ssml: bool) -> str:
    if pause is None:
        return ""
    if pause == 0:
        return " <break/>" if ssml else " <brk>"
    return f' <break time="{1000 * pause:.0f}ms"/>' if ssml else f" <brk {pause:g}>"


def _behind(pieces: tuple[markup.Piece, ...], end: int) -> _Behind:
    """The marks between the end of a word and the next word."""
    tone: float | None = None
    pause: float | None = None
    spans = []
    for piece in pieces:
        if isinstance(piece, markup.Run):
            if any(c.isalnum() for c, at in zip(piece.text, piece.offsets, strict=False)
                   if at >= end):
                break
        elif isinstance(piece, markup.Stop):
            if piece.start >= end:
                break
        elif piece.start >= end and not isinstance(piece, markup.Named):
            spans.append((piece.start, piece.end))
            if isinstance(piece, markup.Terminal):
                tone = piece.tone.slope
            else:
                pause = max(pause or 0.0, piece.seconds or 0.0)
    return _Behind(tone, pause, tuple(spans))
