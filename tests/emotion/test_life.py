"""Clean speech made to sound as in life."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.emotion import life

RATE = 16000


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def power(x: np.ndarray) -> float:
    return float(np.mean(x.astype(float) ** 2))


def test_a_room_keeps_the_level_and_rings_on() -> None:
    dry = np.zeros(RATE, np.float32)
    dry[:200] = 0.1 * np.random.default_rng(0).standard_normal(200)
    wet = life.in_a_room(np.random.default_rng(3), dry, RATE)
    assert wet.shape == dry.shape and power(wet) == pytest.approx(power(dry), rel=1e-3)
    assert power(wet[400:2000]) > 1e-3 * power(wet[:200]) and power(dry[400:2000]) == 0


@pytest.mark.parametrize("snr", [5.0, 20.0])
def test_noise_is_as_far_below_the_speech_as_asked(snr: float) -> None:
    dry = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    noise = life.with_noise(np.random.default_rng(1), dry, snr) - dry
    assert 10 * np.log10(power(dry) / power(noise)) == pytest.approx(snr, abs=0.01)


def test_a_telephone_holds_its_band() -> None:
    kept, low, high = (power(life.telephone(tone(f), RATE)) / power(tone(f)) for f in (1000, 100, 5000))
    assert kept == pytest.approx(1, abs=0.02) and low < 1e-3 and high < 1e-3


@pytest.mark.parametrize("name", life.CHANNELS)
def test_a_channel_keeps_voice_and_time(name: str) -> None:
    speech = tone(700) * np.linspace(0.2, 1, RATE, dtype=np.float32)
    heard = life.through_channel(speech, RATE, name)
    assert heard.shape == speech.shape and heard.dtype == np.float32
    delays = [float(np.dot(speech[2000:-2000], np.roll(heard, d)[2000:-2000])) for d in range(-11, 12)]
    assert abs(int(np.argmax(delays)) - 11) <= 2
    assert np.corrcoef(speech, heard)[0, 1] > 0.8 and not np.array_equal(speech, heard)


def test_what_happens_is_drawn_and_level_and_length_stay() -> None:
    speech = tone(300) + tone(2000) + 0.01 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    heard = [life.as_in_life(np.random.default_rng(k), speech, RATE) for k in range(8)]
    again = life.as_in_life(np.random.default_rng(3), speech, RATE)
    assert np.array_equal(heard[3], again) and len({x.tobytes() for x in heard}) > 4
    for x in heard:
        assert x.shape == speech.shape and power(x) == pytest.approx(power(speech), rel=1e-3)
    silence = life.as_in_life(np.random.default_rng(0), np.zeros(RATE, np.float32), RATE)
    assert np.isfinite(silence).all() and power(silence) == 0
