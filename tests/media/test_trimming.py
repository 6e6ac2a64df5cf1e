"""The bounds of speech do not hang on an offset or on the noise of a room."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from speechlike import RATE, said

from avspeech.media import audio
from avspeech.media.trimming import frame_power, speech_threshold

EDGE = Path(__file__).resolve().parents[2] / "examples" / "edge" / "recognise.py"


def room(sound: np.ndarray, decibels: float, tilt: float = 0.0, seed: int = 1) -> np.ndarray:
    """With noise so far below the speech; tilt: its power falls with f ** -tilt."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(len(sound)))
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1 / RATE), 30)
    noise = np.fft.irfft(spectrum * hertz ** (-tilt / 2), len(sound))
    power = np.mean(np.square(sound[RATE:-RATE], dtype=np.float64))
    noise *= np.sqrt(power * 10 ** (-decibels / 10) / np.mean(noise**2))
    return (sound + noise).astype(np.float32)


@pytest.mark.parametrize("offset", [0.002, -0.002, 0.05, 0.3])
def test_an_offset_does_not_move_the_bounds_of_speech(offset: float) -> None:
    sound = said()
    begin, end = audio.speech_bounds(sound)
    assert begin > 0.8 * RATE and end < len(sound) - 0.8 * RATE
    assert audio.speech_bounds(sound + np.float32(offset)) == (begin, end)


@pytest.mark.parametrize(("first", "last"), [(0.0, 0.02), (0.02, 0.0), (-0.05, 0.05), (0.3, 0.25)])
def test_an_offset_that_drifts_hardly_moves_the_bounds_of_speech(first: float, last: float) -> None:
    sound = said()
    bounds = audio.speech_bounds(sound)
    n = np.linspace(0, 1, len(sound))
    warming = 1 - np.exp(-5 * n)  # as a recorder that grows warm
    for shape in (n, warming / warming[-1]):
        drift = (first + (last - first) * shape).astype(np.float32)
        assert np.abs(np.subtract(audio.speech_bounds(sound + drift), bounds)).max() <= 0.03 * RATE


@pytest.mark.parametrize(("decibels", "tilt"), [(20, 0.0), (20, 1.0), (30, 0.0), (30, 1.0)])
def test_a_noisy_room_is_cut_where_the_clean_sound_is(decibels: float, tilt: float) -> None:
    for seed in range(5):
        sound = said(seed)
        clean = audio.speech_bounds(sound)
        found = audio.speech_bounds(room(sound, decibels, tilt, seed))
        assert np.abs(np.subtract(found, clean)).max() <= 0.15 * RATE


def test_a_quiet_room_is_cut_as_before() -> None:
    """40 dB under the loudest frame, where the noise lies lower."""
    for seed in range(3):
        sound = said(seed)
        power = np.convolve(frame_power(sound, 160), np.full(5, 0.2), "same")
        assert speech_threshold(power, 40.0) == pytest.approx(power.max() * 1e-4)


def test_sound_that_fills_all_is_not_cut() -> None:
    rng = np.random.default_rng(0)
    hum = np.sin(np.arange(2 * RATE) * 0.05).astype(np.float32)
    for sound in (hum, 0.1 * rng.standard_normal(RATE).astype(np.float32), said(quiet=0.0)):
        begin, end = audio.speech_bounds(sound)
        assert begin <= 0.1 * RATE and end >= len(sound) - 0.1 * RATE


def test_the_script_for_devices_cuts_the_same() -> None:
    pytest.importorskip("onnxruntime")
    script = runpy.run_path(str(EDGE))
    model = script["Recogniser"].__new__(script["Recogniser"])
    model.sample_rate, model.below, model.margin = RATE, 40.0, 8
    drift = np.linspace(0, 0.02, 3 * RATE, dtype=np.float32)
    sounds = [said(), said() + np.float32(0.002), said() + drift, room(said(1), 20), room(said(2), 10, 1.0)]
    for k, sound in enumerate(sounds):
        begin, end = audio.speech_bounds(sound)
        assert np.array_equal(model.trimmed(sound), sound[begin:end]), k
    from avspeech.emotion import recognizer
    from avspeech.emotion.conditions import levels

    for decibels in (-84, -89, -91, -96):  # silence is the same for both, around zero or not
        quiet = (10 ** (decibels / 20) * np.sin(np.arange(RATE)) * 2**0.5 + 0.01).astype(np.float32)
        heard = levels(quiet).min() <= recognizer.SILENCE
        assert (model.trimmed(quiet) is not None) == heard == (decibels > -90)
