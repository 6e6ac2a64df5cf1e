"""Pronunciations that the caller gives."""

import pytest

from avspeech import text
from avspeech.errors import InputError

OWN = {
    "JSON": "JH EY1 S AA2 N",
    "Zoë": "Z OW1 IY0",
    "gnu": "G N UW1",
    "US": "Y UW1 EH1 S",
    "R2-D2": "AA1 R T UW1",
    "Владимир": "V L AH0 D IY1 M IH0 R",
}


def own(source, **pronunciations):
    script = text.analyse(source, pronunciations=pronunciations or OWN)
    return ["".join(w.phones) for w in script.words if w.source == "given"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Use JSON.", "dʒˈeɪsˌɑn"),
        ("Use json, now", "dʒˈeɪsˌɑn"),
        ("JSON's file", "dʒˈeɪsˌɑnz"),
        ("Zoë came", "zˈoʊi"),
        ("ZOË!", "zˈoʊi"),
        ("Zoe\u0308's hat", "zˈoʊiz"),
        ("two gnus", "ɡnˈuz"),
        ("“Gnu”", "ɡnˈu"),
        ("the gnus' food", "ɡnˈuz"),
        ("in the US", "jˈuˈɛs"),
        ("R2-D2, go", "ˈɑɹtˈu"),
        ("Владимир left", "vlədˈimɪɹ"),
        ("a gnu", "ɡnˈu"),
    ],
)
def test_a_word_is_found_in_every_form(source, said):
    assert own(source) == [said]


@pytest.mark.parametrize("source", ["tell us now", "a jsonx file", "gnuine", "the usage"])
def test_other_words_are_left(source):
    assert own(source) == []


def test_they_win_over_heteronyms_and_weak_words():
    assert own("I read the book", read="R AO1 D") == ["ɹˈɔd"]
    assert own("to be or not to be", to="T OW1") == ["tˈoʊ", "tˈoʊ"]


@pytest.mark.parametrize(
    ("word", "phones", "said"),
    [
        ("x", "Q1", "pronunciation of 'x': phone 'Q1': not ARPAbet"),
        ("x", "", "it is empty"),
        ("...", "AA1", "expected a word of letters"),
        ("a.b c", "B1", "not ARPAbet"),
    ],
)
def test_bad_ones_are_named(word, phones, said):
    with pytest.raises(InputError, match=said):
        text.analyse("hello", pronunciations={word: phones})


def test_files(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("# names\n\nSiobhan SH AH0 V AO1 N\nNew Ulm\tN UW1 AH1 L M\n", encoding="utf-8")
    assert text.read_pronunciations(path) == {
        "Siobhan": "SH AH0 V AO1 N",
        "New Ulm": "N UW1 AH1 L M",
    }
    other = tmp_path / "own.json"
    other.write_text('{"Siobhan": "SH AH0 V AO1 N"}')
    assert text.read_pronunciations(other) == {"Siobhan": "SH AH0 V AO1 N"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "word\n", "a.txt, line 1: expected a word and its phones"),
        ("a.txt", "a AA1\na AA1\n", "line 2: 'a' is there twice"),
        ("a.txt", "a AA1\nb B9\n", "line 2: pronunciation of 'b': phone 'B9'"),
        ("a.json", "[1]", "expected an object"),
        ("a.json", "{", "not JSON"),
        ("a.json", '{"a": "X1"}', "pronunciation of 'a'"),
    ],
)
def test_bad_files_are_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=said) as error:
        text.read_pronunciations(path)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="cannot be read"):
        text.read_pronunciations(tmp_path / "none.txt")
