"""Clicks on words change the marks behind that word and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.app import marks
from avspeech.errors import InputError
from avspeech.text import analyse

TEXT = "I said <brk 0.4> no<rise>. Well-known AT&amp;T paid $4.50, isn't it? <p>Hello, 😀 world.</p>"


def place(source: str, word: str) -> tuple[int, int]:
    return next((w.start, w.end) for w in marks.words(source) if w.text == word)


def test_words_have_their_marks() -> None:
    found = {word.text: (word.tone, word.pause) for word in marks.words(TEXT)}
    assert found["said"] == (None, 0.4) and found["no"] == (5.0, None)
    assert found["four dollars and fifty cents"] == (None, None)
    assert TEXT[slice(*place(TEXT, "world"))] == "world"


@pytest.mark.parametrize(("word", "actions", "edited"), [
    ("no", ["raise"], "no<rise slope=8>."), ("no", ["lower"], "no<level>."),
    ("no", ["lower", "lower"], "no<fall>."), ("no", ["raise"] * 9, "no<rise slope=12>."),
    ("no", ["clear"], "no."), ("no", ["longer"], "no<rise> <brk 0.2>."),
    ("said", ["longer"], "said <brk 0.6> no"), ("said", ["shorter"], "said <brk 0.2> no"),
    ("said", ["shorter"] * 3, "said no"), ("said", ["level"], "said<level> <brk 0.4> no"),
])
def test_a_click_changes_the_marks(word: str, actions: list[str], edited: str) -> None:
    source = TEXT
    for action in actions:
        source = marks.change(source, *place(source, word), action)
    assert edited in source
    assert analyse(source).text.split() == analyse(TEXT).text.split()


def test_ssml_gets_breaks_of_ssml() -> None:
    source = "<speak>One two.</speak>"
    assert marks.change(source, *place(source, "one"), "longer") == (
        '<speak>One <break time="200ms"/> two.</speak>')


def test_marks_stand_behind_tags_that_hold_text_alone() -> None:
    source = 'The <sub alias="web">WWW</sub> <mark name="a"/> is <emphasis>big</emphasis>.'
    edited = marks.change(source, *place(source, "web"), "raise")
    assert edited == 'The <sub alias="web">WWW</sub><rise> <mark name="a"/> is <emphasis>big</emphasis>.'
    assert marks.change(edited, *place(edited, "web"), "clear") == source
    assert "<emphasis>big<fall></emphasis>" in marks.change(source, *place(source, "big"), "lower")


@settings(max_examples=20)
@given(st.data())
def test_any_clicks_leave_the_words_and_can_be_cleared(data: st.DataObject) -> None:
    source = ("Dr. Smith said: no! <s>It was 9.8 m/s², wasn't it?</s> Half-way, "
              '<prosody rate=1.2>go</prosody> <sub alias="on and on">on</sub> <mark name="x"/>.')
    plain = [word.text for word in marks.words(source)]
    for _ in range(data.draw(st.integers(1, 5))):
        number = data.draw(st.integers(0, len(plain) - 1))
        word = marks.words(source)[number]
        action = data.draw(st.sampled_from(marks.ACTIONS))
        try:
            source = marks.change(source, word.start, word.end, action)
        except InputError as error:
            assert "would change how the text is read" in str(error)
            continue
        assert [w.text for w in marks.words(source)] == plain
        now = marks.words(source)[number]
        assert (now.tone, now.pause) == marks._changed(word.tone, word.pause, action)


@pytest.mark.parametrize(("source", "span", "action", "line"), [
    ("One two.", (0, 2), "raise", "no word at this place"),
    ("One two.", (0, 3), "shout", "'shout': expected one of"),
    ("One <rize> two.", (0, 3), "raise", "<rize> is not"),
])
def test_what_cannot_be_done_is_one_line(source: str, span: tuple[int, int], action: str, line: str) -> None:
    with pytest.raises(InputError, match=line) as error:
        marks.change(source, *span, action)
    assert "\n" not in str(error.value)
