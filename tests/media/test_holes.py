"""Lost packets are told; pauses, gates and coarse samples are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import murmur

from avspeech.media import recordings
from avspeech.media.holes import Holes

RATE = 16000


def looked(samples: np.ndarray, rate: int = RATE, block: int = RATE) -> Holes:
    found = Holes(rate)
    samples = np.atleast_2d(samples).astype(np.float64)
    for k in range(0, samples.shape[1], block):
        found.add(samples[:, k: k + block])
    return found


def steady(seconds: float = 4.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """As loud everywhere as a vowel, and smooth."""
    noise = np.random.default_rng(seed).normal(0, 1, round(seconds * rate))
    noise = np.convolve(noise, np.hanning(rate // 1000), "same")
    return 0.1 * noise / noise.std()


@pytest.mark.parametrize(("seconds", "rate"), [(0.004, 48000), (0.02, 8000), (0.06, 16000), (1.0, 16000)])
def test_holes_are_counted_at_their_places_however_the_sound_comes(seconds: float, rate: int) -> None:
    samples = steady(rate=rate)
    places = [0.5, 1.7, 2.9]
    for at in places:
        samples[round(at * rate): round((at + seconds) * rate)] = 0
    whole = looked(samples, rate).holes()
    assert [begin for begin, _ in whole] == pytest.approx(places, abs=1e-3)
    assert [length for _, length in whole] == pytest.approx([seconds] * 3, abs=1e-3)
    for block in (777, 10 * rate):
        assert looked(samples, rate, block).holes() == whole
    assert "at 3 places, the first at 0.50 s" in (looked(samples, rate).note() or "")


def test_a_hole_is_one_of_all_channels_and_may_be_constant_but_not_zero() -> None:
    two = np.stack([steady(), steady(seed=1)])
    two[0, 20000:20320] = 0
    assert looked(two).note() is None
    two[1, 20000:20320] = 0
    assert looked(two).seconds() == pytest.approx(0.02)
    alaw = steady()
    alaw[20000:20320] = 8 / 32768
    assert looked(alaw).seconds() == pytest.approx(0.02)


@pytest.mark.parametrize("seconds", [0.01, 0.1])
def test_a_sample_that_is_held_is_a_hole_and_a_clipped_wave_is_none(seconds: float) -> None:
    held = steady()
    for at in (8000, 30000):
        held[at: at + round(seconds * RATE)] = held[at - 1]
    assert looked(held).seconds() == pytest.approx(2 * seconds, abs=1e-3)
    assert "stands still at one value" in (looked(held).note() or "") == looked(held, block=777).note()
    clipped = np.clip(held + np.sin(2 * np.pi * 20 * np.arange(len(held)) / RATE), -0.3, 0.3)
    assert looked(clipped + 0.1).note() is None
    assert looked(np.stack([held, np.roll(held, 5000)])).note() is None  # the other one goes on
    assert looked(np.stack([steady(), np.full(len(held), 0.1)])).note() is None  # it never sounds


def test_what_is_no_hole() -> None:
    samples = steady()
    assert looked(samples).note() is None
    gate = murmur(4.0, RATE)
    level = np.convolve(np.abs(gate), np.ones(800) / 800, "same")
    assert looked(np.where(level < 0.2 * level.max(), 0.0, gate)).note() is None  # closes in a pause
    faded = samples.copy()
    faded[30000:40000] *= np.clip(np.abs(np.linspace(-5, 5, 10000)) - 1, 0, 1)
    assert np.count_nonzero(faded == 0) > 1000 and looked(faded).note() is None
    begins = samples.copy()
    begins[:20000] = 0  # nothing is before it
    assert looked(begins).note() is None
    coarse = np.round(0.1 * samples * 128) / 128  # zero is one of its few steps
    assert looked(coarse).note() is None
    assert looked(np.zeros(RATE)).note() is None


def test_holes_of_a_file_are_told_and_a_fault_from_a_tenth_of_a_second_on(tmp_path: Path) -> None:
    for count, fault in ((2, False), (6, True)):
        samples = steady(seed=count)
        for k in range(count):
            samples[5000 * (k + 1):][:320] = 0
        soundfile.write(tmp_path / f"{count}.wav", samples, RATE)
        sound = recordings.survey(tmp_path / f"{count}.wav")
        assert f"for {0.02 * count:.2f} s it breaks off to exact silence" in " ".join(sound.notes)
        assert bool(sound.faults) is fault
