"""A small 8-bit file."""

from __future__ import annotations

import numpy as np

from avspeech.core import models
from avspeech.emotion import eight_bits


def test_the_front_end_is_made_of_rotations() -> None:
    model = models.build("conv_transformer", mels=16, channels=2, factor=4, dim=8, layers=1, heads=2, inner=8)
    value = model.logmel.second.numpy()
    parts = eight_bits._as_turns(value)
    assert parts is not None and sum(part.size for part in parts) < value.size / 7
    cos, sin, re, im = parts
    made = np.concatenate([cos * re + sin * im, cos * im - sin * re], 1)
    np.testing.assert_allclose(made, value, atol=1e-6)
    assert eight_bits._as_turns(np.random.default_rng(0).standard_normal(value.shape)) is None
    assert eight_bits._as_turns(value[0]) is None
