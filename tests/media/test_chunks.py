"""Chunks of WAV and AIFF, with and without the byte that should follow those of odd size."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from sounds import encode, murmur

from avspeech.media import audio, chunks, endings, recordings

RATE = 16000
SAMPLES = (murmur(2, RATE) * 32767).astype("<i2")


def chunk(name: bytes, data: bytes, pad: bool, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}I", len(data)) + data + (b"\0" if pad and len(data) % 2 else b"")


def wav(before: list[tuple[bytes, bytes]], pad: bool, behind: bytes = b"") -> bytes:
    head = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    parts = [chunk(name, data, pad) for name, data in before]
    body = b"WAVE" + b"".join([*parts, chunk(b"fmt ", head, pad), chunk(b"data", SAMPLES.tobytes(), pad)])
    body += behind
    return b"RIFF" + struct.pack("<I", len(body)) + body


def aiff(pad: bool) -> bytes:
    rate = struct.pack(">HQ", 16383 + 13, RATE << 50)
    body = (b"AIFF" + chunk(b"NAME", b"hello", pad, ">")
            + chunk(b"COMM", struct.pack(">hIh", 1, len(SAMPLES), 16) + rate, pad, ">")
            + chunk(b"SSND", bytes(8) + SAMPLES.astype(">i2").tobytes(), pad, ">"))
    return b"FORM" + struct.pack(">I", len(body)) + body


LISTS = [[(b"LIST", b"INFOISFT\x05\0\0\0abcd\0")], [(b"bext", b"x" * 605), (b"iXML", b"<a/>!")],
         [(b"JUNK", b"\0" * 27)], [(b"LIST", b"INFO")], []]


@pytest.mark.parametrize("before", LISTS)
@pytest.mark.parametrize("pad", [True, False])
def test_the_sound_is_found_with_and_without_the_byte(tmp_path: Path, before: list, pad: bool) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(before, pad))
    odd = sum(len(data) % 2 for _, data in before)
    assert len(chunks.unpadded(path)) == (0 if pad else odd)
    assert np.array_equal(audio.read(path, RATE), SAMPLES.astype(np.float32) / 32768)
    assert not recordings.survey(path).notes
    assert endings.bytes_told(path) == (2 * len(SAMPLES), 2 * len(SAMPLES))


@pytest.mark.parametrize("first", [0, 0x20, 0x41, 0x7E])
def test_what_stands_behind_is_not_misread_whatever_its_size(tmp_path: Path, first: int) -> None:
    """Read a byte too late, "data" and its size may look like a name, too; zeros are a small size."""
    path = tmp_path / "x.wav"
    count = 256 * 20 + first
    body = b"WAVE" + chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8), True)
    body += chunk(b"note", b"odd", False) + chunk(b"data", bytes(100) + bytes(range(156)) * 50, False)[:-1]
    body = body[: body.index(b"data") + 8] + (body[body.index(b"data") + 8:] * 2)[:count]
    at = body.index(b"data") + 4
    body = body[:at] + struct.pack("<I", count) + body[at + 4:]
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert recordings.survey(path).samples == count


@pytest.mark.parametrize("pad", [True, False])
def test_aiff_and_coded_sound(tmp_path: Path, pad: bool) -> None:
    (tmp_path / "x.aiff").write_bytes(aiff(pad))
    assert np.array_equal(audio.read(tmp_path / "x.aiff", RATE), SAMPLES.astype(np.float32) / 32768)
    pytest.importorskip("av")
    whole = encode(tmp_path / "a.wav", [murmur(2, 8000)], 8000, "adpcm_ms")
    data = whole.read_bytes()
    (tmp_path / "b.wav").write_bytes(data[:12] + chunk(b"LIST", b"INFO\0", pad) + data[12:])
    assert np.array_equal(audio.read(tmp_path / "b.wav", 8000), audio.read(whole, 8000))


def test_a_long_title_behind_an_odd_sound_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    samples = (murmur(2, RATE)[:-1] * 127 + 128).astype(np.uint8).tobytes()
    head = struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)
    for pad in (True, False):
        body = b"WAVE" + chunk(b"fmt ", head, pad) + chunk(b"data", samples, pad)
        body += chunk(b"LIST", b"INFOICMT" + struct.pack("<I", 6000) + b"c" * 6000, pad)
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
        assert not endings.left_over(path)


def test_the_view_of_a_padded_file_is_the_file_with_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    before = LISTS[1]
    path.write_bytes(wav(before, False))
    whole = wav(before, True)
    with chunks.Padded(path, chunks.unpadded(path)) as view:
        assert view.seek(0, 2) == len(whole)
        for at in (8, 624, 625, 626, 640, len(whole) - 3):
            view.seek(at)
            found = b"".join(iter(lambda: view.read(7), b""))
            assert found == whole[at:]
