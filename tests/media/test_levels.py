"""Channels and notes: what does not hang on an offset or an inverted wire."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speechlike import RATE, said

from avspeech.errors import InputError
from avspeech.media import audio, clipping, levels, misread, pitch, trimming
from avspeech.media.levels import ChannelLevels, check_rate
from avspeech.synthesis.prosody import Melody


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


def test_levels_are_measured_without_threads_of_linear_algebra() -> None:
    """On a busy machine those wait for each other: a product of 16,000 samples took 40 ms."""
    for file in (levels, trimming, clipping, misread):
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
