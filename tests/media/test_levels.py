"""Channels, the bounds of speech, notes: what does not hang on an offset, a room or an inverted wire."""

from __future__ import annotations

import ast
import inspect
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media import audio, levels, misread, pitch
from avspeech.media.levels import (
    ChannelLevels,
    bent_tops,
    check_rate,
    flat_tops,
    frame_power,
    speech_threshold,
)
from avspeech.synthesis.prosody import Melody

RATE = 16000
EDGE = Path(__file__).resolve().parents[2] / "examples" / "edge" / "recognise.py"


def said(seed: int = 0, quiet: float = 1.0, floor: float = 1e-5) -> np.ndarray:
    """A second of something like speech: bursts of noise, with `quiet` seconds of near silence around it."""
    rng = np.random.default_rng(seed)
    n = RATE
    speech = 0.1 * rng.standard_normal(n) * (0.15 + np.abs(np.sin(np.arange(n) / 1500)))
    lead = round(quiet * RATE)
    sound = np.concatenate([np.zeros(lead), speech, np.zeros(lead)])
    return (sound + floor * rng.standard_normal(len(sound))).astype(np.float32)


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


def test_channels_that_cancel_are_not_averaged() -> None:
    sound = said()
    notes: list[str] = []
    assert np.array_equal(audio.mono(np.stack([sound, -sound]), notes), sound)
    assert len(notes) == 1 and "cancel each other" in notes[0]
    # An offset of one channel does not hide it, a weaker inverted one is not taken.
    both = np.stack([-0.9 * sound, sound + np.float32(0.01)])
    assert np.allclose(audio.mono(both), sound + np.float32(0.01)) or np.allclose(audio.mono(both), both[0])
    for fine in (np.stack([sound, sound]), np.stack([sound, 0 * sound]), np.stack([sound, said(5)])):
        notes = []
        assert np.allclose(audio.mono(fine, notes), fine.mean(0), atol=1e-7) and not notes


def test_shapes_and_numbers_that_are_no_sound() -> None:
    for bad, match in ((np.zeros((2, 0)), "shape"), (np.zeros(4, np.int16), "int16"),
                       (np.array([0.0, np.nan]), "number 1"), (np.zeros((70, 80)), "70 channels"),
                       (np.array([0.0, -3e4]), "between -1 and 1")):
        with pytest.raises(InputError, match=match):
            audio.mono(bad)


def test_levels_far_beyond_full_scale() -> None:
    def scale(sound: np.ndarray) -> float:
        levels = ChannelLevels(1)
        for piece in np.array_split(sound, 7):
            levels.add(piece[None])
        return levels.scale()

    sound = said()
    assert scale(sound) == scale(3 * sound / np.abs(sound).max()) == 1
    assert scale(30 * sound / np.abs(sound).max()) == pytest.approx(30)
    assert scale(np.round(sound * 32768)) == 32768
    assert scale(np.round(sound * 2.0**23)) == 2.0**23
    assert scale(30000.5 * sound / np.abs(sound).max()) == 32768


@pytest.mark.parametrize("rate", [16, 44.1, 0, -16000, True, "16000", None, 1e9, float("nan"), float("inf"),
                                  16000.5, 1j])
def test_rates_that_are_no_rates_are_refused_in_one_way(rate: Any, tmp_path: Path) -> None:
    sound = said()
    for call in (check_rate, lambda r: audio.resample(sound, r, RATE),
                 lambda r: audio.resample(sound, RATE, r),
                 lambda r: audio.write(tmp_path / "a.wav", sound, r), lambda r: pitch.f0(sound, r),
                 lambda r: audio.read(tmp_path / "a.wav", r), lambda r: Melody.of(sound, r)):
        with pytest.raises(InputError, match="rate=.*expected a whole number of hertz"):
            call(rate)


@pytest.mark.parametrize("rate", [16000, 16000.0, np.int64(16000), np.float32(16000)])
def test_rates_of_any_type_of_number(rate: Any) -> None:
    assert check_rate(rate) == 16000 and type(check_rate(rate)) is int


def test_flat_tops_are_counted_and_tones_that_reach_full_scale_are_not() -> None:
    tone = np.sin(2 * np.pi * 110 * np.arange(16000) / 16000)
    for steps in (2**7, 2**15):
        def stored(gain: float, steps: int = steps) -> np.ndarray:
            return np.clip(np.round(gain * tone * steps), -steps, steps - 1) / steps

        assert flat_tops(stored(1.0)) == 0
        told, flat = flat_tops(stored(1.5)), stored(1.5)
        full = int((np.abs(flat) >= 0.999).sum())
        assert 0.8 * full <= told <= full and full > 2000
    assert flat_tops(np.ones(100)) == 0  # an offset: no step leads there


@pytest.mark.parametrize("hertz", [60, 110, 440, 990])
def test_tops_that_coding_bent_are_counted_and_tones_beyond_full_scale_are_not(hertz: int) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(16000) / 16000)
    ripple = 0.05 * np.random.default_rng(0).standard_normal(16000)
    for gain in (0.9, 1.0, 1.3, 2.0):
        assert bent_tops(gain * tone) == 0
    for gain in (3.0, 5.0):
        flat = np.clip(gain * tone, -1, 1)
        full = int((np.abs(flat) >= 0.999).sum())
        assert 0.7 * full <= bent_tops(flat + np.clip(ripple, -0.09, 0.09)) <= 1.2 * full


def test_levels_are_measured_without_threads_of_linear_algebra() -> None:
    """On a busy machine those wait for each other: a product of 16,000 samples took 40 ms."""
    for file in (levels, misread):
        tree = ast.parse(inspect.getsource(file))
        assert not any(isinstance(n, ast.MatMult) for n in ast.walk(tree)), file.__name__


def told(samples: np.ndarray, rate: int = RATE) -> tuple[str | None, str | None, int | None]:
    found = ChannelLevels(len(samples), rate)
    found.add(samples)
    return found.note_coding(), found.note_surround(), found.cancelling()


def test_speech_with_a_large_offset_is_no_noise() -> None:
    speech = 2 * np.convolve(said(quiet=0.0), np.hanning(12), "same")[None].astype(np.float64)
    for offset in (0.0, 0.3, 0.5, 0.8):
        assert told(np.clip(0.3 * speech + offset, -1, 1))[0] is None


@pytest.mark.parametrize("channels", [2, 4, 6, 8, 16, 32])
def test_channels_with_nothing_in_common_do_not_cancel_each_other(channels: int) -> None:
    apart = np.stack([said(seed, quiet=0.0) for seed in range(channels)]).astype(np.float64)
    assert told(apart)[2] is None
    one = np.zeros_like(apart)
    one[1] = apart[1]
    assert told(one)[2] is None
    one[0] = -apart[1]
    assert told(one)[2] == 0  # inverted


@pytest.mark.parametrize("channels", [6, 8])
def test_channels_of_a_film_are_told_and_those_of_an_array_are_not(channels: int) -> None:
    film = np.zeros((channels, RATE))
    film[2] = said(quiet=0.0)
    assert "voices are mostly in the third" in (told(film)[1] or "")
    film[3] = 0.3 * np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)
    film[0], film[1] = said(1, quiet=0.0), said(2, quiet=0.0)
    assert "voices are mostly in the third" in (told(film)[1] or "")
    array = np.stack([np.roll(said(quiet=0.0), k) for k in range(channels)]).astype(np.float64)
    assert told(array)[1] is None
    film[2] = 0  # no voice there
    assert told(film)[1] is None


@pytest.mark.parametrize("top", [0.05, 0.5, 1.0, 1.4])
@pytest.mark.parametrize("gain", [0.9, 3.0])
def test_what_was_clipped_and_then_turned_up_or_down_is_told(top: float, gain: float) -> None:
    """The flat tops are at the sound's own peak, which may come late and in one channel."""
    rng = np.random.default_rng(0)
    voice = np.convolve(rng.standard_normal(64000), np.hanning(16), "same")
    voice *= np.linspace(0.3, 1.0, 64000) / np.abs(voice).max()
    loud = top * np.clip(gain * voice, -1, 1)
    rows = np.round(np.stack([0.3 * top * voice, loud]) * 2**15) / 2**15
    levels = ChannelLevels(2, 16000)
    for piece in np.split(rows, 8, axis=1):
        levels.add(piece)
    note = levels.note_clipped()
    assert (note is not None) == (gain > 1)
    assert note is None or (f"cut at {top:.2g} of full scale (it was turned" in note) == (top < 0.9)


def test_coarse_steps_are_no_flat_tops() -> None:
    rng = np.random.default_rng(1)
    voice = np.convolve(rng.standard_normal(64000), np.hanning(40), "same")
    for top in (0.03, 0.06, 0.2, 0.9):
        levels = ChannelLevels(1, 16000)
        levels.add(np.round(voice[None] / np.abs(voice).max() * top * 2**7) / 2**7)
        assert levels.note_clipped() is None


@pytest.mark.parametrize("kind", ["call", "one", "pair", "walk", "noise"])
def test_two_channels_with_a_speaker_each_are_told(kind: str) -> None:
    rng = np.random.default_rng(0)
    bursts = [0.1 * rng.standard_normal(20 * RATE) * np.repeat(turn, 2 * RATE)
              for turn in (np.arange(10) % 2, 1 - np.arange(10) % 2)]
    rows = {"call": np.stack(bursts), "one": np.stack([bursts[0], 0 * bursts[0]]),
            "pair": np.stack([sum(bursts), np.roll(0.4 * bursts[0] + 0.8 * bursts[1], 30)]),
            "walk": sum(bursts) * np.stack([np.linspace(1, 0, 20 * RATE), np.linspace(0, 1, 20 * RATE)]),
            "noise": 0.1 * rng.standard_normal((2, 20 * RATE))}[kind]
    rows += 1e-4 * rng.standard_normal(rows.shape)
    for pieces in (20, 312):  # seconds, and packets
        levels = ChannelLevels(2, RATE)
        for piece in np.array_split(rows, pieces, axis=1):
            levels.add(piece)
        assert (levels.note_apart() is not None) == (kind == "call")
