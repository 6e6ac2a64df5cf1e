"""What openSMILE is given."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avspeech.bench import upstreams


class _Table:
    def to_numpy(self) -> np.ndarray:
        return np.zeros((1, 88))


def test_no_sample_leaves_the_range_of_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    class Smile:
        def __init__(self, *_: Any) -> None: ...

        def process_signal(self, samples: np.ndarray, rate: int) -> _Table:
            given.append(samples)
            return _Table()

    monkeypatch.setitem(sys.modules, "opensmile", SimpleNamespace(
        Smile=Smile, FeatureSet=SimpleNamespace(eGeMAPSv02=0),
        FeatureLevel=SimpleNamespace(Functionals=0), __version__="0"))
    wave = torch.linspace(-1.5, 1.5, 16000)[None]
    upstreams.load("egemaps")(wave, torch.tensor([16000]))
    units = given[0] * 32768
    inside = wave[0].abs() < 0.99
    assert -32768 <= units.min() and units.max() <= 32767
    np.testing.assert_array_equal(given[0][inside], wave[0][inside])
