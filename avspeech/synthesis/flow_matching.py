"""Optimal-transport conditional flow matching: the loss, and a solver whose steps are chosen at run
time.

Y. Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023; as used for speech by S. Mehta
et al., "Matcha-TTS", ICASSP 2024. Time runs from 0 (noise z) to 1 (data x_1):

    x_t = (1 - (1 - s) t) z + t x_1,    u = dx_t/dt = x_1 - (1 - s) z,    s = 1e-4
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from avspeech.errors import InputError

SIGMA = 1e-4
Field = Callable[[Tensor, Tensor], Tensor]  # (x [B, T, M], t [B]) -> dx/dt [B, T, M]


def path(z: Tensor, x_1: Tensor, t: Tensor, sigma: float = SIGMA) -> tuple[Tensor, Tensor]:
    """The point x_t on the way from noise `z` to data `x_1`, both `[B, ...]`, at `t [B]`, and its
    velocity."""
    t = t.reshape(-1, *[1] * (z.ndim - 1))
    return (1 - (1 - sigma) * t) * z + t * x_1, x_1 - (1 - sigma) * z


def times(batch: int, device: torch.device | None = None) -> Tensor:
    """Times `[B]` in 0..1 for a training step: each uniform, together spread evenly, which makes
    the loss of a small batch less noisy."""
    first = torch.rand((), device=device)
    return (first + torch.randperm(batch, device=device) / batch) % 1.0


def loss(field: Field, x_1: Tensor, mask: Tensor, t: Tensor | None = None,
         z: Tensor | None = None) -> Tensor:
    """Mean squared error of a field's velocity.

    Args:
        field: the field.
        x_1: data `[B, T, M]`.
        mask: `[B, T]` bool, frames that count.
        t: `[B]` times (default: drawn).
        z: noise `[B, T, M]` (default: drawn).
    """
    t = times(len(x_1), x_1.device) if t is None else t
    z = torch.randn_like(x_1) if z is None else z
    x_t, u = path(z, x_1, t)
    error = (field(x_t, t) - u).square() * mask.unsqueeze(-1)
    return error.sum() / (mask.sum() * x_1.shape[-1]).clamp_min(1)


def schedule(steps: int, device: torch.device | None = None) -> Tensor:
    """Times from 0 to 1, 1 - cos(pi t / 2) of even ones: more of them early, where the field turns
    most (Y. Chen et al., "F5-TTS", 2024, with a sway of -1).

    Args:
        steps: at least 1.
        device: a torch device.

    Returns:
        `[steps + 1]`.

    Raises:
        InputError: fewer than one step.
    """
    if steps < 1:
        raise InputError(f"steps={steps}: expected 1 or more")
    t = torch.linspace(0, 1, steps + 1, device=device)
    return t - (torch.cos(math.pi / 2 * t) - 1 + t)


def integrate(field: Field, x: Tensor, at: Tensor) -> Tensor:
    """Follows a field from one time to another, by Euler's steps.

    Args:
        field: the field.
        x: `[B, ...]` at time at[0].
        at: `[steps + 1]` times, a step between each two.

    Returns:
        `[B, ...]` at time at[-1].
    """
    for now, then in zip(at, at[1:]):
        x = x + (then - now) * field(x, now.expand(len(x)))
    return x
