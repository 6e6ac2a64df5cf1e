"""One resampler for sound in pieces: the pieces do not matter, and the ends are no steps."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.errors import InputError
from avspeech.media import audio, tracks
from avspeech.media.notes import Note
from avspeech.media.resampling import Resampler, resample

RATES = st.sampled_from([100, 8000, 11_025, 16_000, 44_100, 48_000, 44_117])


def noise(count: int, channels: int | None = None, offset: float = 0.3) -> np.ndarray:
    shape = (count,) if channels is None else (channels, count)
    return (offset + np.random.default_rng(count).normal(0, 0.1, shape)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6000), RATES, RATES, st.sampled_from([None, 1, 2, 6]),
       st.lists(st.integers(0, 3000), max_size=8))
def test_the_pieces_do_not_matter(count: int, rate: int, wanted: int, channels: int | None,
                                  sizes: list[int]) -> None:
    sound = noise(count, channels)
    bend = Resampler(rate, wanted, channels)
    pieces = [bend(piece) for piece in np.split(sound, np.minimum(np.cumsum(sizes), count), axis=-1)]
    found = np.concatenate([*pieces, bend.finish()], axis=-1)
    assert found.dtype == np.float32
    assert found.shape == (*sound.shape[:-1], math.ceil(count * wanted / rate))
    for row, whole in zip(np.atleast_2d(found), np.atleast_2d(sound), strict=True):
        assert np.abs(row - resample(whole, rate, wanted)).max(initial=0) < 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000), RATES, RATES, st.floats(-1, 1, width=32))
def test_a_constant_stays_one_up_to_both_ends(count: int, rate: int, wanted: int, value: float) -> None:
    assert np.abs(resample(np.full(count, value), rate, wanted) - value).max() < 1e-6


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16_000), (48_000, 16_000), (44_100, 16_000),
                                              (96_000, 8000), (16_000, 100), (100, 16_000)])
def test_a_sound_that_is_held_long_at_both_ends_gives_the_same(rate: int, wanted: int) -> None:
    sound = noise(3 * rate)
    held = np.concatenate([np.full(2 * rate, sound[0]), sound, np.full(2 * rate, sound[-1])])
    longer = soxr.resample(held, rate, wanted, quality="HQ")[2 * wanted: 5 * wanted]
    assert np.abs(resample(sound, rate, wanted) - longer).max() < 5e-3  # soxr's stages begin at zero


def test_rates_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="^rate=16: "):
        Resampler(16, 16_000)
    with pytest.raises(InputError, match="^sample_rate=0: "):
        Resampler(16_000, 0)
    assert audio.resample is resample


@pytest.mark.parametrize("block", [160, 1152, 5000])
def test_a_track_whose_rate_changes_has_no_click_and_keeps_its_gaps(block: int) -> None:
    """A second at 16 kHz, then 2 s at 8 kHz with a gap of 1 s in their middle, then 16 kHz again."""
    parts = [(16_000, 0, 16_000), (8000, 1, 8000), (8000, 3, 8000), (16_000, 4, 16_000)]
    frames = [(rate, begin + Fraction(k, rate), np.full((2, min(block, count - k)), 0.5, np.float32))
              for rate, begin, count in parts for k in range(0, count, block)]
    notes: list[Note] = []
    frames.insert(3, (50, Fraction(0), np.zeros((2, 10), np.float32)))  # damage
    found = list(tracks.on_one_clock(tracks._at_rate(iter(frames), 16_000), 16_000, 5.0, notes))
    assert [piece for piece in found if isinstance(piece, int)] == [16_000]
    sound = np.concatenate([piece for piece in found if not isinstance(piece, int)], axis=1)
    assert sound.shape == (2, 64_000) and np.abs(sound - 0.5).max() < 1e-5
    assert not notes
