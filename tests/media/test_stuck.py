"""A sound card that hangs is told; what repeats itself by nature is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import murmur

from avspeech.media.stuck import Stuck

RATE = 8000


def note(sound: np.ndarray, sizes: list[int] | None = None) -> str | None:
    found = Stuck(RATE)
    for piece in np.split(sound, np.cumsum(sizes or [])):
        found.add(piece)
    return found.note()


def sixteen(sound: np.ndarray) -> np.ndarray:
    return (np.round(32767 * sound) / 32768).astype(np.float32)


def hung(begin: int, block: int, seconds: float) -> np.ndarray:
    sound = sixteen(murmur(6, RATE))
    end = begin + round(seconds * RATE)
    sound[begin:end] = np.resize(sound[begin: begin + block], end - begin)
    return sound


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30_000), st.integers(160, 1500), st.lists(st.integers(0, 20_000), max_size=5))
def test_a_block_that_is_repeated_is_told_whatever_the_pieces(begin: int, block: int,
                                                              sizes: list[int]) -> None:
    told = note(hung(begin, block, 1.5), sizes)
    assert told is not None and "ms sample for sample" in told
    seconds, at = float(told.split()[1]), float(told.split(" at ")[1].split()[0])
    assert 1.5 - block / RATE - 0.25 <= seconds <= 1.5 and abs(at - begin / RATE) <= 0.15


def test_two_times_and_short_ones_are_not_told() -> None:
    assert note(hung(9000, 1600, 0.41)) is None and note(hung(9000, 160, 0.1)) is None


t = np.arange(6 * RATE) / RATE


@pytest.mark.parametrize("sound", [
    murmur(6, RATE), np.sin(880 * np.pi * t) / 2, (np.sin(700 * np.pi * t) + np.sin(880 * np.pi * t)) / 4,
    np.sin(2 * np.pi * 697 * t) / 4 + np.sin(2 * np.pi * 1209 * t) / 4, (t * 100 % 1) - 0.5, 0 * t,
    (t * 150 % 1) - 0.5, np.round(1.4 * np.sin(100 * np.pi * t)) / 128,
    np.random.default_rng(0).integers(-2, 3, len(t)) / 32768], ids=range(9))
def test_what_repeats_itself_by_nature_is_not_told(sound: np.ndarray) -> None:
    """Speech, tones, those of telephones, saws of steady pitch, silence, hum of 8 bits, a room."""
    assert note(sixteen(sound)) is None
