"""Optimal-transport conditional flow matching: the loss, and solvers whose steps are chosen at run time.

Y. Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023; as used for speech by S. Mehta et al.,
"Matcha-TTS", ICASSP 2024. Time runs from 0 (noise z) to 1 (data x_1):

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
    """The point x_t on the way from noise `z` to data `x_1`, both [B, ...], at t [B], and its velocity u."""
    t = t.reshape(-1, *[1] * (z.ndim - 1))
    return (1 - (1 - sigma) * t) * z + t * x_1, x_1 - (1 - sigma) * z


def times(batch: int, device: torch.device | None = None) -> Tensor:
    """[B] times in 0..1 for a training step: uniform each, and spread evenly over the batch, which makes the
    loss of a small batch less noisy."""
    first = torch.rand((), device=device)
    return (first + torch.randperm(batch, device=device) / batch) % 1.0


def loss(field: Field, x_1: Tensor, mask: Tensor, t: Tensor | None = None, z: Tensor | None = None,
         weight: Tensor | None = None) -> Tensor:
    """Mean squared error of the velocity over what `mask` [B, T] bool holds of x_1 [B, T, M]. t [B] and
    z [B, T, M]: drawn where not given. weight [M]: of the channels (1 each)."""
    t = times(len(x_1), x_1.device) if t is None else t
    z = torch.randn_like(x_1) if z is None else z
    x_t, u = path(z, x_1, t)
    error = (field(x_t, t) - u).square() * mask.unsqueeze(-1)
    if weight is not None:
        error = error * weight
    return error.sum() / (mask.sum() * x_1.shape[-1]).clamp_min(1)


def schedule(steps: int, sway: float = 0.0, device: torch.device | None = None) -> Tensor:
    """[steps + 1] times from 0 to 1. sway 0: even; below 0: more of them early, where the field turns most
    (t + sway (cos(pi t / 2) - 1 + t), of Y. Chen et al., "F5-TTS", 2024; -1 is the cosine schedule
    1 - cos(pi t / 2)). Raises InputError for fewer than one step, or sway outside -1..1."""
    if steps < 1 or not -1 <= sway <= 1:
        raise InputError(f"steps={steps}, sway={sway}: expected 1 or more steps, and sway in -1..1")
    t = torch.linspace(0, 1, steps + 1, device=device)
    return t + sway * (torch.cos(math.pi / 2 * t) - 1 + t)


def _euler(f: Field, x: Tensor, t: Tensor, h: Tensor) -> Tensor:
    return x + h * f(x, t)


def _midpoint(f: Field, x: Tensor, t: Tensor, h: Tensor) -> Tensor:
    return x + h * f(x + h / 2 * f(x, t), t + h / 2)


def _heun(f: Field, x: Tensor, t: Tensor, h: Tensor) -> Tensor:
    first = f(x, t)
    return x + h / 2 * (first + f(x + h * first, t + h))


SOLVERS = {"euler": _euler, "midpoint": _midpoint, "heun": _heun}  # the field is asked 1, 2, 2 times a step


def integrate(field: Field, x: Tensor, at: Tensor, solver: str = "euler") -> Tensor:
    """From x [B, ...] at time at[0] to time at[-1], a step between each two of `at` [steps + 1]. Raises
    InputError for an unknown solver."""
    if solver not in SOLVERS:
        raise InputError(f"solver '{solver}': expected one of {', '.join(SOLVERS)}")
    for i in range(len(at) - 1):
        x = SOLVERS[solver](field, x, at[i].expand(len(x)), at[i + 1] - at[i])
    return x
