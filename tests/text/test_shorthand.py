"""Shorthand that says one thing among its own kind, and another elsewhere."""

import pytest

from avspeech import text
from avspeech.text.numbers import cardinal, number


def said(written):
    return [word.text for word in text.analyse(written.replace("<", "&lt;")).words]


@pytest.mark.parametrize("unit", ["qt.", "qt", "gal.", "cup"])
@pytest.mark.parametrize("thing", ["stock pot", "slow cooker", "Dutch oven", "milk jug"])
def test_what_holds_so_much(unit, thing):
    name = {"q": "quart", "g": "gallon", "c": "cup"}[unit[0]]
    assert said(f"4 {unit} {thing} for sale") == ["four", name, *said(thing), "for", "sale"]
    assert said("4 qt. stock in a pot")[1] == "quarts"


@pytest.mark.parametrize("name", ["Bahnhof", "Haupt", "König", "Schiller"])
def test_streets_in_german(name):
    plain = name.lower().replace("ö", "o")
    assert said(f"{name}str. 12, Bonn") == [f"{plain}strasse", "twelve", "bonn"]
    assert len(text.analyse(f"Wir sind in der {name}str. 12 now.").sentences) == 1


@pytest.mark.parametrize("where", ["6 June 1944", "in Korea", "at Verdun"])
def test_who_fell(where):
    assert said(f"He was KIA {where}")[2:5] == ["K", "I", "A"]
    assert said("She sold her KIA Soul")[3] == "kia"


@pytest.mark.parametrize(("first", "second"), [("appt.", "mtg."), ("ded.", "coins."), ("vol.", "wt.")])
def test_a_slash_between_short_forms_is_not_said(first, second):
    words = said(f"PPO {first}/{second} here")
    assert "slash" not in words and len(words) == 6


@pytest.mark.parametrize("near", ["force", "motor", "grip", "spring"])
@pytest.mark.parametrize("sizes", [("5.5", "2.5"), ("0.4", "1.25")])
def test_newtons_and_watts_are_no_place_on_earth(near, sizes):
    force, power = sizes
    words = said(f"The {near} takes {force} N, {power} W at most")
    assert "newtons" in words and "watts" in words
    assert said(f"It lies at {force} N, {power} W")[-1] == "west"


@pytest.mark.parametrize(("unit", "age"), [("ka", "thousand"), ("Ma", "million"), ("Ga", "billion")])
@pytest.mark.parametrize("count", [2.1, 4.5, 66])
def test_ages_of_rocks(unit, age, count):
    size = number(str(count))
    assert said(f"the {count} {unit} event") == ["the", *size, age, "year", "old", "event"]
    assert said(f"It is {count} {unit} old")[-3:] == [age, "years", "old"]
    assert said(f"It ended {count} {unit}.")[-3:] == [age, "years", "ago"]


@pytest.mark.parametrize("letters", ["/kæt/", "/ˈwɔːtə/", "wɔːtə", "ʃ"])
def test_phonetic_letters_are_told_as_unread(letters):
    script = text.analyse(f"The word {letters} is here.")
    assert script.text == "the word is here."
    assert [unread.text for unread in script.unread] == [letters]
    assert letters in script.unread_line


@pytest.mark.parametrize("name", ["Łódź", "Đorđe", "ʻŌiwi", "Nguyễn", "Straße", "naïve", "Ħal"])
def test_letters_with_accents_are_read(name):
    assert not text.analyse(f"It is {name} here.").unread


@pytest.mark.parametrize("script", ["在", "в", "の"])
def test_a_word_beside_another_script_is_read(script):
    found = text.analyse(f"see {script}GitHub{script} now")
    assert found.text == "see github now" and len(found.unread) == 2


@pytest.mark.parametrize(
    ("short", "full"),
    [("ch 3", "chain three"), ("sk 2", "skip two"), ("sl st", "slip stitch"),
     ("dc", "double crochet"), ("12 sc", "twelve single crochet")],
)
def test_crochet(short, full):
    assert " ".join(said(f"Join yarn, {short}, then turn; 20 sts.")).startswith(f"join yarn {full}")
    assert {"chain", "crochet"}.isdisjoint(said("Washington, dc and Ch. 3 of it"))


@pytest.mark.parametrize("unit", ["min", "min.", "hrs", "lbs.", "km", "mi."])
@pytest.mark.parametrize("count", [5, 15])
def test_a_plus_between_a_number_and_its_unit(unit, count):
    plain = said(f"walk {count} {unit} more")
    assert said(f"walk {count}+ {unit} more") == [*plain[:-2], "plus", *plain[-2:]]


@pytest.mark.parametrize("below", ["octave", "decade", "revolution", "division"])
def test_what_stands_below_a_slash(below):
    assert said(f"at 12 dB/{below[:3]} now")[-3:] == ["per", below, "now"]


@pytest.mark.parametrize("feature", ["face", "ridge", "slope", "shore", "entrance"])
@pytest.mark.parametrize(("side", "name"), [("N", "north"), ("SW", "southwest")])
def test_a_side_of_what_has_sides(feature, side, name):
    assert said(f"Up the {side} {feature} of it")[2] == name


@pytest.mark.parametrize("behind", ["of rope", "to the top", "over it", "containers"])
@pytest.mark.parametrize("length", [6, 40, 120])
def test_feet_before_what_they_measure(behind, length):
    foot = "foot" if behind == "containers" else "feet"
    assert said(f"took {length}' {behind}")[1:-len(behind.split())] == [*cardinal(length), foot]
    assert "feet" not in said(f"He said, 'I took {length}' {behind}")


@pytest.mark.parametrize("grade", [10, 12, 14])
@pytest.mark.parametrize("letter", "abcd")
def test_grades_of_climbs(grade, letter):
    assert said(f"led a 5.{grade}{letter} there")[2:-1] == ["five", *number(str(grade)), letter.upper()]


@pytest.mark.parametrize("leaves", ["fol. 12r", "f. 12r", "fols. 12r–13v", "ff. 12r–13v"])
def test_leaves_of_a_manuscript(leaves):
    words = said(f"See {leaves} of it")
    assert "recto" in words and ("verso" in words) == ("v" in leaves)


@pytest.mark.parametrize("sides", ["60 × 40 × 35 cm", "60×40×35 cm", "60 x 40 x 35 cm"])
def test_three_sides(sides):
    assert " ".join(said(f"It is {sides} in all")) == (
        "it is sixty by forty by thirty five centimeters in all")


@pytest.mark.parametrize("noun", ["school", "students", "math teacher"])
@pytest.mark.parametrize("dash", ["-", "–"])
def test_from_kindergarten_on(noun, dash):
    assert said(f"a K{dash}8 {noun}")[:4] == ["a", "K", "to", "eight"]


def test_questions_and_numbers_by_their_signs():
    assert said("Any ?s about the #s") == ["any", "questions", "about", "the", "numbers"]


@pytest.mark.parametrize("code", ["8471.30", "0402.10"])
def test_codes_with_a_point(code):
    assert "thousand" not in said(f"HS code {code}, free")
