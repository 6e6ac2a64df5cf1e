"""One name for each label, whatever its spelling, and none for two things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.data import labels
from avspeech.data.labels import canonical


@pytest.mark.parametrize(("name", "spellings"), [
    ("anger", ["angry", "Anger", " ANGRY ", "Ärger", "A\u0308rger", "colère", "愤怒", "ang"]),
    ("happiness", ["happy", "Happiness", "Freude", "joy"]),
    ("fear", ["fearful", "Angst", "anxiety", "anxiety/fear"]),
    ("disgust", ["disgusted", "Disgust", "Ekel"]),
    ("sadness", ["sad", "Traurigkeit", "tristesse"]),
    ("surprise", ["surprised", "Surprise", "pleasant_surprise"]),
    ("boredom", ["bored", "Langeweile"]),
    ("female", ["F", "female_feminine", "weiblich"]),
    ("male", ["M", "Male", "male_masculine"]),
])
def test_spellings_of_one_label_meet(name: str, spellings: list[str]) -> None:
    assert {canonical(s) for s in spellings} == {name}


def test_different_labels_stay_apart() -> None:
    kinds = ["calm", "neutral", "excited", "happy", "frustrated", "angry", "contempt", "disgust",
             "surprise (negative)", "surprise", "other"]
    assert len({canonical(k) for k in kinds}) == len(kinds)


def test_no_spelling_has_two_names() -> None:
    listed = [s for name, others in labels._SPELLINGS.items() for s in (name, *others.split("|"))]
    assert len(listed) == len(set(listed))


@given(st.text())
def test_a_canonical_name_is_its_own(label: str) -> None:
    assert canonical(canonical(label)) == canonical(label)
