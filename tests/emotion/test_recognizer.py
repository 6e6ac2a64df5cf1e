from __future__ import annotations

import dataclasses
import functools
import json
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import avspeech
from avspeech import cli
from avspeech.core import models, pretrained
from avspeech.core.config import to_dict
from avspeech.emotion import files
from avspeech.emotion.recognizer import SHORTEST, EmotionRecognizer
from avspeech.errors import InputError
from avspeech.media import audio

RATE = 16_000
LABELS = ["calm", "happy", "sad"]
SMALL = dict(classes=3, mels=20, channels=4, dim=16, layers=1, heads=2, inner=16, factor=4, dropout=0.0)


def built(normalise: str = "level") -> tuple[torch.nn.Module, pretrained.ModelInfo]:
    torch.manual_seed(1)
    model = models.build("conv_transformer", **SMALL, normalise=normalise).eval()
    with torch.no_grad():
        model.head.weight.mul_(5)  # so that answers differ
    return model, pretrained.ModelInfo("emotion", "conv_transformer", to_dict(model.config), fps=None,
                                       labels=LABELS)


@pytest.fixture(scope="module")
def recognizer() -> EmotionRecognizer:
    return EmotionRecognizer(*built(), window=1.0, hop=0.25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return pretrained.save(tmp_path_factory.mktemp("models") / "tiny", *built())


def voice(seconds: float, seed: int = 0) -> np.ndarray:
    """Something with changes: noise of a wandering level and colour, a pause in it."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    x = rng.standard_normal(n) * (0.02 + 0.1 * np.abs(np.sin(np.arange(n) / RATE * 3)))
    x = x + 0.1 * np.sin(2 * np.pi * np.cumsum(150 + 400 * np.linspace(0, 1, n)) / RATE)
    x[n // 3: n // 3 + 800] *= 1e-3
    return x.astype(np.float32)


def plain(recognizer: EmotionRecognizer, samples: np.ndarray) -> np.ndarray:
    """The model's own answer, on the sound without the silence around it."""
    begin, end = audio.speech_bounds(samples)
    with torch.no_grad():
        return recognizer.model(torch.from_numpy(samples[begin:end])[None])[0].softmax(0).numpy()


def values(posteriors: dict[str, float]) -> list[float]:
    assert list(posteriors) == LABELS
    return list(posteriors.values())


@pytest.mark.parametrize("samples", [40, 399, 400, 1601, 9_999, 16_000])
def test_a_short_sound_is_one_call_of_the_model(recognizer: EmotionRecognizer, samples: int) -> None:
    x = voice(1.0)[:samples]
    emotion = recognizer(x, RATE)
    assert values(emotion.posteriors) == pytest.approx(plain(recognizer, x), abs=1e-5)
    assert emotion.label == max(emotion.posteriors, key=emotion.posteriors.__getitem__)
    [moment] = emotion.track
    assert (moment.start, moment.end) == (0, emotion.seconds) == (0, samples / RATE)
    assert bool(emotion.notes) == (samples < SHORTEST * RATE)


@pytest.mark.parametrize("normalise", ["mean_std", "stored"])
def test_windows_are_what_the_model_says_of_them(normalise: str) -> None:
    recognizer = EmotionRecognizer(*built(normalise), window=1.0, hop=0.25)
    x = voice(2.33)
    x[:9_000] = 0
    emotion = recognizer(x, RATE)
    assert [m.start for m in emotion.track] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.33])
    for m in emotion.track:
        part = x[round(m.start * RATE): round(m.end * RATE)]
        assert values(m.posteriors) == pytest.approx(plain(recognizer, part), abs=1e-5)
    weights = [m.speech for m in emotion.track]
    assert weights[0] == pytest.approx(0.4, abs=0.02) and weights[-1] > 0.9
    mean = np.average([values(m.posteriors) for m in emotion.track], axis=0, weights=weights)
    assert values(emotion.posteriors) == pytest.approx(mean)


def test_silence_is_cut_off_as_in_training() -> None:
    model, info = built()
    whole = EmotionRecognizer(model, dataclasses.replace(info, frontend={"trim": 0.0}))
    samples = np.concatenate([np.zeros(RATE, np.float32), voice(1.0)])
    assert whole(samples, RATE).posteriors == EmotionRecognizer(model, info, trim=0)(samples, RATE).posteriors
    assert whole(samples, RATE).posteriors != EmotionRecognizer(model, info)(samples, RATE).posteriors
    with pytest.raises(InputError, match="trim='40': expected a number .* frontend.trim"):
        EmotionRecognizer(model, dataclasses.replace(info, frontend={"trim": "40"}))
    for trim in (-1.0, float("nan")):
        with pytest.raises(InputError, match="trim=.*: expected a number"):
            EmotionRecognizer(model, info, trim=trim)


def test_without_trimming_the_model_hears_the_silence() -> None:
    recognizer = EmotionRecognizer(*built(), trim=0)
    x = np.concatenate([voice(1.0), np.zeros(RATE, np.float32)])
    with torch.no_grad():
        expected = recognizer.model(torch.from_numpy(x)[None])[0].softmax(0).numpy()
    assert values(recognizer(x, RATE).posteriors) == pytest.approx(expected, abs=1e-5)


@functools.cache
def shared() -> EmotionRecognizer:
    return EmotionRecognizer(*built(), window=0.8, hop=0.3)


@settings(max_examples=10)
@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=20), st.integers(0, 3))
def test_a_stream_gives_what_windows_give_in_any_chunks(chunks: list[int], seed: int) -> None:
    recognizer = shared()
    x, stream, got, at = voice(2.0, seed), recognizer.stream(), [], 0
    while at < len(x):
        for size in [*chunks, 20_000]:
            got += stream.push(x[at: at + size])
            at += size
    whole = {round(m.end, 6): m for m in recognizer(x, RATE).track
             if (round(m.end * RATE) - 12_800) % 4800 == 0}
    assert [round(time, 6) for time, _ in got] == [0.5, *sorted(whole)] == [0.5, 0.8, 1.1, 1.4, 1.7, 2.0]
    assert values(got[0][1]) == pytest.approx(plain(recognizer, x[:8000]), abs=1e-5)
    for time, posteriors in got[1:]:
        assert values(posteriors) == pytest.approx(values(whole[round(time, 6)].posteriors), abs=1e-5)


def test_a_stream_computes_a_frame_once_and_keeps_no_more_as_it_runs(recognizer: EmotionRecognizer,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    inner = recognizer.engine.spectrum
    monkeypatch.setattr(recognizer.engine, "spectrum", lambda x: seen.append(len(x)) or inner(x))
    stream, chunk = recognizer.stream(), voice(0.02)
    monkeypatch.undo()  # the stream keeps it; windows that are leveled are another matter
    kept = []
    tracemalloc.start()
    try:
        for _ in range(3):
            for _ in range(100):
                stream.push(chunk)
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(seen) <= 400 + 320 and sum((n - 400) // 160 + 1 for n in seen) == (6 * RATE - 400) // 160 + 1
    assert kept[2] - kept[1] < 20_000


def test_a_stream_of_another_rate(recognizer: EmotionRecognizer) -> None:
    x = audio.resample(voice(2.0), RATE, 44_100)
    stream = recognizer.stream(44_100)
    got = [answer for i in range(0, len(x), 882) for answer in stream.push(x[i: i + 882])]
    whole = {m.end: m for m in recognizer(x, 44_100).track}
    assert len(got) >= 5  # the resampler holds a little back
    for time, posteriors in got:
        if time in whole:
            assert values(posteriors) == pytest.approx(values(whole[time].posteriors), abs=1e-3)
    assert stream.push(np.zeros(0, np.float32)) == []


@pytest.mark.parametrize("offset", [2e-3, -0.05, 0.4])
@pytest.mark.parametrize("normalise", ["level", "mean", "stored", "peak"])
def test_an_offset_changes_no_answer(offset: float, normalise: str) -> None:
    """Nor what counts as silence around the voice, at any rate."""
    recognizer = EmotionRecognizer(*built(normalise), window=1.0, hop=0.5)
    quiet = 1e-5 * np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    x = np.concatenate([quiet, 0.2 * voice(1.2), quiet])
    for rate in (RATE, 44_100):
        own = audio.resample(x, RATE, rate)
        plain, shifted = recognizer(own, rate), recognizer(own + np.float32(offset), rate)
        assert shifted.speech == plain.speech and shifted.notes == plain.notes
        for one, other in zip([plain, *plain.track], [shifted, *shifted.track], strict=True):
            assert values(other.posteriors) == pytest.approx(values(one.posteriors), abs=5e-3)
    with torch.no_grad():
        alone = [recognizer.model(torch.from_numpy(y)[None]) for y in (x, x + np.float32(offset))]
    torch.testing.assert_close(*alone, atol=0.03, rtol=0.01)


@settings(max_examples=10, deadline=None)
@given(st.floats(-70, 20), st.integers(0, 3))
def test_the_level_changes_no_answer_of_a_model_with_one_level(level: float, seed: int) -> None:
    recognizer = EmotionRecognizer(*leveled(-38.0, -38.0), window=1.0, hop=0.5)
    x = voice(1.7, seed)
    plain, scaled = recognizer(x, RATE), recognizer(x * np.float32(10 ** (level / 20)), RATE)
    assert [m.label for m in scaled.track] == [m.label for m in plain.track]
    assert values(scaled.posteriors) == pytest.approx(values(plain.posteriors), abs=2e-3)


@functools.cache
def leveled(quietest: float | None, loudest: float | None):
    model, info = built("level")
    settings_ = {**SMALL, "normalise": "level", "quietest": quietest, "loudest": loudest}
    other = models.build("conv_transformer", **settings_).eval()
    other.load_state_dict(model.state_dict())
    return other, info


def test_a_level_within_the_limits_stays_bit_for_bit() -> None:
    x = voice(1.0)
    rms = 20 * np.log10(x.std())
    plain = EmotionRecognizer(*built("level"))(x, RATE)
    assert EmotionRecognizer(*leveled(rms - 1, rms + 1))(x, RATE) == plain
    assert EmotionRecognizer(*leveled(rms + 1, None))(x, RATE).posteriors != plain.posteriors
    assert EmotionRecognizer(*leveled(None, rms - 1))(x, RATE).posteriors != plain.posteriors
    with pytest.raises(InputError, match="in this order"):
        models.build("conv_transformer", **SMALL, quietest=-10.0, loudest=-20.0)


def test_probabilities_that_were_off_elsewhere_are_said_to_be(recognizer: EmotionRecognizer) -> None:
    off = {"calibration error, emodb left out, choice of 6": 0.16, "uar, emodb left out, choice of 6": 60.0}
    info = dataclasses.replace(recognizer.info, metrics=off)
    other = EmotionRecognizer(recognizer.model, info)
    note = next(n for n in other(voice(1.2), RATE).notes if n.startswith("probabilities"))
    assert "16 points" in note
    assert not any(n.startswith("probabilities") for n in recognizer(voice(1.2), RATE).notes)
    assert not any(n.startswith("probabilities") for n in other(np.zeros(RATE), RATE).notes)
    good = dataclasses.replace(info, metrics={**off, "calibration error, emodb left out, choice of 6": 0.05})
    assert EmotionRecognizer(recognizer.model, good).caution is None


def test_a_quiet_voice_is_no_silence(recognizer: EmotionRecognizer) -> None:
    """Its peak is 70 dB below full scale, one step of 16 bits 90."""
    x = voice(2.0)
    emotion = recognizer(x * np.float32(3e-4 / np.abs(x).max()), RATE)
    assert emotion.label is not None and emotion.speech == recognizer(x, RATE).speech
    dither = np.random.default_rng(0).triangular(-1, 0, 1, 2 * RATE) / 32768
    assert recognizer(np.round(32768 * dither) / 32768, RATE).label is None


@pytest.mark.parametrize("chunk", [160, 7_001])
@pytest.mark.parametrize("samples", [3_000, 16_000, 20_000, 30_123])
def test_a_finished_stream_has_heard_all(recognizer: EmotionRecognizer, samples: int, chunk: int) -> None:
    x, stream = voice(2.0)[:samples], recognizer.stream()
    got = [a for i in range(0, samples, chunk) for a in stream.push(x[i: i + chunk])]
    got += stream.finish()
    last = recognizer(x, RATE).track[-1]
    assert got[-1][0] == last.end == samples / RATE
    assert values(got[-1][1]) == pytest.approx(values(last.posteriors), abs=1e-5)
    assert len({seconds for seconds, _ in got}) == len(got)
    for call in (stream.finish, lambda: stream.push(x)):
        with pytest.raises(InputError, match="was finished"):
            call()


def test_a_finished_stream_of_another_rate(recognizer: EmotionRecognizer) -> None:
    x = audio.resample(voice(1.6), RATE, 44_100)
    stream = recognizer.stream(44_100)
    got = stream.push(x) + stream.finish()
    last = recognizer(x, 44_100).track[-1]
    assert got[-1][0] == last.end
    assert values(got[-1][1]) == pytest.approx(values(last.posteriors), abs=1e-3)
    assert recognizer.stream(8_000).finish() == []


def spoken(seconds: float = 4.0) -> np.ndarray:
    """Syllables of noise with pauses, as clean as read speech."""
    rng, n = np.random.default_rng(0), round(seconds * RATE)
    return (0.1 * rng.standard_normal(n) * np.exp(-3 * (1 - np.sin(np.arange(n) / RATE * 15)))
            ).astype(np.float32)


def test_what_a_model_was_not_tested_on_is_noted_once(recognizer: EmotionRecognizer, folder, tmp_path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    clean = spoken()
    narrow = audio.resample(audio.resample(clean, RATE, 8_000), 8_000, RATE)
    noise = np.random.default_rng(1).standard_normal(len(clean)) * clean.std() * 0.1  # 20 dB below
    assert recognizer(clean, RATE).notes == []
    for sound, rate, word in ((narrow, RATE, "telephone"), (clean[::2], 8_000, "sampled at 8000 Hz"),
                              (clean + noise, RATE, "noisy")):
        [line] = recognizer(sound, rate).notes
        assert word in line
    audio.write(tmp_path / "phone.wav", audio.resample(clean, RATE, 8_000), 8_000)
    argv = ["emotion", str(tmp_path / "phone.wav"), "--model", str(folder), "--window", "1"]
    for form in ([], ["--json"], ["--csv"]):
        assert cli.main([*argv, *form]) == 0
        assert capsys.readouterr().out.count("sampled at 8000 Hz") == 1


def test_a_folder_stands_for_its_sounds_and_what_is_left_out_is_told(
        folder, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "sounds"
    (place / "ann").mkdir(parents=True)
    for name in ("b.wav", "ann/a.flac", "._b.wav"):
        audio.write(place / name, spoken(1.0), RATE)
    (place / "list.txt").write_text("words")
    argv = ["emotion", str(place), "--model", str(folder), "--quiet"]
    with pytest.warns(UserWarning, match="sounds: 1 files that are no sounds or videos"):
        assert cli.main([*argv, "--json"]) == 0
    names = [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()]
    assert names == [str(place / "ann/a.flac"), str(place / "b.wav")]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/list.txt").write_text("words")
    assert cli.main(["emotion", str(tmp_path / "texts"), "--model", str(folder)]) == 2
    assert "none of the 1 files" in capsys.readouterr().err


def test_what_holds_for_the_model_is_told_once_for_all_files(
        recognizer: EmotionRecognizer, tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(recognizer, "caution", "they rank the labels")
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in paths:
        audio.write(path, spoken(1.0), RATE)
    assert files.print_emotions(recognizer, paths) == 0
    assert capsys.readouterr().out.endswith("\nnote: they rank the labels\n")
    assert files.print_emotions(recognizer, paths) == 0
    assert capsys.readouterr().out.count("they rank the labels") == 1
    assert files.print_emotions(recognizer, paths, "json") == 0
    assert capsys.readouterr().out.count("they rank the labels") == 2  # each line stands alone


def test_silence_has_no_label(recognizer: EmotionRecognizer, tmp_path) -> None:
    for rate, level in ((RATE, 0.0), (RATE, 0.25), (48_000, -0.25)):  # an offset alone is no sound
        audio.write(tmp_path / "a.wav", np.full(2 * rate, level), rate)
        emotion = recognizer.file(tmp_path / "a.wav")
        assert emotion.label is None and values(emotion.posteriors) == pytest.approx([1 / 3] * 3)
        assert "silence" in emotion.notes[0] and emotion.speech == 0
    half = np.concatenate([voice(2.0), np.zeros(3 * RATE, np.float32)])
    emotion = recognizer(half, RATE)
    assert emotion.label is not None and emotion.track[-1].label is None and emotion.track[-1].speech == 0


@pytest.mark.parametrize(("sound", "rate", "words"), [
    (np.zeros(0, np.float32), RATE, "at least one sample"),
    (np.array([0.0, np.nan], np.float32), RATE, "NaN"),
    (np.zeros(9, np.int16), RATE, "32768"),
    (np.zeros(9, np.float32), 16, "16 kHz are 16000"),
])
def test_what_is_no_sound_is_refused(recognizer: EmotionRecognizer, sound: np.ndarray, rate: int,
                                     words: str) -> None:
    with pytest.raises(InputError, match=words):
        recognizer(sound, rate)


@pytest.mark.parametrize("options", [dict(window=0.1), dict(window=1, hop=2), dict(hop=0.0123), dict(hop=0),
                                     dict(window=1e9), dict(window=float("nan")), dict(window="6"),
                                     dict(hop=float("nan")), dict(hop="1")])
def test_windows_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="window"):
        EmotionRecognizer(*built(), **options)
    with pytest.raises(InputError, match="window"):
        EmotionRecognizer(*built()).stream(**options)


def test_loaded_by_its_task(folder) -> None:
    recognizer = avspeech.load(str(folder))
    assert isinstance(recognizer, avspeech.EmotionRecognizer)
    assert "avspeech emotion FILE" in (folder / "README.md").read_text()
    with pytest.raises(InputError, match="expected one for emotion: emotion-edge, "):
        EmotionRecognizer.from_pretrained("mvtf-small")


def test_a_file_is_heard_like_its_samples(recognizer: EmotionRecognizer, tmp_path) -> None:
    for rate in (RATE, 44_100):
        audio.write(tmp_path / "a.wav", audio.resample(voice(2.7), RATE, rate), rate)
        emotion = recognizer.file(tmp_path / "a.wav", progress=True)
        again = recognizer(audio.read(tmp_path / "a.wav"), RATE)
        assert emotion.seconds == again.seconds and len(emotion.track) == len(again.track)
        for one, other in zip([emotion, *emotion.track], [again, *again.track], strict=True):
            assert values(one.posteriors) == pytest.approx(values(other.posteriors), abs=1e-3)


def test_a_bad_file_does_not_lose_the_others(folder, tmp_path, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a decoder raises."""
    import soundfile

    audio.write(tmp_path / "a.wav", voice(1.0), RATE)
    soundfile.write(tmp_path / "huge.wav", 1e25 * np.sin(np.arange(RATE)), RATE, "FLOAT")
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan] * 900), RATE, "FLOAT")
    names = ["gsm.wav", "nan.wav", "locked.wav", "memory.wav"]
    plain = audio.blocks

    def blocks(path, damaged=None, *rest):
        failing = {"gsm.wav": ValueError("cannot seek\nat all"), "locked.wav": PermissionError(13, "no"),
                   "memory.wav": MemoryError()}
        if path.name in failing:
            raise failing[path.name]
        return plain(path, damaged, *rest)

    monkeypatch.setattr(audio, "blocks", blocks)
    files = [str(tmp_path / name) for name in (*names, "a.wav", "huge.wav")]
    assert cli.main(["emotion", *files, "--model", str(folder), "--quiet"]) == 2
    said = capsys.readouterr()
    assert said.out.startswith(f"{tmp_path}/a.wav: ")
    assert f"{tmp_path}/huge.wav: " in said.out and "as floats they reach 1e+25" in said.out
    assert len(said.err.splitlines()) == len(names)
    for line, name in zip(said.err.splitlines(), names, strict=True):
        assert line.startswith("avspeech: error: ") and line.count(f"{tmp_path}/{name}: ") == 1


def test_the_command(folder, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    audio.write(tmp_path / "a.wav", voice(1.5), RATE)
    audio.write(tmp_path / "b.wav", np.zeros(800, np.float32), RATE)
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    files = [str(tmp_path / name) for name in ("a.wav", "bad.wav", "none.wav", "b.wav")]
    argv = ["emotion", *files, "--model", str(folder), "--window", "1", "--hop", "0.5"]
    assert cli.main([*argv, "--json"]) == 2
    said = capsys.readouterr()
    records = [json.loads(line) for line in said.out.splitlines()]
    keys = ["file", "label", "posteriors", "seconds", "speech", "notes", "error", "track"]
    assert [list(r) for r in records] == [keys] * 4 and [r["file"] for r in records] == files
    assert said.err.count("avspeech: error: ") == 2 and "none.wav: no such file" in said.err
    assert records[0]["error"] is None
    assert sum(records[0]["posteriors"].values()) == pytest.approx(1, abs=1e-3)
    assert [(m["start"], m["end"]) for m in records[0]["track"]] == [(0, 1), (0.5, 1.5)]
    assert records[1]["posteriors"] is None and "bad.wav" in records[1]["error"]
    assert records[3]["label"] is None and len(records[3]["notes"]) == 2

    assert cli.main([*argv, "--csv"]) == 2
    table = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert table[0] == ["file", "part", "start", "end", "label", "speech", "p_calm", "p_happy", "p_sad",
                        "notes", "error"]
    assert [row[1] for row in table[1:]] == ["file", "window", "window", "file", "file", "file", "window"]

    assert cli.main([*argv[:2], "--model", str(folder), "--threads", "1"]) == 0
    assert "a.wav: " in capsys.readouterr().out
    assert cli.main([*argv[:2], "--model", str(folder), "--window", "0.1"]) == 2
    assert cli.main([*argv[:2], "--model", "no-such-model"]) == 2


def test_what_the_decoder_notes_reaches_the_answer(recognizer: EmotionRecognizer, tmp_path) -> None:
    """The other wire of a pair inverted: said, and the same answer as from one wire."""
    import soundfile

    sound = voice(2.0)
    soundfile.write(tmp_path / "one.wav", sound, RATE, "FLOAT")
    soundfile.write(tmp_path / "two.wav", np.stack([sound, -sound], 1), RATE, "FLOAT")
    one, two = recognizer.file(tmp_path / "one.wav"), recognizer.file(tmp_path / "two.wav")
    assert two.posteriors == one.posteriors and two.label is not None
    assert any("cancel" in note for note in two.notes) and not any("cancel" in note for note in one.notes)
    both = recognizer(np.stack([sound, -sound]), RATE)
    assert both.posteriors == one.posteriors and any("cancel" in note for note in both.notes)
    with pytest.raises(InputError, match="one track"):
        recognizer.file(tmp_path / "one.wav", track=2)
