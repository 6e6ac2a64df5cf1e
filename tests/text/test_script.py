import json

import pytest

from avspeech import text
from avspeech.errors import InputError
from avspeech.text import symbols
from avspeech.text.script import Break, Script, Tone


def test_the_table_is_what_it_was():
    # A number is a row of every trained voice: this changes only with VERSION, and only at the end.
    assert symbols.VERSION == 1 and len(symbols.SYMBOLS) == len(set(symbols.SYMBOLS)) == 164
    assert symbols.SYMBOLS[:13] == ("<pad>", "<s>", "</s>", "<w>", "<brk>", ",", ".", "?", "!", ";", ":",
                                    "–", "…")
    assert [symbols.NUMBER[s] for s in ("ɑ", "ˈoʊ", "u", "b", "ʒ", "ɒ", "ʰ")] == [13, 53, 61, 64, 87, 88, 163]


def test_symbols_of_a_sentence():
    script = text.analyse("Oh no, <brk 0.3> go!")
    assert [t.symbol for t in script.tokens()] == ["<s>", "ˈoʊ", "<w>", "n", "ˈoʊ", ",", "<brk>", "ɡ",
                                                   "ˈoʊ", "!", "</s>"]
    assert [t.kind for t in script.tokens()] == ["edge", "phone", "word", "phone", "phone", "mark", "break",
                                                 "phone", "phone",
                                                 "mark", "edge"]
    assert [t.word for t in script.tokens()] == [-1, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert [t.seconds for t in script.tokens() if t.kind == "break"] == [0.3]
    assert script.ids() == [symbols.NUMBER[t.symbol] for t in script.tokens()]


def test_places():
    source = "He paid $5 <brk> now<fall>."
    script = text.analyse(source)
    assert [source[i.start: i.end] for i in script.items] == ["He", "paid", "$5", "$5", "<brk>", "now", "."]


def test_phrases_and_tones():
    script = text.analyse("One two<rise>, three four <brk> five<level> six. Seven?")
    found = [(p.first, p.last, p.tone and p.tone.shape, p.ends) for p in script.phrases()]
    assert found == [(0, 1, "rise", "mark"), (2, 3, None, "break"), (4, 4, "level", "tone"),
                     (5, 5, None, "mark"), (6, 6, "rise", "mark")]
    bare = [(p.first, p.last, p.ends) for p in script.phrases(marks=False)]
    assert bare == [(0, 1, "tone"), (2, 3, "break"), (4, 4, "tone"), (5, 5, "sentence"), (6, 6, "sentence")]
    assert all(a.last + 1 == b.first for a, b in zip(script.phrases(), script.phrases()[1:]))


def test_with_breaks():
    script = text.analyse("one two, three <brk 0.5> four. five")
    assert script.breaks() == {2: 0.5}
    more = script.with_breaks({1: 0.2, 2: 0.9, 3: None, 4: None})
    assert more.breaks() == {1: 0.2, 2: 0.5, 3: None, 4: None}, "what was asked for stays"
    assert [t.symbol for t in more.tokens() if t.kind in ("mark", "break")] == [",", "<brk>", "<brk>", ".",
                                                                                "<brk>", "<brk>"]
    assert more.with_breaks({}).breaks() == {2: 0.5}
    other = script.with_breaks({0: 0.1}, keep_asked=False)
    assert other.breaks() == {0: 0.1} and [w.text for w in other.words] == [w.text for w in script.words]
    with pytest.raises(InputError, match="word 5: the text has words 0 to 4"):
        script.with_breaks({5: None})


def test_with_tones():
    script = text.analyse("one two<rise>. three")
    changed = script.with_tones({1: None, 2: Tone.of(-4)})
    assert [w.tone for w in changed.words] == [None, None, Tone("fall", -4)]
    assert [Tone.of(s).shape for s in (4, 2, 0, -2, -4)] == ["rise", "rise", "level", "fall", "fall"]
    assert Tone.of(4).per_second(0.5) == 8.0


def test_sentences_one_by_one():
    script = text.analyse("First one. Second <brk> one! Third.")
    parts = [script.sentence(i) for i in range(3)]
    assert [p.text for p in parts] == ["first one.", "second one!", "third."]
    assert sum(len(p.ids()) - 2 for p in parts) == len(script.ids()) - 2
    assert parts[1].source[parts[1].items[0].start:].startswith("Second")


def test_json_and_back():
    script = text.analyse("I said <brk 0.4> no<rise slope=4>. <prosody rate=1.5>So</prosody> 42!")
    assert Script.from_dict(json.loads(json.dumps(script.as_dict()))) == script
    with pytest.raises(InputError, match="not what Script.as_dict gives"):
        Script.from_dict({"sentences": [{}]})


def test_nothing_to_say():
    for source in ("", "  \n", "...", "<speak></speak>"):
        assert text.analyse(source).ids() == [1, 2] and text.analyse(source).phrases() == ()
    alone = text.analyse("<brk 1>")
    assert [type(i) for i in alone.items] == [Break] and alone.breaks() == {-1: 1.0}
