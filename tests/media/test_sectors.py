"""Blocks that a card lost, and what a transfer as text leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import murmur

from avspeech.errors import InputError
from avspeech.media import audio, recordings, sectors

RATE = 16000


def wav(path: Path, seconds: float = 4.0) -> bytearray:
    """A voice in a room that is never silent."""
    hiss = np.random.default_rng(2).normal(0, 1e-3, round(seconds * RATE))
    audio.write(path, murmur(seconds, RATE) * 0.5 + hiss.astype(np.float32), RATE)
    return bytearray(path.read_bytes())


def told(path: Path, data: bytes) -> list[str]:
    path.write_bytes(data)
    return [note for note in recordings.survey(path).faults if "hold nothing" in note]


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("first", [40, 100])
@pytest.mark.parametrize("count", [8, 64])
def test_sectors_that_hold_nothing_are_told(tmp_path: Path, value: int, first: int, count: int) -> None:
    data = wav(tmp_path / "x.wav")
    for at in range(first * 512, (first + count) * 512):
        data[at] = value
    (note,) = told(tmp_path / "x.wav", bytes(data))
    share = 100 * (first - 1) * 512 / len(data)
    assert f"{512 * count:,} bytes" in note and f"after {share:.0f} %" in note


def test_what_was_muted_is_no_lost_sector(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    rng = np.random.default_rng(0)
    for _ in range(20):  # it begins and ends anywhere
        data, first = wav(path), int(rng.integers(5_000, 20_000)) * 2 + 46
        length = int(rng.integers(4_000, 20_000)) * 2
        if first % 512 and (first + length) % 512:
            data[first: first + length] = bytes(length)
            assert not told(path, bytes(data))
    data = wav(path)
    data[100 * 512:] = bytes(len(data) - 100 * 512)  # up to the end: see test_tails
    assert not told(path, bytes(data))
    data = wav(path)
    data[44: 60 * 512] = bytes(60 * 512 - 44)  # from the beginning on
    assert not told(path, bytes(data)) and not told(path, bytes(wav(path)))


def test_a_transfer_as_text_is_told(tmp_path: Path) -> None:
    data = bytes(wav(tmp_path / "x.wav"))
    path = tmp_path / "y.wav"
    assert not sectors.line_feeds(tmp_path / "x.wav")
    path.write_bytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    (note,) = (note for note in recordings.survey(path).faults if "as a text" in note)
    pytest.importorskip("av")
    path.write_bytes(b"nothing" + data[50:].replace(b"\n", b"\r\n"))
    with pytest.raises(InputError, match="transferred as a text"):
        audio.read(path)
