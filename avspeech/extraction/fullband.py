"""A first mask from whole frames: dilated convolutions over time, all of the band at once.

This costs a twentieth of TF-GridNet's blocks and learns a voice early; the blocks then refine its
result. Two-stage separators share the work in the same way. The layer is that of Conv-TasNet (Luo &
Mesgarani, TASLP 2019) without its bottleneck.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class DilatedConv(nn.Module):
    """Residual layer: LayerNorm over channels, PReLU, convolution over time with gaps.

    A new layer changes nothing (De & Smith, NeurIPS 2020), so a network can be made deeper and go
    on learning.

    Args:
        width: channels.
        kernel: of the convolution.
        dilation: of the convolution.
    """

    def __init__(self, width: int, kernel: int, dilation: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.prelu = nn.PReLU()
        self.conv = nn.Conv1d(
            width, width, kernel, padding=kernel // 2 * dilation, dilation=dilation
        )
        for parameter in self.conv.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, T, W]` to the same shape."""
        return x + self.conv(self.prelu(self.norm(x)).transpose(1, 2)).transpose(1, 2)


class FullBandGuess(nn.Module):
    """From frames to a complex mask.

    Args:
        inside: numbers of a frame (mixture and cue).
        bins: F.
        width: channels W of the layers.
        layers: their number; dilations are 1, 2, 4, ... 32, 1, 2, ...
    """

    def __init__(self, inside: int, bins: int, width: int, layers: int):
        super().__init__()
        self.enter = nn.Linear(inside, width)
        self.layers = nn.Sequential(*[DilatedConv(width, 3, 2 ** (i % 6)) for i in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, 2 * bins)

    def forward(self, frames: Tensor) -> Tensor:
        """Maps frames `[B, T, inside]` to a mask `[B, 2, T, F]`, its real and imaginary part."""
        y = self.leave(F.relu(self.norm(self.layers(self.enter(frames)))))
        return y.unflatten(-1, (2, -1)).permute(0, 2, 1, 3)
