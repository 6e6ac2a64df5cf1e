"""Adversary: who learns from which of its terms, and that a judge can learn to tell noise from tones."""

from __future__ import annotations

import pytest
import torch

from avspeech.synthesis.adversary import Adversary


@pytest.fixture
def sounds() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    time = torch.arange(8000) / 16000
    pitch = torch.tensor([[120.0], [180.0], [210.0], [260.0]])
    return 0.1 * torch.randn(4, 8000), 0.3 * torch.sin(2 * torch.pi * pitch * time)


def test_each_side_learns_from_its_own_terms_alone(sounds: tuple[torch.Tensor, torch.Tensor]) -> None:
    adversary, (made, real) = Adversary(((256, 64),)), sounds
    made.requires_grad_()
    fooled, matched, told = adversary(made, real)
    for term in (fooled, matched):
        [grad] = torch.autograd.grad(term, [made], retain_graph=True)
        assert grad.abs().sum() > 0
        assert not any(g is not None for g in torch.autograd.grad(
            term, list(adversary.parameters()), retain_graph=True, allow_unused=True))
    assert torch.autograd.grad(told, [made], retain_graph=True, allow_unused=True) == (None,)
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(told, list(adversary.parameters())))


def test_what_is_real_has_nothing_to_match(sounds: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, matched, _ = Adversary(((256, 64),))(sounds[1], sounds[1])
    assert float(matched) == 0.0


def test_a_judge_learns_to_tell_noise_from_tones(sounds: tuple[torch.Tensor, torch.Tensor]) -> None:
    adversary = Adversary(((256, 64),))
    optimiser = torch.optim.Adam(adversary.parameters(), 1e-2)
    for _ in range(30):
        told = adversary(*sounds)[2]
        optimiser.zero_grad()
        told.backward()
        optimiser.step()
    fooled, _, told = adversary(*sounds)
    assert told.item() < 0.3 and fooled.item() > 0.4, (told, fooled)
