"""Conformer: a light one over a subsampled log-mel spectrum, for emotion.

Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition", Interspeech
2020: half a feed-forward network, attention, a gated depthwise convolution, the other half, a norm.
One of the three backbones on which Zhang, Dong, Xu, Han (arXiv 2411.09339) try high-rank
factorization; the sizes in `models.CONFIGS` are ours. Instead of relative positions inside the
attention a depthwise convolution before the layers gives position information.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.emotion.attention import (
    HRF,
    Attention,
    DepthwiseConv,
    FeedForward,
    Pooling,
    Position,
    Subsampling,
    apply_norm,
    frame_norm,
)
from avspeech.emotion.logmel import LogMelConfig, LogMelModel, frame_mask, masked
from avspeech.emotion.reparam import check_hrf, linear


@dataclass(frozen=True)
class ConformerConfig(LogMelConfig):
    """Defaults: `conformer-edge`. See `LogMelConfig` for the front end."""

    subsampling: str = "2d"  # "2d" or "1d"; see `attention.Subsampling`
    channels: int = 16  # of the first convolution of "2d"
    factor: int = 8  # frames in to frames out, 4 or 8
    # of all convolutions: "batch" (folded away by `to_deploy`), "layer", "none"
    conv_norm: str = "batch"
    dim: int = 80  # width of the layers, D
    layers: int = 4  # Conformer blocks
    heads: int = 4  # of the attention
    inner: int = 160  # of the feed-forward networks
    kernel: int = 9  # of the depthwise convolutions, odd
    pooling: str = "attention"  # "attention" or "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges.at_least(self, 1, "channels", "factor", "kernel", "dim", "layers", "heads", "inner")


class ConvolutionModule(nn.Module):
    """[B, T, D] -> [B, T, D]: linear to 2 D, gate, depthwise convolution, norm, SiLU, linear."""

    folds = (("depthwise", "norm"),)

    def __init__(self, dim: int, kernel: int, norm: str, hrf: HRF = None):
        super().__init__()
        self.enter, self.leave = linear(dim, 2 * dim, hrf), linear(dim, dim, hrf)
        self.depthwise = DepthwiseConv(dim, kernel)
        self.norm = frame_norm(norm, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = masked(F.glu(self.enter(x)), mask)
        x = self.depthwise(x)
        return self.leave(F.silu(apply_norm(self.norm, x, mask)))


class ConformerLayer(nn.Module):
    """x + ffn / 2, + attention, + convolution, + ffn / 2, norm; each part pre-norm."""

    def __init__(self, config: ConformerConfig):
        super().__init__()
        c = config
        self.norms = nn.ModuleList([nn.LayerNorm(c.dim) for _ in range(5)])
        self.ffn1 = FeedForward(c.dim, c.inner, c.dropout, c.hrf)
        self.attention = Attention(c.dim, c.heads, c.dropout, c.hrf)
        self.convolution = ConvolutionModule(c.dim, c.kernel, c.conv_norm, c.hrf)
        self.ffn2 = FeedForward(c.dim, c.inner, c.dropout, c.hrf)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        one, two, three, four, last = self.norms
        x = x + 0.5 * self.dropout(self.ffn1(one(x)))
        x = x + self.dropout(self.attention(two(x), mask))
        x = x + self.dropout(self.convolution(three(x), mask))
        return last(x + 0.5 * self.dropout(self.ffn2(four(x))))


class Conformer(LogMelModel):
    """See the module's docstring and `ConformerConfig`."""

    Config = ConformerConfig
    config: ConformerConfig

    def __init__(self, config: ConformerConfig = ConformerConfig()):
        super().__init__(config)
        c = config
        check_hrf(c.hrf)
        self.subsample = Subsampling(
            c.mels, c.dim, c.subsampling, c.channels, c.factor, c.conv_norm, c.hrf
        )
        self.position = Position(c.dim)
        self.layers = nn.ModuleList([ConformerLayer(c) for _ in range(c.layers)])
        self.pool = Pooling(c.dim, c.pooling, c.heads)
        self.drop = nn.Dropout(c.dropout)
        self.head = nn.Linear(self.pool.out, c.classes)

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        x, frames = self.subsample(x, frames)
        mask = frame_mask(frames, x.shape[1])
        x = self.drop(self.position(x, mask))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.drop(self.pool(x, mask)))
