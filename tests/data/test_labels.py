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
    ("anger", ["wuetend", "Aerger", "colere", "COLÈRE", "\uff21\uff4e\uff47\uff52\uff59"]),
    ("happiness", ["gluecklich", "glucklich", "alegria", "radość", "froh", "felice", "szczesliwy"]),
    ("anger", ["zlosc", "KIZGIN", "zangado"]),
    ("surprise", ["saskinlik", "étonné", "verbaasd"]),
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


@given(st.integers(-99, 99), st.integers(0, 3), st.integers(0, 3))
def test_a_number_is_one_name_and_keeps_its_sign(number: int, before: int, after: int) -> None:
    sign, digits = "-" if number < 0 else "", f"{abs(number)}"
    written = f"{sign}{'0' * before}{digits}" + (f".{'0' * after}" if after else "")
    assert canonical(written) == canonical(number) == str(number)
    assert canonical(f"{written}{'.' * (not after)}5") not in {canonical(n) for n in range(-99, 100)}


@pytest.mark.parametrize("word", ["nil", "NaT", "-nan", "(null)", r"\N", "undefined", "?", "#NAME?", "#REF!",
                                  "#VALUE!", "#DIV/0!"])
def test_no_sign_of_nothing_is_a_label_or_a_speaker(word: str) -> None:
    assert labels.missing(word) and labels.is_nobody(word)


@pytest.mark.parametrize("word", ["NaN", "nan", "None", "none", " null ", "NULL", "N/A", "n/a", "NA", "<NA>",
                                  "#N/A", "", "  "])
def test_what_programs_write_for_nothing_is_no_label(word: str) -> None:
    assert labels.missing(word) and labels.spells_nothing(word)


@pytest.mark.parametrize("label", ["no", "neutral", "0", 0, 0.0, "nano", "no one", "other", "-1"])
def test_other_labels_are_there(label: object) -> None:
    assert not labels.missing(label)


def test_missing_values_and_initials() -> None:
    assert labels.missing(None) and labels.missing(float("nan"))
    assert labels.spells_nothing("NA") and not labels.is_nobody("NA")


@pytest.mark.parametrize("name", ["-1.0", " Unknown speaker", "spk_unknown", "not_known", "Various", "--",
                                  "–", "N.A.", "неизвестно", "desconocida"])
def test_words_for_nobody(name: str) -> None:
    assert labels.is_nobody(name) and not labels.is_nobody(f"{name} b1")


@pytest.mark.parametrize("name", ["Speaker", "speaker 1", "0", "1", "-2", "Noe", "NA", "id10270",
                                  "Ann Other", 3])
def test_names_of_somebody(name: object) -> None:
    assert not labels.is_nobody(name)


@given(st.text(min_size=1, max_size=12))
def test_spellings_of_a_name_have_one(name: str) -> None:
    assert labels.one_person(f" {name.upper()} ") == labels.one_person(name.upper())
    assert labels.one_person(name) == labels.one_person(name.replace(" ", "_"))


@pytest.mark.parametrize("label, name", [
    ("Happiness/Joy", "happiness"), ("joy / happy", "happiness"), ("pleasant_surprised", "surprise"),
    ("Sad.", "sadness"), ("'anger'", "anger"), ("Relieved", "relief"), ("Гнев", "anger"),
    ("happy/excited", "happy/excited"), ("joy/x", "joy/x"), ("/", "/")])
def test_more_spellings(label: str, name: str) -> None:
    assert canonical(label) == name


@pytest.mark.parametrize("word", ["—", "–", "--", "…", "???", "***", "/", "_", "( )", "!"])
def test_marks_alone_are_no_label(word: str) -> None:
    assert labels.missing(word) and labels.spells_nothing(f" {word} ")
    assert not labels.missing("-") and not labels.missing("+") and not labels.missing("\U0001f620")


@pytest.mark.parametrize(("typed", "meant"), [
    ("\u0430ngry", "angry"), ("s\u0430d", "sad"), ("h\u0430\u0440\u0440y", "happy"), ("f\u0435ar", "fear"),
    ("\u0433\u0440y\u0441\u0442\u044c", "\u0433\u0440\u0443\u0441\u0442\u044c"), ("S\u0410D", "sad")])
def test_letters_of_another_alphabet_that_look_alike_are_those_of_the_word(typed: str, meant: str) -> None:
    assert labels.plain(typed) == meant and labels.canonical(typed) == labels.canonical(meant)
    assert labels.one_person(f"Ann {typed}") == labels.one_person(f"Ann {meant}")


@pytest.mark.parametrize("word", ["\u0441\u043e\u0440", "\u0440\u0430\u0434\u043e\u0441\u0442\u044c", "angry",
                                  "\u0436ab", "\u00e4rger", "wesoły"])
def test_words_of_one_alphabet_stay(word: str) -> None:
    assert labels.plain(word) == word.casefold()
