"""Floats of another width or order under a header, and whole numbers under one of floats."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from sounds import murmur

from avspeech.media import float_bytes, recordings

RATE = 16000


def wav(path: Path, data: bytes, bits: int, channels: int) -> Path:
    """Bytes under a WAV header of floats."""
    wide = channels * bits // 8
    head = struct.pack("<HHIIHH", 3, channels, RATE, RATE * wide, wide, bits)
    path.write_bytes(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt \x10\0\0\0" + head
                     + b"data" + struct.pack("<I", len(data)) + data)
    return path


@pytest.mark.parametrize("name", list(float_bytes.READINGS))
@pytest.mark.parametrize(("bits", "channels"), [(32, 1), (64, 1), (32, 2), (64, 2)])
def test_numbers_of_another_kind_are_named(tmp_path: Path, name: str, bits: int, channels: int) -> None:
    kind = np.dtype(float_bytes.READINGS[name])
    samples = np.stack([murmur(3.0, RATE, seed) for seed in range(channels)], axis=1)
    whole = 1.0 if kind.kind == "f" else 2.0 ** (8 * kind.itemsize - 1)
    path = wav(tmp_path / "a.wav", (samples * whole).astype(kind).tobytes(), bits, channels)
    note = float_bytes.note(path, "FLOAT" if bits == 32 else "DOUBLE", channels)
    if kind == np.dtype(f"<f{bits // 8}"):
        assert note is None
    elif kind.kind == "f" or bits == 64:
        assert note is not None and f"(floats of {bits} bits): read as {name}, which" in note
    if note:
        assert note in recordings.survey(path).faults
        assert sum("not what its header says" in fault for fault in recordings.survey(path).faults) == 1


@pytest.mark.parametrize("scale", [1e-39, 1e-20, 1e-6, 1.0, 32768.0, 0.0])
def test_floats_of_any_level_are_floats(tmp_path: Path, scale: float) -> None:
    samples = murmur(2.0, RATE).astype(np.float64) * scale
    samples[100] = np.nan
    for kind, bits, name in (("<f4", 32, "FLOAT"), ("<f8", 64, "DOUBLE")):
        path = wav(tmp_path / "a.wav", samples.astype(kind).tobytes(), bits, 1)
        assert float_bytes.note(path, name, 1) is None
