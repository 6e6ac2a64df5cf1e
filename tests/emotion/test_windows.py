"""Sound in windows: each has the spectrum of its own samples."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.emotion.frames import HOP, WINDOW, frame_count
from avspeech.emotion.windows import Hearing

LENGTH = 100 * HOP


def spectrum(samples: np.ndarray) -> np.ndarray:
    """The first and the last sample of each frame."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    starts = np.arange(frame_count(len(padded))) * HOP
    return np.stack([padded[starts], padded[starts + WINDOW - 1]], 1)


@pytest.mark.parametrize("samples", [100, WINDOW, LENGTH - 1, LENGTH + 7, 3 * LENGTH + HOP // 2, 5 * LENGTH])
@pytest.mark.parametrize("shortest", [None, LENGTH // 2])
def test_a_window_has_the_spectrum_of_its_samples(samples: int, shortest: int | None) -> None:
    """The last one too, which ends anywhere; so do all pieces in which the sound comes."""
    sound = np.arange(samples, dtype=np.float32)
    hearing = Hearing(spectrum, 2, LENGTH, 40 * HOP, shortest)
    heard, rng, place = [], np.random.default_rng(samples), 0
    while place < samples:
        piece = sound[place: place + int(rng.integers(1, LENGTH))]
        place += len(piece)
        heard += [(w.start, w.end, w.samples.copy(), w.frames.copy()) for w in hearing.push(piece)]
    heard += [(w.start, w.end, w.samples.copy(), w.frames.copy()) for w in hearing.finish()]
    assert heard[-1][1] == samples and len({end for _, end, *_ in heard}) == len(heard)
    for start, end, own, frames in heard:
        assert np.array_equal(own, sound[start:end]) and np.array_equal(frames, spectrum(own))
        assert end - start <= LENGTH and (start == 0 or end - start > LENGTH - HOP)
