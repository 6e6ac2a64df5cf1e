"""SSML that changes how something is said or read, and what is refused."""

from __future__ import annotations

import json

import pytest

from avspeech import text
from avspeech.errors import InputError
from avspeech.text import markup, phones, say_as
from avspeech.text.script import PLAIN, SILENT, Contour, Style


def styles(source: str) -> dict[str, Style]:
    return {word.text: word.style for word in text.analyse(source).words}


@pytest.mark.parametrize(("tag", "style"), [
    ('pitch="+2st"', Style(pitch=2)), ('pitch="-3.5st"', Style(pitch=-3.5)),
    ('pitch="+100%"', Style(pitch=12)), ('pitch="x-high"', Style(pitch=6)), ('pitch="medium"', PLAIN),
    ('volume="+6dB"', Style(gain=6)), ('volume="soft"', Style(gain=-6)),
    ('volume="silent"', Style(gain=SILENT)), ('pitch="low" volume="loud"', Style(-3, 4)),
    ('contour="(0%,+2st) (50%,+100%)(100%,-1st)"',
     Style(contour=Contour(((0.0, 2.0), (0.5, 12.0), (1.0, -1.0)), 0)))])
def test_prosody(tag: str, style: Style) -> None:
    found = styles(f"before <prosody {tag}>within</prosody> after")
    within = found["within"]
    if within.contour is not None:  # the place tells one stretch from another
        assert within.contour.start == len(f"before <prosody {tag}>")
        within = Style(within.pitch, within.gain, Contour(within.contour.points, 0))
    assert within == style and found["before"] == found["after"] == PLAIN


def test_what_is_within_adds_up() -> None:
    found = styles('<prosody pitch="+2st" volume="-3dB">one <prosody pitch="+1st">two '
                   '<prosody volume="silent">three <prosody volume="+9dB">four'
                   '</prosody></prosody></prosody></prosody>')
    assert (found["one"], found["two"]) == (Style(2, -3), Style(3, -3))
    assert found["three"].gain == found["four"].gain == SILENT
    script = text.analyse("<prosody rate=2>one <emphasis>two</emphasis></prosody>")
    rates = [word.rate for word in script.words]
    assert rates == pytest.approx([2.0, 1.8])


@pytest.mark.parametrize("level", markup.EMPHASES)
def test_emphasis(level: str) -> None:
    word = text.analyse(f'a <emphasis level="{level}">b</emphasis>').words[1]
    assert (word.rate, word.style.pitch, word.style.gain) == markup.EMPHASES[level]
    if level == "strong":  # longer, higher and louder than where nothing is asked for
        assert word.rate < 1 and word.style.pitch > 0 and word.style.gain > 0


@pytest.mark.parametrize(("kind", "form", "written", "said"), [
    ("cardinal", "", "1984", "one thousand nine hundred eighty four"),
    ("cardinal", "", "-2.5", "minus two point five"),
    ("ordinal", "", "42", "forty second"), ("ordinal", "", "3rd", "third"),
    ("digits", "", "1 0-7", "one zero seven"),
    ("characters", "", "AB-1", "A B dash one"), ("spell-out", "", "Zoë", "Z O E"),
    ("date", "mdy", "5/3/1984", "may third nineteen eighty four"),
    ("date", "dmy", "5/3/1984", "march fifth nineteen eighty four"),
    ("date", "", "2026-11-28", "november twenty eighth twenty twenty six"),
    ("date", "yyyymmdd", "19840503", "may third nineteen eighty four"),
    ("date", "my", "Sep. 1906", "september nineteen oh six"), ("date", "md", "5-3", "may third"),
    ("date", "y", "2000", "two thousand"),
    ("time", "", "2:30pm", "two thirty P M"), ("time", "hms24", "14:05", "fourteen oh five"),
    ("time", "", "7:00", "seven o'clock"), ("time", "hms24", "07:00:01", "seven hundred and one second"),
    ("telephone", "", "+1 (415) 555-2671", "plus one , four one five , five five five , two six seven one"),
    ("telephone", "", "555-1234 ext. 12", "five five five , one two three four , extension one two"),
    ("unit", "", "5 km", "five kilometers"), ("unit", "", "1 kg", "one kilogram"),
    ("unit", "", "60 km/h", "sixty kilometers per hour"), ("fraction", "", "3/4", "three quarters"),
    ("fraction", "", "1 1/2", "one and one half"), ("currency", "", "$4.50", "four dollars and fifty cents")])
def test_say_as(kind: str, form: str, written: str, said: str) -> None:
    assert say_as.say(written, kind, form) == said.split()
    script = text.analyse(f'Now <say-as interpret-as="{kind}" format="{form}">{written}</say-as> then.')
    assert script.text.lower() == f"now {said.lower()} then.".replace(" ,", ",")
    within = [w for w in script.words if w.text not in ("now", "then")]
    assert all(script.source[w.start:w.end] == written for w in within)


@pytest.mark.parametrize(("kind", "form", "written"), [
    ("cardinal", "", "many"), ("ordinal", "", "1.5"), ("date", "mdy", "13/13/2000"),
    ("date", "dmx", "1/1/2000"),
    ("date", "", "soon"), ("time", "", "25:00"), ("time", "hms12", "0:30"), ("telephone", "", "call me"),
    ("unit", "", "12 zork"), ("fraction", "", "1/0"), ("currency", "", "5 apples"), ("characters", "", "漢"),
    ("expletive", "", "word"), ("digits", "", "12a"), ("cardinal", "", " ")])
def test_what_is_not_of_its_kind_is_refused(kind: str, form: str, written: str) -> None:
    source = f'Now <say-as interpret-as="{kind}" format="{form}">{written}</say-as>'
    for door in (text.analyse, text.check):
        with pytest.raises(InputError, match=r"text, column \d+: [^\n]+$"):
            door(source)


def test_alias() -> None:
    script = text.analyse('The <sub alias="World Wide Web">WWW</sub>, <sub alias="5 &amp; 6">x</sub>.')
    assert script.text == "the world wide web, five and six."
    assert [script.source[w.start:w.end] for w in script.words] == ["The", *["WWW"] * 3, *["x"] * 3]


@pytest.mark.parametrize(("alphabet", "ph", "arpabet"), [
    ("ipa", "həˈloʊ", "HH AH0 L OW1"), ("ipa", "/ˈwɔːtɚ/", "W AO1 T ER0"), ("ipa", "ˈbʌtn̩", "B AH1 T AH0 N"),
    ("ipa", "təˈmɑːtəʊ", "T AH0 M AA1 T OW0"), ("x-sampa", 'h@"loU', "HH AH0 L OW1"),
    ("x-sampa", '"dZu:.li', "JH UW1 L IY0"), ("X-SAMPA", 'rI"k{t', "R IH0 K AE1 T"),
    ("arpabet", "SH AH0 V AO1 N", "SH AH0 V AO1 N"), ("x-cmu", "K AE1 T", "K AE1 T")])
def test_phonemes(alphabet: str, ph: str, arpabet: str) -> None:
    wanted = text.symbols.from_arpabet(arpabet)
    assert phones.read(ph, alphabet) == wanted
    quote = "'" if '"' in ph else '"'
    word, = text.analyse(f"<phoneme alphabet={alphabet} ph={quote}{ph}{quote}>Some Name</phoneme>").words
    assert (word.phones, word.source, word.text) == (wanted, "given", "some name")


@pytest.mark.parametrize(("alphabet", "ph"), [
    ("ipa", "ʃœn"), ("ipa", "h@"), ("ipa", "ˈ"), ("ipa", "."), ("ipa", "t漢"), ("klingon", "a"),
    ("arpabet", "HELLO"), ("x-sampa", "&")])
def test_phones_that_are_none(alphabet: str, ph: str) -> None:
    with pytest.raises(InputError, match=r"text, column \d+: "):
        text.analyse(f'<phoneme alphabet="{alphabet}" ph="{ph}">x</phoneme>')


@pytest.mark.parametrize(("source", "match"), [
    ('<audio src="a.wav"/>', "<audio> is not supported; there are "),
    ('<lang xml:lang="fr">x</lang>', "<lang>"),
    ("<prosody>x</prosody>", "without rate="), ('<prosody range="high">x</prosody>', "has no 'range'"),
    ('<prosody pitch="200Hz">x</prosody>', "hertz are not supported"),
    ('<prosody pitch="+13st">x</prosody>', "up to 12"),
    ('<prosody pitch="+8st"><prosody pitch="+8st">x</prosody></prosody>', r"pitch \+16st"),
    ('<prosody volume="80">x</prosody>', "volume '80'"), ('<prosody volume="+30dB">x</prosody>', "volume"),
    ('<prosody contour="(0%,+2st">x</prosody>', "contour"),
    ('<prosody contour="(9%,+2st)(0%,+2st)">x</prosody>', "order"),
    ('<prosody contour="">x</prosody>', "contour"), ('<emphasis level="huge">x</emphasis>', "level 'huge'"),
    ("<say-as>1</say-as>", 'without interpret-as="..."'), ("<sub>x</sub>", 'without alias="..."'),
    ('<sub alias="漢">x</sub>', "has no reading"), ('<sub alias="y"/>', "is empty"),
    ('<sub alias="y"> </sub>', "is empty"),
    ('<sub alias="y"><emphasis>x</emphasis></sub>', "holds text alone"),
    ("<phoneme>x</phoneme>", 'without ph="..."'),
    ("<mark/>", 'without name="..."'), ("<voice>x</voice>", 'without name="..."'),
    ('<voice name="bob">x</voice>', "voice 'bob' is not known; this model has: ann"),
    ("<emphasis>x", "is not closed"), ("x</emphasis>", "closes nothing")])
def test_what_is_refused(source: str, match: str) -> None:
    for door in (text.analyse, text.check):
        with pytest.raises(InputError, match=match) as caught:
            door(f"Say {source}", voices=("ann",))
        assert str(caught.value).startswith("text, column ") and "\n" not in str(caught.value)


def test_voices_part_sentences_and_places_keep_their_names() -> None:
    source = 'One <mark name="a"/>two <voice name="ann">three. Four</voice> five<mark name="b"></mark>'
    script = text.analyse(source, voices=("ann",))
    assert [(s.voice, [w.text for w in s.items if isinstance(w, text.Word)]) for s in script.sentences] == [
        (None, ["one", "two"]), ("ann", ["three"]), ("ann", ["four"]), (None, ["five"])]
    assert [(p.name, source[p.start:p.start + 3]) for p in script.points] == [("a", "two"), ("b", "</m")]
    assert text.Script.from_dict(json.loads(json.dumps(script.as_dict()))) == script


def test_nothing_of_the_markup_is_read_aloud() -> None:
    source = ('<speak version="1.1"><p><s><w>Hello</w> <emphasis level="strong">dear</emphasis> <prosody '
              'contour="(0%,+1st)(100%,-1st)" volume="loud">friend</prosody><mark name="x"/></s></p></speak>')
    assert text.analyse(source).text == "hello dear friend"


def test_a_date_has_a_day_that_the_month_has():
    for month, longest in enumerate((31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 1):
        assert say_as.say(f"{month}/{longest}", "date", "md")
        if longest < 31:
            with pytest.raises(InputError, match="is no date"):
                say_as.say(f"{month}/{longest + 1}/2024", "date", "mdy")


@pytest.mark.parametrize("before", ["", " \n", "\ufeff", "<?xml version='1.0'?>\n<!-- one --> "])
@pytest.mark.parametrize("behind", ["", "\n", " <!-- two -->\n"])
def test_a_root_may_have_remarks_around_it(before: str, behind: str) -> None:
    assert text.analyse(f"{before}<speak>Two words.</speak>{behind}").text == "two words."


@pytest.mark.parametrize("stray", ["x", "&#65;", "<brk>", "<p>x</p>", "<mark name='a'/>", "<![CDATA[x]]>"])
@pytest.mark.parametrize("gap", ["", "\n", " <!-- one --> "])
def test_nothing_stands_outside_the_root(stray: str, gap: str) -> None:
    for root in ("<speak>a</speak>", "<speak/>"):
        for source, match in ((f"{root}{gap}{stray}", "behind </speak>"),
                              (f"{stray}{gap}{root}", "before <speak>"),
                              (f"{root}{gap}{root}", "behind </speak>")):
            for door in (text.analyse, text.check):
                with pytest.raises(InputError, match=match) as caught:
                    door(source)
                assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Speak", "SPEAK", "sPeak"])
def test_the_root_is_in_small_letters(name: str) -> None:
    for source in (f"<{name}>a</{name}>", f"<{name}>a</speak>", f"<speak>a</{name}>", f"<{name}/>"):
        with pytest.raises(InputError, match="in small letters"):
            text.analyse(source)


@pytest.mark.parametrize(("narrow", "broad"), [
    ("tʰɑm", "tɑm"), ("bæt̚", "bæt"), ("t̪æn", "tæn"), ("d̥æn", "dæn"), ("bʌt̬ɚ", "bʌtɚ"),
    ("təˈmeɪ̯ɾoʊ̯", "təˈmeɪɾoʊ"), ("mæ̃n", "mæn"), ("ˈbʌtn̍", "ˈbʌtn̩"), ("fiˑld", "fild"),
    ("fiːɫ", "fil"), ("kʷɪk", "kɪk"), ("ʤʌʤ", "dʒʌdʒ"), ("ʧɪp", "tʃɪp"), ("bɜ˞d", "bɝd"),
    ("ʍaɪ", "waɪ"), ("dei", "deɪ"), ("gou", "ɡoʊ"), ("mai", "maɪ"), ("nau", "naʊ"),
    ("boi", "bɔɪ")])
def test_how_exactly_a_phone_is_spoken_changes_nothing(narrow: str, broad: str) -> None:
    assert phones.read(narrow) == phones.read(broad)


@pytest.mark.parametrize(("sampa", "ipa"), [
    ("t_hAm", "tʰɑm"), ("b{t_}", "bæt̚"), ("t_d{n", "t̪æn"), ("goU_^", "ɡoʊ̯"), ("fi5", "fiɫ"),
    ("WaI", "ʍaɪ"), ("bVt_v@`", "bʌt̬ɚ"), ("d_0{n", "d̥æn")])
def test_diacritics_of_x_sampa(sampa: str, ipa: str) -> None:
    assert phones.read(sampa, "x-sampa") == phones.read(ipa)


@pytest.mark.parametrize("ipa", ["ʋɑ", "bøt", "xyʁ", "e", "bat"])
def test_phones_that_english_has_not_stay_refused(ipa: str) -> None:
    with pytest.raises(InputError, match="no phone"):
        phones.read(ipa)


@pytest.mark.parametrize("about", [
    '<meta name="seeAlso" content="a > b"/>', '<meta http-equiv="Cache-Control" content="x"></meta>',
    '<metadata><rdf:RDF xmlns:rdf="x"><rdf:a b="c"/></rdf:RDF></metadata>',
    "<metadata>not said</metadata>"])
def test_what_is_about_the_text_is_not_said(about: str) -> None:
    script = text.analyse(f"<speak>{about}Hello <emphasis>you</emphasis>.</speak>")
    assert script.text == "hello you."
    assert [word.start for word in script.words][0] == len("<speak>" + about)


@pytest.mark.parametrize("name", ["startmark", "endmark", "rate", "voice"])
def test_the_root_takes_nothing_that_changes_what_is_said(name: str) -> None:
    with pytest.raises(InputError, match=f"<speak> has no '{name}'"):
        text.analyse(f'<speak version="1.1" {name}="a">x</speak>')
    text.analyse('<speak version="1.1" xmlns:xsi="x" xsi:schemaLocation="y z" xml:base="b" '
                 'onlangfailure="ignoretext" xml:lang="en">x</speak>')


@pytest.mark.parametrize("around", ["slow", "50%", "1.5", "+20%"])
@pytest.mark.parametrize(("within", "wanted", "own"), [
    ("medium", 1.0, True), ("fast", 1.25, True), ("120%", 1.2, True), ("1.2", 1.2, False),
    ("+20%", 1.2, False)])
def test_a_name_or_a_bare_percentage_is_of_the_voices_own_rate(
    around: str, within: str, wanted: float, own: bool
) -> None:
    one, two = text.analyse(f'<prosody rate="{around}">one <prosody rate="{within}">two'
                            "</prosody></prosody>").words
    assert two.rate == pytest.approx(wanted if own else wanted * one.rate)


def test_a_name_of_pitch_or_volume_is_the_voices_own() -> None:
    found = styles('<prosody pitch="high" volume="silent">one <prosody pitch="low" volume="loud">two '
                   '<emphasis>three</emphasis> <prosody pitch="+1st" volume="-1dB">four</prosody>'
                   "</prosody></prosody>")
    assert found["one"] == Style(3, SILENT) and found["two"] == Style(-3, 4)
    assert found["three"] == Style(-1.5, 6) and found["four"] == Style(-2, 3)
    within = styles('<emphasis level="strong">one <prosody volume="soft">two</prosody></emphasis>')
    assert within["two"] == Style(3, -2)


@pytest.mark.parametrize(("one", "other"), [("555", "1234"), ("5", "6 km"), ("A", "7")])
@pytest.mark.parametrize("dash", ["-", "–"])
def test_a_dash_behind_a_tag_is_no_minus(one: str, other: str, dash: str) -> None:
    assert "minus" not in text.analyse(f"say <emphasis>{one}</emphasis>{dash}{other}").text
    assert "minus" in text.analyse(f"say <emphasis>{one}</emphasis> -{other}").text


def test_the_type_of_a_phoneme_changes_nothing() -> None:
    said = '<phoneme alphabet="ipa" {}ph="hɛˈloʊ">hello</phoneme>'
    typed = text.analyse(said.format('type="default" '))
    assert typed.words[0].phones == text.analyse(said.format("")).words[0].phones


@pytest.mark.parametrize("around", ["strong", "moderate", "reduced"])
def test_no_emphasis_within_an_emphasis_is_none(around: str) -> None:
    found = styles(f'<prosody pitch="+2st"><emphasis level="{around}">one <emphasis level="none">two '
                   "</emphasis>three</emphasis> four</prosody>")
    assert found["two"] == found["four"] == Style(2, 0)
    assert found["one"] == found["three"] != found["two"]
