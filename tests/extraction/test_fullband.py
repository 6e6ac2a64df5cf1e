"""The first guess: what is made deeper goes on from where it was."""

from __future__ import annotations

import torch

from avspeech.extraction.fullband import FullBandGuess


def test_new_layers_change_nothing() -> None:
    torch.manual_seed(0)
    shallow, deep = FullBandGuess(7, 5, 8, 2), FullBandGuess(7, 5, 8, 9)
    with torch.no_grad():
        for parameter in shallow.parameters():
            parameter.normal_()
        deep.load_state_dict(shallow.state_dict(), strict=False)
        x = torch.randn(2, 11, 7)
        assert shallow(x).shape == (2, 2, 11, 5)
        assert torch.equal(deep(x), shallow(x))


def test_new_layers_learn() -> None:
    torch.manual_seed(0)
    deep = FullBandGuess(7, 5, 8, 9)
    deep(torch.randn(2, 11, 7)).square().sum().backward()
    assert all(layer.conv.weight.grad.any() for layer in deep.layers)
