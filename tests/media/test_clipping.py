"""Clipped sounds are told from loud ones, however they were coded or turned down."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.media.clipping import bent_tops, flat_tops
from avspeech.media.levels import ChannelLevels


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
