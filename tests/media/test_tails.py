"""Zeros behind a sound: of a recorder that was killed, and those that are as they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import murmur

from avspeech.media import audio, recordings
from avspeech.media.tails import Tail

RATE = 16000


def room(seconds: float) -> np.ndarray:
    """A voice in a room that is never silent."""
    sound = murmur(seconds, RATE)
    hiss = np.random.default_rng(1).normal(0, 1e-3, len(sound))
    return (np.round((sound + hiss) * 32768) / 32768).astype(np.float32)


@pytest.mark.parametrize("seconds", [1.2, 30.0])
@pytest.mark.parametrize("ends", [2.0, 2.345])
def test_zeros_behind_a_room_are_told_however_they_come(seconds: float, ends: float) -> None:
    sound = room(3)[: round(ends * RATE)]
    sound = np.concatenate([sound, np.zeros(round(seconds * RATE))])
    for piece in (37, 4000, len(sound)):
        tail = Tail(RATE)
        for begin in range(0, len(sound), piece):
            tail.add(sound[None, begin: begin + piece])
        assert abs(tail.zeros / RATE - seconds) < 0.01
        assert f"its last {seconds:.1f} s are zeros" in (tail.note() or "")
        assert abs(tail.share - seconds / (seconds + ends)) < 0.01


def test_a_file_tells_and_mostly_zeros_are_a_fault(tmp_path: Path) -> None:
    for seconds, fault in ((1.5, False), (9.0, True)):
        path = tmp_path / "x.wav"
        audio.write(path, np.concatenate([room(3), np.zeros(round(seconds * RATE))]), RATE)
        (note,) = recordings.survey(path).notes
        assert "are zeros" in note and note.fault is fault


def test_what_is_no_room_that_was_set_aside() -> None:
    silence = np.zeros(3 * RATE)
    fade = room(3) * np.minimum(1, np.linspace(12, 0, 3 * RATE))
    gate = room(3)
    gate[-RATE // 2:] *= np.exp(-np.arange(RATE // 2) / 800)
    gate = np.round(gate * 32768) / 32768
    for sound in (room(3), np.concatenate([silence, room(3)]),  # silent before; not behind
                  np.concatenate([fade, silence]), np.concatenate([gate, silence]),
                  np.concatenate([room(3), silence[: RATE // 2]]), silence):
        tail = Tail(RATE)
        tail.add(sound[None])
        assert tail.note() is None
