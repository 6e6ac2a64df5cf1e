"""The field of a flow over mel frames: a one-dimensional U-Net of ConvNeXt blocks, given the time
of the flow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.synthesis.rotary import ConvBlock, RotaryLayer, masked


def sinusoids(t: Tensor, width: int) -> Tensor:
    """Sinusoids `[B, width]` of times `[B]` in 0..1."""
    speed = torch.exp(-math.log(10_000.0) * torch.arange(width // 2,
                                                         device=t.device) / (width // 2))
    angle = 1000.0 * t.unsqueeze(-1) * speed
    return torch.cat([angle.sin(), angle.cos()], -1)


class UNet(nn.Module):
    """A U-Net over time, the velocity of a flow.

    Args:
        mels: channels of the state.
        condition: channels of the condition.
        widths: channels of the levels, each at half the rate of the one before.
        blocks: of each level on the way down and on the way up; twice as many at the bottom.
        expansion: of the channels within a block.
        kernel: frames.
        heads: of the attention.
        attention: whether a rotary layer follows each block at the bottom.
        time: channels of the time.
    """

    def __init__(self, mels: int, condition: int, widths: tuple[int, ...], blocks: int = 2,
                 expansion: int = 2, kernel: int = 7, heads: int = 2, attention: bool = False,
                 time: int = 128):
        super().__init__()
        self.time_width = time
        self.time = nn.Sequential(nn.Linear(time, 2 * time), nn.SiLU(), nn.Linear(2 * time, time),
                                  nn.SiLU())
        self.enter, self.hint = nn.Linear(mels, widths[0]), nn.Linear(condition, widths[0])

        def row(width: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(ConvBlock(width, expansion * width, kernel, time)
                                 for _ in range(count))

        self.down = nn.ModuleList(row(w, blocks) for w in widths[:-1])
        self.shrink = nn.ModuleList(nn.Linear(2 * a, b) for a, b in zip(widths, widths[1:]))
        self.bottom = row(widths[-1], 2 * blocks)
        self.attention = nn.ModuleList(RotaryLayer(widths[-1], heads, 2 * widths[-1], 1)
                                       for _ in range(2 * blocks if attention else 0))
        self.grow = nn.ModuleList(nn.Linear(b, 2 * a) for a, b in zip(widths, widths[1:]))
        self.join = nn.ModuleList(nn.Linear(2 * w, w) for w in widths[:-1])
        self.up = nn.ModuleList(row(w, blocks) for w in widths[:-1])
        last = nn.Linear(widths[0], mels)
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        self.leave = nn.Sequential(nn.LayerNorm(widths[0]), last)

    def prepare(self, condition: Tensor) -> Tensor:
        """The part of the condition `[B, T, C]` that is the same at every step of the flow."""
        return self.hint(condition)

    def moment(self, t: Tensor) -> Tensor:
        """What the blocks are given of times `[B]` of the flow: `[B, D]`."""
        return self.time(sinusoids(t, self.time_width))

    def forward(self, x: Tensor, t: Tensor, hint: Tensor, mask: Tensor) -> Tensor:
        """The velocity of the flow.

        Args:
            x: `[B, T, M]`, the state.
            t: `[B]`, its time.
            hint: `[B, T, .]` of `prepare`.
            mask: `[B, T]` bool.

        Returns:
            `[B, T, M]`, 0 where masked.
        """
        time = self.moment(t)
        return masked(self.walk(x, hint, mask, lambda block, x, mask: block(x, mask, time)), mask)

    def walk(self, x: Tensor, hint: Tensor, mask: Tensor | None,
             through: Callable[[Any, Tensor, Tensor | None], Tensor]) -> Tensor:
        """Down the levels and up again.

        Args:
            x, hint: as of `forward`.
            mask: `[B, T]` bool; None: there are all frames.
            through: (block, x, mask) to what the block makes of x.

        Returns:
            `[B, T, M]`, anything where masked.
        """
        x = self.enter(x) + hint
        kept: list[Tensor] = []
        masks = [mask]
        for blocks, shrink in zip(self.down, self.shrink):
            for block in blocks:  # type: ignore[attr-defined]
                x = through(block, x, masks[-1])
            kept.append(x)
            pairs = (x.shape[1] + 1) // 2
            x = F.pad(masked(x, masks[-1]), (0, 0, 0, 1))[:, : 2 * pairs]
            x = shrink(x.reshape(x.shape[0], pairs, 2 * x.shape[-1]))
            masks.append(None if mask is None else masks[-1][:, ::2])  # type: ignore[index]
        for number, block in enumerate(self.bottom):
            x = through(block, x, masks[-1])
            if len(self.attention):
                x = self.attention[number](x, masks[-1])
        for grow, join, blocks in zip(reversed(self.grow), reversed(self.join), reversed(self.up)):
            masks.pop()
            before = kept.pop()
            x = grow(x).reshape(x.shape[0], 2 * x.shape[1], before.shape[-1])[:, : before.shape[1]]
            x = join(torch.cat([x, before], -1))
            for block in blocks:  # type: ignore[attr-defined]
                x = through(block, x, masks[-1])
        return self.leave(x)
