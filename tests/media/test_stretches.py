"""Stretches are those of the whole sound, however it comes; spans hold each frame once."""

import numpy as np
import pytest

from avspeech.media import stretches as places
from avspeech.media.stretches import Stretches, spans


@pytest.mark.parametrize("seed", range(4))
def test_stretches_do_not_depend_on_the_pieces(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels, length, total = (int(rng.integers(*ends)) for ends in ((1, 5), (1, 50), (0, 400)))
    sound = rng.normal(size=(channels, total))
    stretches, found, at = Stretches(channels, length), [], 0
    while at < total:
        end = at + int(rng.integers(0, 90))
        found.append(stretches.add(sound[:, at:end]))
        at = end
    count = total // length
    whole = sound[:, : count * length].reshape(channels, count, length)
    assert np.array_equal(np.concatenate([np.zeros((0, channels, length)), *found]), whole.transpose(1, 0, 2))


@pytest.mark.parametrize("hop", [0.005, 0.01, 256 / 22050, 300 / 24000])
@pytest.mark.parametrize("seconds", [0.0, 1.0, 61.0, 62.1, 125.0, 601.37])
def test_spans_hold_each_frame_once_and_what_is_around_it(hop: float, seconds: float) -> None:
    rate = 22050
    count = round(seconds * rate)
    frames = 1 + int(count / (rate * hop) + 1e-6)
    found = list(spans(count, frames, rate, hop))
    assert [k for span in found for k in range(span.begin, span.end)] == list(range(frames))
    assert (len(found) == 1) == (seconds <= places.SECONDS + places.MARGIN)
    for span in found:
        first, last = ((span.begin - span.before) * hop * rate, (span.end - 1) * hop * rate)
        assert span.samples.start == pytest.approx(first, abs=1e-3)  # frames lie where they lay
        assert span.before * hop >= (places.MARGIN if span.begin else 0)
        assert span.samples.stop >= min(count, last + places.MARGIN * rate)
