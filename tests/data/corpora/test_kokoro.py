"""Kokoro reads sentences: its symbols cover ours, only fit sentences are read, none twice."""

import sys
import types

import numpy as np
import pytest

from avspeech import text
from avspeech.data import corpora
from avspeech.data.corpora import kokoro
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.text import symbols

LINE = ("We will build the road. Why not? Is this the house of the people, or of one man? "
        "And so it was done again.")


def script_of(*items):
    return text.Script("x", (text.Sentence(tuple(items), 0, 1),))


@pytest.fixture
def source(tmp_path):
    """A model that says each symbol for 0.1 s as its number, a voice, and a text."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    folder = tmp_path / "source"
    (folder / "voices").mkdir(parents=True)
    (folder / "texts").mkdir()
    (folder / "texts" / "1999.txt").write_text(LINE, encoding="utf-8")
    np.zeros((kokoro.STYLES, kokoro.STYLE), "<f4").tofile(folder / "voices" / "af_heart.bin")
    nodes = [helper.make_node("Cast", ["tokens"], ["floats"], to=TensorProto.FLOAT),
             helper.make_node("Transpose", ["floats"], ["column"], perm=[1, 0]),
             helper.make_node("Div", ["column", "top"], ["small"]),
             helper.make_node("Expand", ["small", "shape"], ["long"]),
             helper.make_node("Reshape", ["long", "flat"], ["audio"])]
    constants = [helper.make_tensor("top", TensorProto.FLOAT, [], [400.0]),
                 helper.make_tensor("shape", TensorProto.INT64, [2], [1, 2400]),
                 helper.make_tensor("flat", TensorProto.INT64, [1], [-1])]
    inputs = [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "n"]),
              helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
              helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1])]
    out = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["m"])]
    model = helper.make_model(helper.make_graph(nodes, "k", inputs, out, constants), ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, str(folder / "kokoro.onnx"))
    return folder


def test_every_symbol_of_american_english_has_a_number():
    phones = [s + v for v in symbols.VOWELS for s in symbols.STRESS] + list(symbols.CONSONANTS)
    script = script_of(text.Word("x", tuple(phones), 0, 1), *(text.Mark(m, 0, 1) for m in symbols.MARKS))
    assert 0 < min(kokoro.numbers(script)) and max(kokoro.numbers(script)) < 178


def test_numbers_are_kokoros_spelling():
    word = text.Word("kokoro", ("k", "ˈoʊ", "k", "ə", "ɹ", "oʊ"), 0, 1)
    spelled = "kˈOkəɹO kˈOkəɹO."
    assert kokoro.numbers(script_of(word, word, text.Mark(".", 0, 1))) == [
        kokoro.NUMBERS[c] for c in spelled]


def test_a_phone_of_another_language_is_refused():
    with pytest.raises(InputError, match="Kokoro's English has no 'x'"):
        kokoro.numbers(script_of(text.Word("loch", ("l", "x"), 0, 1)))


def test_sentences_of_fit_length_are_read(source):
    found = [s.script.source for s in kokoro.sentences(source / "texts", 3, 8)]
    assert found == ["We will build the road.", "And so it was done again."]


def test_prepare_reads_each_sentence_once(source, tmp_path):
    out = tmp_path / "out"
    kokoro.prepare(source, out, count=3, shortest=3, dev=0, test=0)
    utterances = read_manifest(out / "train.jsonl")
    assert len(utterances) == 3 and {u.speaker for u in utterances} == {"kokoro-af_heart"}
    script = text.analyse(utterances[0].text)
    assert utterances[0].duration == pytest.approx((len(kokoro.numbers(script)) + 2) * 0.1, abs=0.01)
    sound = out / utterances[0].audio
    before = sound.stat().st_mtime_ns
    kokoro.prepare(source, out, count=3, shortest=3, dev=0, test=0)
    assert sound.stat().st_mtime_ns == before
    assert np.abs(audio.read(sound, 16000)).max() > 0.01


def test_what_is_too_long_is_not_cut(source):
    word = text.Word("x", ("s",) * 509, 0, 1)
    with pytest.raises(InputError, match="509 symbols"):
        kokoro.Reader(source, "af_heart")(script_of(word))


def test_a_text_is_read_once(source, tmp_path):
    (source / "texts" / "2000.txt").write_text(LINE, encoding="utf-8")
    kokoro.prepare(source, tmp_path / "out", shortest=3, dev=0, test=0)
    texts = [u.text for u in read_manifest(tmp_path / "out" / "train.jsonl")]
    assert len(texts) == len(set(texts)) == 3


def test_a_text_more_or_less_moves_few_others(source, tmp_path):
    """A change of the front end must not bring the test of a voice into its later training."""
    def parts(out, lines):
        (source / "texts" / "1999.txt").write_text(" ".join(lines), encoding="utf-8")
        kokoro.prepare(source, out, count=20, shortest=3, dev=0.2, test=0.2)
        return {u.text: part for part in ("train", "dev", "test")
                for u in read_manifest(out / f"{part}.jsonl")}

    words = "road house people man day time year work state world night water hand sea ship".split()
    lines = [f"We will see the {a} and the {b}."
             for a, b in zip(words * 2, words[1:] + words[:1] + words[::-1])]
    before = parts(tmp_path / "before", lines)
    after = parts(tmp_path / "after", lines[1:])
    assert len(before) == len(after) == 20 and [*before.values()].count("test") == 4
    assert len({*before} & {*after}) >= 19
    assert sum(before[t] != after[t] for t in {*before} & {*after}) <= 2


def test_check_names_another_model(source):
    assert kokoro.check(source) == ["kokoro.onnx: not the file known here (its SHA-256 differs)"]


@pytest.mark.parametrize("broken, says", [("voice", "expected 522,240 bytes"), ("model", "Kokoro-82M"),
                                          ("texts", "texts")])
def test_what_is_absent_is_said(source, tmp_path, broken, says):
    if broken == "voice":
        (source / "voices" / "af_heart.bin").write_bytes(b"0" * 10)
    elif broken == "model":
        (source / "kokoro.onnx").unlink()
    else:
        (source / "texts" / "1999.txt").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        kokoro.prepare(source, tmp_path / "out")


def test_a_voices_name_is_no_path(source, tmp_path):
    with pytest.raises(InputError, match="voice"):
        kokoro.prepare(source, tmp_path / "out", voice="../af_heart")


@pytest.fixture
def hibari(tmp_path, monkeypatch):
    """The package as it is used here: a voice that hums for 0.05 s a symbol; what it was asked to say."""
    weights, asked = tmp_path / "heart.onnx", []
    weights.write_bytes(b"one")

    class Hibari:
        def __init__(self, voice):
            assert voice == "heart"

        def from_phonemes(self, phonemes, seed):
            asked.append(phonemes)
            return np.random.default_rng(seed).normal(0, 0.1, 1200 * len(phonemes)).astype(np.float32)

    def voice_path(name, download_missing):
        assert not download_missing  # nothing is fetched without being asked for
        if name != "heart":
            raise FileNotFoundError(name)
        return str(weights)

    voices = types.ModuleType("hibari.voices")
    voices.VOICES = {"heart": {"gender": "female"}, "fenrir": {"gender": "male"}}
    voices.voice_path = voice_path
    package = types.ModuleType("hibari")
    package.Hibari, package.voices = Hibari, voices
    monkeypatch.setitem(sys.modules, "hibari", package)
    monkeypatch.setitem(sys.modules, "hibari.voices", voices)
    return weights, asked


def test_hibari_reads_the_same_phones(source, tmp_path, hibari):
    weights, asked = hibari
    (source / "kokoro.onnx").unlink()  # the texts are enough

    def read(**options):
        asked.clear()
        kokoro.prepare(source, tmp_path / "out", engine="hibari", shortest=3, dev=0, test=0, **options)
        return read_manifest(tmp_path / "out" / "train.jsonl")

    utterances = read(rate=24000)
    assert {u.speaker for u in utterances} == {"hibari-heart"} and utterances[0].labels == {"sex": "female"}
    assert asked == [kokoro.spelled(text.analyse(u.text)) for u in utterances]
    assert [u.duration for u in utterances] == pytest.approx([0.05 * len(a) for a in asked], abs=1e-3)
    assert read(rate=24000) == utterances and not asked  # nothing is read twice
    at16 = read(rate=16000)
    assert len(asked) == 3 and not {u.audio for u in at16} & {u.audio for u in utterances}
    weights.write_bytes(b"two")  # another voice under the same name
    read(rate=24000)
    assert len(asked) == 3


def test_other_phones_are_read_anew(source, tmp_path, hibari, monkeypatch):
    options = dict(engine="hibari", shortest=3, dev=0, test=0)
    kokoro.prepare(source, tmp_path / "out", **options)
    old = {u.id: u.audio for u in read_manifest(tmp_path / "out" / "train.jsonl")}
    plain = kokoro.spelled  # as if the front end had learned another pronunciation of "house"
    monkeypatch.setattr(kokoro, "spelled", lambda script: plain(script).replace("hˈW", "hˈO"))
    kokoro.prepare(source, tmp_path / "out", **options)
    new = {u.id: u.audio for u in read_manifest(tmp_path / "out" / "train.jsonl")}
    assert sum(old[name] != new[name] for name in old) == 1


@pytest.mark.parametrize("options, says", [
    (dict(engine="espeak"), "expected kokoro or hibari"), (dict(rate=48000), "rate 48000"),
    (dict(engine="hibari", voice="bob"), "hibari has heart, fenrir"),
    (dict(engine="hibari", voice="fenrir"), "not on this machine")])
def test_engines_and_voices_that_are_not_there(source, tmp_path, hibari, options, says):
    with pytest.raises(InputError, match=says):
        kokoro.prepare(source, tmp_path / "out", **options)


def test_without_hibari_its_package_is_named(source, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hibari", None)
    with pytest.raises(InputError, match="pip install hibari-tts"):
        kokoro.prepare(source, tmp_path / "out", engine="hibari")


@pytest.fixture
def network(tmp_path):
    """hibari's graph in small: each symbol's number, twice, is its frames of 200 Hz; spectra say F0."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    def constant(name, kind, values, shape=()):
        return helper.make_tensor(name, kind, shape, values)

    spectra = ("lh", "theta", "ln", "lr", "phi")
    nodes = [helper.make_node("Squeeze", ["ids", "first"], ["counts"]),
             helper.make_node("CumSum", ["counts", "zero"], ["ends"]),
             helper.make_node("Gather", ["ends", "last"], ["sum"]),
             helper.make_node("Mul", ["sum", "two"], ["total"]),
             helper.make_node("Concat", ["one", "total"], ["shape"], axis=0),
             helper.make_node("ConstantOfShape", ["shape"], ["f0"],
                              value=constant("v", TensorProto.FLOAT, [200.0], [1])),
             *(helper.make_node("Unsqueeze", ["f0", "axis"], [name]) for name in spectra)]
    constants = [constant("first", TensorProto.INT64, [0], [1]), constant("zero", TensorProto.INT64, [0]),
                 constant("last", TensorProto.INT64, [-1], [1]), constant("two", TensorProto.INT64, [2], [1]),
                 constant("one", TensorProto.INT64, [1], [1]), constant("axis", TensorProto.INT64, [1], [1])]
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "L"]),
              helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1])]
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*spectra, "f0")]
    model = helper.make_model(helper.make_graph(nodes, "h", inputs, outs, constants), ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    path = tmp_path / "hibari.onnx"
    onnx.save(model, str(path))
    return path


def test_ends_are_made_clear(network):
    body = "ɪt ɪz mˈæn"
    ids = [0, *[2] * len(body + kokoro.TAIL), 0]
    made = kokoro.ClearEnds(network)
    tilts = []
    for seed in range(30):
        parts, stop = made(ids, body, np.random.default_rng(seed))
        heard = parts[0][0]  # the spectra are of the F0 that was asked, not of the network's own
        assert np.array_equal(heard, parts[-1]) and len(heard) == 4 * (len(ids) - 2) + 2 * 2
        word = slice(4 * 6, 4 * 8 + 6 * 2)  # m and the stress of 4 frames, the last syllable of 6
        assert stop == word.stop
        assert np.all(heard[: word.start] == 200) and np.all(heard[word.stop:] == 200)
        line = 12 * np.log2(heard[word] / 100)
        assert np.ptp(np.diff(line)) < 1e-3  # a straight line, as the network's own is flat
        tilts.append(line[-1] - line[0])
    assert min(tilts) < -4 and max(tilts) > 4 and np.mean(np.array(tilts) < -2) > 0.5


def test_what_has_no_pulses_stays_so():
    hertz = np.array([200.0, 200, -1, 210, -1, 190])
    found = kokoro.last_melody(hertz, slice(2, 6), np.random.default_rng(0))
    assert np.array_equal(found > 40, [False, True, False, True]) and found[1] >= 120
    assert np.array_equal(kokoro.last_melody(-np.ones(5), slice(0, 5), np.random.default_rng(0)), -np.ones(5))


def test_clear_ends_are_hibaris(source, tmp_path):
    for options in (dict(ends="clear"), dict(ends="soft", engine="hibari")):
        with pytest.raises(InputError, match="expected own, or clear with engine=hibari"):
            kokoro.prepare(source, tmp_path / "out", **options)


@pytest.mark.parametrize("options, told", [
    ({"count": 0}, "count=0"), ({"count": -1}, "count=-1"), ({"shortest": 9, "longest": 8}, "shortest=9"),
    ({"shortest": 40, "longest": 50}, "texts: no sentence of 40 to 50 words")])
def test_numbers_that_leave_nothing_are_told(source, tmp_path, options, told):
    with pytest.raises(InputError, match=told):
        corpora.prepare("kokoro", source, tmp_path / "out", **options)
