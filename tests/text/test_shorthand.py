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


@pytest.mark.parametrize("written", ['14", 23" and 9"', '14" or 23"', '3½", 4" and 12.5"'])
def test_marks_behind_numbers_alone_are_inches(written):
    assert said(f"It has {written} now").count("inches") == written.count('"')
    assert "inches" not in said('She said "I am 36" and left "Area 51" then')
    assert "inches" not in said('It was 1984" he said. "Then 1985" came')


@pytest.mark.parametrize("price", [" $4.50", ", $3", " 5 for $2", ""])
def test_a_can_of_so_much(price):
    assert said(f"16 oz. can{price}")[:3] == ["sixteen", "ounce", "can"]
    assert said("16 oz. can do it")[:2] == ["sixteen", "ounces"]


@pytest.mark.parametrize("size", ["M", "XL", "Small"])
@pytest.mark.parametrize("dash", ["-", "–"])
def test_sizes_are_no_records(size, dash):
    assert "to" in said(f"size {size} (38{dash}40) is")
    assert "and" in said(f"the Bulls (38{dash}40) are")


@pytest.mark.parametrize("side", ["N", "S"])
@pytest.mark.parametrize("angle", ["30°", " 30°", "30°15'"])
def test_bearings(side, angle):
    name = {"N": "north", "S": "south"}[side]
    words = said(f"runs {side}{angle} E to a stake")
    assert words[1] == name and "east" in words


@pytest.mark.parametrize("minutes", ["08.1", "05", "00.5"])
def test_minutes_of_a_place_have_no_zero_before(minutes):
    words = said(f"at 4°{minutes}'W now")
    assert words[3:-3] == number(str(float(minutes)).removesuffix(".0"))


@pytest.mark.parametrize("numbers", ["100/300/50", "25/50/25", "50/30/20", "5/3/1"])
def test_three_numbers_that_are_no_date(numbers):
    words = [word for part in numbers.split("/") for word in number(part)]
    assert said(f"It is {numbers} here")[2:-1] == words
    assert "january" in said("on 1/2/2025")


@pytest.mark.parametrize("thread", ["¼-20", "⅜-16", "½-13"])
@pytest.mark.parametrize("behind", ["bolt", 'x 1"', "screw"])
def test_threads_of_screws(thread, behind):
    words = said(f"one {thread} {behind} there")
    assert "to" not in words and "minus" not in words
    assert "to" in said("use ½–20 of them")


@pytest.mark.parametrize("count", [140, 180])
def test_several_of_a_number(count):
    assert said(f"She hit 3 {count}s there")[3:-1] == ["one", f"{cardinal(count - 100)[0][:-1]}ies"]


@pytest.mark.parametrize("rate", ["7/1", "5/1", "5/6"])
def test_mortgages_are_no_dates(rate):
    first, last = rate.split("/")
    expected = ["a", "two", "hundred", "thousand", "dollar", *number(first), *number(last)]
    assert said(f"a $200K {rate} ARM is")[:-2] == expected


@pytest.mark.parametrize("height", ["6'2\"", "38'6\""])
@pytest.mark.parametrize("feet", [5, 12])
def test_feet_beside_a_height(height, feet):
    assert said(f"It is {height} and {feet}', we hear").count("feet") == 2


@pytest.mark.parametrize("wind", ["SW 5 to 7", "NE 4 or 5", "NNW 6"])
def test_forecasts_at_sea(wind):
    assert said(f"{wind}, gale later")[0].startswith(("south", "north"))
    assert said(f"Take {wind}, and wait")[1].isupper()


@pytest.mark.parametrize("language", ["Fr.", "L.", "Gk.", "Sp."])
def test_languages_before_a_word_of_theirs(language):
    assert said(f'from {language} "aqua" it')[1] in ("french", "latin", "greek", "spanish")
    assert said(f'meet {language} "Bob" Hall')[1] not in ("french", "latin", "greek")


@pytest.mark.parametrize("road", ["A7", "D943", "E40", "I-95", "Route 9"])
def test_the_side_of_a_road(road):
    assert said(f"Take the {road} S. to it")[-3] == "south"


@pytest.mark.parametrize("often", [2, 3])
def test_how_often_at_the_end_of_a_clause(often):
    times = [*cardinal(often), "times"]
    assert said(f"The phone rings {often}x, then stops")[3:5] == times
    assert said(f"A lens at {often}x, then")[-2] == "X"


@pytest.mark.parametrize("name", ["cup $5/bowl $8", "pint $6/glass $4"])
def test_a_price_behind_a_slash_and_its_thing(name):
    assert "per" not in said(name) and "slash" not in said(name)
    assert "per" in said("cup $5/person")


@pytest.mark.parametrize("chip", ["timer", "chip"])
def test_the_numbers_of_chips(chip):
    assert said(f"a 555 {chip}")[1:-1] == ["five", "fifty", "five"]


@pytest.mark.parametrize(("unit", "many"), [("t", "tons"), ("kg", "kilograms"), ("mi.", "miles")])
@pytest.mark.parametrize("how", ["gross", "net", "easy", "hard"])
def test_a_measure_and_how_it_is_meant(unit, many, how):
    words = said(f"Today 18.5 {unit} {how}, then rest")
    assert words[words.index(how) - 1] == many


@pytest.mark.parametrize("row", ["k2, p2 to end of row", "K1, P1; rep. from * around"])
def test_stitches_where_one_knits(row):
    assert said(row)[0] == "knit" and "purl" in said(row)
    assert said("rate constants k1 and p2")[2:4] == ["K", "one"]


@pytest.mark.parametrize("count", [1, 2, 6, 18])
@pytest.mark.parametrize(("of", "unit"), [(52, "week"), (12, "month"), (7, "day")])
def test_parts_of_a_year_in_british_clinics(count, of, unit):
    if count < of:
        words = [*cardinal(count), unit + "s" * (count != 1)]
        assert said(f"F/u in {count}/{of}")[3:] == words
    assert "weeks" not in said(f"We use {count}/{of} of it")


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("days", [10, 15])
@pytest.mark.parametrize("due", ["net 30", "n/45"])
def test_terms_of_a_bill(count, days, due):
    words = [*cardinal(count), *cardinal(days), "net", *cardinal(int(due[-2:]))]
    assert said(f"Terms: {count}/{days}, {due}") == ["terms", *words]


@pytest.mark.parametrize("sides", ["36 W x 18 D x 40 H", "36W × 18D × 40H", "36 W x 18 D"])
def test_sides_by_their_letters(sides):
    words = said(f"Oak dresser, {sides}, runs")[2:-1]
    assert words[:7] == ["thirty", "six", "wide", "by", "eighteen", "deep", "by"][: len(words)]
    assert "watts" in said("It takes 36 W, or 18 D cells")


@pytest.mark.parametrize("inches", [0, 1, 4, 11])
@pytest.mark.parametrize("weight", ["180 lbs.", "210 pounds"])
def test_a_height_with_a_hyphen_before_the_weight(inches, weight):
    words = cardinal(inches) if inches else ["foot"]
    assert said(f"He is 6-{inches}, {weight}")[2:4] == ["six", *words]
    assert said(f"They won 6-{inches}, 180 to 90")[3:4] != ["foot"]


@pytest.mark.parametrize("code", [4, 54, 97])
def test_codes_of_radios(code):
    assert said(f"Dispatch sent a 10-{code}") == ["dispatch", "sent", "a", "ten", *cardinal(code)]
    assert "to" in said(f"We won 10-{code % 9}") or "and" in said(f"We won 10-{code % 9}")


@pytest.mark.parametrize("price", ["$900", "€1,250.00", "USD 40", "30 EUR"])
@pytest.mark.parametrize(("by", "period"), [("p.m.", "month"), ("p.w.", "week")])
def test_a_rent_by_its_period(price, by, period):
    assert said(f"It costs {price} {by} in town")[-4:] == ["per", period, "in", "town"]
    assert said("It costs $5 at 5 p.m. in town")[-4:] == ["P", "M", "in", "town"]


@pytest.mark.parametrize("name", ["Chas.", "Geo.", "Wm.", "Jas.", "Edw."])
@pytest.mark.parametrize(("numeral", "word"), [("II", "second"), ("IV", "fourth")])
def test_kings_by_their_short_names(name, numeral, word):
    assert said(f"Under {name} {numeral} it fell")[2:4] == ["the", word]


@pytest.mark.parametrize("verb", ["won't", "can't", "shouldn't", "walked", "wish"])
def test_who_says_no_and_goes_on(verb):
    assert said(f"No. I {verb} go.")[:2] == ["no", "i"]
    assert said("No. I of the set")[1] == "one"


@pytest.mark.parametrize("sign", ["±", "~", "<", ">"])
@pytest.mark.parametrize("article", ["A", "a"])
def test_an_article_before_a_sign(sign, article):
    assert said(f"{article} {sign}5% swing came")[0] == "a"
    assert said(f"{article} ± B")[0] == "A"


@pytest.mark.parametrize("number", ["9", "27L", "09R"])
@pytest.mark.parametrize("name", ["Rwy.", "rwy.", "RWY", "runway"])
def test_a_runway_by_any_name(number, name):
    side = {"L": ["left"], "R": ["right"]}.get(number[-1], [])
    assert said(f"Use {name} {number} now")[1:-1] == [
        "runway", *(word for digit in number.rstrip("LR") for word in cardinal(int(digit))), *side
    ]


@pytest.mark.parametrize("verb", ["Rinse", "wash", "repeat"])
@pytest.mark.parametrize("rest", ["and stop", ". Stop", "in water"])
def test_what_is_done_so_often(verb, rest):
    assert said(f"{verb} 3x {rest}".replace(" .", "."))[:3] == [verb.lower(), "three", "times"]
    assert said("Figure 3x and 4x")[:3] == ["figure", "three", "X"]


@pytest.mark.parametrize("span", ["{}y 11m", "{}y11m"])
@pytest.mark.parametrize("years", [2, 68])
def test_an_age_in_years_and_months(span, years):
    words = [*cardinal(years), "years", "eleven", "months"]
    assert said(f"Died, aged {span.format(years)}.") == ["died", "aged", *words]


@pytest.mark.parametrize("furlongs", [1, 4, 6])
def test_how_far_horses_run(furlongs):
    words = [*cardinal(furlongs), "furlong" + "s" * (furlongs != 1)]
    assert said(f"It won over 1m {furlongs}f, well") == ["it", "won", "over", "one", "mile", *words,
                                                         "well"]
