"""A first guess of the mask from whole frames: dilated convolutions over time, all of the band at once.

Costs a twentieth of TF-GridNet's blocks and learns a voice soon; the blocks then refine what it gives
(the division of labour of two-stage separators; the layer is Conv-TasNet's, Luo & Mesgarani, TASLP
2019, without its bottleneck).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class DilatedConv(nn.Module):
    """Residual: LayerNorm over channels, PReLU, convolution over time with gaps. A new one changes nothing
    (De & Smith, NeurIPS 2020), so that a network may be made deeper and learn on from where it was."""

    def __init__(self, width: int, kernel: int, dilation: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.prelu = nn.PReLU()
        self.conv = nn.Conv1d(width, width, kernel, padding=kernel // 2 * dilation, dilation=dilation)
        for parameter in self.conv.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, W] -> [B, T, W]."""
        return x + self.conv(self.prelu(self.norm(x)).transpose(1, 2)).transpose(1, 2)


class FullBandGuess(nn.Module):
    """Frames in, a complex mask out.

    inside: numbers in a frame (mixture and cue); bins: F; width: W; layers: dilations are 1, 2,
    4, ... 32, 1, 2, ...
    """

    def __init__(self, inside: int, bins: int, width: int, layers: int):
        super().__init__()
        self.enter = nn.Linear(inside, width)
        self.layers = nn.Sequential(*[DilatedConv(width, 3, 2 ** (i % 6)) for i in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, 2 * bins)

    def forward(self, frames: Tensor) -> Tensor:
        """[B, T, inside] -> [B, 2, T, F]: real and imaginary part of a mask."""
        y = self.leave(F.relu(self.norm(self.layers(self.enter(frames)))))
        return y.unflatten(-1, (2, -1)).permute(0, 2, 1, 3)
