"""Flow matching: the target is the path's velocity, the solver has its order, the schedule its ends."""

from __future__ import annotations

import math

import pytest
import torch

from avspeech.errors import InputError
from avspeech.synthesis import flow_matching as fm


def test_the_target_is_the_velocity_of_the_path() -> None:
    z, x = torch.randn(3, 4, 2, dtype=torch.float64), torch.randn(3, 4, 2, dtype=torch.float64)
    t, h = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64), 1e-6
    here, u = fm.path(z, x, t)
    ahead, _ = fm.path(z, x, t + h)
    assert torch.allclose((ahead - here) / h, u, atol=1e-7)
    assert torch.equal(fm.path(z, x, torch.zeros(3, dtype=torch.float64))[0], z)
    assert torch.allclose(fm.path(z, x, torch.ones(3, dtype=torch.float64))[0], x + fm.SIGMA * z)


def test_the_true_field_has_no_loss_and_masked_frames_do_not_count() -> None:
    z, x = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    mask = torch.ones(2, 5, dtype=torch.bool)
    mask[0, 3:] = False
    t = torch.tensor([0.2, 0.7])
    u = fm.path(z, x, t)[1]
    assert float(fm.loss(lambda *_: u, x, mask, t, z)) == 0
    assert float(fm.loss(lambda *_: u + (~mask).unsqueeze(-1) * 9.0, x, mask, t, z)) == 0
    assert float(fm.loss(lambda *_: u + 1.0, x, mask, t, z)) == pytest.approx(1.0)


def test_times_are_spread_over_the_batch() -> None:
    torch.manual_seed(0)
    t = fm.times(8).sort().values
    assert ((0 <= t) & (t < 1)).all()
    assert torch.allclose(t.diff(), torch.full((7,), 1 / 8), atol=1e-6)


def test_half_the_step_has_half_the_error() -> None:
    """dx/dt = x cos t from 1: x(1) = e^sin(1)."""
    def error(steps: int) -> float:
        start = torch.ones(1, 1, 1, dtype=torch.float64)
        at = fm.schedule(steps).double()
        found = fm.integrate(lambda x, t: x * torch.cos(t).reshape(-1, 1, 1), start, at)
        return abs(float(found) - math.exp(math.sin(1)))

    assert error(20) / error(40) == pytest.approx(2, rel=0.15)


def test_the_schedule_rises_from_0_to_1_by_a_cosine() -> None:
    at, even = fm.schedule(7), torch.linspace(0, 1, 8)
    assert float(at[0]) == pytest.approx(0, abs=1e-6) and float(at[-1]) == pytest.approx(1, abs=1e-6)
    assert torch.allclose(at, 1 - torch.cos(math.pi / 2 * even), atol=1e-6)
    with pytest.raises(InputError, match="steps"):
        fm.schedule(0)
