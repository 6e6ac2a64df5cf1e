"""Kokoro reads sentences: its symbols cover ours, only fit sentences are read, none twice."""

import sys
import types

import numpy as np
import pytest

from avspeech import text
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
