"""Still further kinds of written things that are read alike, whatever stands in them."""

import pytest

from avspeech import text
from avspeech.text.numbers import cardinal, digits, ordinal


def said(written):
    return [word.text for word in text.analyse(written).words]


def phones(written, word):
    return ["".join(w.phones) for w in text.analyse(written).words if w.text == word]


@pytest.mark.parametrize("value", [1_000_000, 83_250_000, 8_045_311_447, 250_000_000])
@pytest.mark.parametrize("frame", ["It has {} people", "({} km)", "of {}, then", "in {}."])
def test_points_between_thousands(value, frame):
    pointed = f"{value:,}".replace(",", ".")
    assert said(frame.format(pointed)) == said(frame.format(f"{value:,}"))


@pytest.mark.parametrize("code", ["1.2.3", "10.0.0.1", "192.168.100.1", "2.10.100"])
def test_points_of_a_version_or_an_address(code):
    assert not {"million", "thousand"} & {*said(f"use {code} here")}
    assert "million" not in said("Version 1.000.000 is out")


@pytest.mark.parametrize(("first", "last"), [("12.345.678", "9"), ("123.456.789", "09")])
def test_a_number_of_a_person_with_points(first, last):
    assert said(f"ID {first}-{last}")[2:] == digits(first.replace(".", "") + last)


@pytest.mark.parametrize("street", ["Baker St.", "Bakken Rd.", "Highway Ave."])
@pytest.mark.parametrize("letter", "BCF")
def test_a_street_is_no_oven(street, letter):
    assert said(f"at 2 {street}, Apt. 4{letter}.")[-2:] == ["four", letter]
    assert said(f"Bake at 200{'F' if letter == 'F' else 'C'}.")[-2] == "degrees"


@pytest.mark.parametrize("between", ["by", "x", "to"])
@pytest.mark.parametrize("feet", [9, 15, 40])
def test_two_sides_in_feet_at_the_end(between, feet):
    words = said(f"It is 12' {between} {feet}'.")
    assert words[-len(cardinal(feet)) - 1 :] == [*cardinal(feet), "feet"]
    assert "feet" not in said("He said 'I am 12', then left")


@pytest.mark.parametrize("points", range(2, 10))
@pytest.mark.parametrize("behind", ["at best", "to me", "overall", "because it is good", "if honest"])
def test_points_of_ten(points, behind):
    assert said(f"It's a {points}/10 {behind}")[2:6] == [*cardinal(points), "out", "of", "ten"]
    assert "out" not in said(f"{points}/10 of them")


@pytest.mark.parametrize("state", ["OR", "IN", "ME", "HI"])
@pytest.mark.parametrize("behind", ["is big", "was dull", "in May", "for a week", "on Friday"])
def test_a_state_that_is_a_word(state, behind):
    assert said(f"Salem, {state} {behind}")[1:3] == list(state)
    assert said("Salem, OR is it Bend?")[1] == "or"
    assert said("Salem, OR Bend is fine")[1] == "or"


@pytest.mark.parametrize("name", ["17", "X", "Y", "2"])
def test_chromosomes(name):
    assert said(f"on chr. {name} here")[1] == "chromosome"
    assert said(f"on chr. {name} here")[2] == (name if name.isalpha() else cardinal(int(name))[0])


@pytest.mark.parametrize("firm", ["Inc.", "Corp.", "Ltd.", "LLC"])
def test_a_mark_within_the_name_of_a_firm(firm):
    assert len(text.analyse(f"Shares of Yahoo! {firm} fell.").sentences) == 1
    assert len(text.analyse("Yahoo! We won.").sentences) == 2


@pytest.mark.parametrize("verb", ["Go", "Come", "Stop", "Listen", "Take"])
def test_a_request_behind_junior(verb):
    assert len(text.analyse(f"He told Jr. {verb} home.").sentences) == 2
    assert len(text.analyse("He told Jr. Smith so.").sentences) == 1


@pytest.mark.parametrize("street", ["Main St.", "Oak Dr.", "Elm Ave."])
@pytest.mark.parametrize("verb", ["Don't", "Isn’t", "Can't", "Didn't"])
def test_a_contraction_behind_a_street(street, verb):
    script = text.analyse(f"Meet me on {street} {verb} be late.")
    assert len(script.sentences) == 2
    assert script.words[4].text in ("street", "drive", "avenue")
    assert said("St. Don's is here")[0] == "saint"


@pytest.mark.parametrize("part", [8, 16, 32, 3])
def test_parts_of_one(part):
    assert said(f"Cut it into 1/{part}{'rd' if part == 3 else 'th'}s")[-1] == ordinal(part)[-1] + "s"


@pytest.mark.parametrize("number", ["0028-0836", "1234-5678", "0317-847X"])
@pytest.mark.parametrize("label", ["ISSN", "ISSN:", "ISSN-L"])
def test_the_number_of_a_journal(number, label):
    bare = number.replace("-", "")
    spoken = [*digits(bare[:7]), *(digits(bare[7]) if bare[7] != "X" else ["X"])]
    assert said(f"({label} {number})")[-8:] == spoken


@pytest.mark.parametrize("name", ["Drake", "Rihanna", "Jay"])
def test_who_is_featured_and_feet(name):
    assert said(f"Hold On (ft. {name})")[2] == "featuring"
    assert said("It is 6 ft. Tall trees grow.")[3] == "feet"
    assert "featuring" not in said("500 sq. ft. Open floor")


@pytest.mark.parametrize("stream", ["river", "creek"])
def test_a_branch_or_a_bedroom(stream):
    assert said(f"the 2nd br. of the {stream}")[2] == "branch"
    for bed in ("has a bed", "on the left", "at the back", "in front"):
        assert said(f"the 2nd br. {bed}")[2] == "bedroom"


def test_a_period_behind_a_word_that_is_short_for_another():
    assert len(text.analyse("It is 10 ft long. 5 ft are wet.").sentences) == 2
    assert said("Lat. 40.2, long. 74.5")[4] == "longitude"


@pytest.mark.parametrize("count", ["two", "three", "several", "both"])
@pytest.mark.parametrize("did", ["ran", "were brown", "near the creek slept", "grazed"])
def test_does_that_are_counted(count, did):
    assert phones(f"The {count} does {did}.", "does") == ["dˈoʊz"]
    assert phones(f"Chapter {count} does not say.", "does") == ["dˈʌz"]
    assert phones(f"One of the {count} does well.", "does") == ["dˈʌz"]


@pytest.mark.parametrize("count", ["20 turns", "three layers", "on 20 turns", "on two coils"])
def test_what_is_wound(count):
    assert phones(f"Wind {count} of wire.", "wind") == ["wˈaɪnd"]
    assert phones("Wind turns turbines.", "wind") == ["wˈɪnd"]


@pytest.mark.parametrize("kind", ["huge", "blazing", "diplomatic", "furious"])
def test_a_row_is_a_quarrel(kind):
    assert phones(f"That caused a {kind} row.", "row") == ["ɹˈaʊ"]
    assert phones(f"A {kind} row of trees.", "row") == ["ɹˈoʊ"]
    assert phones("She sat one row over.", "row") == ["ɹˈoʊ"]


@pytest.mark.parametrize("says", ["says", "thinks", "believes", "said"])
def test_a_clause_behind_what_is_said(says):
    assert phones(f"He {says} muscles contract.", "contract") == ["kəntɹˈækt"]
    assert phones(f"He {says} sales contract is here.", "contract") == ["kˈɑntɹˌækt"]


@pytest.mark.parametrize(("number", "unit"), [("1,5", "kg"), ("37,5", "°C"), ("2,5", "%"),
                                              ("12,25", "km")])
def test_a_comma_before_parts(number, unit):
    assert said(f"It is {number} {unit} here") == said(f"It is {number.replace(',', '.')} {unit} here")
    assert "point" not in said("see 3,4 of them") + said("1,234 kg")


@pytest.mark.parametrize(("low", "high"), [(1, 10), (3, 15)])
@pytest.mark.parametrize("dots", ["..", "...", "…"])
def test_dots_between_numbers(low, high, dots):
    assert said(f"rows {low}{dots}{high} are")[1:-1] == [*cardinal(low), "to", *cardinal(high)]


@pytest.mark.parametrize(("letter", "side"), [("N", "north"), ("S", "south"), ("W", "west")])
def test_where_to_go(letter, side):
    for way in (f"Head {letter} on 5th", f"Go left, then {letter} on Elm", f"He is on {letter}. 42nd."):
        assert side in said(way)
    assert letter in said(f"Option {letter} is on it")


@pytest.mark.parametrize("level", ["Snow level near", "at an altitude of", "Freezing level:"])
def test_feet_of_a_level(level):
    assert said(f"{level} 2,500'.")[-1] == "feet"


def test_a_paper_and_its_years():
    assert said("arXiv:2106.04624v1 is it")[:2] == ["archive", "two"]
    assert said("Eliot (1922/1998) wrote")[1:-1] == ["nineteen", "twenty", "two", "nineteen",
                                                     "ninety", "eight"]


@pytest.mark.parametrize("name", ["ICML", "Natl. Acad. Sci.", "of the IEEE"])
def test_proceedings_and_procedure(name):
    assert said(f"In Proc. {name}")[1] == "proceedings"
    assert said("Civ. Proc. § 12")[1] == "procedure"


@pytest.mark.parametrize("subject", ["We are", "She is", "I am", "They're"])
def test_used_to_with_not(subject):
    assert phones(f"{subject} not used to it.", "used") == ["jˈust"]
    assert phones("The tool was not used to cut.", "used") == ["jˈuzd"]


@pytest.mark.parametrize(("letter", "side"), [("N", "north"), ("S", "south"), ("E", "east"), ("W", "west")])
@pytest.mark.parametrize("land", ["Korea", "Dakota", "Virginia", "Africa", "Germany"])
def test_a_part_of_a_land(letter, side, land):
    assert said(f"in {letter}. {land}.")[1:] == [side, land.lower()]
    assert said(f"in {letter}. {land}n towns")[1] == side
    assert said(f"by {letter}. Day")[1] == letter
    assert said(f"by John {letter}. {land}")[2] == letter


@pytest.mark.parametrize("day", ["Sat.", "Sun."])
def test_a_day_before_a_verb(day):
    assert said(f"{day} was hot")[0] in ("saturday", "sunday")


@pytest.mark.parametrize(("count", "spoken"), [("3-2", "three two"), ("0-2", "oh two"), ("1–1", "one one")])
def test_balls_and_strikes(count, spoken):
    assert said(f"the {count} pitch")[1:3] == spoken.split()


@pytest.mark.parametrize("between", ["x", " x "])
def test_boards(between):
    assert said(f"We need 2{between}4s")[2:] == ["two", "by", "fours"]


@pytest.mark.parametrize("home", ["2,000-sq.-ft. home", "2,000 sq. ft. home", "2,000-sq-ft home"])
def test_square_feet_of_a_home(home):
    assert said(f"the {home}")[1:] == ["two", "thousand", "square", "foot", "home"]


def test_an_act_and_a_scene():
    assert said("from Hamlet III.i.")[2:] == ["three", "one"]
    assert said("from Hamlet III.ii.5")[2:] == ["three", "two", "five"]


@pytest.mark.parametrize("label", ["build", "Windows", "Java"])
def test_points_behind_a_name_or_a_code_part_no_thousands(label):
    assert not {"million", "thousand"} & {*said(f"{label} 10.240.163 is out")}
    assert said("call 12.345.678")[1:] == said("serial number 12.345.678")[2:] == digits("12345678")


@pytest.mark.parametrize("phrase", ["Give I.v. fluids", "I.v. drips help", "for V.i.p. guests"])
def test_letters_with_points_are_no_scene(phrase):
    assert not {"one", "five"} & {*said(phrase)}


@pytest.mark.parametrize("pair", ["1500/2000", "2048/1536", "1600/1650 rpm", "1500/1650 m"])
def test_two_numbers_are_no_years(pair):
    assert "over" in said(f"It is {pair} here")


def test_what_looks_like_a_unit_of_the_sea_or_of_money():
    assert said("10 NM residents")[1:3] == ["N", "M"]
    assert said("the ship, 10 NM off")[3:5] == ["nautical", "miles"]
    assert said("It is 12 NM north")[3:5] == ["nautical", "miles"]
    assert said("a modem at 300 bps with 2 % errors")[5] == "bits"


def test_a_call_before_a_firm_ends_a_sentence():
    assert len(text.analyse("What a deal! Inc. magazine says so.").sentences) == 2


@pytest.mark.parametrize("count", ["two", "ten", "thirty", "last"])
@pytest.mark.parametrize("thing", ["distance", "change", "adjustment"])
def test_minutes_that_are_counted(count, thing):
    assert phones(f"a {count} minute {thing}", "minute") == ["mˈɪnət"]
    assert phones(f"a minute {thing}", "minute") == ["maɪnˈut"]


@pytest.mark.parametrize("thing", ["vehicle", "unit", "pilot", "troops"])
def test_to_combat_is_a_verb(thing):
    assert phones(f"ways to combat {thing} losses", "combat") == ["kəmbˈæt"]
    assert phones(f"the combat {thing} moved", "combat") == ["kˈɑmbˌæt"]
