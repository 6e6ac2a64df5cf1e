"""Phrases of a script, and where the voice's own predictor puts breaks."""

from __future__ import annotations

import pytest
import torch

from avspeech import text
from avspeech.core import models
from avspeech.synthesis import phrasing
from avspeech.synthesis.engine import TorchEngine


def test_last_words_and_boundaries() -> None:
    script = text.analyse("I said <brk> no.")
    last, ends = phrasing.last_words(script)
    tokens = script.tokens()
    assert ends == [1, 2]
    assert {t.word for t, n in zip(tokens, last) if n} == {1, 2}
    plain = text.analyse("I said, no.")
    places = phrasing.boundaries(plain)
    assert set(places) == {0, 1}
    assert plain.tokens()[places[1]].symbol == ","


def test_predicted_breaks_keep_those_asked_for() -> None:
    torch.manual_seed(0)
    model = models.build("prosodyfm", width=16, layers=1, hidden=32, decoder=(16, 16), blocks=1, phrasing=16,
                         vocoder=dict(width=16, hidden=24, layers=1)).eval()
    script = text.analyse("I said <brk 0.4> no, you did.")
    probability = TorchEngine(model).break_probability
    everywhere = phrasing.predicted_breaks(probability, 0.0, script).breaks()
    assert everywhere == {0: None, 1: 0.4, 2: None, 3: None}
    assert phrasing.predicted_breaks(probability, 1.1, script).breaks() == {1: 0.4}


@pytest.mark.parametrize("source", ["No.", "<brk 0.3> No."])
def test_one_word_has_no_boundary(source: str) -> None:
    assert phrasing.boundaries(text.analyse(source)) == {}
