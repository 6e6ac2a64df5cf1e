"""ConvTransformer: convolutions that subsample a log-mel spectrum, a few pre-norm Transformer
layers, pooling.

A light emotion recognizer for small devices, one of the three backbones on which Zhang, Dong, Xu,
Han (arXiv 2411.09339) try high-rank factorization (`emotion/reparam.py`); sizes and details are
ours, as their tables were not available: sizes for a microcontroller, an edge device and a phone
are in `models.CONFIGS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.emotion.attention import ConvLayer, Pooling, Position, Subsampling, TransformerLayer
from avspeech.emotion.logmel import LogMelConfig, LogMelModel, frame_mask
from avspeech.emotion.reparam import check_hrf


@dataclass(frozen=True)
class ConvTransformerConfig(LogMelConfig):
    """Defaults: `conv-transformer-edge`. See `LogMelConfig` for the front end."""

    subsampling: str = "2d"  # "2d", "1d" or "patch"; see `attention.Subsampling`
    channels: int = 16  # of the first convolution of "2d"
    factor: int = 8  # frames in to frames out, 4 or 8
    conv_norm: str = "batch"  # "batch" (folded away by `to_deploy`), "layer" or "none"
    conv_layers: int = 0  # layers of depthwise convolution, before those of the Transformer
    kernel: int = 7  # of these, odd
    dim: int = 96  # width of the Transformer, D
    layers: int = 3  # of the Transformer
    heads: int = 4  # of its attention
    inner: int = 384  # of its feed-forward networks
    pooling: str = "attention"  # "attention" or "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges.at_least(self, 1, "channels", "factor", "kernel", "dim", "heads", "inner")
        # One of the two kinds of layers will do
        ranges.at_least(self, 0 if self.conv_layers > 0 else 1, "layers")
        ranges.at_least(self, 0, "conv_layers")


class ConvTransformer(LogMelModel):
    """See the module's docstring and `ConvTransformerConfig`."""

    Config = ConvTransformerConfig
    config: ConvTransformerConfig

    def __init__(self, config: ConvTransformerConfig = ConvTransformerConfig()):
        super().__init__(config)
        c = config
        check_hrf(c.hrf)
        self.subsample = Subsampling(
            c.mels, c.dim, c.subsampling, c.channels, c.factor, c.conv_norm, c.hrf
        )
        self.position = Position(c.dim)
        self.layers = nn.ModuleList(
            [ConvLayer(c.dim, c.inner, c.kernel, c.dropout, c.hrf) for _ in range(c.conv_layers)]
            + [TransformerLayer(c.dim, c.heads, c.inner, c.dropout, c.hrf) for _ in range(c.layers)]
        )
        self.norm = nn.LayerNorm(c.dim)
        self.pool = Pooling(c.dim, c.pooling, c.heads)
        self.drop = nn.Dropout(c.dropout)
        self.head = nn.Linear(self.pool.out, c.classes)

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        x, frames = self.subsample(x, frames)
        mask = frame_mask(frames, x.shape[1])
        x = self.drop(self.position(x, mask))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.drop(self.pool(self.norm(x), mask)))
