"""SpeechFormer: attention in windows that grow as frames are merged to phonemes, words, and the
utterance.

Chen, Xing, Xu, Pang, Du, "SpeechFormer: A Hierarchical Efficient Framework Incorporating the
Characteristics of Speech", Interspeech 2022: four stages with windows of 50, 400, 2000 ms and the
whole; between them means over 50, 250, 1000 ms; feed-forward networks that narrow to half the
width. One of the three backbones on which Zhang, Dong, Xu, Han (arXiv 2411.09339) try high-rank
factorization.

Ours differs where the published form does not see padding or does not export: windows are slices,
merging is a mean over reshaped frames, and both count an utterance's own frames only. Sizes in
`models.CONFIGS` are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.emotion.attention import FAR, HRF, FeedForward, Pooling, Position
from avspeech.emotion.logmel import HOP, SAMPLE_RATE, LogMelConfig, LogMelModel, frame_mask, masked
from avspeech.emotion.reparam import check_hrf, linear
from avspeech.errors import InputError

FRAME_MS = 1000 * HOP // SAMPLE_RATE


@dataclass(frozen=True)
class SpeechFormerConfig(LogMelConfig):
    """Defaults: `speechformer-edge`. See `LogMelConfig` for the front end."""

    # milliseconds around a frame that it attends to, for each stage but the last, which attends to
    # all
    windows: tuple[int, ...] = (50, 400, 2000)
    # milliseconds of a frame of the next stage; each a multiple of the one before
    merges: tuple[int, ...] = (50, 250, 1000)
    layers: tuple[int, ...] = (2, 2, 4, 4)  # of each stage
    dim: int = 80  # width, D
    heads: int = 8  # of the attention
    inner: int | None = None  # of the feed-forward networks; None: D // 2
    pooling: str = "mean"  # "mean" or "attention"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("windows", "merges", "layers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON knows lists only
        ranges.at_least(self, 1, "windows", "merges", "layers", "dim", "heads", "inner")


class WindowAttention(nn.Module):
    """Multi-head attention [B, T, D] of each frame to `window` frames around it, as many before as
    after (of an even number, one more before). window None: to all."""

    def __init__(
        self, dim: int, heads: int, window: int | None, dropout: float = 0.0, hrf: HRF = None
    ):
        super().__init__()
        if dim % heads:
            raise InputError(f"model setting heads={heads}: must divide the width {dim}")
        self.heads, self.window = heads, window
        self.query, self.key, self.value, self.out = (
            linear(dim, dim, hrf, "attention") for _ in range(4)
        )
        self.dropout = nn.Dropout(dropout)

    def around(self, x: Tensor) -> Tensor:
        """x [B, T, ...] -> [B, T, W, ...]: the frames around each frame, zeros beyond the ends."""
        w, length = self.window or 1, x.shape[1]
        x = F.pad(x, [0, 0] * (x.ndim - 2) + [w // 2, w - 1 - w // 2])
        return torch.stack([x[:, i : i + length] for i in range(w)], 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = self.query(x), self.key(x), self.value(x)
        if self.window is None:
            q, k, v, seen = q.unsqueeze(1), k.unsqueeze(1), v.unsqueeze(1), mask[:, None]
        else:  # [B, T, 1, D], [B, T, W, D]
            q, k, v, seen = (
                q.unsqueeze(2),
                self.around(k),
                self.around(v),
                self.around(mask.float()) > 0.5,
            )
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for y in (q, k, v))
        logits = (q @ k.transpose(-2, -1)) * (q.shape[-1] ** -0.5)
        share = self.dropout(logits.masked_fill(~seen[..., None, None, :], FAR).softmax(-1))
        x = (share @ v).transpose(-3, -2).flatten(-2)
        return self.out(x.squeeze(1) if self.window is None else x.squeeze(2))


class Layer(nn.Module):
    """Pre-norm Transformer layer with attention in a window."""

    def __init__(self, config: SpeechFormerConfig, window: int | None):
        super().__init__()
        c = config
        self.norm1, self.norm2 = nn.LayerNorm(c.dim), nn.LayerNorm(c.dim)
        self.attention = WindowAttention(c.dim, c.heads, window, c.dropout, c.hrf)
        self.ffn = FeedForward(c.dim, c.dim // 2 if c.inner is None else c.inner, c.dropout, c.hrf)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), mask))
        return x + self.dropout(self.ffn(self.norm2(x)))


class Merge(nn.Module):
    """[B, T, D] -> [B, ceil(T / size), D]: means over `size` frames, the last over those there are;
    linear, norm."""

    def __init__(self, dim: int, size: int, hrf: HRF = None):
        super().__init__()
        self.size = size
        self.project, self.norm = linear(dim, dim, hrf), nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        # Sizes spelled out: torch.export does not find them again.
        count = (x.shape[1] + self.size - 1) // self.size
        more, shape = count * self.size - x.shape[1], (x.shape[0], count, self.size)
        x = F.pad(masked(x, mask), (0, 0, 0, more)).reshape(*shape, x.shape[2])
        own = F.pad(mask.to(x.dtype), (0, more)).reshape(shape).sum(2)
        x = x.sum(2) / own.clamp_min(1).unsqueeze(-1)
        return self.norm(self.project(x)), own > 0.5


class SpeechFormer(LogMelModel):
    """See the module's docstring and `SpeechFormerConfig`."""

    Config = SpeechFormerConfig
    config: SpeechFormerConfig

    def __init__(self, config: SpeechFormerConfig = SpeechFormerConfig()):
        super().__init__(config)
        c = config
        check_hrf(c.hrf)
        spans = [FRAME_MS, *c.merges]  # milliseconds of a frame, at each stage
        if not len(c.layers) == len(spans) == len(c.windows) + 1:
            raise InputError(
                f"model settings layers={c.layers}, merges={c.merges}, windows={c.windows}: "
                "expected one entry a stage in layers, one fewer in merges and windows"
            )
        for name, values, units in (("merges", c.merges, spans), ("windows", c.windows, spans)):
            if any(value < unit or value % unit for value, unit in zip(values, units)):
                raise InputError(f"model setting {name}={values}: expected multiples of a frame's "
                                 f"milliseconds at each stage, {spans[: len(values)]}")
        self.enter = linear(c.mels, c.dim, c.hrf)
        self.position = Position(c.dim)
        windows = [w // s for w, s in zip(c.windows, spans)]
        self.stages = nn.ModuleList()
        for number, window in zip(c.layers, [*windows, None]):
            self.stages.append(nn.ModuleList([Layer(c, window) for _ in range(number)]))
        self.merges = nn.ModuleList([Merge(c.dim, b // a, c.hrf) for a, b in zip(spans, spans[1:])])
        self.norm = nn.LayerNorm(c.dim)
        self.pool = Pooling(c.dim, c.pooling, c.heads)
        self.drop = nn.Dropout(c.dropout)
        self.head = nn.Linear(self.pool.out, c.classes)

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        mask = frame_mask(frames, x.shape[1])
        mask = torch.ones_like(x[..., 0], dtype=torch.bool) if mask is None else mask
        x = self.drop(self.position(self.enter(x), mask))
        for i, stage in enumerate(self.stages):
            if i > 0:
                x, mask = self.merges[i - 1](x, mask)
            for layer in stage:  # type: ignore[attr-defined]
                x = layer(x, mask)
        return self.head(self.drop(self.pool(self.norm(x), mask)))
