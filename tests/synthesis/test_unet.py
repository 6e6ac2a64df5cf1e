"""The flow's field and its parts: padding changes nothing, gradients reach everything."""

from __future__ import annotations

import pytest
import torch

from avspeech.synthesis.rotary import RotaryEncoder, rotate
from avspeech.synthesis.runtime import Times, Velocity
from avspeech.synthesis.unet import UNet


@pytest.mark.parametrize("attention", [False, True])
def test_padding_changes_nothing(attention: bool) -> None:
    torch.manual_seed(0)
    field = UNet(6, 10, (8, 12, 12), blocks=1, attention=attention).eval()
    torch.nn.init.normal_(field.leave[1].weight)
    x, told, t = torch.randn(1, 9, 6), torch.randn(1, 9, 10), torch.tensor([0.3])
    mask = torch.ones(1, 9, dtype=torch.bool)
    more = 7
    padded = [torch.cat([a, torch.randn(1, more, a.shape[-1])], 1) for a in (x, told)]
    with torch.no_grad():
        alone = field(x, t, field.prepare(told), mask)
        wide = field(padded[0], t, field.prepare(padded[1]), torch.nn.functional.pad(mask, (0, more)))
    assert alone.shape == (1, 9, 6)
    assert torch.allclose(alone, wide[:, :9], atol=1e-5)
    assert float(wide[:, 9:].abs().max()) == 0


@pytest.mark.parametrize("attention", [False, True])
def test_what_a_graph_is_made_of_computes_the_same(attention: bool) -> None:
    torch.manual_seed(0)
    field = UNet(6, 10, (8, 12, 12), blocks=1, attention=attention).eval()
    torch.nn.init.normal_(field.leave[1].weight)
    with torch.no_grad():
        for length in (2, 5, 8, 11):
            x, t = torch.randn(1, length, 6), torch.rand(1)
            hint = field.prepare(torch.randn(1, length, 10))
            wanted = field(x, t, hint, torch.ones(1, length, dtype=torch.bool))
            assert torch.allclose(Velocity(field)(x, Times(field)(t), hint), wanted, atol=1e-5)


def test_gradients_reach_every_weight() -> None:
    field = UNet(6, 10, (8, 12), blocks=1, attention=True)
    mask = torch.ones(2, 8, dtype=torch.bool)
    field(torch.randn(2, 8, 6), torch.rand(2), field.prepare(torch.randn(2, 8, 10)), mask).sum().backward()
    assert all(p.grad is not None for p in field.parameters())


def test_rotation_makes_products_depend_on_distance_alone() -> None:
    q, k = (torch.randn(8).expand(1, 1, 12, 8) for _ in range(2))
    product = rotate(q) @ rotate(k).transpose(-1, -2)
    assert torch.allclose(product[0, 0, 2, 5], product[0, 0, 6, 9], atol=1e-4)


def test_the_encoder_does_not_read_what_is_masked() -> None:
    torch.manual_seed(0)
    encoder = RotaryEncoder(2, 8, 2, 16).eval()
    x, mask = torch.randn(1, 6, 8), torch.tensor([[True] * 4 + [False] * 2])
    other = x.clone()
    other[:, 4:] = 7.0
    assert torch.allclose(encoder(x, mask)[:, :4], encoder(other, mask)[:, :4], atol=1e-6)
