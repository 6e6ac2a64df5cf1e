"""Stretches are those of the whole sound, however it comes."""

import numpy as np
import pytest

from avspeech.media.stretches import Stretches


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
