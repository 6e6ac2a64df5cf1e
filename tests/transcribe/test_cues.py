"""Captions can be read, and hold what was heard."""

from __future__ import annotations

import random

import pytest

from avspeech.report.transcripts import Segment, Word
from avspeech.transcribe import cues


def heard(seed: int, space: str = " ") -> Segment:
    """Words of any length, with pauses of any length and marks behind them."""
    draw = random.Random(seed)
    at, words = draw.uniform(0, 5), []
    for _ in range(draw.randrange(1, 60)):
        mark = draw.choice(["", "", ",", ".", "?"])
        word = "".join(draw.choices("abcdefgh", k=draw.randrange(1, 14))) + mark
        end = at + draw.uniform(0.05, 0.8)
        words.append(Word(word, round(at, 3), round(end, 3), 0.9))
        at = end + draw.choice([0.0, 0.0, draw.uniform(0, 0.6), draw.uniform(0, 3)])
    return Segment("face1", words[0].start, words[-1].end, space.join(w.word for w in words), tuple(words))


@pytest.mark.parametrize("space", [" ", ""])
def test_captions_are_short_have_no_pause_and_lose_nothing(space: str) -> None:
    for seed in range(60):
        segment = heard(seed, space)
        found = cues.cues(segment)
        assert space.join(cue.text for cue in found) == segment.text
        assert [word for cue in found for word in cue.words] == list(segment.words)
        for cue in found:
            assert cue.text == space.join(word.word for word in cue.words)
            assert (cue.speaker, cue.start, cue.end) == ("face1", cue.words[0].start, cue.words[-1].end)
            assert all(b.start - a.end < cues.GAP for a, b in zip(cue.words, cue.words[1:]))
            fits = cue.end - cue.start <= cues.LONGEST and len(cue.text) <= cues.LETTERS
            assert fits or len(cue.words) == 1
        assert [again for cue in found for again in cues.cues(cue)] == found
        for one, two in zip(found, found[1:]):  # nothing is cut without need
            both = two.end - one.start, len(one.text + space + two.text)
            assert (two.start - one.end >= cues.GAP or both[0] > cues.LONGEST or both[1] > cues.LETTERS
                    or len(found) > 2)


def test_a_cut_stands_behind_a_sentence_rather_than_a_comma_or_a_word() -> None:
    for mark, other in ((".", ","), (".", ""), (",", "")):
        texts = ["word"] * 24
        texts[10] += other
        texts[13] += mark
        words = tuple(Word(text, i * 0.4, i * 0.4 + 0.4) for i, text in enumerate(texts))
        first, _ = cues.cues(Segment("a", 0, 9.6, " ".join(texts), words))
        assert first.text.endswith(mark) and len(first.words) == 14


@pytest.mark.parametrize("text, words", [
    ("no words are known", ()),
    ("these are others", (Word("these", 0.0, 1.0), Word("words", 9.0, 10.0))),
])
def test_what_has_no_times_of_its_words_stays_whole(text: str, words: tuple[Word, ...]) -> None:
    segment = Segment("a", 0.0, 20.0, text, words)
    assert cues.cues(segment) == [segment]


def test_a_mark_before_a_word_belongs_to_it() -> None:
    words = (Word("said", 0.0, 0.4), Word("Hello", 3.0, 3.4), Word("there", 3.4, 3.8))
    found = cues.cues(Segment("a", 0.0, 20.0, '- said: "Hello there"', words))
    assert [cue.text for cue in found] == ["- said:", '"Hello there"']
    assert [(cue.start, cue.end) for cue in found] == [(0.0, 0.4), (3.0, 3.8)]
