"""A channel of hum, hiss or a time code is left out beside one with a voice; what may be a voice is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import murmur

from avspeech.media import audio, levels, recordings
from avspeech.media.steady import Steady

RATE = 16000


def voice(seconds: float = 8.0, seed: int = 0) -> np.ndarray:
    """Murmur with pauses."""
    n = round(seconds * RATE)
    return murmur(seconds, RATE, seed) * (np.sin(np.arange(n) * 4 / RATE) > -0.3) + 1e-5 * noise(n)


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, count).astype(np.float32)


def time_code(count: int, rate: int = RATE) -> np.ndarray:
    """A square wave that changes at every bit, and within each that is one (SMPTE ST 12-1, 25 pictures)."""
    bits = np.random.default_rng(2).integers(0, 2, count * 2000 // rate + 2)
    changes = np.stack([np.ones_like(bits), bits], 1).reshape(-1)
    sign = (-1.0) ** np.cumsum(changes)
    return sign[np.arange(count) * 4000 // rate].astype(np.float32)


def beside(kind: str, count: int) -> np.ndarray:
    turns = 2 * np.pi * 50 * np.arange(count) / RATE
    hum = np.sin(turns) + 0.3 * np.sin(3 * turns)
    return {"hum": 0.2 * hum, "hiss": 0.05 * noise(count), "time code": 0.3 * time_code(count),
            "full": time_code(count)}[kind].astype(np.float32)


@pytest.mark.parametrize("kind", ["hum", "hiss", "time code", "full"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_voice_is_what_it_is_without_the_steady_channel(tmp_path: Path, kind: str, place: int) -> None:
    said = voice()
    channels = [said, said] if place == 2 else [said]
    channels.insert(place, beside(kind, len(said)))
    soundfile.write(tmp_path / "x.wav", np.stack(channels, 1), RATE, subtype="FLOAT")
    notes: list[str] = []
    assert np.allclose(audio.read(tmp_path / "x.wav", RATE, notes=notes), said, atol=1e-6)
    assert len(notes) == 1 and f"was left out: number {place + 1} (" in notes[0]
    told: list[str] = []
    assert np.allclose(levels.mono(np.stack(channels), told), said, atol=1e-6)
    assert told[0].split(" (")[0] == notes[0].split(" (")[0]


def test_what_may_be_a_voice_is_averaged() -> None:
    said = voice()
    n = len(said)
    second = 0.02 * noise(n)
    second[30000:36000] += voice(seed=3)[:6000]  # one word in the noise
    fading = 0.05 * noise(n) * np.linspace(0.5, 1, n, dtype=np.float32)
    for other in (voice(seed=4), second, fading, 1e-5 * noise(n), np.zeros(n, np.float32), 0.5 * said):
        assert levels.ChannelLevels(2, RATE).taken() is None
        found = levels.ChannelLevels(2, RATE)
        found.add(np.stack([said, other]))
        assert found.taken() is None
    steady = Steady(2, RATE)  # two of them, and too short ones
    steady.add(np.stack([beside("hum", n), beside("hiss", n)]).astype(float))
    assert steady.channels() == {}
    steady = Steady(2, RATE)
    steady.add(np.stack([said, beside("hum", n)])[:, : 2 * RATE].astype(float))
    assert steady.channels() == {}


def test_pieces_of_any_length_give_the_same() -> None:
    both = np.stack([voice(), beside("time code", 8 * RATE)]).astype(float)
    found = []
    for block in (311, 16000, both.shape[1]):
        steady = Steady(2, RATE)
        for k in range(0, both.shape[1], block):
            steady.add(both[:, k: k + block])
        found.append(steady.channels())
    assert found[0] == found[1] == found[2] == {1: pytest.approx(-10.5, abs=0.5)}


def test_the_channels_that_are_taken_are_averaged() -> None:
    """A voice at the right is nothing in the mean of the first two channels (W and Y)."""
    said = voice()
    field = np.stack([said, -said, 0 * said, 0 * said], 1)
    found = recordings.Sound(RATE, len(said), "ffmpeg", 1, 4, (0,), 1.0, 0.0, 0.0, (), ())
    assert np.array_equal(found.mixed(field.T), said)
