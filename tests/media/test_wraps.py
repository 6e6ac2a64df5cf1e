"""Samples that were wrapped around full scale are told; loud and clipped sound is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import murmur

from avspeech.media import recordings
from avspeech.media.wraps import Wraps

RATE = 16000


def looked(samples: np.ndarray, block: int = RATE) -> Wraps:
    found = Wraps(RATE)
    for k in range(0, samples.shape[-1], block):
        found.add(np.atleast_2d(samples)[:, k: k + block])
    return found


def whole(samples: np.ndarray) -> np.ndarray:
    """As whole numbers of 16 bits by a program that does not look at the ends, `[N]` int16."""
    return (samples * 2**15).astype(np.int64).astype(np.int16)


@pytest.mark.parametrize("peak", [1.001, 1.2, 1.8])
def test_what_lies_beyond_full_scale_is_told(tmp_path: Path, peak: float) -> None:
    sound = murmur(2.0, RATE)
    sound *= peak / np.abs(sound).max()
    beyond = np.flatnonzero(np.diff((np.abs(sound) >= 1).astype(int)))
    samples = whole(sound) / 2**15
    found = looked(samples)
    assert 0.8 * len(beyond) <= found.count <= len(beyond) and found.first * RATE <= beyond[1]
    assert looked(samples, 7 * RATE).note() == found.note()
    soundfile.write(tmp_path / "a.wav", whole(sound), RATE)
    told = recordings.survey(tmp_path / "a.wav").faults
    assert len(told) == 1 and "wrapped" in told[0]


def test_loud_sound_is_not_wrapped(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sound = murmur(2.0, RATE)
    sound /= np.abs(sound).max()
    times = np.arange(2 * RATE) / RATE
    hiss = np.clip(20 * (sound + 0.2 * rng.standard_normal(2 * RATE)), -1, 1)
    for loud in (sound, np.clip(50 * sound, -1, 1), np.sign(np.sin(2 * np.pi * 440 * times)),
                 np.sin(2 * np.pi * 7900 * times), 3 * sound, np.zeros(100)):
        assert looked(loud).note() is None
    for loud in (hiss, rng.uniform(-1, 1, 2 * RATE)):
        soundfile.write(tmp_path / "a.wav", loud, RATE)
        assert "wrapped" not in " ".join(recordings.survey(tmp_path / "a.wav").notes)
