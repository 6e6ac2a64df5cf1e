"""Samples that are not what a header says are told, and recordings are not."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from avspeech.media import audio, endings
from avspeech.media.misread import Misread

RATE = 16000
RNG = np.random.default_rng(0)


def voice(seed: int = 0, count: int = 2 * RATE) -> np.ndarray:
    """Noise as smooth as speech, that comes and goes, and a little noise of a room."""
    import scipy.signal

    rng = np.random.default_rng(seed)
    smooth = scipy.signal.lfilter([1], [1, -1.6, 0.75], rng.standard_normal(count))
    loud = np.maximum(0, np.sin(2 * np.pi * (3 + 0.3 * seed) * np.arange(count) / RATE)) ** 2
    sound = 0.05 * smooth * loud + 1e-3 * rng.standard_normal(count)
    return np.round(np.clip(sound, -0.9, 0.9) * 2**15) / 2**15


def note(samples: np.ndarray) -> str:
    found = Misread()
    for piece in np.array_split(np.atleast_2d(samples), 7, axis=1):
        found.add(piece)
    return found.note() or found.note_channels() or ""


def as_16_bits(data: bytes) -> np.ndarray:
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2") / 2**15


BYTES = {
    "other order": lambda x: (x * 2**15).astype(">i2").tobytes(),
    "a byte later": lambda x: b"\0" + (x * 2**15).astype("<i2").tobytes(),
    "24 bits": lambda x: (x * 2**31).astype("<i4").view("u1").reshape(-1, 4)[:, 1:].tobytes(),
    "32 bits": lambda x: ((x + RNG.uniform(0, 2**-15, len(x))) * 2**31).astype("<i4").tobytes()}


def test_clicks_in_a_quiet_room_are_no_misreading() -> None:
    """81 of RAVDESS' 1,440 clips begin with clicks of a sample each, and were said to be misread."""
    import scipy.signal

    for seed in range(8):
        rng = np.random.default_rng(seed)
        room = np.round(scipy.signal.lfilter([0.3], [1, -0.95], rng.standard_normal(2 * RATE)))
        room[rng.integers(0, len(room), 80)] = np.round(200 * rng.standard_normal(80))
        sound = np.concatenate([room / 2**15, voice(seed)])
        assert np.abs(np.diff(room)).max() > 100 and note(sound) == ""


@pytest.mark.parametrize("told", BYTES)
def test_bytes_of_another_kind(told: str) -> None:
    """Those of 24 bits and the order of bytes of quiet speech were passed over."""
    assert told in note(as_16_bits(BYTES[told](voice())))


@pytest.mark.parametrize(("width", "told", "data"), [
    (4, "floats", lambda x: x.astype("<f4").tobytes()),
    (4, "floats", lambda x: (x + 1e-6).astype("<f4").tobytes()),
    (3, "other order", lambda x: (x * 2**31).astype(">i4").view("u1").reshape(-1, 4)[:, :3].tobytes()),
    (3, "16 bits", lambda x: (x * 2**15).astype("<i2").tobytes()),
    (3, "32 bits", lambda x: (x * 2**31 + RNG.integers(0, 2**16, len(x))).astype("<i4").tobytes()),
])
def test_bytes_of_another_kind_under_a_header_of_more_bits(width: int, told: str, data: Any) -> None:
    """Nothing but samples of 16 bits was looked at."""
    rows = np.frombuffer(data(voice(count=3 * RATE)), "u1")
    rows = rows[: len(rows) // width * width].reshape(-1, width)
    whole = np.pad(rows, ((0, 0), (4 - width, 0))).view("<i4")[:, 0] / 2**31
    assert told in note(whole.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("law", ["mu-law", "A-law"])
@pytest.mark.parametrize("level", [1.0, 0.1])
def test_telephone_sound_under_a_header_of_16_bits(tmp_path: Path, law: str, level: float) -> None:
    kind = {"mu-law": "ULAW", "A-law": "ALAW"}[law]
    soundfile.write(tmp_path / "a.raw", level * 4 * voice(5, 8 * RATE), 8000, subtype=kind, format="RAW")
    assert f"read as {law}" in note(as_16_bits((tmp_path / "a.raw").read_bytes()))


def test_loud_sound_of_16_bits_is_no_telephone_sound() -> None:
    for smooth in (0.0, 0.5, 0.8):
        import scipy.signal

        noise = scipy.signal.lfilter([1], [1, -smooth], RNG.standard_normal(2 * RATE))
        loud = np.round(np.clip(0.6 * noise / noise.std(), -1, 32767 / 2**15) * 2**15) / 2**15
        assert note(loud) == "", smooth


@pytest.mark.parametrize("times", [2, 3, 6])
def test_a_rate_that_was_raised_by_repeating_samples(times: int) -> None:
    many = "pairs" if times == 2 else f"groups of {times}"
    assert f"go in {many}, which are equal" in note(np.repeat(voice(1), times))
    assert note(np.repeat(voice(1), times)[1:]) != "" == note(voice(1))


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_two_channels_under_a_header_of_one(gain: float) -> None:
    pairs = np.stack([voice(), gain * voice()], 1).reshape(-1)
    assert "in pairs" in note(pairs)


def test_one_channel_under_a_header_of_two() -> None:
    assert "between the samples" in note(voice().reshape(-1, 2).T)


@pytest.mark.parametrize("channels", [3, 6, 8])
def test_one_channel_under_a_header_of_many(channels: int) -> None:
    one = voice(8, 8 * 12 * 1000)
    assert f"header of {channels}: it may be {channels} times" in note(one.reshape(-1, channels).T)
    room = 0.002 * np.random.default_rng(0).standard_normal((channels, len(one)))
    array = np.stack([np.roll(one, k) for k in range(channels)])  # of microphones
    for real in (array, array + room, np.tile(one, (channels, 1)), room,
                 np.concatenate([room[:-1], one[None]])):
        assert note(real) == ""


@pytest.mark.parametrize("seed", range(6))
def test_recordings_are_what_they_are(seed: int) -> None:
    one, two = voice(seed), voice(seed + 10)
    room = 0.01 * np.random.default_rng(seed).standard_normal((2, len(one)))
    for sound in (one, room[0], np.stack([one, one]), np.stack([one, 0.7 * one]) + room,
                  np.stack([one, np.roll(one, 1)]), np.stack([one + two / 2, two + one / 2]),
                  np.stack([one, -one]), np.stack([one, 0 * one]), np.stack([one, two]), room):
        assert note(sound) == ""


def test_a_header_within_a_wav_is_told(tmp_path: Path) -> None:
    data = (voice(3) * 2**15).astype("<i2").tobytes()
    head = b"RIFF" + struct.pack("<I", len(data) + 36) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16) + b"data" + struct.pack("<I", len(data))
    (tmp_path / "a.wav").write_bytes(head + data)
    assert endings.contradictions(tmp_path / "a.wav") == []
    inner = data[:20000] + head + data[20044:]
    (tmp_path / "a.wav").write_bytes(head + inner)
    assert "at byte 20,044" in endings.contradictions(tmp_path / "a.wav")[0]


@pytest.mark.parametrize("channels", [1, 2])
def test_two_samples_in_one_of_32_bits_are_told_and_other_numbers_are_not(channels: int) -> None:
    """Read as 32 bits they are one voice twice as fast, and no noise."""
    one, other = voice(5, 4 * RATE), voice(6, 4 * RATE)
    rows = np.stack([one, 0.6 * one + other / 9])[:channels]
    short = np.round(rows.T * 2**15).astype("<i2")
    wide = short.tobytes()[: short.nbytes // (4 * channels) * 4 * channels]
    read = np.frombuffer(wide, "<i4").reshape(-1, channels).T
    for kind in (np.float64, np.float32):  # of libsndfile, which have 24 bits
        assert "two samples of 16 bits" in note((read / 2.0**31).astype(kind).astype(np.float64))
    noise = np.random.default_rng(1).integers(0, 2**16, short.shape)
    plain, spread = short * np.int64(2**16), short.view("<u2").astype(np.int64)
    for known in (plain, plain + noise, plain + noise >> 8 << 8, plain + spread):
        assert note(known.T / 2.0**31) == ""


def test_samples_of_16_bits_under_a_header_of_floats_are_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", voice(7), RATE, "PCM_16")
    data = np.frombuffer((tmp_path / "a.wav").read_bytes()[44:], "<f4")
    soundfile.write(tmp_path / "f.wav", data, RATE, "FLOAT")
    told = audio.notes_of(tmp_path / "f.wav")
    assert "not what its header says (floats of 32 bits): read as whole numbers of 16 bits" in told[0]
    assert "divided" not in " ".join(told)


def test_the_mean_of_a_moment_is_no_offset(tmp_path: Path) -> None:
    for count in (1, 20, RATE // 20):
        soundfile.write(tmp_path / f"{count}.wav", np.full(count, 0.2), RATE)
        assert audio.notes_of(tmp_path / f"{count}.wav") == []
    soundfile.write(tmp_path / "b.wav", np.full(RATE, 0.2), RATE)
    assert "constant offset of 0.200" in audio.notes_of(tmp_path / "b.wav")[0]


@pytest.mark.parametrize("between", [b"", b"LIST\x04\0\0\0INFO"])
def test_two_headers_that_contradict_each_other_are_told(tmp_path: Path, between: bytes) -> None:
    def header(channels: int, rate: int) -> bytes:
        return b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, rate, 2 * channels * rate, 2 * channels, 16)

    data = b"data" + struct.pack("<I", 32000) + bytes(32000)
    for second, told in ((header(1, RATE), ""), (header(1, 8000), "1 channel of 16 bits, 8000 a second"),
                         (header(2, RATE), "2 channels of 16 bits, 16000 a second")):
        for chunks in (header(1, RATE) + between + second + data, header(1, RATE) + data + between + second):
            body = b"WAVE" + chunks
            (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
            found = " ".join(endings.contradictions(tmp_path / "a.wav"))
            assert told in found and bool(found) == bool(told)
            assert len(audio.read(tmp_path / "a.wav", RATE)) == 16000  # as is said


@pytest.mark.parametrize("kind", ["WAV", "RF64", "AIFF", "AU", "W64", "CAF"])
def test_a_text_within_the_sound_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, voice(4), RATE, "PCM_16", format=kind)
    assert endings.notes(path) == []
    page = b"<html><head><title>502 Bad Gateway</title></head></html>"
    data = path.read_bytes()
    path.write_bytes(data[:20000] + page + data[20000 + len(page):])
    assert "at byte 20,049" in " ".join(endings.notes(path))
    path.write_bytes(data + page)  # behind it: another sentence
    assert "lies within" not in " ".join(endings.notes(path))
