"""Cutting and joining."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import torch  # noqa: F401  (its import is not what is measured)
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.extraction.extractor import Extractor
from avspeech.extraction.windows import Windows, stitch
from avspeech.media.mouths import MouthTrack

INFO = SimpleNamespace(task="extraction", sample_rate=16000, fps=25.0)


@given(st.integers(1, 5000), st.floats(0.2, 10), st.floats(0.05, 0.5))
def test_windows_cover_everything_and_overlap(frames: int, length: float, share: float) -> None:
    windows = Windows(length, length * share, 0.02 * length * share)
    plan = windows.plan(frames, 25.0)
    assert plan[0][0] == 0 and plan[-1][1] == frames
    assert len({stop - start for start, stop in plan}) == 1
    longest, shared = max(2, round(25 * windows.length)), max(1, round(25 * windows.overlap))
    assert plan[0][1] <= longest
    for (start, stop), (after, _) in zip(plan[:-1], plan[1:], strict=True):
        assert start < after <= stop - min(shared, longest - 1)
    fewer = (len(plan) - 1) * (longest - shared) + shared  # what one window less would reach
    assert len(plan) == 1 or fewer - (longest - shared) < frames


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(2, 60), min_size=1, max_size=8), st.integers(1, 30), st.randoms())
def test_joined_pieces_of_one_signal_are_that_signal(hops, fade, random) -> None:
    signal = np.random.default_rng(0).standard_normal(sum(hops) + 100).astype(np.float32)
    starts = np.cumsum([0, *hops])
    pieces, end = [], 0
    for start in starts:
        end = max(end + 1, min(len(signal), int(start) + random.randint(70, 100)))
        pieces.append((int(start), signal[start:end].copy()))
    seams: list = []
    out = np.concatenate(list(stitch(pieces, fade, seams)))
    np.testing.assert_allclose(out, signal[:end], atol=1e-6)
    assert len(seams) == len(pieces) - 1


def test_the_join_is_where_the_pieces_agree() -> None:
    old, new = np.ones(1000, np.float32), np.ones(1000, np.float32)
    new[:700] = -1  # differ but in the last 100 of the 400 that both know
    old[600:700] = new[0:100]
    seams: list = []
    out = np.concatenate(list(stitch([(0, old), (600, new)], 20, seams)))
    assert len(out) == 1600 and seams[0].difference < 1e-6


def test_the_fade_goes_from_the_one_piece_to_the_other() -> None:
    out = np.concatenate(list(stitch([(0, np.zeros(200, np.float32)), (100, np.ones(200, np.float32))], 20)))
    assert out[0] == 0 and out[-1] == 1 and (np.diff(out) >= 0).all() and np.diff(out).max() < 0.1


def test_pieces_that_agree_nearly_everywhere_are_joined_in_the_middle() -> None:
    """Rounding, 100 dB below the sound, is least somewhere by chance; each piece keeps its context."""
    rng = np.random.default_rng(0)
    old = rng.standard_normal(1000).astype(np.float32)
    new = np.concatenate([old[600:] + 1e-5 * rng.standard_normal(400).astype(np.float32), old])
    new[320:340] = old[920:940]  # equal to the last bit, but near an end
    seams: list = []
    list(stitch([(0, old), (600, new)], 20, seams))
    assert seams[0].sample == 800


def test_pieces_that_do_not_overlap() -> None:
    piece = np.zeros(10, np.float32)
    with pytest.raises(ValueError, match="overlap"):
        list(stitch([(0, piece), (10, piece)], 2))


def test_memory_does_not_grow_with_length(tmp_path) -> None:
    def model(mixture, pictures, mask):
        return mixture * 0.5

    def peak(minutes: float) -> float:
        frames = round(minutes * 60 * 25)
        crops = np.memmap(tmp_path / f"{frames}", np.uint8, "w+", shape=(frames, 96, 96))
        view = MouthTrack(crops, np.ones(frames, bool))
        total = 0
        tracemalloc.start()
        for block in Extractor(model, INFO).blocks(
            lambda a, b: np.ones(b - a, np.float32), frames * 640, [view]
        ):
            total += len(block)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == frames * 640
        return most / 1e6

    peak(0.5)
    short, long = peak(1), peak(5)
    assert long < 1.2 * short + 1 and long < 40
