"""Bytes of 8 bits under the header of another coding, and steps that are large beside the sound."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import murmur

from avspeech.media import coarse, recordings

RATE = 16000
HEADERS = {"PCM_U8": coarse.UNSIGNED, "ULAW": coarse.MU, "ALAW": coarse.A}
KINDS = {**HEADERS, "PCM_S8": "signed numbers of 8 bits", "PCM_16": "whole numbers of 16 bits"}


def encoded(samples: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, subtype=kind, format="RAW", endian="LITTLE")
    return out.getvalue()


def wav(path: Path, data: bytes, kind: str, channels: int = 1) -> Path:
    """Bytes under a WAV header of 8 bits."""
    number = {"PCM_U8": 1, "ALAW": 6, "ULAW": 7}[kind]
    head = [number.to_bytes(2, "little"), channels.to_bytes(2, "little"), RATE.to_bytes(4, "little"),
            (RATE * channels).to_bytes(4, "little"), channels.to_bytes(2, "little"), b"\x08\0"]
    path.write_bytes(b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0"
                     + b"".join(head) + b"data" + len(data).to_bytes(4, "little") + data)
    return path


@pytest.mark.parametrize("header", list(HEADERS))
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("channels", [1, 2])
def test_bytes_of_another_coding_are_named(tmp_path: Path, header: str, kind: str, channels: int) -> None:
    samples = np.stack([murmur(4.0, RATE, seed) for seed in range(channels)], axis=1)
    sound = recordings.survey(wav(tmp_path / "a.wav", encoded(2 * samples, kind), header, channels))
    told = " ".join(sound.faults)
    if kind == header:
        assert "not what its header says" not in " ".join(sound.notes)
    else:
        assert f"read as {KINDS[kind]}, which was not done" in told


def test_laws_are_those_of_libsndfile() -> None:
    every = bytes(range(256))
    for kind, name in (("ULAW", coarse.MU), ("ALAW", coarse.A)):
        read, _ = soundfile.read(io.BytesIO(every), samplerate=RATE, channels=1, subtype=kind,
                                 format="RAW", dtype="int16")
        assert np.array_equal(coarse.READINGS[name](np.arange(256, dtype=np.uint8)), read)


@pytest.mark.parametrize(("bits", "level", "told"), [
    (8, 0.3, False), (8, 0.05, True), (8, 0.004, True), (16, 0.05, False), (16, 3e-4, True)])
def test_coarse_steps_are_told(tmp_path: Path, bits: int, level: float, told: bool) -> None:
    samples = np.random.default_rng(0).normal(0, level, RATE).clip(-0.99, 0.99)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="PCM_U8" if bits == 8 else "PCM_16")
    notes = " ".join(recordings.survey(tmp_path / "a.wav").notes)
    assert (f"steps of 1/{2 ** (bits - 1):,} of full scale" in notes) is told


def test_quiet_samples_of_more_bits_and_floats_are_not_coarse(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 3e-4, RATE)
    for subtype in ("PCM_24", "FLOAT"):
        soundfile.write(tmp_path / "a.wav", samples, RATE, subtype=subtype)
        assert "steps of" not in " ".join(recordings.survey(tmp_path / "a.wav").notes)
