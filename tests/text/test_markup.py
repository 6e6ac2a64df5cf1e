import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech import text
from avspeech.errors import InputError
from avspeech.text.markup import Pause, Run, Terminal, parse
from avspeech.text.script import Tone


def test_the_example():
    pieces = parse("I said <brk 0.4> no<rise>")
    assert pieces == (Run("I said ", tuple(range(8))), Pause(0.4, 7, 16), Run(" no", (16, 17, 18, 19)),
                      Terminal(Tone("rise", 5.0), 19, 25))


@pytest.mark.parametrize(("tag", "seconds"), [
    ("<brk>", None), ("<brk 0.4>", 0.4), ("<brk 0.4s>", 0.4), ("<brk 400ms>", 0.4), ("<BRK .4 />", 0.4),
    ("<brk/>", None),
    ("<brk time=0.4>", 0.4), ('<break time="400ms"/>', 0.4), ("<break time='1.5s'/>", 1.5), ("<break/>",
                                                                                             None),
    ('<break strength="weak"/>', 0.2), ('<break strength="medium"/>', None), ("<break strength=x-strong/>",
                                                                              1.0),
    ('<break time="300ms" strength="strong"/>', 0.3)])
def test_breaks(tag, seconds):
    assert [p.seconds for p in parse(f"a {tag} b") if isinstance(p, Pause)] == [pytest.approx(seconds)]


def test_a_break_of_no_strength_is_none():
    assert not [p for p in parse('a <break strength="none"/> b') if isinstance(p, Pause)]


@pytest.mark.parametrize(("tag", "tone"), [
    ("<rise>", Tone("rise", 5.0)), ("<rise slope=4>", Tone("rise", 4.0)), ("<fall>", Tone("fall", -5.0)),
    ("<fall slope=3>", Tone("fall", -3.0)), ("<fall slope='-3.5'>", Tone("fall", -3.5)), ("<level>",
                                                                                          Tone("level",
                                                                                               0.0))])
def test_tones(tag, tone):
    assert text.analyse(f"Oh no{tag}.").words[-1].tone == tone


@pytest.mark.parametrize(("value", "rate"), [("1.2", 1.2), ("120%", 1.2), ("+20%", 1.2), ("-20%", 0.8),
                                             ("slow", 0.8),
                                             ('"x-fast"', 1.6), ("'medium'", 1.0)])
def test_rates(value, rate):
    script = text.analyse(f"a <prosody rate={value}>quick fox</prosody> ran")
    assert [w.rate for w in script.words] == pytest.approx([1.0, rate, rate, 1.0])


def test_rates_multiply_and_breaks_have_them_too():
    script = text.analyse("<speak version='1.0'><prosody rate=2>go <prosody rate=1.5>on <brk> "
                          "so</prosody></prosody></speak>")
    assert [i.rate for i in script.items] == pytest.approx([2.0, 3.0, 3.0, 3.0])


def test_signs_that_are_no_markup():
    assert "".join(p.text for p in parse("1 < 2, a<3, x &lt;b&gt; &amp; y <!-- no --> <?xml?>z")
                   if isinstance(p, Run)) == (
        "1 < 2, a<3, x <b> & y  z")


@pytest.mark.parametrize(("bad", "column", "said"), [
    ("ab <brk", 4, "does not end with '>'"), ("<brk -1>", 1, "'-1': expected seconds"), ("a <brk 0>", 3,
                                                                                         "expected seconds"),
    ("<brk 99>", 1, "up to 60"), ("<brk 0.4 0.5>", 1, "expected seconds"), ("<brk long=1>", 1,
                                                                            "no 'long'; it takes time"),
    ("<break strength=big/>", 1, "strength 'big'"),
    ("ab <bark>", 4, "<bark> is not supported; there are <brk>"),
    ("<b>", 1, "not supported"), ("hi <rise slope=x>", 4, "slope 'x'"), ("hi <rise slope=-4>", 4, "above 0"),
    ("hi <fall slope=0>", 4, "above 0"), ("hi <level slope=1>", 4, "takes nothing"), ("<rise>", 1,
                                                                                      "none before it"),
    ("<brk> <fall> hi", 7, "none before it"), ("hi<rise><fall>", 9, "'hi' has a tone already"),
    ("a <prosody rate=9>b</prosody>", 3, "expected 0.25 to 4"), ("a <prosody rate=fast>b", 3,
                                                                 "is not closed"),
    ("a <prosody>b</prosody>", 3, "without rate="), ("<prosody range=high>", 1, "no 'range'; it takes rate"),
    ("a </prosody>", 3, "closes nothing"), ("a </brk>", 3, "closes nothing"), ("<speak>a", 1,
                                                                               "is not closed"),
    ("<speak><prosody rate=1>a</speak>", 25, "not closed before"), ("<speak><speak>", 8, "within another"),
    ("<brk time=1 time=2>", 1, "given twice"), ("<prosody rate=3>a<prosody rate=3>", 18, "rate 9"),
    ("</prosody x>", 1, "takes nothing"), ("<prosody rate=nan>a", 1, "rate 'nan'")])
def test_bad_markup_is_one_line_with_the_column(bad, column, said):
    with pytest.raises(InputError) as error:
        text.analyse(bad)
    assert str(error.value).startswith(f"text, column {column}: ") and said in str(error.value)
    assert "\n" not in str(error.value)


def test_of_several_lines_the_line_is_named():
    with pytest.raises(InputError, match="text, line 3, column 4: <x>"):
        parse("one\ntwo\nab <x>")


TAGS = ("<brk>", "<brk 0.4>", "<rise>", "<fall slope=3>", "<level>", "<prosody rate=1.2>", "</prosody>",
        "<speak>", "</speak>",
        "<break/>", "<!--", "<", ">", "&lt;", "&amp;", "&#65;", "<brk", "no", "Dr.", " ", ".", "?", "3.5",
        "\n\n", "—", "$5")
MARKED = st.lists(st.sampled_from(TAGS) | st.text(max_size=4), max_size=14).map("".join)


@settings(max_examples=120, deadline=None)
@given(MARKED)
def test_any_markup_is_read_or_refused(source):
    try:
        script = text.analyse(source)
    except InputError as error:
        assert "column" in str(error) and "\n" not in str(error)
        return
    place = 0
    for item in script.items:
        assert place <= item.start <= item.end <= len(source)
        place = item.start
    assert script.ids()[0] == text.symbols.NUMBER["<s>"] and len(script.ids()) == len(script.tokens())
    assert text.Script.from_dict(script.as_dict()) == script
    asked = sum(isinstance(p, Pause) for p in parse(source))
    assert sum(t.kind == "break" for t in script.tokens()) == asked, "no break is lost or made"


@pytest.mark.parametrize(("source", "seconds"), [
    ('a <break time="0s"/> b', []), ('a <break time="500ms"></break> b', [0.5]),
    ("a <break></break> b", [None]),
    ('a <break time="0ms"> </break> b', []), ('a <break time="+1.5s"/> b', [1.5]),
    ('a <break strength="x-strong"></break> b', [1.0])])
def test_breaks_of_ssml(source, seconds):
    assert [p.seconds for p in parse(source) if isinstance(p, Pause)] == seconds


def test_paragraphs_and_sentences_of_ssml():
    script = text.analyse('<speak><p><s>One two</s><s xml:lang="en-US">Three</s></p>'
                          "<p>Four. Five</p></speak>")
    assert [s.text for s in map(script.sentence, range(4))] == ["one two", "three", "four.", "five"]
    assert [s.paragraph for s in script.sentences] == [False, True, False, True]
    assert [p.rate for p in text.analyse("<p><prosody rate=2>a b</prosody></p>").words] == [2.0, 2.0]


@pytest.mark.parametrize(("bad", "column", "said"), [
    ("<p>a", 1, "<p> is not closed"), ("<s><p>a</p></s>", 4, "<p> within <s>"),
    ("<p><p>", 4, "<p> within <p>"),
    ("a</p>", 2, "closes nothing"), ("<p><s>a</p>", 8, "<s> is not closed before </p>"),
    ("a <break>b</break>", 11, "closes nothing"), ('<s xml:lang="de">a</s>', 1, "<s> in 'de'"),
    ("<p foo=1>a</p>", 1, "has no 'foo'"), ("<prosody rate=1>" * 200, 1601, "more than 100 tags")])
def test_bad_ssml_is_one_line_with_the_column(bad, column, said):
    with pytest.raises(InputError) as error:
        text.analyse(bad)
    assert str(error.value).startswith(f"text, column {column}: ") and said in str(error.value)


@pytest.mark.parametrize("tag", ["speak", "p", "s"])
@pytest.mark.parametrize(("named", "language"), [("en-GB", "en-us"), ("DE", "de"), ("fr-CA", "fr-fr")])
def test_a_text_is_in_the_language_that_it_names(tag, named, language):
    source = f'<{tag} xml:lang="{named}">a</{tag}>'
    assert parse(source, language=language)
    with pytest.raises(InputError, match=f"<{tag}> in '{named}', but the language is 'es'"):
        parse(source, language="es")


def test_a_whole_text_is_checked_before_it_is_said():
    good = "Some words of a book, 5 km long. " * 2000
    text.check(good + "no<rise>")
    for bad in ("<grin>", "<rise>", "<brk 99>"):
        with pytest.raises(InputError, match="column"):
            text.check((good if bad != "<rise>" else "") + bad)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="]"), max_size=30))
def test_cdata_is_text_whatever_stands_in_it(inner):
    source = f"<speak>a <![CDATA[{inner}]]> b</speak>"
    runs = [p for p in parse(source) if isinstance(p, Run)]
    assert "".join(run.text for run in runs) == f"a {inner} b"
    for run in runs:
        assert all(source[place] == character for place, character in zip(run.offsets, run.text))


@pytest.mark.parametrize("passed", [
    "<!DOCTYPE speak>", '<!DOCTYPE speak PUBLIC "-//W3C//DTD >SYNTHESIS 1.0//EN" "http://a.b/c.dtd">',
    "<!DOCTYPE speak SYSTEM 'x.dtd' [<!ENTITY a 'b'>]>", '<?xml-stylesheet href="a > b"?>',
    "<!-- <b> & ]]> -->"])
def test_what_is_no_text_is_passed_over(passed):
    assert text.analyse(f"{passed}<speak>Hi {passed} there.</speak>").text == "hi there."


@pytest.mark.parametrize(("begun", "end"), [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<!DOCTYPE", ">"),
                                            ("<?xml", "?>")])
def test_what_does_not_end_is_named(begun, end):
    for rest in ("", " a b", " <p>c</p"):
        with pytest.raises(InputError, match="column 3") as refused:
            parse(f"a {begun}{rest}")
        assert str(refused.value).endswith(f"'{begun}' without the '{end}' that ends it")


def test_named_entities_are_their_characters():
    for entity, character in (("eacute", "é"), ("mdash", "—"), ("nbsp", "\u00a0"), ("Omega", "Ω"),
                              ("lt", "<"), ("amp", "&"), ("#233", "é"), ("#xE9", "é")):
        assert "".join(p.text for p in parse(f"a&{entity};b")) == f"a{character}b"
    for plain in ("AT&T;", "a&nosuch;b", "R&D", "a & b;", "&;"):
        assert "".join(p.text for p in parse(plain)) == plain


@pytest.mark.parametrize("sentence", [
    "Dr. Smith met Gen. Lee on St. Anne St. in May.", "See p. 12 and Fig. 3, Vol. II, of it.",
    "Henry VIII and the U.S. Army, approx. ten ft. away.", "No. 5, the J. Crew Co. of N. Main St.",
    "They went 10-2 (their record) in Rd. 1 vs. the 49ers."])
@pytest.mark.parametrize("tag", ["emphasis", "prosody rate=slow"])
def test_a_tag_around_one_thing_changes_no_reading(sentence, tag):
    plain = text.analyse(sentence)
    for start, end in {(word.start, word.end) for word in plain.words}:
        tagged = (f"{sentence[:start]}<{tag}>{sentence[start:end]}</{tag.split()[0]}>"
                  f"{sentence[end:]}")
        script = text.analyse(tagged)
        assert script.text == plain.text, tagged
        inside = [w for w in script.words if w.rate != 1]
        assert {tagged[w.start:w.end] for w in inside} == {sentence[start:end]}


@pytest.mark.parametrize(("written", "said"), [
    ('Dr. <sub alias="Smith">S</sub> left.', "doctor smith left."),
    ('Tel. <say-as interpret-as="digits">12</say-as>', "telephone one two"),
    ("on Elm St. <break/> Then we left.", "on elm street. then we left."),
    ("<p>See Dr.</p><p>Smith left.</p>", "see doctor. smith left."),
    ("un<emphasis>real</emphasis>", "un real")])
def test_what_a_rule_sees_beside_a_tag(written, said):
    assert text.analyse(written).text == said
