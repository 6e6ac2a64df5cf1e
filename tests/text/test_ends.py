"""Where sentences end: behind their periods, and not behind those of short forms."""

import pytest

from avspeech import text
from avspeech.text import lists


def sentences(written):
    return [
        " ".join(word.text for word in text.analyse(written).words if s.start <= word.start < s.end)
        for s in text.analyse(written).sentences
    ]


@pytest.mark.parametrize(
    ("first", "second"), [("5 ft.", "9 in."), ("2 lb.", "3 oz."), ("1 hr.", "20 min.")]
)
@pytest.mark.parametrize("frame", ["It took {} {} or more.", "About {} {}, we think."])
def test_a_smaller_unit_goes_on_with_a_larger(first, second, frame):
    assert len(sentences(frame.format(first, second))) == 1


@pytest.mark.parametrize("name", ["K", "D", "S", "Q", "M"])
@pytest.mark.parametrize("number", ["550", "7(b)", "1260"])
def test_a_letter_before_a_number_ends_nothing(name, number):
    assert len(sentences(f"They took up {name}. {number} at noon.")) == 1


@pytest.mark.parametrize("unit", ["lbs.", "yrs.", "pts.", "oz.", "hrs."])
@pytest.mark.parametrize("more", ["(1990)", "(-1.1%)", "& more", "+ tax", "@ $5", "= $40"])
def test_brackets_and_signs_go_on_behind_a_unit(unit, more):
    assert len(sentences(f"They counted 40 {unit} {more} there.")) == 1


@pytest.mark.parametrize("side", ["N", "S", "E", "W", "NW", "SSE"])
@pytest.mark.parametrize("unit", ["mi.", "km", "km."])
def test_a_distance_and_its_direction(side, unit):
    spoken = sentences(f"Camp is 5 {unit} {side} of Lima.")
    assert len(spoken) == 1 and spoken[0].endswith("of lima") and f" {side.lower()} " not in spoken[0]


@pytest.mark.parametrize("opener", ["It", "Nobody", "Everyone", "Fans", "Smith", "The"])
def test_a_word_with_a_capital_begins_a_sentence_behind_a_time(opener):
    assert len(sentences(f"She left at 5 p.m. {opener} called later.")) == 2
    assert len(sentences(f"It begins at 9:30 a.m. {opener} called later.")) == 2


@pytest.mark.parametrize("more", ["Monday", "Eastern", "Pacific", "Sept. 4", "Paris time", "EST"])
def test_what_belongs_to_a_time_begins_none(more):
    assert len(sentences(f"It begins at 5 p.m. {more} or so.")) == 1


@pytest.mark.parametrize("named", ["vitamin", "plan", "option", "grade", "hepatitis"])
@pytest.mark.parametrize("letter", "BCD")
def test_a_letter_that_names_something_may_end_a_sentence(named, letter):
    assert len(sentences(f"Take {named} {letter}. It helps.")) == 2
    assert len(sentences(f"Meet John {letter}. Ross there.")) == 1


@pytest.mark.parametrize("short", ["Art. I, § 8", "Pat. No. 6,285", "Sta. A, Rome", "Ex. A"])
def test_no_opener_is_a_part_of_a_name(short):
    assert len(sentences(f"They cited {short} at noon.")) == 1


@pytest.mark.parametrize("word", ["wash", "sit", "go", "sun", "part"])
def test_plain_words_end_theirs_before_a_number(word):
    assert word in lists.ABBREVIATIONS or len(word) < 5
    assert len(sentences(f"They came to {word}. 3 others left.")) == 2
    assert len(sentences(f"1) Then {word}. 2) Dry.")) == 2


@pytest.mark.parametrize("opener", ["Prices", "Call", "The", "Bob"])
def test_a_word_with_a_capital_begins_a_sentence_behind_etc(opener):
    assert len(sentences(f"We sell nuts, bolts, etc. {opener} vary.")) == 2
    assert len(sentences(f"We sell nuts, bolts, etc. for {opener.lower()}.")) == 1


@pytest.mark.parametrize("when", ["On Monday at", "Shortly after", "At about", "By"])
@pytest.mark.parametrize("subject", ["Ray", "Dr. Ray", "Congress"])
def test_a_time_may_begin_a_sentence(when, subject):
    assert len(sentences(f"{when} 9 a.m. {subject} spoke to us.")) == 1
    assert len(sentences(f"{when} 9 a.m. we met. {subject} spoke to us.")) == 2


@pytest.mark.parametrize("street", ["Hill St.", "Elm Dr.", "Park Ave.", "Mill Rd."])
@pytest.mark.parametrize("opener", ["Bring a friend.", "Dr. Lee is there.", "Take the bus."])
def test_a_sentence_begins_behind_a_street(street, opener):
    assert len(sentences(f"We met on {street} {opener}")) == 2
    assert len(sentences(f"We met at the {street} Bridge.")) == 1


@pytest.mark.parametrize("firm", ["Ford & Co.", "Acme, Inc.", "Hill Corp."])
def test_a_sentence_begins_behind_a_firm(firm):
    assert len(sentences(f"She runs {firm} Shares fell.")) == 2
    assert len(sentences(f"She runs {firm} Mr. Lee does not.")) == 2
    assert len(sentences(f"We asked {firm} President Lee.")) == 1


@pytest.mark.parametrize("name", ["Mr. T.", "Malcolm X.", "John B."])
@pytest.mark.parametrize("opener", ["He laughed.", "They won.", "It's late.", "The end came."])
def test_a_sentence_begins_behind_a_letter_of_a_name(name, opener):
    assert len(sentences(f"Then came {name} {opener}")) == 2
    assert len(sentences(f"Then came {name} Ross of Rome.")) == 1


def test_a_name_in_small_letters_may_begin_a_sentence():
    assert len(sentences("He works at eBay. iPhones sell well.")) == 2
    assert len(sentences("He works at ebay. phones sell well.")) == 1


@pytest.mark.parametrize("name", ["J. R.", "J. R. R.", "K. C."])
@pytest.mark.parametrize("opener", ["He laughed.", "They won.", "It's late."])
def test_a_sentence_begins_behind_initials(name, opener):
    assert len(sentences(f"We met {name} {opener}")) == 2
    assert len(sentences(f"We met {name} Ewing there.")) == 1


@pytest.mark.parametrize("grade", "ABCDF")
@pytest.mark.parametrize("who", ["Bob got", "Ann was", "Mom said"])
def test_a_sentence_begins_behind_a_grade(grade, who):
    assert len(sentences(f"He got an {grade}. {who} nothing.")) == 2
    assert len(sentences("He got an F. Scott Fitzgerald book.")) == 1


@pytest.mark.parametrize("count", [2, 5, 12])
def test_an_answer_before_a_number_of_people(count):
    assert len(sentences(f"Was it good? No. {count} of us left.")) == 3
    assert len(sentences(f"I like No. {count} of the set.")) == 1


@pytest.mark.parametrize("verb", ["Ring twice.", "Take exit 12.", "Turn left at the light.", "Look up."])
def test_a_wishbegins_a_sentence_behind_a_street(verb):
    assert len(sentences(f"He is at 12 Oak Ave. {verb}")) == 2
    assert len(sentences(f"Drive on I-95 N. {verb}")) == 2


@pytest.mark.parametrize("place", ["Bldg. C.", "Apt. B.", "App. D."])
def test_a_sentence_begins_behind_the_letter_of_a_place(place):
    assert len(sentences(f"We met in {place} Parking is free.")) == 2


@pytest.mark.parametrize("short", ["by the doz.", "from Acme Inc.", "in the U.S.A.", "by 5 p.m."])
@pytest.mark.parametrize("wish", ["Ask for prices.", "Sold worldwide.", "Take the bus."])
def test_a_wishbegins_a_sentence_behind_a_short_form(short, wish):
    assert len(sentences(f"It comes {short} {wish}")) == 2


def test_a_nickname_stands_within_a_name():
    assert len(sentences('We met John L. "Jack" Smith there.')) == 1
    assert len(sentences('He had plan B. "Good," she said.')) == 2


@pytest.mark.parametrize("name", ["5K", "seat 14C", "Flat 12B", "in 4K", "size 2X"])
@pytest.mark.parametrize("opener", ["She won.", "Runners left.", "Bob did."])
def test_a_sentence_begins_behind_a_letter_that_a_number_has(name, opener):
    assert len(sentences(f"It was {name}. {opener}")) == 2


@pytest.mark.parametrize("verb", ["Made in Italy.", "Built by hand.", "Sold only here."])
def test_what_was_made_begins_a_sentence_behind_an_initial(verb):
    assert len(sentences(f"It is by Mr. B. {verb}")) == 2


@pytest.mark.parametrize("name", ["Read", "Bell", "Hope"])
def test_who_wrote_something_has_a_name_behind_the_initial(name):
    assert len(sentences(f"A tale by J. {name} to the class.")) == 1
    assert len(sentences("Photo by J. He left.")) == 2


@pytest.mark.parametrize("before", ["the end of Term.", "one long Term."])
def test_a_word_that_counts_elsewhere_ends_a_sentence(before):
    assert len(sentences(f"We reached {before} 3 students left.")) == 2
    assert len(sentences("Flights leave from Term. 3 at noon.")) == 1


@pytest.mark.parametrize("place", ["Penn Sta.", "Elm St.", "Acme Inc."])
@pytest.mark.parametrize("wish", ["Bring cash.", "Wear boots.", "Allow 5 days."])
def test_a_bare_wish_begins_a_sentence(place, wish):
    assert len(sentences(f"We meet at {place} {wish}")) == 2


@pytest.mark.parametrize("unit", ["in.", "lbs.", "oz.", "sts."])
@pytest.mark.parametrize("mark", [",", ";", ":"])
def test_a_mark_behind_a_period_is_the_only_one(unit, mark):
    items = text.analyse(f"We took 5 {unit}{mark} then three.").sentences[0].items
    assert [i.text for i in items if isinstance(i, text.Mark)] == [mark, "."]


@pytest.mark.parametrize("name", ["Art.", "Vol.", "Fig."])
def test_a_roman_numeral_behind_a_short_form_begins_nothing(name):
    assert len(sentences(f"Under {name} I the court sits.")) == 1
    assert len(sentences("We met in Sec. I think it rained.")) == 2
