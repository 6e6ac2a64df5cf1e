"""What is written, and what is said."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech import text
from avspeech.text import lists, numbers
from avspeech.text.normalise import Marked, Spoken, normalise

CASES = {
    # numbers
    "I have 2 dogs.": "i have two dogs.",
    "It has 1,234 pages.": "it has one thousand two hundred thirty four pages.",
    "1,000,000 people": "one million people",
    "3.14 is near": "three point one four is near",
    "0.05 of it": "zero point zero five of it",
    ".5 of it": "zero point five of it",
    "2.5 million people": "two point five million people",
    "minus -5 here": "minus minus five here",
    "Agent 007 came": "agent zero zero seven came",
    "Call 911 now": "call nine one one now",
    "#3 and No. 7": "number three and number seven",
    "no. 5 is out": "number five is out",
    "5 x 3 = 15": "five times three equals fifteen",
    "a 4x4 truck": "a four by four truck",
    "2+2=4": "two plus two equals four",
    "10-20 people": "ten to twenty people",
    "from 1914-1918": "from nineteen fourteen to nineteen eighteen",
    "10 – 20%": "ten to twenty percent",
    "50% of them": "fifty percent of them",
    "99.9%": "ninety nine point nine percent",
    "1/2 cup": "one half cup",
    "3/4 of": "three quarters of",
    "2 1/2 cups": "two and a half cups",
    "1½ miles": "one and a half miles",
    "5/8 inch": "five eighths inch",
    "25 km": "twenty five kilometers",
    "5,5": "five, five",
    "1'000'000 people": "one million people",
    "It costs 1’500 francs.": "it costs one thousand five hundred francs.",
    "2^n": "two to the N",
    "2ⁿ is even": "two to the N is even",
    "10^n and 10**6": "ten to the N and ten to the sixth",
    "x**2 + y**2": "X squared plus Y squared",
    "open 24/7": "open twenty four seven",
    "a 3:1 ratio": "a three to one ratio",
    "$3-$5 each": "three dollars to five dollars each",
    "10%–20%": "ten percent to twenty percent",
    "10am-5pm": "ten A M to five P M",
    "a 3-year-old": "a three year old",
    # ordinals
    "the 1st, 2nd, 3rd and 4th": "the first, second, third and fourth",
    "the 21st century": "the twenty first century",
    "his 100th day": "his one hundredth day",
    "the 12th man": "the twelfth man",
    # years, dates
    "in 1984 it": "in nineteen eighty four it",
    "in 1906 it": "in nineteen oh six it",
    "in 1900": "in nineteen hundred",
    "in 2000": "in two thousand",
    "in 2007": "in two thousand seven",
    "in 2026": "in twenty twenty six",
    "the 1980s": "the nineteen eighties",
    "mid-1990s style": "mid nineteen nineties style",
    "born in 1066": "born in ten sixty six",
    "the '90s": "the nineties",
    "the 2000s": "the two thousands",
    "May 3, 1984": "may third nineteen eighty four",
    "Jan. 21st": "january twenty first",
    "December 25th, 2020, was": "december twenty fifth twenty twenty, was",
    "3 May 1984": "the third of may nineteen eighty four",
    "the 4th of July": "the fourth of july",
    "2024-02-29": "february twenty ninth twenty twenty four",
    "7/4/1776": "july fourth seventeen seventy six",
    "9/11/01": "september eleventh oh one",
    # times
    "at 10:30": "at ten thirty",
    "at 10:05 am": "at ten oh five A M",
    "at 7:00": "at seven o'clock",
    "at 7:00 p.m. we": "at seven P M we",
    "at 5pm.": "at five P M.",
    "at 5 p.m.": "at five P M.",
    "at 14:00": "at fourteen hundred",
    "ran 2:03:59": "ran two oh three and fifty nine seconds",
    # money
    "$5": "five dollars",
    "$1": "one dollar",
    "$4.50": "four dollars and fifty cents",
    "$0.99": "ninety nine cents",
    "$1.01": "one dollar and one cent",
    "$1,250.75 bill": "one thousand two hundred fifty dollar and seventy five cent bill",
    "$2.5 million deal": "two point five million dollar deal",
    "$10K": "ten thousand dollars",
    "£20": "twenty pounds",
    "€3.20": "three euros and twenty cents",
    "¥500": "five hundred yen",
    "50¢": "fifty cents",
    # units
    "5 kg": "five kilograms",
    "1 kg": "one kilogram",
    "5kg": "five kilograms",
    "6 ft tall": "six feet tall",
    "60 mph": "sixty miles per hour",
    "100km/h": "one hundred kilometers per hour",
    "20°C": "twenty degrees celsius",
    "72 °F": "seventy two degrees fahrenheit",
    "90° turn": "ninety degree turn",
    "-5°C": "minus five degrees celsius",
    "16 kHz": "sixteen kilohertz",
    "3 GB": "three gigabytes",
    "5 in a row": "five in a row",
    "10 min later": "ten minutes later",
    "3 m high": "three meters high",
    "5 A grades": "five A grades",
    "£3.50/kg": "three pounds and fifty pence per kilogram",
    "3m high": "three meters high",
    # telephone numbers and the like
    "Call 555-1234.": "call five five five, one two three four.",
    "(212) 555-0187": "two one two, five five five, zero one eight seven",
    "1-800-555-0199": "one, eight hundred, five five five, zero one nine nine",
    "version 2.0.1": "version two point zero point one",
    "at 192.168.0.1": "at one nine two dot one six eight dot zero dot one",
    # abbreviations
    "Dr. Smith and Mrs. Jones": "doctor smith and missus jones",
    "Mr. Brown lives on Elm St. He": "mister brown lives on elm street. he",
    "St. Paul": "saint paul",
    "Prof. Li vs. Dr. Wu": "professor li versus doctor wu",
    "apples, pears, etc.": "apples, pears, et cetera.",
    "e.g. this, i.e. that": "for example this, that is that",
    "J. R. R. Tolkien": "J R R tolkien",
    "John F. Kennedy": "john F kennedy",
    "Acme Inc. makes": "acme incorporated makes",
    "Martin Luther King Jr. spoke": "martin luther king junior spoke",
    "Fig. 3 shows": "figure three shows",
    "It is cold, no. I know.": "it is cold, no. i know.",
    # letters
    "the FBI and NASA": "the fbi and nasa",
    "the U.S. Army": "the U S army",
    "in the U.S. The end": "in the U S. the end",
    "a Ph.D. in": "a P H D in",
    "an XQZ URL": "an X Q Z url",
    "the XKCD comic": "the X K C D comic",
    "CDs and DVDs": "C D's and dvd's",
    "B2B and MP3": "B two B and M P three",
    "a 3D film in 4K": "a three D film in four K",
    "I said NO": "i said no",
    "DO NOT PANIC": "do not panic",
    "WE ARE IN THE UNITED STATES": "we are in the united states",
    "plan B is": "plan B is",
    "A is a letter": "A is a letter",
    "vitamin A": "vitamin A",
    "Louis XIV and World War II": "louis the fourteenth and world war two",
    "World War I ended. I won.": "world war one ended. i won.",
    "R&D at AT&T": "R and D at A T and T",
    "C# and C++": "C sharp and C plus plus",
    "COVID-19": "covid nineteen",
    "Chapter IV": "chapter four",
    # signs, addresses
    "salt & pepper": "salt and pepper",
    "and/or": "and or",
    "me@site.com": "me at site dot com",
    "www.example.org/help": "W W W dot example dot org slash help",
    "well-known co-op": "well known co op",
    "a (small) thing": "a, small, thing",
    "wait - what": "wait – what",
    "wait -- what": "wait – what",
    "what?! no!!": "what? no!",
    "hmm... yes": "hmm… yes",
    "“Quoted,” she said.": "quoted, she said.",
    "don't can’t rock 'n' roll": "don't can't rock 'n roll",
    "the dogs' bowls": "the dogs' bowls",
    "don′t, I′m O′Brien": "don't, i'm o'brien",
    "the boys′ room": "the boys' room",
    "don❜t can‵t": "don't can't",
    "f′(x) and 6′ 2″": "F prime of X and six feet two inches",
    "naïve café Łódź": "naive cafe lodz",
    "YouTube and iPhone": "youtube and iphone",
    "x < y": "X less than Y",
    "50 < 60": "fifty less than sixty",
    "😀 hello 你好": "hello",
    "": "",
    "...": "",
}


@pytest.mark.parametrize("written", CASES)
def test_what_is_said(written):
    assert text.analyse(written.replace("<", "&lt;")).text == CASES[written]


SENTENCES = {
    "Hello there. How are you? Fine!": 3,
    "Dr. Smith went. He left.": 2,
    "It costs 3.50 now. Or 4.": 2,
    "He lives in the U.S. today.": 1,
    "I met J. R. R. Tolkien. He smiled.": 2,
    "At 5 p.m. we left. At 6 p.m. They came.": 3,
    "Visit www.example.com. Then call.": 2,
    "Really?! Yes... maybe. No": 3,
    "“Stop!” he cried. “Why?” asked she.": 2,
    "First line\nsame sentence.\n\nNew paragraph without end\n\nAnother": 3,
    "Apples, pears, etc. are fruit. Cars etc. They are not.": 3,
    "See Fig. 3. It shows approx. 5 of them vs. none.": 2,
    "“Is it so?” “No.” (It was.) Done.": 4,
    "Wait… what? The No. 1 rule.": 2,
}


@pytest.mark.parametrize("written", SENTENCES)
def test_sentences(written):
    found = [written[s.start: s.end] for s in text.analyse(written).sentences]
    assert len(found) == SENTENCES[written], found


def test_places_are_those_of_the_source():
    written = "On May 3rd, 1984, Dr. No paid $4.50."
    for word, where in (("third", "May 3rd, 1984"), ("doctor", "Dr."), ("fifty", "$4.50"), ("no", "No")):
        found = next(w for w in text.analyse(written).words if w.text == word)
        assert written[found.start: found.end] == where


@given(st.integers(0, 10**numbers.LONGEST - 1))
def test_cardinals_can_be_read_back(value):
    words = numbers.cardinal(value)
    total = part = 0
    for word in words:
        if word in numbers._SMALL:
            part += numbers._SMALL.index(word)
        elif word in numbers._TENS:
            part += 10 * numbers._TENS.index(word)
        elif word == "hundred":
            part *= 100
        else:
            total, part = total + part * 1000 ** numbers._LARGE.index(word), 0
    assert total + part == value


WRITTEN = st.text(st.sampled_from("aAbIsStTMDrd.,;:!?…-–'’\"()/<>$£%°#&@+=½ \n0123456789km"),
                  max_size=60) | st.text(max_size=60)


@settings(max_examples=150, deadline=None)
@given(WRITTEN)
def test_any_text_is_read_in_order(written):
    last = 0
    for piece in normalise(written, lambda word: len(word) > 2):
        assert last <= piece.start <= piece.end <= len(written)
        assert isinstance(piece, Marked) or piece.words and all(piece.words)
        if isinstance(piece, Spoken):
            assert all(w.isascii() and w.replace("'", "").isalpha() for w in piece.words), piece
        last = piece.end if isinstance(piece, Spoken) else piece.start


def test_a_long_text_is_read_in_linear_time():
    written = "1" * 20000 + " " + "a." * 5000 + " " + "A-" * 5000 + "$" * 2000
    assert normalise(written)


@pytest.mark.parametrize("written, said", [
    ("–5 degrees", "minus five degrees"), ("(–5 V)", "minus five volts,"), ("from [–2]", "from, minus two,"),
    ("pages 3–5", "pages three to five"), ("He said \"yes\"–5 times", "he said yes – five times")])
def test_a_dash_before_a_number_is_a_sign_where_nothing_stands_before_it(written: str, said: str) -> None:
    from avspeech import text

    assert text.analyse(written).text == said


def _cases(step: int) -> list[str]:
    """Every so many of the written sentences of `cases/`."""
    found = []
    for path in sorted(Path(__file__).with_name("cases").glob("readings*.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if " => " in line and not line.startswith("# "):
                found.append(line.split(" => ")[0].replace("<", "&lt;"))
    return found[::step]


def _words(written: str) -> list[str]:
    return [word.text for word in text.analyse(written).words]


FORMS = {
    "blanks around": lambda s: f"  {s} \n ",
    "NFC": lambda s: unicodedata.normalize("NFC", s),
    "NFD": lambda s: unicodedata.normalize("NFD", s),
    "straight quotes": lambda s: s.translate(str.maketrans("“”’", "\"\"'")),
    "lines of Windows": lambda s: s.replace(" ", "\r\n", 2) + "\r\n",
    "lines of old Macs": lambda s: s.replace(" ", "\r", 2) + "\r",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_reading_does_not_depend_on_how_the_same_is_typed(form):
    for written in _cases(16):
        same = written.replace(" ", "\n", 2) if form.startswith("lines") else written
        assert _words(FORMS[form](written)) == _words(same), written
    for plain, typed in (("the U.N.'s a) part", "the U.N.’s a) part"), ("a) yes b) no", " a) yes b) no")):
        assert _words(typed) == _words(plain)


def test_nothing_is_left_out_in_silence():
    """Each letter, digit and sign belongs to what is said or to what is reported."""
    for written in _cases(16):
        script = text.analyse(written)
        spans = [(w.start, w.end) for w in script.words] + [(u.start, u.end) for u in script.unread]
        for place, character in enumerate(written):
            told = any(start <= place < end for start, end in spans)
            wanted = character.isalnum() or unicodedata.category(character) in ("Sm", "Sc", "So", "No")
            if wanted and character not in "|<>=" and "&lt;" not in written[max(0, place - 3) : place + 4]:
                assert told, (written, character)


@pytest.mark.parametrize("sign", [*lists.FRACTIONS, *"⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉ⁿ"])
@pytest.mark.parametrize("frame", ["E = {}mv", "a t{} b", "x{}y", "abc{}", "it has{}it"])
def test_a_small_digit_beside_letters_is_said_or_reported(sign, frame):
    with_it, without = text.analyse(frame.format(sign)), text.analyse(frame.format(""))
    assert len(with_it.words) > len(without.words) or sign in with_it.unread_line
