"""A container in a pipe: its voice on its own clock, as it comes. The mouth is put there by hand."""

from __future__ import annotations

import os
import re
import threading
import time
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile

from avspeech.errors import InputError
from avspeech.extraction import pipe
from avspeech.extraction.extractor import Extractor

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)


def gate(mixture, video, mask):
    """Lets through what is heard while the mouth is bright."""
    bright = (video[0, 0].float().mean((1, 2)) > 128).repeat_interleave(640)[: mixture.shape[-1]]
    return mixture * bright.float()


class Mouth:
    """In place of `LiveMouth`: the middle of the picture; none in a red one."""

    def __init__(self, fps: float, face: int) -> None:
        self.pushed = 0

    def push(self, picture: np.ndarray) -> np.ndarray | None:
        self.pushed += 1
        red, _, blue = picture[10, 10].astype(int)
        return None if red - blue > 60 else np.full((96, 96), picture[10, 10, 1], np.uint8)


@pytest.fixture(autouse=True)
def mouth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "LiveMouth", Mouth)


def container(path: Path, colors: list[tuple[int, int, int]], sound: np.ndarray, rate: int = 48000,
              fps: int = 25, late: float = 0.0, pictures: bool = True) -> bytes:
    """A container (its kind by the suffix) with pictures of one color each and with sound."""
    with av.open(str(path), "w") as target:
        packets = []
        if pictures:
            video = target.add_stream("libx264", rate=fps)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            video.options = {"preset": "ultrafast", "crf": "10", "g": "10"}
        speech = target.add_stream("aac" if path.suffix == ".ts" else "pcm_s16le", rate=rate)
        speech.layout = "mono"
        if pictures:
            for k, color in enumerate(colors):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), color, np.uint8), format="rgb24")
                frame.pts, frame.time_base = k + round(late * fps), Fraction(1, fps)
                packets += video.encode(frame)
            packets += video.encode(None)
        for done in range(0, len(sound), 1024):
            part = sound[done: done + 1024].astype(np.float32)
            frame = av.AudioFrame.from_ndarray(part[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, done, Fraction(1, rate)
            for converted in av.AudioResampler(speech.format.name, "mono", rate).resample(frame):
                packets += speech.encode(converted)
        packets += speech.encode(None)
        for packet in sorted(packets, key=lambda p: float((p.dts or 0) * p.time_base)):
            target.mux(packet)
    return path.read_bytes()


def tone(seconds: float, rate: int = 48000) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def send(data: bytes, piece: int = 4000, wait: float = 0.0) -> Iterator:
    """The reading end of a pipe into which data comes in pieces."""
    read, write = os.pipe()

    def run() -> None:
        try:
            for k in range(0, len(data), piece):
                os.write(write, data[k: k + piece])
                time.sleep(wait)
        except BrokenPipeError:
            pass
        finally:
            os.close(write)

    threading.Thread(target=run, daemon=True).start()
    return os.fdopen(read, "rb", buffering=0)


def extracted(data: bytes, out: Path, latency: float = 0.3, **options) -> tuple[np.ndarray, list[str]]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with send(data) as source:
            pipe.extract_pipe(source, out, Extractor(gate, INFO).stream(latency, past=1.0), **options)
    return soundfile.read(out)[0], [str(w.message) for w in said]


WHITE, BLACK, RED = (230, 230, 230), (20, 20, 20), (200, 20, 20)


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
def test_the_voice_keeps_the_clock_of_the_container(tmp_path: Path, suffix: str) -> None:
    colors = [WHITE if 20 <= k < 40 else BLACK for k in range(60)]  # 0.8 to 1.6 s
    data = container(tmp_path / f"in{suffix}", colors, tone(2.4))
    voice, said = extracted(data, tmp_path / "out.wav")
    assert not said and abs(len(voice) / 16000 - 2.4) < 0.05
    loud = np.flatnonzero(np.abs(voice) > 0.05) / 16000
    assert abs(loud[0] - 0.8) < 0.05 and abs(loud[-1] - 1.6) < 0.05


@pytest.mark.parametrize(("fps", "late"), [(10, 0.0), (50, 0.0), (25, 0.6)])
def test_any_frame_rate_and_pictures_that_begin_late(tmp_path: Path, fps: int, late: float) -> None:
    colors = [WHITE if 0.8 <= k / fps + late < 1.6 else BLACK for k in range(round((2.4 - late) * fps))]
    data = container(tmp_path / "in.mkv", colors, tone(2.4), fps=fps, late=late)
    voice, said = extracted(data, tmp_path / "out.wav")
    loud = np.flatnonzero(np.abs(voice) > 0.05) / 16000
    assert not said and abs(loud[0] - 0.8) < 0.06 and abs(loud[-1] - 1.6) < 0.11


def test_a_face_that_goes_is_silent_and_none_at_all_is_told(tmp_path: Path) -> None:
    data = container(tmp_path / "in.mkv", [WHITE] * 30 + [RED] * 60, tone(3.6))
    voice, said = extracted(data, tmp_path / "out.wav")
    assert not said and np.abs(voice[8000:16000]).max() > 0.2 and not voice[3 * 16000:].any()
    voice, said = extracted(container(tmp_path / "no.mkv", [RED] * 50, tone(2)), tmp_path / "no.wav")
    assert len(said) == 1 and "no face" in said[0] and not voice.any()


def test_the_voice_comes_while_the_pipe_is_open(tmp_path: Path) -> None:
    data = container(tmp_path / "in.mkv", [WHITE] * 250, tone(10))
    read, write = os.pipe()
    stream = Extractor(gate, INFO).stream(0.3, past=1.0)
    came = []
    given = stream.push
    stream.push = lambda *x: came.append(given(*x)) or came[-1]  # type: ignore[method-assign]
    source = os.fdopen(read, "rb", buffering=0)
    thread = threading.Thread(target=pipe.extract_pipe, args=(source, tmp_path / "out.wav", stream),
                              daemon=True)
    thread.start()
    os.write(write, data[: len(data) // 2])
    for _ in range(200):
        if sum(map(len, came)) > 2 * 16000:
            break
        time.sleep(0.05)
    assert 2 * 16000 < sum(map(len, came)) < 6 * 16000 and thread.is_alive()
    os.write(write, data[len(data) // 2:])
    os.close(write)
    thread.join(30)
    source.close()
    assert len(soundfile.read(tmp_path / "out.wav")[0]) == 10 * 16000


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
def test_a_cut_pipe_gives_what_came(tmp_path: Path, suffix: str) -> None:
    data = container(tmp_path / f"in{suffix}", [WHITE] * 100, tone(4))
    voice, said = extracted(data[: len(data) * 3 // 5 + 7], tmp_path / "out.wav")
    assert 1.5 < len(voice) / 16000 < 3.5 and np.abs(voice[16000:20000]).max() > 0.2
    assert len(said) == 1 and "standard input: " in said[0]


@pytest.mark.parametrize(("data", "message"), [
    (b"no container" * 1000, "not a container"), (b"", "not a container")])
def test_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extracted(data, tmp_path / "out.wav")
    assert not list(tmp_path.iterdir())


def test_no_pictures_and_no_such_track(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        extracted(container(tmp_path / "in.mkv", [], tone(2), pictures=False), tmp_path / "out.wav")
    data = container(tmp_path / "two.mkv", [WHITE] * 50, tone(2))
    with pytest.raises(InputError, match="1 tracks of sound, and --audio is 2"):
        extracted(data, tmp_path / "out.wav", track=2)


def test_a_loud_beginning_and_end_are_no_clicks_at_any_rate(tmp_path: Path) -> None:
    """Outside of the sound, silence was a step."""
    voices = []
    for rate in (16000, 48000):
        data = container(tmp_path / f"{rate}.mkv", [WHITE] * 50, 0.5 + 0 * tone(2, rate), rate)
        voices.append(extracted(data, tmp_path / "out.wav")[0])
    assert len(voices[0]) == len(voices[1]) == 2 * 16000
    assert np.abs(voices[0] - voices[1]).max() < 1e-3


class Through:
    """A stream whose voice is the sound."""

    sample_rate, extractor, face = 16000, SimpleNamespace(fps=25.0), 1

    def push(self, samples: np.ndarray | None = None) -> np.ndarray:
        return np.zeros(0, np.float32) if samples is None else samples

    def take(self, *_: np.ndarray) -> None:
        """Of the mouths nothing is wanted."""

    def finish(self) -> np.ndarray:
        return np.zeros(0, np.float32)


def heard(data: bytes, out: Path) -> tuple[np.ndarray, list[str]]:
    """The sound as a pipe hears it, and what is told."""
    with warnings.catch_warnings(record=True) as said, send(data) as source:
        warnings.simplefilter("always")
        pipe.extract_pipe(source, out, Through())  # type: ignore[arg-type]
    return soundfile.read(out)[0], [str(w.message) for w in said]


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
@pytest.mark.parametrize("gaps", [[], [(1.0, 1.04)], [(1.0, 1.6)], [(0.0, 0.5)], [(0.6, 0.9), (1.4, 3.9)]])
def test_sound_that_did_not_come_is_silence_in_its_place_and_told_once(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str,
        gaps: list[tuple[float, float]]) -> None:
    data = container(tmp_path / f"in{suffix}", [WHITE] * 125, tone(5))
    packets = pipe.packets_of
    monkeypatch.setattr(pipe, "packets_of", lambda *about: (
        p for p in packets(*about) if p.stream.type == "video" or p.pts is None or not any(
            a <= float(p.pts * p.time_base) - float(pipe.container_zero(about[0])) < b for a, b in gaps)))
    voice, said = heard(data, tmp_path / "out.wav")
    assert abs(len(voice) / 16000 - 5) < 0.1
    for start in np.arange(0.2, 4.8, 0.1):  # each tenth of a second is where it was
        middle = np.abs(voice[round(start * 16000):][:320]).max()
        if any(a + 0.1 < start < b - 0.1 for a, b in gaps):
            assert middle < 0.01
        elif not any(a - 0.1 < start < b + 0.1 for a, b in gaps):
            assert middle > 0.1
    lost = sum(b - a for a, b in gaps if a > 0)  # what begins late is not lost
    if lost < 0.1:
        assert said == []
        return
    found = re.search(r"input: (.*) s of its sound did not come, the first at (.*) s: it is silent", said[0])
    assert found and len(said) == 1
    assert float(found[1]) == pytest.approx(lost, abs=0.1) and float(found[2]) == pytest.approx(
        next(a for a, _ in gaps if a > 0), abs=0.1)


def test_sound_that_comes_too_late_moves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = tone(8)
    sound[3 * 48000: 6 * 48000] = 0  # the next tone tells whether it is in its place
    data = container(tmp_path / "in.mkv", [WHITE] * 200, sound)
    packets = pipe.packets_of

    def came(packet) -> float:  # sound of 2 to 2.5 s comes with the pictures of 5 s
        at = float("inf") if packet.pts is None else float(packet.pts * packet.time_base)
        return 5.0 if packet.stream.type == "audio" and 2 <= at < 2.5 else at

    monkeypatch.setattr(pipe, "packets_of", lambda *about: iter(sorted(packets(*about), key=came)))
    voice, said = heard(data, tmp_path / "out.wav")
    loud = np.abs(np.resize(voice, 128000).reshape(-1, 1600)).max(1) > 0.1
    assert abs(len(voice) - 128000) < 1600
    assert loud[:19].all() and loud[26:29].all() and loud[61:79].all()
    assert not loud[21:24].any() and not loud[31:59].any()
    assert len(said) == 1 and "0.5" in said[0] and "did not come" in said[0]
