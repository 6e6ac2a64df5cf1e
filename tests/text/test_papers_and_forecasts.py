"""Shortened names of journals, forecasts, and shorthand of clinics, museums, courses and games."""

from __future__ import annotations

import pytest

from avspeech import text
from avspeech.text import journals, weather
from avspeech.text.numbers import number, ordinal


def said(written: str) -> str:
    return " ".join(word.text for word in text.analyse(written).words)


@pytest.mark.parametrize("end", [" 103, 4613 (1995)", " 12:5", " (2001)", ", vol. 3", " 2001, 123, 5"])
@pytest.mark.parametrize(("name", "words"), [
    ("J. Chem. Phys.", "journal of chemical physics"), ("Phys. Rev. Lett.", "physical review letters"),
    ("N. Engl. J. Med.", "new england journal of medicine"), ("Appl. Phys. Lett.", "applied physics letters"),
    ("Proc. Natl. Acad. Sci.", "proceedings of the national academy of sciences"),
    ("Harv. L. Rev.", "harvard law review"), ("Annu. Rev. Biochem.", "annual review of biochemistry"),
    ("J. Am. Chem. Soc.", "journal of the american chemical society"),
])  # fmt: skip
def test_a_journal_before_its_volume(name: str, words: str, end: str) -> None:
    assert said(f"It is in {name}{end}").startswith(f"it is in {words} ")


@pytest.mark.parametrize("bare", ["N Engl J Med", "J Appl Phys", "Am J Physiol", "Cell Biol Int"])
def test_a_journal_without_periods_has_a_year_and_a_volume(bare: str) -> None:
    dotted = " ".join(w + "." * (w != "Cell") for w in bare.split())
    assert said(f"{bare}. 2020;382(8):727-733") == said(f"{bare} 2020;382(8):727-733")
    assert said(f"{dotted} 12, 5").split()[:3] == said(f"{bare} 2020;12:5").split()[:3]
    assert "journal" not in said(f"{bare} was here")


@pytest.mark.parametrize("written", [
    "Rev. J. Smith spoke.", "Gen. Stan. Lee left.", "R. J. Smith and J. R. Stud came.", "said J.J.",
    "He came in Mar. 5 and Int. Smith too.", "Prof. Am. Chemla", "Mr. J. Rev. came.",
])  # fmt: skip
def test_what_is_no_journal(written: str) -> None:
    words = set(said(written).split())
    assert words.isdisjoint({"journal", "international", "american", "chemistry", "studies", "standard"})


@pytest.mark.parametrize("volume", [3, 58, 123])
@pytest.mark.parametrize("pages", [(453, 508), (7, 19)])
def test_volume_and_pages(volume: int, pages: tuple[int, int]) -> None:
    first, last = pages
    right = [*number(str(volume)), *number(str(first)), "to", *number(str(last))]
    assert said(f"Phys. Rev. Lett. {volume}:{first}–{last}").split()[3:] == right
    assert said(f"Lancet 2020;{volume}:{first}-{last}").split()[3:] == right
    assert "to" in said(f"a ratio of {volume}:{first}").split()  # no paper


def test_each_word_of_a_journal_is_said() -> None:
    for name, (noun, _) in journals.WORDS.items():
        if len(name) > 2 and name not in ("Rev", "Appl", "Ann", "Mar", "Gen", "Rep"):
            assert noun.split()[0] in said(f"J. Clin. {name}. 12, 5").split(), name


@pytest.mark.parametrize("side", [("N", "north"), ("SW", "southwest"), ("WNW", "west northwest")])
@pytest.mark.parametrize("form", ["{} winds 10 kt", "Winds {} 10 to 15 mph", "Wind: {} at 5 mph",
                                  "Light wind becoming {} 15 kt", "Winds light, then {} 10–15 km/h"])
def test_winds(side: tuple[str, str], form: str) -> None:
    letters, words = side
    assert f" {words} " in f" {said(form.format(letters))} "


@pytest.mark.parametrize("short", sorted(set(weather.SHORT) - {"wx", "pt"}))
def test_words_of_a_forecast_only_where_one_is(short: str) -> None:
    word = weather.SHORT[short].split()[0]
    assert word in said(f"Mon: sunny, rain late, {short} 40%, winds light").split()
    if short in ("hi", "lo", "hum", "pop", "pops", "pt"):
        assert word not in said(f"She had {short} 40 in her notes").split()


@pytest.mark.parametrize("noun", ["engineer", "developer", "return", "team"])
def test_many_times_a_noun_and_many_times_more(noun: str) -> None:
    assert said(f"a 10x {noun}").split()[:3] == ["a", "ten", "X"]
    assert said("a 10x faster chip and 3x cheaper").count("times") == 2


@pytest.mark.parametrize(("first", "second"), [("NT$500", "US$16"), ("£5", "$6"), ("$500", "about €460")])
def test_one_price_in_two_coins(first: str, second: str) -> None:
    words = said(f"a {first} ({second}) bowl").split()
    assert not {"dollars", "pounds", "euros"}.intersection(words)
    many = said(f"It costs {first} ({second}) now").split()
    assert {"dollars", "pounds", "euros"}.intersection(many)


@pytest.mark.parametrize("strengths", [(25, 50), (5, 10), (25, 50, 100)])
def test_strengths_of_a_tablet(strengths: tuple[int, ...]) -> None:
    written = ",".join(map(str, strengths))
    assert said(f"{written} mg").split() == [*(w for s in strengths for w in number(str(s))), "milligrams"]
    assert "point" in said("0,25 mg") and "thousand" in said("5,500 mg") and "point" in said("1,5 kg")


@pytest.mark.parametrize("minute", [3, 14, 67, 90])
def test_minutes_of_goals(minute: int) -> None:
    words = said(f"Leeds 2–1 Hull (Roe {minute}')").split()
    assert words[-len(ordinal(minute)) - 1 :] == [*ordinal(minute), "minute"]
    assert "minute" not in said(f"'Leeds lost to Hull and to Roe {minute}' she said")
    assert "minute" not in said(f"'They saw Route {minute}' and left")


@pytest.mark.parametrize("limb", ["arm", "lower lobe", "knee", "eye"])
def test_sides_of_a_body(limb: str) -> None:
    assert said(f"pain in the L {limb}").split()[3:5] == ["left", limb.split()[0]]
    assert said(f"R {limb} and vitamin L arms").split()[0] == "right"


@pytest.mark.parametrize("age", [7, 58])
def test_who_a_patient_is(age: int) -> None:
    assert said(f"Pt is a {age}F w/ cough").split()[3:-2] == [*number(str(age)), "year", "old", "female"]
    assert "female" not in said(f"It was {age}F with rain")


@pytest.mark.parametrize("year", [1488, 1699, 1742])
def test_a_date_of_two_years(year: int) -> None:
    after = (year + 1) % 10
    assert "over" not in said(f"London, {year}/{after}").split()
    assert said(f"London, {year}/{after}").split()[1:3] == said(f"in {year}").split()[1:3]


@pytest.mark.parametrize("version", ["Python 3.12", "Windows 11", "Ubuntu 22.04"])
def test_what_a_version_has(version: str) -> None:
    words = said(f"{version}'s types are new").split()
    assert words[-4].endswith("'s") and "S" not in words


@pytest.mark.parametrize("sign", ["≥", "≥ ", "<", ">="])
def test_a_version_behind_a_sign(sign: str) -> None:
    assert said(f"Use Python {sign}3.10 now").split()[-4:-1] == ["three", "point", "ten"]
    assert said(f"It is {sign}3.10 now").split()[-5:-1] == ["three", "point", "one", "zero"]


@pytest.mark.parametrize("place", ["side", "end", "corner", "ridge"])
def test_the_side_of_a_place(place: str) -> None:
    assert said(f"on the N {place} of it").split()[2] == "north"
    assert said(f"Option N {place} of it").split()[1] == "N"


@pytest.mark.parametrize(("written", "sound"), [
    ("*Job is the hardest book of the Old Testament.", "JH OW1 B"), ("the *Job Corps", "JH AA1 B"),
    ("*Polish workers polish it.", "P OW1 L IH0 SH"), ("*Polish the silver.", "P AA1 L IH0 SH"),
    ("They had a *row about money.", "R AW1"), ("three in a *row over the years", "R OW1"),
    ("The *lead in the water was high.", "L EH1 D"), ("took the *lead in the water race", "L IY1 D"),
    ("*Does graze there while the bucks watch.", "D OW1 Z"), ("*Does the buck live here?", "D AH1 Z"),
    ("He was *learned and kind.", "L ER1 N AH0 D"), ("It was *learned that he left.", "L ER1 N D"),
    ("The plant *produces steel.", "P R AH0 D UW1 S AH0 Z"),
    ("The teacher marked him *present.", "P R EH1 Z AH0 N T"),
])  # fmt: skip
def test_words_of_two_sounds(written: str, sound: str) -> None:
    script = text.analyse(written.replace("*", ""))
    word = next(w for w in script.words if w.start == written.index("*"))
    plain = [p.replace("ɪ", "ə").replace("ɝ", "ɚ") for p in word.phones]
    right = [p.replace("ɪ", "ə").replace("ɝ", "ɚ") for p in text.symbols.from_arpabet(sound)]
    assert plain == right
