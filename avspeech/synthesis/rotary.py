"""A small pre-norm transformer with rotary positions, and a block of convolution; both for [B, T,
C].

J. Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021; Z. Liu et al.,
"A ConvNet for the 2020s", CVPR 2022.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rotate(x: Tensor) -> Tensor:
    """Turns `[..., T, D]` by the position in T; the first half of D is paired with the second."""
    half = x.shape[-1] // 2
    speed = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32).unsqueeze(-1) * speed
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half: 2 * half]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, x[..., 2 * half:]], -1)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """`x [B, T, C]`, 0 where `mask [B, T]` bool is False; None: as it is."""
    return x if mask is None else x * mask.unsqueeze(-1)


def over_time(layer: Any, x: Tensor) -> Tensor:
    """An `nn.Conv1d` of `x [B, T, C]` over time, to `[B, T, C']`.

    It is written as one of pictures of height 1: for these onnxruntime has a kernel that is several
    times as fast and takes either order of dimensions.
    """
    picture = x.unsqueeze(1).permute(0, 3, 1, 2)
    y = F.conv2d(picture, layer.weight.unsqueeze(2), layer.bias, padding=(0, layer.padding[0]),
                 groups=layer.groups)
    return y.permute(0, 2, 3, 1).squeeze(1)


class RotaryLayer(nn.Module):
    """Attention and a feed-forward part whose first map is a convolution of `kernel` symbols."""

    def __init__(self, width: int, heads: int, hidden: int, kernel: int = 3, dropout: float = 0.1):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up = nn.Conv1d(width, hidden, kernel, padding=kernel // 2)
        self.down = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """The layer's output `[B, T, C]` for `x [B, T, C]`; `mask [B, T]` bool, None: all of it.
        What is masked is not read, and its output means nothing."""
        batch, length, width = x.shape
        parts = self.qkv(self.before(x)).reshape(batch, length, 3, self.heads,
                                                 -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(parts[:2])
        there = None if mask is None else mask[:, None, None, :]
        found = F.scaled_dot_product_attention(q, k, parts[2], there)
        x = x + self.dropout(self.out(found.transpose(1, 2).reshape(batch, length, width)))
        inner = F.gelu(over_time(self.up, masked(self.between(x), mask)))
        return x + self.dropout(self.down(self.dropout(inner)))


class RotaryEncoder(nn.Module):
    """A stack of `RotaryLayer` and a norm."""

    def __init__(self, layers: int, width: int, heads: int, hidden: int, kernel: int = 3,
                 dropout: float = 0.1):
        super().__init__()
        self.layers = nn.ModuleList(RotaryLayer(width, heads, hidden, kernel, dropout)
                                    for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """The output `[B, T, C]` for `x [B, T, C]`, 0 where `mask [B, T]` bool is False."""
        for layer in self.layers:
            x = layer(x, mask)
        return masked(self.norm(x), mask)


class ConvBlock(nn.Module):
    """ConvNeXt: a depthwise convolution over time, a norm, a feed-forward part, and a residual that
    begins near 0. With `condition` the norm is scaled and shifted by a condition of so many
    channels."""

    def __init__(self, width: int, hidden: int, kernel: int = 7, condition: int = 0):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width, elementwise_affine=not condition)
        self.modulate = nn.Linear(condition, 2 * width) if condition else None
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor, mask: Tensor | None = None,
                condition: Tensor | None = None) -> Tensor:
        """The output `[B, T, C]` for `x [B, T, C]`, `mask [B, T]` bool or None, `condition [B,
        D]`."""
        inner = self.norm(over_time(self.depthwise, masked(x, mask)))
        if self.modulate is not None and condition is not None:
            scale, shift = self.modulate(condition).unsqueeze(1).chunk(2, -1)
            inner = inner * (1 + scale) + shift
        return self.after(x, inner)

    def after(self, x: Tensor, inner: Tensor) -> Tensor:
        """The block's output for `x` and what enters its feed-forward part, both `[B, T, C]`."""
        return x + self.scale * self.down(F.gelu(self.up(inner)))
