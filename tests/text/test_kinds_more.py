"""Further kinds of written things that are read alike, whatever stands in them."""

import pytest

from avspeech import text
from avspeech.text.numbers import cardinal, digits, number


def said(written):
    return [word.text for word in text.analyse(written.replace("<", "&lt;")).words]


@pytest.mark.parametrize("address", ["jo@park.io", "a.b+c@mill-town.org", "https://x.org/a_b"])
def test_angle_brackets_around_an_address_are_not_said(address):
    assert said(f"Jo Park <{address}> wrote") == said(f"Jo Park {address} wrote")
    assert said(f"see <{address}>, it is there") == said(f"see {address}, it is there")
    assert {"less", "greater"} <= {*said("if a < b and c > d then")}


@pytest.mark.parametrize("count", ["2", "3", "18", "2.5"])
@pytest.mark.parametrize("behind", ["his pay", "the size", "what it was", "earnings", "more"])
def test_so_many_times(count, behind):
    assert said(f"It was {count}x {behind}") == ["it", "was", *number(count), "times",
                                                 *behind.split()]


@pytest.mark.parametrize("opened", ["()", "[]"])
@pytest.mark.parametrize("dash", ["-", "–"])
@pytest.mark.parametrize(("low", "high"), [(2, 5), (11, 14)])
def test_a_range_of_numbers_in_brackets(opened, dash, low, high):
    left, right = opened
    written = f"see eqs. {left}{low}{right}{dash}{left}{high}{right} there"
    assert said(written)[2:-1] == [*cardinal(low), "to", *cardinal(high)]
    script = text.analyse(written)
    assert all(0 <= word.start < word.end <= len(written) for word in script.words)
    assert [word.start for word in script.words] == sorted(word.start for word in script.words)


@pytest.mark.parametrize("name", ['Samsung TV', "4K OLED TV", "Full HD panel", "8K set"])
@pytest.mark.parametrize("size", [32, 55, 65])
def test_inches_of_a_thing_with_a_name(name, size):
    assert said(f'a {size}" {name} came')[1:-1] == [*cardinal(size), "inch", *said(name)]
    assert "inch" not in said(f'He said, "We took {size}" and left')


@pytest.mark.parametrize("name", ["iPhone", "Pixel", "Switch"])
@pytest.mark.parametrize("count", [7, 9, 15])
def test_models_of_one_number_are_no_marks(name, count):
    assert said(f"for the {name} {count}/{count} Pro") == [
        "for", "the", name.lower(), *cardinal(count), *cardinal(count), "pro"]
    assert "out" in said(f"She got {count}/{count} here")


@pytest.mark.parametrize("small", ["XS", "S", "M"])
@pytest.mark.parametrize("large", ["L", "XL", "3XL"])
@pytest.mark.parametrize("dash", ["-", "–"])
def test_sizes_of_clothes(small, large, dash):
    assert "to" in said(f"tops in {small}{dash}{large} there")


@pytest.mark.parametrize("verb", ["contains", "weighs", "holds", "costs"])
@pytest.mark.parametrize(("unit", "one"), [("mL", "milliliter"), ("kg", "kilogram")])
def test_each_so_much_does_something(verb, unit, one):
    assert said(f"Each 5 {unit} {verb} more") == ["each", "five", one + "s", verb, "more"]
    assert said(f"Each 5 {unit} bag is new")[2] == one


@pytest.mark.parametrize("amount", ["a volume of", "revenue of", "raised", "over", "nearly"])
@pytest.mark.parametrize(("letter", "size"), [("M", "million"), ("B", "billion")])
def test_whole_millions(amount, letter, size):
    assert said(f"with {amount} 52{letter}.")[-3:] == ["fifty", "two", size]
    assert said(f"some 12{letter} downloads")[1:] == ["twelve", size, "downloads"]
    assert size not in said(f"in room 12{letter} now") + said(f"Seat 12{letter}")
    assert size not in said("the 100M sprints")


@pytest.mark.parametrize("name", ["N172SP", "N4512K", "N12345"])
def test_tail_numbers_are_spelled(name):
    expected = [c if c.isalpha() else digits(c)[0] for c in name]
    assert said(f"Cessna {name}, turn left")[1:-2] == expected
    assert said("an N95 mask")[1:-1] == ["N", "ninety", "five"]


@pytest.mark.parametrize("act", ["cleared to land", "take off on", "hold short of", "visual"])
@pytest.mark.parametrize(("side", "name"), [("L", "left"), ("R", "right"), ("C", "center")])
def test_runways_by_what_is_done(act, side, name):
    assert said(f"{act} 09{side}")[-3:] == ["zero", "nine", name]
    assert name not in said(f"they drank 10{side}")


@pytest.mark.parametrize("last", ["1234", "0071", "9000"])
@pytest.mark.parametrize("hidden", ["XXX-XX-", "xxxx-xxxx-xxxx-", "****", "**** "])
def test_the_end_of_a_hidden_number_is_said_by_its_digits(hidden, last):
    assert said(f"card {hidden}{last} is")[-5:-1] == digits(last)
    assert said(f"the **{last}** of it") == said(f"the {last} of it")


@pytest.mark.parametrize("who", ["Ann Lee", "Jane Hill"])
@pytest.mark.parametrize("born", ["(b. 1791, d. 1852)", "(1801–1860)", "b. 1790,"])
def test_those_who_marry_in_a_family(who, born):
    assert "married" in said(f"John Carter {born} m. {who}")
    assert "married" not in said(f"about 5 m. {who} came")


@pytest.mark.parametrize(("short", "full"), [
    ("Dir", "directed"), ("Prod", "produced"), ("Arr", "arranged"), ("Trans", "translated"),
    ("Ed", "edited"), ("Rev", "revised"), ("Comp", "composed")])
def test_who_did_it_stands_behind_by(short, full):
    assert said(f"{short}. by Ang Lee")[0] == full


@pytest.mark.parametrize("month", [3, 6, 12])
def test_the_last_day_of_a_month_is_no_year(month):
    last = {3: 31, 6: 30, 12: 31}[month]
    assert said(f"offer (exp. {month}/{last})")[-1] in ("first", "thirtieth")
    assert said(f"card exp. {month:02d}/29")[-1] == "nine"


@pytest.mark.parametrize("before", ["on 14.03.2025", "on Fri.", "on 3 May", "Doors open"])
@pytest.mark.parametrize(("hour", "minute"), [(9, "30"), (19, "45")])
def test_hours_with_a_period(before, hour, minute):
    assert said(f"{before} at {hour}.{minute}")[-len(cardinal(hour)) - 2:] in (
        ["at", *cardinal(hour), *cardinal(int(minute))][-len(cardinal(hour)) - 2:],
        [*cardinal(hour), *cardinal(int(minute))])
    assert "point" in said(f"It sold at {hour}.{minute}")


@pytest.mark.parametrize("move", ["Bg4", "Nf6", "Qd8"])
@pytest.mark.parametrize("dots", ["...", "…"])
def test_a_move_of_black(move, dots):
    assert said(f"then {dots}{move} wins")[1] in ("bishop", "knight", "queen")


@pytest.mark.parametrize("written", ["Aug. 4", "8/4/2024", "4 Aug.", "Aug. 2024"])
def test_the_month_is_stressed_as_a_month(written):
    stressed = {word.text: word.phones[0] for word in text.analyse(f"on {written} we").words}
    assert "ˈ" in stressed["august"]
    plain = {word.text: word.phones[0] for word in text.analyse("the august body").words}
    assert "ˈ" not in plain["august"]


@pytest.mark.parametrize("target", ["a.org/b_(c)", 'x.org/a(b)c "Title here"', "cat.png 'A'"])
def test_what_a_link_goes_to_is_not_read(target):
    assert said(f"See [the page]({target}) now") == ["see", "the", "page", "now"]


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("shot", ["HPV", "MMR", "dose"])
def test_doses_are_counted(shot, which):
    assert said(f"{shot} {which}/3")[-3:] == [*cardinal(which), "of", "three"]


def test_more_than_one_is_a_date_in_the_notes_of_a_clinic():
    assert said("Pt. is s/p repair 3/2 w/o pain")[-4:] == ["march", "second", "without", "pain"]
    assert "halves" in said("Add 3/2 cups")


@pytest.mark.parametrize("unit", ["Tb", "Tbs", "Tbl.", "tb."])
@pytest.mark.parametrize("food", ["oil", "sugar", "flour"])
def test_spoons_of_food(unit, food):
    assert said(f"2 {unit} {food}") == ["two", "tablespoons", food]
    assert said(f"1 {unit} {food}")[1] == "tablespoon"
    assert "terabits" in said("a link of 2 Tb")


@pytest.mark.parametrize(("unit", "one"), [("mo", "month"), ("yr", "year"), ("wk", "week")])
def test_what_belongs_to_a_span(unit, one):
    assert said(f"owes 1 {unit}.'s rent") == ["owes", "one", one + "'s", "rent"]


@pytest.mark.parametrize("code", ["8812", "0047"])
@pytest.mark.parametrize("name", ["PIN", "code", "passcode"])
def test_the_key_behind_a_code_is_pressed(name, code):
    assert said(f"{name} {code}# now")[-6:-1] == [*digits(code), "pound"]


@pytest.mark.parametrize("prefix", ["INC", "WO", "AB"])
def test_a_number_sign_before_letters_and_digits(prefix):
    assert said(f"ticket #{prefix}-0482 is")[1] == "number"
    assert said(f"see #{prefix}-0482 there")[1] == "number"
    assert said("so fun #Party")[2] == "hashtag"


@pytest.mark.parametrize("done", [28, 7])
@pytest.mark.parametrize("yards", ["310 yds", "120 yards"])
def test_passes_that_were_caught(done, yards):
    assert said(f"was {done}/{done + 12}, {yards}")[1:][: len(cardinal(done)) + 1] == [
        *cardinal(done), "of"]


@pytest.mark.parametrize(("first", "second"), [
    ("8 oz", "237 ml"), ("2 lb", "0.9 kg"), ("6 ft", "1.8 m"), ("1 gal", "3.8 L")])
def test_the_same_in_other_units_is_not_per(first, second):
    assert "per" not in said(f"holds {first}/{second} or so")
    assert "per" in said("dissolve 5 g/100 ml")


@pytest.mark.parametrize("column", "abcd")
def test_pawns_take_and_become_queens(column):
    assert said(f"then {column}xe5 wins")[1:4] == [column.upper(), "takes", "E"]
    assert said(f"then {column}8=Q+ wins")[1:-1] == [column.upper(), "eight", "queen", "check"]


@pytest.mark.parametrize("written", ["2s/10s", "5s30s", "2s10s"])
def test_bonds_of_two_spans(written):
    assert "seconds" not in said(f"the {written} curve")
    assert all(word.endswith("s") for word in said(f"the {written} curve")[1:-1])


@pytest.mark.parametrize("color", ["FF8800", "00ff7f", "A1B2C3"])
def test_colors_are_spelled(color):
    assert said(f"the color #{color} here")[2:-1] == [
        "hash", *(digits(c)[0] if c.isdigit() else c.upper() for c in color)]


@pytest.mark.parametrize("side", ["NE", "NW", "SE", "SSW"])
@pytest.mark.parametrize("verb", ["moves", "tracks", "drives"])
def test_where_something_moves_to(side, verb):
    assert said(f"the storm {verb} {side} toward us")[3][0] in "ns"
    assert "northeast" not in said("in Lincoln, NE on Monday")


@pytest.mark.parametrize("done", ["closed", "signed", "met", "was sent", "came"])
@pytest.mark.parametrize("day", ["6/14", "7/3", "9/22"])
def test_dates_of_what_was_done(done, day):
    month = {"6": "june", "7": "july", "9": "september"}[day[0]]
    assert month in said(f"It {done} {day} (see below).")
    assert month in said(f"It {done} 4/4 and {day}.")
    assert "thirds" in said(f"It {done} 2/3 of it")


@pytest.mark.parametrize(("label", "full"), [
    ("Fig", "figure"), ("Sec", "section"), ("App", "appendix"), ("Ch", "chapter"),
    ("Rm", "room"), ("Ste", "suite"), ("Vol", "volume"), ("Schs", "schedules")])
@pytest.mark.parametrize("letter", "ABD")
def test_a_letter_behind_a_label(label, full, letter):
    for frame in ("see {}. {}, and go", "see {}. {}.", "It is in {}. {}. The rest is here."):
        words = said(frame.format(label, letter))
        place = words.index(full)
        assert words[place + 1] == letter
    assert said("Meet Sec. B. Lee there")[1] == "secretary"


@pytest.mark.parametrize("day", ["Sat", "Sun"])
def test_a_day_with_its_period_before_a_comma(day):
    assert said(f"{day}., rain")[0] in ("saturday", "sunday")
    assert said("the sun, the sea")[1] == "sun"


@pytest.mark.parametrize("minute", ["05", "35", "50"])
def test_minutes_of_every_hour(minute):
    assert "zero" not in said(f"leaves at :{minute} past the hour")


@pytest.mark.parametrize("part", ["½", "¼", "¾"])
@pytest.mark.parametrize("each", ["bu.", "lb.", "gal."])
def test_a_price_with_a_part_of_a_cent_is_per_something(part, each):
    assert "per" in said(f"fell to $5.62{part}/{each} on Monday")


@pytest.mark.parametrize("symbol", ["kb", "Mb", "Gb"])
def test_bases_of_genes(symbol):
    assert said(f"a gene of 5 {symbol}")[-1].endswith("bases")
    assert said(f"a link of 5 {symbol}")[-1].endswith("bits")


@pytest.mark.parametrize("name", ["Tmrw", "Gr8", "Omw", "Brb", "Idk"])
def test_a_capital_at_the_beginning_of_a_chat_changes_no_reading(name):
    assert said(f"{name} we go") == said(f"{name[0].lower()}{name[1:]} we go")


@pytest.mark.parametrize(("days", "names"), [
    ("M/W/F", ["monday", "wednesday", "friday"]), ("T/Th", ["tuesday", "and", "thursday"]),
    ("MWF", ["monday", "wednesday", "friday"]), ("Tu/Th/Sa", ["tuesday", "thursday", "saturday"])])
@pytest.mark.parametrize("hours", ["9–5", "10:10-11:00", "9am"])
def test_days_of_classes(days, names, hours):
    assert said(f"Hours: {days} {hours}")[1 : 1 + len(names)] == names
    assert "friday" not in said("ages M/F 18-35")


@pytest.mark.parametrize("sides", ["HxWxD", "L x W x H", "W×H"])
def test_sides_by_their_letters(sides):
    letters = [c for c in sides if c.isupper()]
    assert [w for w in said(f"size ({sides}): 5") if w.isupper()] == letters
    assert said(f"size ({sides}): 5").count("by") == len(letters) - 1


@pytest.mark.parametrize("days", [6, 8, 10])
def test_at_most_so_many_in_a_day(days):
    assert said(f"max {days}/24 h")[1:] == [*cardinal(days), "per", "twenty", "four", "hours"]


@pytest.mark.parametrize("often", ["prn", "q4h", "bid", "daily"])
def test_medicine_by_mouth(often):
    assert said(f"1 tab po {often}")[2:4] == ["P", "O"]


@pytest.mark.parametrize("plane", ["737", "777", "787"])
@pytest.mark.parametrize("form", ["200", "300ER", "900"])
def test_forms_of_airplanes(plane, form):
    assert "to" not in said(f"JFK, {plane}-{form}, at gate 5")


@pytest.mark.parametrize("town", ["Chicago", "Des Moines", "Tulsa"])
@pytest.mark.parametrize("code", ["60601", "74103"])
def test_the_code_of_a_town_without_its_state(town, code):
    assert said(f"9 Elm St., {town} {code}")[-5:] == digits(code)
    assert "thousand" in said(f"In {town} {code} people voted")


@pytest.mark.parametrize(("short", "full"), [("St", "saint"), ("Ste", "sainte")])
@pytest.mark.parametrize("name", ["Denis", "Marie", "Georges"])
def test_saints_with_a_hyphen(short, full, name):
    assert said(f"5 Rue {short}-{name} is") == ["five", "rue", full, name.lower(), "is"]


@pytest.mark.parametrize("side", "NSEW")
@pytest.mark.parametrize("speed", ["5–10 kt", "12 mph", "30 km/h"])
def test_winds_from_one_side(side, speed):
    assert said(f"winds {side} {speed}")[1] in ("north", "south", "east", "west")
    assert side in said(f"Plan {side} {speed}")


@pytest.mark.parametrize("tag", ["2024goals", "100daysofcode"])
def test_a_hashtag_may_begin_with_a_number(tag):
    assert said(f"so #{tag}")[1] == "hashtag"
    assert said("item #2024 is")[1] == "number"


@pytest.mark.parametrize("variable", ["x", "y", "n"])
def test_a_fraction_before_a_variable(variable):
    assert said(f"2/3{variable} + 1 = 5")[:3] == ["two", "thirds", variable.upper()]


@pytest.mark.parametrize("face", [":P", ":D", ":-P", ";O"])
def test_faces_are_not_said(face):
    assert said(f"see you {face}") == ["see", "you"]
    assert said(f"see you {face} soon") == ["see", "you", "soon"]
    assert "three" in said("where y =3 and")


@pytest.mark.parametrize("scale", "CF")
def test_degrees_in_words(scale):
    name = {"C": "celsius", "F": "fahrenheit"}[scale]
    for written in (f"20 deg. {scale}", f"20 deg {scale}.", f"20 °{scale}"):
        assert said(f"It was {written} outside")[-3:] == ["degrees", name, "outside"]


@pytest.mark.parametrize(("name", "last"), [("ID", "D"), ("KO", "O"), ("DM", "M"), ("CC", "C")])
def test_what_is_done_by_letters(name, last):
    for written, ending in (("'d", "'d"), ("ed", "'d"), ("'ing", "'ing"), ("ing", "'ing")):
        words = said(f"They {name}{written} it")
        assert words == ["they", *name[:-1], last + ending, "it"]
        phones = text.analyse(f"They {name}{written} it").words[len(name)].phones
        assert phones[-1] == "d" if ending == "'d" else phones[-2:] == ("ɪ", "ŋ")
    assert said(f"The {name} is here") == ["the", *name, "is", "here"]


@pytest.mark.parametrize("size", [2, 3.5, 12])
@pytest.mark.parametrize("letter", ["x", "a", "n", "π"])
def test_a_term_keeps_its_minus(size, letter):
    for written in (f"y = -{size}{letter}", f"(−{size}{letter})", f"y < -{size}{letter}²"):
        assert "minus" in said(written), written
    assert "minus" not in said(f"in apartment {size}{letter}")


@pytest.mark.parametrize("noun", ["man", "forward", "shelf"])
def test_a_height_before_what_is_so_high(noun):
    words = said(f"a 6'2\" {noun} came")
    assert words[2] == "foot" and words[4] == "inch"
    assert said("He is 6'2\" now")[3] == "feet"


@pytest.mark.parametrize("side", ["N", "S"])
def test_latitudes_in_decimals_are_no_forces(side):
    name = {"N": "north", "S": "south"}[side]
    assert said(f"at lat 40.7 {side}")[-1] == name
    assert said(f"at 40.71{side}, 74.01W")[-5:] == ["four", "point", "zero", "one", "west"]
    assert said("a force of 40.7 N")[-1] == "newtons"


@pytest.mark.parametrize("offset", ["-05:00", "+0530", "−03:30"])
def test_the_zone_of_a_time_in_iso(offset):
    words = said(f"Logged 2025-03-09T02:15:00{offset}")
    assert ("plus" if "+" in offset else "minus") in words and "to" not in words


@pytest.mark.parametrize("name", ["bob", "joe-2", "Ann_L"])
def test_nicknames_and_speakers_have_no_signs(name):
    assert "than" not in said(f"<{name}> hi all\n<{name}> bye")
    assert said(">> ANN: Hi. >> Yes") == ["ann", "hi", "yes"]
    assert "than" in said("if a > b")


@pytest.mark.parametrize("league", ["beat Iowa", "lost to Iowa", "won by 3 points"])
def test_colleges_of_a_state(league):
    assert said(f"Ohio St. {league}")[:2] == ["ohio", "state"]
    assert said("He lives on Ohio St. in Reno")[4] == "street"


def test_a_version_or_a_verse():
    assert said("See Ch. 3, v. 7")[-2:] == ["verse", "seven"]
    assert said("Use v. 7 of it")[1] == "version"
    assert said("Roe v. Wade")[1] == "versus"


@pytest.mark.parametrize("ipa", ["/ˈliːɒ̃/", "/liˈoʊn/", "/bɑːθ/"])
def test_phonetic_letters_are_not_read(ipa):
    assert said(f"Lyon ({ipa}) is big") == ["lyon", "is", "big"]
    assert "slash" in said("in /usr/bin now")


@pytest.mark.parametrize("verb", ["was", "didn't", "can't", "had", "ended"])
def test_the_first_world_war(verb):
    assert said(f"World War I {verb} over")[2:4] == ["one", verb]
    assert said(f"In the war I {verb} over")[3:5] == ["i", verb]
