"""Captions that can be read: what a recognizer heard in one go, in pieces.

Recognizers join sentences with pauses between them, up to the half minute that Whisper hears at a
time. Such a caption is too long to read, stands while nobody speaks, and is judged as a whole by
how sure the extractor was. So it is cut where the times of its words are known: at pauses, and
where it lasts longer or has more letters than a caption should have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from avspeech.report.transcripts import Segment, Word
from avspeech.transcribe.stretches import GAP

LONGEST = 7.0  # seconds of a caption, as subtitles have it
LETTERS = 84  # of a caption: two lines of 42, as subtitles have it
# What a cut is worth behind these marks, as a share of the length that is cut
MARKS = {**dict.fromkeys(".?!…。？！", 0.4), **dict.fromkeys(",;:，、；：", 0.2)}
WORTH = 0.4  # of a second of pause, in the same shares


def cues(segment: Segment) -> list[Segment]:
    """A segment as captions.

    Args:
        segment: one speaker's, with words in the order of its text.

    Returns:
        Segments with the words and the text of the given one, one after another. None has a pause
        of `stretches.GAP` between two words, and none of several words is longer than `LONGEST` or
        `LETTERS`. Each begins and ends with its words. The segment itself where the times of its
        words are not known, or where they are not the words of its text.
    """
    bounds = _bounds(segment)
    if bounds is None:
        return [segment]
    cuts = [0, *_cuts(segment, bounds, 0, len(segment.words)), len(segment.words)]
    return [replace(segment, start=_start(words), end=_end(words), words=words,
                    text=_text(segment, bounds, a, b))
            for a, b in zip(cuts, cuts[1:]) for words in [segment.words[a:b]]]


def _start(words: Sequence[Word]) -> float:
    return min(word.start for word in words)


def _end(words: Sequence[Word]) -> float:
    return max(word.end for word in words)


def _bounds(segment: Segment) -> list[int] | None:
    """Where the text of each word begins, and the end of the text; None where one is not there."""
    found, at = [], 0
    for word in segment.words:
        place = segment.text.find(word.word, at)
        if place < 0:
            return None
        space = segment.text.rfind(" ", at, place)  # a quotation mark may stand before the word
        found.append(place if space < 0 else space + 1)
        at = place + len(word.word)
    return [0, *found[1:], len(segment.text)] if found else None


def _text(segment: Segment, bounds: Sequence[int], first: int, last: int) -> str:
    return segment.text[bounds[first]: bounds[last]].strip(" ")


def _cuts(segment: Segment, bounds: Sequence[int], first: int, last: int) -> list[int]:
    """Numbers of the words of [first, last), without the first, with which a caption begins."""
    words = segment.words[first:last]
    if len(words) < 2:
        return []
    pauses = [after.start - before.end for before, after in zip(words, words[1:])]
    start, end = _start(words), _end(words)
    if max(pauses) >= GAP:
        best = pauses.index(max(pauses))
    elif end - start > LONGEST or len(_text(segment, bounds, first, last)) > LETTERS:
        def worth(i: int) -> float:
            mark = MARKS.get(_text(segment, bounds, first + i, first + i + 1)[-1:], 0.0)
            aside = abs((words[i].end + words[i + 1].start) / 2 - (start + end) / 2)
            return WORTH * pauses[i] + mark - aside / max(end - start, 1e-3)

        best = max(range(len(pauses)), key=worth)
    else:
        return []
    cut = first + best + 1
    return [*_cuts(segment, bounds, first, cut), cut, *_cuts(segment, bounds, cut, last)]
