"""Each kind of damage is found, and named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avspeech import cli
from avspeech.data import integrity
from avspeech.data.manifest import Utterance, View, write_manifest
from avspeech.errors import InputError
from avspeech.media import video

av = pytest.importorskip("av")


def film(path: Path, seconds: float, rate: int = 25, sound: float = 0.0,
         options: dict[str, str] | None = None, still: bool = False) -> None:
    """A video of noise without a face; with `sound`, that many seconds of it."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("mpeg4", rate=Fraction(rate))
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        if sound:
            voice = container.add_stream("aac", rate=16000)
            voice.layout = "mono"
        for k in range(round(seconds * rate)):
            if not still:
                picture = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
            elif not k:
                picture = np.kron(rng.integers(0, 255, (4, 4, 3)), np.ones((16, 16, 1))).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
        if sound:
            for k in range(round(sound * 16000 / 1024)):
                frame = av.AudioFrame.from_ndarray(rng.normal(0, 0.1,
                                                              (1, 1024)).astype(np.float32), "fltp",
                                                   "mono")
                frame.sample_rate, frame.time_base, frame.pts = 16000, Fraction(1, 16000), 1024 * k
                for packet in voice.encode(frame):
                    container.mux(packet)
            for packet in voice.encode():
                container.mux(packet)


def sound(path: Path, seconds: float = 1.0, rate: int = 16000, level: float = 0.1,
          **bad: float) -> None:
    samples = np.random.default_rng(0).normal(0, level, round(seconds * rate)).astype(np.float32)
    for at, value in ((2000, bad.get("value")),):
        if value is not None:
            samples[at] = value
    soundfile.write(path, samples, rate, subtype="FLOAT")


def problems(folder: Path, *utterances: Utterance, **options: object) -> list[str]:
    write_manifest(folder / "m.jsonl", utterances)
    found = integrity.check_manifest(folder / "m.jsonl", **options)  # type: ignore[arg-type]
    return [str(p) for p in found]


def one(folder: Path, audio: str = "a.wav", duration: float = 1.0, start: float = 0.0,
        **options: object) -> list[str]:
    return problems(folder, Utterance("u", audio, duration, "s", start=start), **options)


def test_whole_files_have_no_problem(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    film(tmp_path / "v.mp4", 1.0)
    video.write_crops(tmp_path / "c.npz", np.zeros((25, 96, 96), np.uint8), np.ones(25, bool))
    views = (View("v.mp4", crops="c.npz"), View("", "left_30", crops="c.npz"))
    assert problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", views=views), sample_rate=16000,
                    fps=25.0) == []


def test_empty_missing_unreadable_and_outside(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "n.mp4").write_bytes(bytes(range(256)) * 20)
    found = problems(tmp_path, *(Utterance(n, n, 1.0, "s") for n in ("a.wav", "b.wav", "n.mp4",
                                                                     "../c.wav")))
    for line, what in zip(found, ("0 bytes", "no such file", "FFmpeg", "root"), strict=True):
        assert what in line and "\n" not in line


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.aiff"])
def test_truncated_sound_of_other_kinds(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / name, 0.1 * np.random.default_rng(0).normal(0, 1, 48000), 16000)
    assert one(tmp_path, name) == []
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    (found,) = one(tmp_path, name, duration=0.5)
    assert "truncated" in found


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_truncated_wav(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(32000)), 16000, subtype=subtype)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
    found = one(tmp_path, duration=0.5)
    assert len(found) == 1 and "truncated" in found[0] and "header says 2.00 s" in found[0]
    assert any("manifest says" in line for line in one(tmp_path, duration=2.0))


def test_truncated_flac_and_mp4(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.random.default_rng(0).normal(0, 0.1, 48000), 16000)
    film(tmp_path / "v.mp4", 2.0, sound=2.0, options={"movflags": "faststart"})
    for name in ("a.flac", "v.mp4"):
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        found = one(tmp_path, name)
        assert any("truncated" in line or "not decode" in line for line in found), found
    found = problems(tmp_path, Utterance("u", "v.mp4", 0.5, "s", views=(View("v.mp4"),)),
                     faces=False)
    assert any("truncated" in line and "header says 2.00 s" in line for line in found), found


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    sound(tmp_path / "a.wav", value=value)
    (line,) = one(tmp_path)
    assert "1 samples are NaN or infinite, the first at 0.12 s" in line


def test_silence_is_looked_for_in_the_utterance_only(tmp_path: Path) -> None:
    samples = np.zeros(48000)
    samples[:16000] = np.linspace(0.1, 0, 16000) * np.sin(np.arange(16000))
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    assert one(tmp_path, duration=3.0) == []
    (line,) = one(tmp_path, start=1.5)
    assert line.endswith("a.wav: silent")
    soundfile.write(tmp_path / "a.wav", np.full(16000, 0.02, np.float32), 16000, subtype="FLOAT")
    (line,) = one(tmp_path)
    assert line.endswith("a.wav: silent")  # a constant offset is no sound


@pytest.mark.parametrize("words, fine", [
    ([[0.0, 0.4, "a"], [0.3, 1.1, "b"]], True), ([[0, 400, "a"], [400, 900, "b"]], False),
    ([{"start": 2.0, "end": 2.5}], False), ([], True)])
def test_times_of_words_lie_within_their_utterance(tmp_path: Path, words: list, fine: bool) -> None:
    """In milliseconds, or counted from the beginning of the file, they do not."""
    sound(tmp_path / "a.wav", 3.0)
    found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", start=1.5, labels={"words": words}))
    assert not found if fine else "label 'words': its times end at" in found[0], found


def test_wrong_rates(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", rate=44100)
    film(tmp_path / "v.mp4", 1.0, rate=30)
    found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", views=(View("v.mp4"),)),
                     sample_rate=16000, fps=25.0, faces=False)
    assert "44100 Hz, expected 16000" in found[0] and "30.00 frames a second, expected 25" in found[1]


@pytest.mark.parametrize("option", [{"sample_rate": -1}, {"sample_rate": 16}, {"fps": float("nan")}])
def test_rates_that_cannot_be(tmp_path: Path, option: dict) -> None:
    sound(tmp_path / "a.wav")
    with pytest.raises(InputError, match="expected a (whole )?number"):
        one(tmp_path, **option)


def test_no_face(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    film(tmp_path / "v.mp4", 1.0)
    present = np.zeros(50, bool)
    present[30:] = True
    video.write_crops(tmp_path / "c.npz", np.zeros((50, 96, 96), np.uint8), present)
    found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", views=(View("v.mp4"),)),
                     Utterance("w", "a.wav", 1.0, "s", views=(View("", crops="c.npz", start=0.1),)),
                     Utterance("x", "a.wav", 1.0, "s", views=(View("", crops="c.npz", start=1.0),)))
    assert len(found) == 2
    assert "v.mp4: no face" in found[0] and "w: c.npz: no face" in found[1]


@pytest.mark.parametrize("seconds", [0.6, 1.5])
def test_audio_and_video_lengths_apart(tmp_path: Path, seconds: float) -> None:
    sound(tmp_path / "a.wav")
    film(tmp_path / "v.mp4", seconds)
    frames = round(25 * seconds)
    video.write_crops(tmp_path / "c.npz", np.zeros((frames, 96, 96), np.uint8), np.ones(frames,
                                                                                        bool))
    found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s",
                                         views=(View("v.mp4"), View("", crops="c.npz"))),
                                         faces=False)
    assert ["lengths differ" in line for line in found] == [True, True]


def test_parts_of_long_files_are_no_fault(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav", 3.0)
    film(tmp_path / "v.mp4", 3.0)
    assert problems(tmp_path,
                    *(Utterance(f"u{k}", "a.wav", 1.0, "s", start=float(k),
                                views=(View("v.mp4", start=k),))
                      for k in range(3)), faces=False) == []


def test_cut_crops(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    video.write_crops(tmp_path / "c.npz", np.zeros((25, 96, 96), np.uint8), np.ones(25, bool))
    (tmp_path / "c.npz").write_bytes((tmp_path / "c.npz").read_bytes()[:5000])
    found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", views=(View("", crops="c.npz"),
                                                                        View(""))))
    assert "make it again" in found[0] and "neither" in found[1]


def test_a_file_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(tmp_path / "a.wav", 3.0)
    calls = []
    blocks = integrity.audio.blocks
    monkeypatch.setattr(integrity.audio, "blocks", lambda *a: calls.append(a) or blocks(*a))
    assert problems(tmp_path, *(Utterance(f"u{k}", "a.wav", 1.0, "s", start=float(k))
                                for k in range(3))) == []
    assert len(calls) == 1


def test_a_bad_manifest_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text("{")
    with pytest.raises(InputError, match="m.jsonl:1"):
        integrity.check_manifest(tmp_path / "m.jsonl")


def test_a_prepared_manifest_is_checked_in_its_corpus(tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    """`data check OUT/all.jsonl` right behind `data prepare NAME SRC OUT`: paths begin at the
    corpus."""
    source, out = tmp_path / "emodb", tmp_path / "out"
    (source / "wav").mkdir(parents=True)
    for text in ("a01", "a02"):
        sound(source / "wav" / f"03{text}Wa.wav", 1.0 + 0.1 * (text == "a02"))
    assert cli.main(["data", "prepare", "emodb", str(source), str(out), "incomplete=true"]) == 0
    assert cli.main(["data", "check", str(out / "all.jsonl")]) == 0
    assert "no problem found" in capsys.readouterr().err
    (source / "wav" / "03a02Wa.wav").unlink()
    assert cli.main(["data", "check", str(out / "all.jsonl")]) == 2
    assert "emodb-03a02Wa: wav/03a02Wa.wav: no such file" in capsys.readouterr().out
    source.rename(tmp_path / "moved")
    with pytest.raises(InputError,
                       match="emodb: no such folder; it is the root of .*--root, or prepare"):
        integrity.check_manifest(out / "all.jsonl")
    assert len(integrity.check_manifest(out / "all.jsonl", tmp_path / "moved")) == 1


@pytest.mark.real
def test_real_clips(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "grid" / "video" / "s1"
    clips = [next(folder.glob("*.mpg")).name, next(folder.glob("*.mp4")).name]
    write_manifest(tmp_path / "m.jsonl", (Utterance(c, c, 2.9, "grid-s1", views=(View(c),)) for c
                                          in clips))
    assert integrity.check_manifest(tmp_path / "m.jsonl", folder, fps=25.0) == []


def test_flac_of_two_recordings_or_with_a_damaged_frame(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.random.default_rng(0).normal(0, 0.1, 48000), 16000)
    assert one(tmp_path, "a.flac", 3.0) == []
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data + data)
    assert "more follow" in one(tmp_path, "a.flac", 3.0)[0]
    at = len(data) // 2
    (tmp_path / "a.flac").write_bytes(data[:at] + bytes(8) + data[at + 8:])
    (found,) = one(tmp_path, "a.flac", 3.0)
    assert "damaged" in found


def test_what_reading_says_of_damage_is_a_fault(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 48000)
    soundfile.write(tmp_path / "a.htk", samples, 16000, format="HTK", subtype="PCM_16")
    assert one(tmp_path, "a.htk", 3.0) == []  # only libsndfile reads it
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[:44] + np.frombuffer(data[44:], "<i2").byteswap().tobytes())
    (found,) = one(tmp_path, "a.wav", 3.0)
    assert "like noise at full scale" in found


@pytest.mark.parametrize("second, told", [
    ({}, []), ({"speaker": "t"}, ["another speaker: t, there s"]),
    ({"text": "no"}, ["another text: no, there yes"]), ({"text": None}, []),
    ({"labels": {"emotion": "joy"}}, ["another label 'emotion': joy, there sad"]),
    ({"start": 0.4, "duration": 0.6, "speaker": "t"}, [])])
def test_one_sound_is_of_one_speaker_and_class(tmp_path: Path, second: dict, told: list) -> None:
    """Whatever its format; silence has none."""
    samples = np.random.default_rng(0).integers(-9000, 9000, 16000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    soundfile.write(tmp_path / "b.flac", samples, 16000)
    for name in ("a.wav", "b.flac"):
        other = Utterance(**{"id": "v", "audio": name, "duration": 1.0, "speaker": "s", **second})
        found = problems(tmp_path, Utterance("u", "a.wav", 1.0, "s", text="yes",
                                             labels={"emotion": "sad"}), other)
        assert found == [f"v: {name}: has the same sound as u, with {what}" for what in told]


def test_one_person_under_two_names_is_told_once(tmp_path: Path) -> None:
    names = ["grid-s1", "grid-s01", "grid-s01", "grid-s10"]
    for k in range(4):
        sound(tmp_path / f"{k}.wav", 1.0 + k)
    found = problems(tmp_path, *(Utterance(f"u{k}", f"{k}.wav", 1.0 + k, names[k]) for k in range(4)))
    assert len(found) == 1 and "u1: speaker 'grid-s01': is 'grid-s1' elsewhere" in found[0]


def test_pictures_in_which_nothing_moves(tmp_path: Path) -> None:
    """A photo beside a sound is a video that shows a face, and nothing can be read from it."""
    sound(tmp_path / "a.wav", 2.0)
    for name, seconds, still in (("still.mp4", 2.0, True), ("one.mov", 0.04, True), ("v.mp4", 2.0, False)):
        film(tmp_path / name, seconds, still=still)
    views = {n: (View(n),) for n in ("still.mp4", "one.mov", "v.mp4")}
    found = problems(tmp_path, *(Utterance(n, "a.wav", 2.0, "s", views=v) for n, v in views.items()),
                     faces=False)
    assert len(found) == 3, found
    assert "still.mp4: its picture never changes: lips that do not move" in found[0]
    assert "one.mov: it holds one picture only: lips" in found[1] and "lengths differ" in found[2]


def grainy(path: Path, grain: float, lips: float, seconds: float = 4.0, rate: int = 25) -> None:
    """A face of two patches, whose lower one grows brighter and darker, under the grain of a film."""
    rng = np.random.default_rng(0)
    scene = np.kron(rng.integers(60, 190, (12, 12)), np.ones((16, 16)))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate, bit_rate=20_000_000)
        stream.width = stream.height = 192
        stream.pix_fmt = "yuv420p"
        for k in range(round(seconds * rate)):
            picture = scene + grain * rng.standard_normal(scene.shape)
            picture[112:136, 72:120] += lips * np.sin(k)
            frame = av.VideoFrame.from_ndarray(picture.clip(0, 255).astype(np.uint8), format="gray")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(("grain", "lips", "still"), [
    (8.0, 0.0, True), (20.0, 0.0, True), (0.0, 15.0, False), (8.0, 20.0, False), (20.0, 30.0, False)])
def test_a_photo_with_the_grain_of_film_is_still(tmp_path: Path, grain: float, lips: float,
                                                 still: bool) -> None:
    sound(tmp_path / "a.wav", 4.0)
    grainy(tmp_path / "v.mp4", grain, lips)
    found = problems(tmp_path, Utterance("u", "a.wav", 4.0, "s", views=(View("v.mp4"),)), faces=False)
    assert ["its picture never changes" in line for line in found] == [True] * still


@pytest.mark.parametrize(("rate", "slow"), [(1, True), (8, True), (12, False), (120, False)])
def test_pictures_too_few_to_read_lips(tmp_path: Path, rate: int, slow: bool) -> None:
    sound(tmp_path / "a.wav", 4.0)
    film(tmp_path / "v.mp4", 3.0, rate=rate)
    found = problems(tmp_path, Utterance("u", "a.wav", 2.5, "s", views=(View("v.mp4"),)), faces=False)
    assert any(f"is {rate} pictures a second, too few" in line for line in found) is slow, found


def test_damage_is_told_once_beside_other_faults(tmp_path: Path) -> None:
    """Bytes of floats under a header of another width, in a file that is cut off: two faults."""
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(48000) / 9), 16000, subtype="FLOAT")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    at = data.index(b"fmt ") + 8
    data[at + 12:at + 16] = (8).to_bytes(2, "little") + (64).to_bytes(2, "little")
    (tmp_path / "a.wav").write_bytes(data[:120_000])
    found = one(tmp_path, "a.wav", 0.5)
    assert sum("read as floats of 32 bits" in line for line in found) == 1
    assert sum("truncated" in line or "cut off" in line for line in found) == 1, found


def test_files_are_forgotten_behind_their_last_utterance(tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    class Watched(integrity._Checker):
        def utterance(self, u: Utterance):  # type: ignore[no-untyped-def]
            kept.append(len(self._sounds))
            return super().utterance(u)

    monkeypatch.setattr(integrity, "_Checker", Watched)
    for k in range(3):
        sound(tmp_path / f"{k}.wav", 2.0 + k)
    whole = [Utterance(f"u{k}", f"{k}.wav", 2.0 + k, "s") for k in range(3)]
    again = Utterance("v", "0.wav", 1.0, "s")
    assert problems(tmp_path, *whole, again) == []
    assert kept == [0, 1, 1, 1]  # the first file is named again at the end
