"""SSML as the manuals of other engines write it: obeyed, or refused in one line that says where;
never is markup read aloud, and nothing that a tag asks for is dropped in silence."""

from __future__ import annotations

import pytest

from avspeech import text
from avspeech.errors import InputError
from avspeech.text import say_as

ROOTS = (
    "<speak>{}</speak>",
    '<?xml version="1.0" encoding="UTF-8"?>\n<speak version="1.0" xml:lang="en-US"\n'
    '  xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="https://www.w3.org/2001/mstts">{}</speak>',
    '<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "synthesis.dtd">\n'
    '<speak version="1.1" xmlns:xsi="x" xsi:schemaLocation="a b">\n{}\n</speak>\n',
)


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("written", "said"), [
    ("Today, <token>New York</token> is <w>close</w>.", "today, new york is close."),
    ('<p xml:id="a"><s>One.</s><s id="b">Two.</s></p>', "one. two."),
    ('<voice xml:lang="en-US" name="ann">Hi.</voice>', "hi."),
    ('That is a <emphasis> big </emphasis> car!', "that is a big car!"),
    ('<prosody rate="+30.00%" pitch="default">Enjoy.</prosody>', "enjoy."),
    ('You are <say-as interpret-as="ordinal" detail="x">10</say-as> in line.', "you are tenth in line."),
    ('<say-as interpret-as="date" format="yyyymmdd" detail="1">1960-09-10</say-as>',
     "september tenth nineteen sixty"),
    ('<say-as interpret-as="date">????0922</say-as>', "september twenty second"),
    ('<say-as interpret-as="date">201809??</say-as>', "september twenty eighteen"),
    ('<say-as interpret-as="time">1\'21"</say-as>', "one minute and twenty one seconds"),
    ('<say-as interpret-as="telephone" format="1">(888) 555-1212</say-as>',
     "eight eight eight, five five five, one two one two"),
    ('<say-as interpret-as="fraction">5+1/2</say-as>', "five and one half"),
    ('Spell <say-as interpret-as="verbatim">abc</say-as>.', "spell A B C."),
    ("Step 1<break time='500ms'/>of 3, Dr.<break strength=\"weak\"/> Smith<!-- <break> --> waits.",
     "step one of three, doctor smith waits."),
    ('<sub alias="World Wide Web Consortium">W3C</sub> &amp; more', "world wide web consortium and more"),
    ('Say <phoneme alphabet="ipa" ph="t&#x259;mei&#x325;&#x27E;ou&#x325;"> tomato </phoneme>', "say tomato"),
    ('<![CDATA[5 < 6]]> is so', "five less than six is so"),
])  # fmt: skip
def test_what_is_obeyed(root: str, written: str, said: str) -> None:
    script = text.analyse(root.format(written), voices=("ann",))
    assert script.text == said and not script.unread_line


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("written", "named"), [
    ('<w role="claws:VV0">close</w>', "'role'"), ('<token role="amazon:VBD">read</token>', "'role'"),
    ('<lexicon uri="a.pls" xml:id="pls"/>x', "<lexicon>"), ('<lookup ref="pls">x</lookup>', "<lookup>"),
    ("<desc>A siren</desc>", "<desc>"), ('<audio src="a.mp3">didn\'t load</audio>', "<audio>"),
    ('<voice gender="female">x</voice>', "'gender'"), ('<voice name="ann" gender="male">x</voice>', "gender"),
    ('<voice name="ann" xml:lang="fr-FR">x</voice>', "'fr-FR'"), ('<s xml:lang="de-DE">x</s>', "'de-DE'"),
    ('<prosody duration="2s">x</prosody>', "'duration'"), ('<prosody pitch="150Hz">x</prosody>', "hertz"),
    ('<prosody contour="(0%,+20Hz) (10%,+30%)">x</prosody>', "hertz"),
    ('<prosody volume="+20.00%">x</prosody>', "volume"), ('<prosody rate="1.5x">x</prosody>', "rate"),
    ('<prosody amazon:max-duration="2s">x</prosody>', "'amazon:max-duration'"),
    ('<say-as interpret-as="bleep">x</say-as>', "'bleep'"),
    ('<say-as interpret-as="address">123 Main St</say-as>', "'address'"),
    ('<say-as interpret-as="interjection">Wow</say-as>', "'interjection'"),
    ('<say-as interpret-as="number_digit">123</say-as>', "'number_digit'"),
    ('<say-as interpret-as="vxml:boolean">true</say-as>', "'vxml:boolean'"),
    ('<say-as interpret-as="duration" format="hms">2:30:05</say-as>', "'duration'"),
    ('<say-as interpret-as="date">2018??22</say-as>', "no date"),
    ('<say-as interpret-as="date">5/6</say-as>', "no date"),
    ('<say-as interpret-as="telephone" google:style="zero-as-zero">5</say-as>', "'google:style'"),
    ('<seq><media begin="0.5s"><speak>x</speak></media></seq>', "<seq>"),
    ('<google:style name="lively">x</google:style>', "<google:style>"),
    ('<amazon:effect name="whispered">x</amazon:effect>', "<amazon:effect>"),
    ('<amazon:auto-breaths volume="low">x</amazon:auto-breaths>', "<amazon:auto-breaths>"),
    ('<phoneme alphabet="x-amazon-pinyin" ph="bao2">x</phoneme>', "'x-amazon-pinyin'"),
    ('<phoneme alphabet="ups" ph="JH AU">x</phoneme>', "'ups'"),
    ('<mstts:express-as style="cheerful">x</mstts:express-as>', "<mstts:express-as>"),
    ('<mstts:silence type="Tailing" value="2s"/>x', "<mstts:silence>"),
    ('<bookmark mark="a"/>x', "<bookmark>"), ("<math><mi>a</mi></math>", "<math>"),
    ('<express-as type="GoodNews">x</express-as>', "<express-as>"),
    ('<break time="250"/>x', "250"), ('<break time="2 s"/>x', "2 s"), ("<break time='-1s'/>x", "-1s"),
    ("<break time='1s'>x</break>", "</break>"), ('<sub alias="">x</sub>', "alias"),
    ("a<b && c", "&lt;"),
])  # fmt: skip
def test_what_is_refused(root: str, written: str, named: str) -> None:
    source = root.format(written)
    for door in (text.analyse, text.check):
        with pytest.raises(InputError) as caught:
            door(source, voices=("ann",))
        told = str(caught.value)
        assert named in told and told.startswith("text, ") and "column" in told and "\n" not in told


@pytest.mark.parametrize("year", ["2018", "????"])
@pytest.mark.parametrize("month", ["09", "??"])
@pytest.mark.parametrize("day", ["22", "??"])
def test_parts_of_a_date_that_are_not_told(year: str, month: str, day: str) -> None:
    parts = (("september",) if month == "09" else ()) + (("twenty", "second") if day == "22" else ())
    parts += ("twenty", "eighteen") if year == "2018" else ()
    if not parts or (month, day, year) == ("??", "22", "2018"):
        with pytest.raises(InputError, match="no date"):
            say_as.say(year + month + day, "date")
    else:
        assert say_as.say(year + month + day, "date") == list(parts)


@pytest.mark.parametrize("written", ["soon 5", "12 apples", "1/2", "page 5", "3 km"])
def test_what_names_no_day_is_no_date(written: str) -> None:
    with pytest.raises(InputError, match="no date"):
        say_as.say(written, "date")
