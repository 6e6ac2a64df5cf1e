"""Reading and writing sound: rates, channels, the clock, damage."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from avspeech.errors import InputError
from avspeech.media import audio, decoding

av = pytest.importorskip("av")


def tone(seconds: float, rate: int, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_sound(path: Path, samples: np.ndarray, rate: int, codec: str, late: float = 0.0) -> None:
    """A container with one sound stream, encoded by PyAV, beginning `late` seconds after a tiny video
    stream."""
    with av.open(str(path), "w") as container:
        if late:
            pictures = container.add_stream("mpeg4", rate=25)
            pictures.width = pictures.height = 32
            pictures.pix_fmt = "yuv420p"
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        if late:
            for _ in range(25):
                for packet in pictures.encode(av.VideoFrame(32, 32, "yuv420p")):
                    container.mux(packet)
            for packet in pictures.encode():
                container.mux(packet)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        size = stream.codec_context.frame_size or 1024
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            fifo.write(part)
        pts = round(late * rate)
        while fifo.samples:
            part = fifo.read(min(size, fifo.samples))
            part.pts, part.time_base = pts, Fraction(1, rate)
            pts += part.samples
            for packet in stream.encode(part):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def delay(found: np.ndarray, wanted: np.ndarray) -> int:
    """Samples by which `found` lags `wanted`, by correlation."""
    size = len(found) + len(wanted)
    product = np.fft.irfft(np.fft.rfft(found, size) * np.conj(np.fft.rfft(wanted, size)), size)
    lag = int(np.argmax(product))
    return lag if lag < size // 2 else lag - size


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    sound = tone(0.3, 16000)
    audio.write(tmp_path / f"a{suffix}", sound, 16000)
    assert np.abs(audio.read(tmp_path / f"a{suffix}") - sound).max() < 1e-4
    assert audio.duration(tmp_path / f"a{suffix}") == pytest.approx(0.3)


def test_clipping_warns_and_nan_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="3 samples"):
        audio.write(tmp_path / "a.wav", np.array([2.0, -2.0, 1.5, 0.0]), 16000)
    assert np.abs(audio.read(tmp_path / "a.wav")).max() <= 1.0
    with pytest.raises(InputError, match="NaN"):
        audio.write(tmp_path / "b.wav", np.array([np.nan]), 16000)
    with pytest.raises(InputError, match="xyz"):
        audio.write(tmp_path / "b.xyz", np.zeros(4), 16000)


@pytest.mark.parametrize(("samples", "words"), [
    (np.zeros(100, np.int16), "int16 samples, expected floats between -1 and 1; divide them by 32768"),
    (np.zeros(100, np.int32), "divide them by 2147483648"),
    (np.full(100, 128, np.uint8), r"\(samples - 128.0\) / 128"),
    (np.zeros((2, 16000), np.float32), r"shape \(2, 16000\), expected \[N\], or \[N, channels\]"),
    (np.zeros((2, 9), np.float32), "shape"),
    (np.zeros((2, 3, 4), np.float32), "shape"), (np.zeros((9, 0), np.float32), "shape"),
    (np.float32(0.5), "shape"), (np.zeros(100, complex), "complex128"),
])
def test_what_is_no_sound_is_neither_written_nor_heard(tmp_path: Path, samples: np.ndarray,
                                                       words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        audio.write(tmp_path / "a.wav", samples, 16000)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
    if samples.shape not in ((2, 16000), (2, 9)):  # channels first are heard
        with pytest.raises(InputError):
            audio.mono(samples)


def test_whole_numbers_become_sound_as_the_message_says() -> None:
    tone = np.sin(np.arange(1000) * 0.1)
    for samples in ((tone * 32767).astype(np.int16), (tone * 2147483000).astype(np.int32)):
        with pytest.raises(InputError) as caught:
            audio.mono(samples)
        factor = int(str(caught.value).rsplit(" ", 1)[1])
        assert np.abs(audio.mono(samples / factor) - tone).max() < 1e-4
    heard = audio.mono(((tone * 127 + 128).astype(np.uint8) - 128.0) / 128)
    assert np.abs(heard - tone).max() < 0.02


def test_tensors_of_any_precision_are_heard() -> None:
    tone = torch.sin(torch.arange(200) / 7) / 2
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        assert np.abs(audio.mono(tone.to(kind)) - tone.numpy()).max() < 4e-3


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(0.1, 16000), np.zeros(1600)], 1), 16000)
    assert np.abs(audio.read(tmp_path / "a.wav") - tone(0.1, 16000) / 2).max() < 1e-4


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_resampling_keeps_length_and_place(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1.0, rate), rate, subtype="FLOAT")
    found = audio.read(tmp_path / "a.wav")
    assert found.shape == (16000,) and found.dtype == np.float32
    assert np.abs(found - tone(1.0, 16000))[400:-400].max() < 1e-3


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
@pytest.mark.parametrize("offset", [0.3, -1.0])
def test_resampling_makes_no_click_of_an_offset(rate: int, offset: float) -> None:
    """The silence that was taken to surround a sound was a step: a constant was no silence."""
    found = audio.resample(np.full(rate, offset), rate, 16000)
    assert len(found) == 16000 and np.abs(found - offset).max() < 1e-5
    plain = audio.resample(tone(1.0, rate), rate, 16000)
    moved = audio.resample(offset + tone(1.0, rate), rate, 16000)
    assert np.abs(moved - offset - plain).max() < 1e-5


@pytest.mark.parametrize(("rate", "start", "duration"),
                         [(16000, 0.5, 0.25), (44100, 1.2345, 1.0), (44100, 2.5, 0.1),
                          (22050, 2.9, 5.0)])
def test_a_part_equals_the_same_part_of_the_whole(tmp_path: Path, rate: int, start: float,
                                                  duration: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * rate).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", noise, rate, subtype="FLOAT")
    whole, part = (audio.read(tmp_path / "a.wav"),
                   audio.read(tmp_path / "a.wav", start=start, duration=duration))
    k = round(start * 16000)
    assert len(part) == min(round(duration * 16000), 48000 - k)
    assert np.abs(part - whole[k: k + len(part)]).max() < 1e-4
    assert len(audio.read(tmp_path / "a.wav", start=10.0)) == 0


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "pcm_s16le"), ("a.avi", "pcm_s16le"),
                                             ("a.mpg", "mp2"), ("a.ts", "mp2")])
def test_containers(tmp_path: Path, name: str, codec: str) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 48000).astype(np.float32)
    noise = np.convolve(noise, np.ones(16) / 4, "same").astype(np.float32)
    write_sound(tmp_path / name, noise, 48000, codec)
    whole = audio.read(tmp_path / name, 48000)
    # Encoders may add up to two frames of padding.
    assert abs(len(whole) - 48000) < 2500
    lag = delay(whole, noise)
    # MP2 in a stream without edit lists keeps the encoder's delay of 481 samples.
    assert abs(lag) <= 2 if codec != "mp2" else 0 <= lag < 1200
    part = audio.read(tmp_path / name, 48000, start=0.4, duration=0.2)
    assert np.abs(part - whole[19200: 19200 + 9600]).max() < 1e-4


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "pcm_s16le"), ("a.mp4", "aac"), ("a.ts", "mp2")])
def test_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path, name: str, codec: str) -> None:
    sound = np.random.default_rng(2).normal(0, 0.1, 16000).astype(np.float32)
    write_sound(tmp_path / name, sound, 16000, codec, late=0.5)
    found = audio.read(tmp_path / name)
    assert np.abs(found[:7000]).max() < 0.05
    assert abs(delay(found, sound) - 8000) < (5 if codec == "pcm_s16le" else 600)


def test_damage_in_the_middle_keeps_the_clock(tmp_path: Path) -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, 3 * 16000).astype(np.float32)
    write_sound(tmp_path / "a.mpg", sound, 16000, "mp2")
    data = bytearray((tmp_path / "a.mpg").read_bytes())
    whole = audio.read(tmp_path / "a.mpg")
    data[len(data) // 3: len(data) // 3 + 1500] = bytes(1500)
    (tmp_path / "b.mpg").write_bytes(data)
    found = audio.read(tmp_path / "b.mpg")
    assert abs(len(found) - len(whole)) < 3000
    k = 2 * 16000
    assert delay(found[k: k + 8000], whole[k: k + 8000]) == 0


def test_bad_files_are_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    for name, match in (("empty.wav", "0 bytes"), ("noise.mp4", "FFmpeg"), ("gone.wav", "no such file")):
        with pytest.raises(InputError, match=match) as error:
            audio.read(tmp_path / name)
        assert name in str(error.value) and "\n" not in str(error.value)
    monkeypatch.chdir(tmp_path)
    for name in ("empty.wav", "noise.mp4", "gone.wav"):
        for read in (audio.read, audio.duration, audio.notes_of):
            with pytest.raises(InputError, match=f"^{name}: "):  # as it was given
                read(name)
    for times in (dict(start=-1.0), dict(start=float("nan")), dict(start=float("inf")), dict(start="1"),
                  dict(duration=-1), dict(duration=float("nan"))):
        with pytest.raises(InputError, match="expected seconds, 0 or more"):
            audio.read(tmp_path / "empty.wav", **times)  # type: ignore[arg-type]
    for wrong in (np.zeros((2, 100)), "x", np.zeros(9, complex), None):
        with pytest.raises(InputError, match=r"expected floats \[N\]"):
            audio.resample(wrong, 16000, 8000)  # type: ignore[arg-type]


@pytest.mark.real
def test_a_real_clip(real_data: Path) -> None:
    clip = next((real_data / "grid" / "video" / "s1").glob("*.mpg"))
    found = audio.read(clip)
    assert 2.9 < len(found) / 16000 < 3.1 and 0.1 < np.abs(found).max() < 1.6
    assert np.abs(audio.read(clip, start=1.5, duration=0.5) - found[24000:32000]).max() < 1e-2


def test_speech_bounds_cut_silence_and_keep_a_margin():
    rng = np.random.default_rng(0)
    sound = np.concatenate([np.zeros(8000), rng.normal(0, 0.1, 16000), np.zeros(4000)]).astype(np.float32)
    sound += 1e-5 * rng.standard_normal(len(sound)).astype(np.float32)
    begin, end = audio.speech_bounds(sound, 16000, 40.0, 0.1)
    assert 8000 - 1600 - 480 <= begin <= 8000 - 1600 and 24000 + 1600 <= end <= 24000 + 1600 + 480
    assert audio.speech_bounds(np.zeros(1600, np.float32)) == (0, 1600)
    assert audio.speech_bounds(sound[:100]) == (0, 100)
    assert audio.speech_bounds(sound, below=0) == (0, len(sound))


def test_sound_files_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("z.WAV", "a/b/y.flac", "a/x.mp4", "a/w.ogg", "notes.txt", "a/._w.ogg"):
        (tmp_path / name).touch()
    assert [f.relative_to(tmp_path).as_posix() for f in audio.sound_files(tmp_path)] == [
        "a/b/y.flac", "a/w.ogg", "z.WAV"]


@pytest.mark.parametrize("version, takes", [("18.1.0", True), ("19.0.2", False)])
def test_an_argument_that_pyav_dropped(monkeypatch: pytest.MonkeyPatch, version: str, takes: bool) -> None:
    av = pytest.importorskip("av")
    monkeypatch.setattr(av, "__version__", version)
    assert bool(decoding.lenient()) is takes


def test_a_pipe_is_told_from_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A sound is gone through twice, which a pipe does not allow; opening one would wait."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(InputError, match="a pipe or a device, .*save it to a file first"):
            audio.read(place, 16000)
    with pytest.raises(InputError, match="no such file"):
        audio.read(tmp_path / "none", 16000)
