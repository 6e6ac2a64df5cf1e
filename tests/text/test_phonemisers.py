import lzma
import random

import pytest

from avspeech import text
from avspeech.errors import InputError
from avspeech.text import g2p, heteronyms, lexicon, symbols


def said(source, **options):
    return ["".join(w.phones) for w in text.analyse(source, **options).words]


def test_the_dictionary_and_weak_words():
    assert said("The apple and the pear") == ["ði", "ˈæpəl", "ənd", "ðə", "pˈɛɹ"]
    assert said("What is it for?")[-1] == "fˈɔɹ" and said("It is for you")[2] == "fɚ"
    assert said("F B I")[0] == "ˈɛf"


def test_every_pronunciation_is_in_the_table():
    rng = random.Random(0)
    for phones in (*rng.sample(sorted(lexicon.table().values()), 5000), *lexicon.LETTERS.values(),
                   *lexicon.WEAK.values(),
                   *(s.phones for rows in heteronyms.senses().values() for s in rows),
                   *(p for _, *both in heteronyms.pairs().values() for p in both)):
        assert symbols.ids(symbols.from_arpabet(phones))
    with pytest.raises(InputError, match="phone 'B1': not ARPAbet"):
        symbols.from_arpabet("B1")


@pytest.mark.parametrize(("word", "phones"), [
    ("smurf's", "s"), ("emailing", "ɪŋ"), ("downvoted", "d"), ("unfriended", "d"), ("googling", "ŋ"),
    ("blogs", "z"),
    ("carefulness", "s")])
def test_endings(word, phones):
    assert said(word)[0].endswith(phones[-1])


@pytest.mark.parametrize(("written", "place", "phones"), [
    ("I have read it", 2, "ɹˈɛd"), ("I will read it", 2, "ɹˈid"), ("We live here", 1, "lˈɪv"),
    ("a live show", 1, "lˈaɪv"),
    ("the record", 1, "ɹˈɛkɚd"), ("to record", 1, "ɹəkˈɔɹd"), ("no use", 1, "jˈus"), ("they use", 1, "jˈuz"),
    ("the present", 1, "pɹˈɛzənt"), ("we present", 1, "pɹəzˈɛnt")])
def test_two_pronunciations(written, place, phones):
    assert said(written)[place] == phones


def test_own_pronunciations_win():
    script = text.analyse("Ask Siobhan", pronunciations={"Siobhan": "SH AH0 V AO1 N"})
    assert "".join(script.words[1].phones) == "ʃəvˈɔn" and script.words[1].source == "given"


def test_sources_are_told():
    assert [w.source for w in text.analyse("hello hellos blorfinate").words] == ["dictionary", "rule",
                                                                                 "guess"]


def test_guesses_have_one_primary_stress_and_take_anything():
    for word in ("blorfinate", "x", "zzz", "qwrtp", "a" * 90, "antidisestablishmentarianism"):
        phones = g2p.guess(word).split()
        assert phones and all(p.rstrip("012") in symbols.ARPABET for p in phones)
        if any(p[-1].isdigit() for p in phones) and len(word) <= g2p.LONGEST:
            assert sum(p.endswith("1") for p in phones) == 1
    assert g2p.guess("") == "" and g2p.guess("'") == ""


def test_errors_on_held_out_words():
    words = sorted(w for w in lexicon.table() if w.isalpha() and len(w) > 1 and g2p.held_out(w))
    some = random.Random(1).sample(words, 40)
    found = g2p.errors({w: lexicon.table()[w] for w in some})
    assert found["phones"] < 0.2 and found["plain_words"] < 0.5


def test_unknown_names():
    with pytest.raises(InputError, match="phonemiser 'x': not known; there are default, espeak"):
        text.analyse("a", "x")
    with pytest.raises(InputError, match="language 'de': the default phonemiser knows English"):
        text.analyse("ja", language="de")


def test_espeak_has_the_same_symbols_for_english():
    pytest.importorskip("espeakng_loader")
    script = text.analyse("The water in the kitchen, Dr. Fox. Nurse, north!", "espeak")
    assert [w.text for w in script.words] == "the water in the kitchen doctor fox nurse north".split()
    assert "".join(script.words[1].phones) == "wˈɔtɚ" and "".join(script.words[-1].phones) == "nˈɔɹθ"
    allowed = {s + v for v in symbols.VOWELS for s in symbols.STRESS} | set(symbols.CONSONANTS)
    assert {p for w in script.words for p in w.phones} <= allowed


def test_espeak_knows_other_languages():
    pytest.importorskip("espeakng_loader")
    script = text.analyse("Guten Tag <brk> schöne Frau<rise>. Es kostet 5,50 Euro!", "espeak", "de")
    assert [w.text for w in script.words][:4] == ["guten", "tag", "schöne",
                                                  "frau"] and len(script.sentences) == 2
    assert "ˈø" in script.words[2].phones and script.words[3].tone and script.breaks() == {1: None}
    with pytest.raises(InputError, match="no voice 'xx'"):
        text.analyse("a", "espeak", "xx")


def test_a_word_is_found_in_the_text_of_the_dictionary() -> None:
    words, known = list(lexicon.table()), lexicon.known()
    own = {word: phones for word, phones in lexicon.lists.rows("new_words.tsv", 2)}
    for word in (*words[:30], *words[::500], *words[-30:], *own):
        assert known[word] == own.get(word, lexicon.table().get(word))
    for word in ("", "zzzz", "the cat", "cattt", "\n", "aa1"):
        assert word not in known and known.get(word, "none") == "none"


def test_the_table_of_n_grams_is_unpacked_by_parts():
    rows = ["^a5-", "^ab0!", "^abc3+", "a1+", "b9z", "ba2+", "ÿz4+"]
    grams = g2p.Grams("\n".join(rows))
    whole = {row[:-2]: g2p._unpack(row[-2:]) for row in rows}
    assert grams.get("ba") == whole["ba"] and grams.get("bc", 1) == 1 == grams.get("x", 1)
    assert list(grams.known) == ["b", "x"]  # no more than was asked for
    assert dict(grams) == whole and len(grams) == len(whole)
    assert not dict(g2p.Grams(""))


def test_the_order_is_that_of_the_table():
    lines = lzma.decompress(g2p.TABLE.read_bytes()).decode().split("\n")[1:]
    assert max(map(len, lines)) - 2 == g2p.ORDER
    assert lines == sorted(lines, key=lambda line: line[:-2])


@pytest.mark.parametrize("history", ["^", "^ab", "xyz", "", "^" + "a" * 9])
def test_the_scores_of_pairs_back_off(history):
    known = g2p.model()
    histories = [history, history + known.pairs["a"][0][0], "^" + known.pairs["b"][0][0]]
    for past in histories:
        for letter in "abtz":
            choices = [character for character, _ in known.pairs[letter]]
            wanted = []
            for character in choices:
                context, weight = past[-(known.order - 1) :], 0.0
                while context and known.grams.get(context + character) is None:
                    weight += known.grams.get(context, (0.0, 0.0))[1]
                    context = context[1:]
                wanted.append(weight + known.grams[context + character][0])
            assert known.scores(past, choices) == wanted
