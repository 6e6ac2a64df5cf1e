"""Times of frames that are wrong, jump or begin again, made one clock."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.media.clock import LONGEST_GAP, on_one_clock
from avspeech.media.notes import Note

RATE, SIZE = 8000, 160
FRAMES = 1000  # 20 s


def run(times: list[int | None], length: float | None = 20.0) -> tuple[np.ndarray, list[str]]:
    """What comes out where frame k holds SIZE times the number k + 1: gaps are zeros."""
    notes: list[Note] = []
    frames = [(at, np.full((1, SIZE), k + 1, np.float32)) for k, at in enumerate(times)]
    parts = [np.zeros(p) if isinstance(p, int) else p[0] for p in on_one_clock(frames, RATE, length, notes)]
    return np.concatenate(parts), notes


RIGHT: list[int | None] = [k * SIZE for k in range(FRAMES)]
WHOLE = np.repeat(np.arange(FRAMES) + 1.0, SIZE)


@pytest.mark.parametrize("wrong", [746 * RATE, -746 * RATE, 3 * RATE, -RATE, 2**60, -(2**62)])
@pytest.mark.parametrize("where", [slice(0, 1), slice(1, 2), slice(100, 101), slice(400, 640),
                                   slice(999, 1000)])
def test_wrong_times_change_nothing(wrong: int, where: slice) -> None:
    """One frame, or all those of a packet or cluster of 5 s, whose time has a bit flipped."""
    times = list(RIGHT)
    times[where] = [at + wrong for at in times[where]]
    found, notes = run(times)
    assert np.array_equal(found, WHOLE) and len(notes) <= 2


def test_times_that_are_missing_or_unsteady() -> None:
    assert np.array_equal(run([None] * FRAMES)[0], WHOLE)
    assert np.array_equal(run([0, *[None] * (FRAMES - 1)])[0], WHOLE)
    rng = np.random.default_rng(0)
    found, notes = run([at + int(rng.integers(-70, 70)) for at in RIGHT])
    assert np.array_equal(found, WHOLE) and not notes
    found, _ = run([int(rng.integers(-(10**9), 10**9)) for _ in RIGHT], None)
    assert len(found) <= len(WHOLE) + 2 * LONGEST_GAP * RATE * FRAMES / 2 and set(WHOLE) <= {*found, 1.0}


def test_a_gap_is_silence_and_a_late_beginning_is_kept() -> None:
    times = [at + 4000 * (k >= 300) + 1000 * (k >= 302) + 800 for k, at in enumerate(RIGHT)]
    found, notes = run(times, 21.0)
    assert not notes  # who puts silence there tells of it
    assert len(found) == len(WHOLE) + 5800
    assert not found[:800].any() and found[800] == 1
    assert not found[800 + 300 * SIZE: 800 + 300 * SIZE + 4000].any()
    assert np.array_equal(found[found > 0], WHOLE)


def test_what_lies_before_zero_is_cut() -> None:
    found, notes = run([at - 1105 for at in RIGHT])
    assert np.array_equal(found, WHOLE[1105:]) and not notes


@pytest.mark.parametrize("jump", [3600 * RATE, -10 * RATE, 2**50])
def test_recordings_that_were_joined_follow_one_another(jump: int) -> None:
    found, notes = run([at + jump * (k >= 400) for k, at in enumerate(RIGHT)])
    assert np.array_equal(found, WHOLE)
    assert len(notes) == 1 and "jumps" in notes[0]


def test_without_a_length_a_long_gap_is_not_believed() -> None:
    for gap, believed in ((30, True), (90, False)):
        found, notes = run([at + gap * RATE * (k >= 400) for k, at in enumerate(RIGHT)], None)
        assert len(found) == len(WHOLE) + gap * RATE * believed
        assert any("jumps" in note for note in notes) != believed


@pytest.mark.parametrize("drift", [400e-6, -400e-6, 90e-6])
def test_two_clocks_that_drift_apart_keep_together_and_are_mended_where_it_is_quiet(drift: float) -> None:
    """Sound whose samples are counted by another clock than its times are, as webcams have them."""
    frames, quiet = 6000, 50  # 120 s, a pause each second
    levels = [0.001 if k % quiet == 0 else 0.5 for k in range(frames)]
    rng = np.random.default_rng(0)
    sounds = [level * rng.standard_normal((1, SIZE)) for level in levels]
    due = [round(k * SIZE * (1 + drift)) for k in range(frames)]
    notes: list[Note] = []
    parts = list(on_one_clock(zip(due, sounds, strict=True), RATE, None, notes))
    found = np.concatenate([np.zeros(p) if isinstance(p, int) else p[0] for p in parts])
    assert not notes and not any(isinstance(part, int) for part in parts)  # as nothing is missing
    assert abs(len(found) - due[-1] - SIZE) <= 0.02 * RATE
    places = {float(sound[0, 10]): k for k, sound in enumerate(sounds)}
    late = [at - due[places[float(x)]] - 10 for at, x in enumerate(found) if float(x) in places]
    assert len(late) >= frames - 3 and max(np.abs(late)) <= 0.025 * RATE
    loud = np.convolve(np.abs(found) < 1e-9, np.ones(16), "valid") == 16  # zeros that were put in
    beside = [np.abs(found[max(0, k - 60): k + 80]).max() for k in np.flatnonzero(loud)]
    assert len(beside) == 0 or np.median(beside) < 0.01


def test_a_packet_that_is_late_by_a_little_at_the_end_makes_no_hole() -> None:
    """Times of one packet for several frames may be out by half a frame."""
    found, notes = run([at + 84 * (k >= 900) for k, at in enumerate(RIGHT)])
    assert np.array_equal(found, WHOLE) and not notes
