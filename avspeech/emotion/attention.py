"""Parts of the emotion models that work over frames, each correct for padded batches: attention,
feed-forward networks, the Transformer layer, batch norm, subsampling, pooling.

x is [B, T, D]; mask is [B, T] bool, True at the frames of the utterance itself, or None where all
are. Values of x at other frames have no influence, and outputs at other frames have no meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.emotion.logmel import frame_mask, masked, masked_mean
from avspeech.emotion.reparam import linear
from avspeech.errors import InputError

HRF = Mapping[str, Any] | None
FAR = -1e4  # as a logit: exactly no weight in float32, and finite, as quantizers need it


class Attention(nn.Module):
    """Multi-head self-attention [B, T, D] -> [B, T, D], over all frames of the mask."""

    def __init__(self, dim: int, heads: int, dropout: float = 0.0, hrf: HRF = None):
        super().__init__()
        if dim % heads:
            raise InputError(f"model setting heads={heads}: must divide the width {dim}")
        self.heads = heads
        self.query, self.key, self.value, self.out = (
            linear(dim, dim, hrf, "attention") for _ in range(4)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)).transpose(-3, -2)
                   for f in (self.query, self.key, self.value))  # [B, H, T, d]
        logits = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5)
        if mask is not None:
            logits = logits.masked_fill(~mask[..., None, None, :], FAR)
        x = self.dropout(logits.softmax(-1)) @ v
        return self.out(x.transpose(-3, -2).flatten(-2))


class FeedForward(nn.Module):
    """The feed-forward network of a Transformer layer, [..., D] -> [..., D].

    Args:
        dim: D.
        inner: number of hidden units.
        dropout: of the hidden units.
        hrf: factorized linear layers in training; see `LogMelConfig.hrf`.
        activation: of the hidden units.
    """

    def __init__(self, dim: int, inner: int, dropout: float = 0.0, hrf: HRF = None,
                 activation: Callable[[Tensor], Tensor] = F.relu):
        super().__init__()
        self.enter, self.leave = linear(dim, inner, hrf, "ffn"), linear(inner, dim, hrf, "ffn")
        self.dropout, self.activation = nn.Dropout(dropout), activation

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.dropout(self.activation(self.enter(x))))


class TransformerLayer(nn.Module):
    """Pre-norm: x + attention(norm(x)), then x + ffn(norm(x))."""

    def __init__(self, dim: int, heads: int, inner: int, dropout: float = 0.0, hrf: HRF = None,
                 activation: Callable[[Tensor], Tensor] = F.relu):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = Attention(dim, heads, dropout, hrf)
        self.ffn = FeedForward(dim, inner, dropout, hrf, activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), mask))
        return x + self.dropout(self.ffn(self.norm2(x)))


class FrameBatchNorm(nn.BatchNorm1d):
    """Batch norm of [B, T, C] or [B, T, F, C] over the frames of the mask; the running variance is
    the biased one. `to_deploy` folds it away."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        if self.training:
            flat = (x if mask is None else x[mask]).reshape(-1, x.shape[-1])
            mean, var = flat.mean(0), flat.var(0, correction=0)
            with torch.no_grad():
                share = self.momentum or 0.1
                self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
                self.running_var.lerp_(var.to(self.running_var.dtype), share)
                self.num_batches_tracked.add_(1)
        else:
            mean, var = self.running_mean, self.running_var
        gain = self.weight * torch.rsqrt(var + self.eps)
        return x * gain + (self.bias - mean * gain)


def frame_norm(kind: str, width: int) -> nn.Module:
    """The norm after a convolution, to be called by `apply_norm`.

    Args:
        kind: "batch" (folded away by `to_deploy`), "layer", or "none", as after folding.
        width: number of channels.
    """
    if kind not in ("batch", "layer", "none"):
        raise InputError(f"model setting conv_norm='{kind}': expected batch, layer or none")
    if kind == "none":
        return nn.Identity()
    return FrameBatchNorm(width) if kind == "batch" else nn.LayerNorm(width)


def apply_norm(norm: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    """A norm of `frame_norm`, of x [B, T, ..., C]."""
    return norm(x, mask) if isinstance(norm, FrameBatchNorm) else norm(x)


def halved(frames: Tensor | None) -> Tensor | None:
    """Number of frames [B] after a padded convolution of stride 2."""
    return None if frames is None else (frames + 1) // 2


class HalvingConv(nn.Module):
    """Convolution of stride 2 over time, norm, ReLU: [B, T, C] -> [B, ceil(T / 2), C'], or,
    planes=True, over time and bands: [B, T, F, C] -> [B, ceil(T / 2), ceil(F / 2), C']."""

    folds = (("conv", "norm"),)

    def __init__(
        self, channels: int, out: int, kernel: int = 3, planes: bool = False, norm: str = "batch"
    ):
        super().__init__()
        kind = nn.Conv2d if planes else nn.Conv1d
        self.conv = kind(channels, out, kernel, 2, kernel // 2)
        self.norm = frame_norm(norm, out)

    def forward(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        x = self.conv(masked(x, frame_mask(frames, x.shape[1])).movedim(-1, 1)).movedim(1, -1)
        frames = halved(frames)
        return F.relu(apply_norm(self.norm, x, frame_mask(frames, x.shape[1]))), frames


class PatchConv(nn.Module):
    """Overlapping patches of all bands: one convolution over time of kernel 2 `factor` and stride
    `factor`, norm, ReLU, [B, T, M] -> [B, ceil(T / factor), D]. One matrix product: the cheapest
    way down."""

    folds = (("conv", "norm"),)

    def __init__(self, mels: int, dim: int, factor: int, norm: str = "batch"):
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv1d(mels, dim, 2 * factor, factor)
        self.norm = frame_norm(norm, dim)

    def forward(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        before = self.factor // 2
        x = masked(x, frame_mask(frames, x.shape[1])).transpose(1, 2)
        x = self.conv(F.pad(x, (before, 2 * self.factor - 1 - before))).transpose(1, 2)
        frames = None if frames is None else (frames + self.factor - 1) // self.factor
        return F.relu(apply_norm(self.norm, x, frame_mask(frames, x.shape[1]))), frames


class DepthwiseConv(nn.Conv1d):
    """A convolution over time of each value on its own: x [B, T, D] -> [B, T, D], zeros beyond the
    ends.

    It runs as a 2-D convolution, for which PyTorch reads [B, T, D] as it lies in memory (channels
    last): 2 to 14 times faster than `nn.Conv1d` between two transpositions on a CPU, 1.3 to 2.6
    times in training, with the same result up to rounding. The parameters are those of `nn.Conv1d`.

    Args:
        dim: D.
        kernel: frames, an odd number.

    Raises:
        InputError: an even kernel.
    """

    def __init__(self, dim: int, kernel: int):
        if kernel % 2 == 0:
            raise InputError(f"model setting kernel={kernel}: expected an odd number")
        super().__init__(dim, dim, kernel, padding=kernel // 2, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2).unsqueeze(2)
        around = (0, self.kernel_size[0] // 2)
        weight = self.weight.unsqueeze(2)
        x = F.conv2d(x, weight, self.bias, padding=around, groups=self.groups)
        return x.squeeze(2).transpose(1, 2)


class ConvLayer(nn.Module):
    """x + ffn(norm(depthwise convolution of x)): [B, T, D] -> [B, T, D] (Liu et al., "A ConvNet for
    the 2020s", CVPR 2022, here over time)."""

    def __init__(
        self, dim: int, inner: int, kernel: int = 7, dropout: float = 0.0, hrf: HRF = None
    ):
        super().__init__()
        self.depthwise = DepthwiseConv(dim, kernel)
        self.norm = nn.LayerNorm(dim)
        self.ffn = FeedForward(dim, inner, dropout, hrf)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        y = self.depthwise(masked(x, mask))
        return x + self.dropout(self.ffn(self.norm(y)))


class Subsampling(nn.Module):
    """Log-mel [B, T, M] -> [B, ceil(T / factor), D] by halving convolutions; factor 4 or 8, the
    further ones over time alone; kind "patch" by one convolution (`PatchConv`).

    kind "2d": the first two over time and bands with `channels` and 2 `channels` channels, then a
    linear layer over what is left of the bands; cheaper than "1d" (over time, D channels) for what
    it sees, and indifferent to small shifts of pitch.
    """

    def __init__(self, mels: int, dim: int, kind: str = "2d", channels: int = 16, factor: int = 4,
                 norm: str = "batch", hrf: HRF = None):
        super().__init__()
        if kind not in ("1d", "2d", "patch") or factor not in (4, 8):
            raise InputError(f"model settings subsampling='{kind}', factor={factor}: "
                             "expected 1d, 2d or patch, and 4 or 8")
        self.planes = kind == "2d"
        if kind == "patch":
            self.convs = nn.ModuleList([PatchConv(mels, dim, factor, norm)])
            self.project: nn.Module = nn.Identity()
            self.further = nn.ModuleList()
            return
        c = channels if self.planes else dim
        first = (
            HalvingConv(1, c, 3, True, norm)
            if self.planes
            else HalvingConv(mels, c, 5, False, norm)
        )
        second = (
            HalvingConv(c, 2 * c, 3, True, norm)
            if self.planes
            else HalvingConv(c, dim, 3, False, norm)
        )
        self.convs = nn.ModuleList([first, second])
        self.project = linear(2 * c * -(-mels // 4), dim, hrf) if self.planes else nn.Identity()
        self.further = nn.ModuleList([HalvingConv(dim, dim, 3, False, norm)] if factor == 8 else [])

    def forward(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        x = x.unsqueeze(-1) if self.planes else x
        for conv in self.convs:
            x, frames = conv(x, frames)
        x = self.project(x.flatten(2) if self.planes else x)
        for conv in self.further:
            x, frames = conv(x, frames)
        return x, frames


class Position(nn.Module):
    """Position information for any length: x + depthwise convolution of x."""

    def __init__(self, dim: int, kernel: int = 9):
        super().__init__()
        self.conv = DepthwiseConv(dim, kernel)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = masked(x, mask)
        return x + self.conv(x)


class Pooling(nn.Module):
    """[B, T, D] -> [B, out]: "mean" over frames (out = D), or "attention", mean and standard
    deviation under learned weights, one per frame and head (out = 2 D; Okabe, Koshinaka, Shinoda,
    Interspeech 2018)."""

    def __init__(self, dim: int, kind: str = "attention", heads: int = 4):
        super().__init__()
        if kind not in ("mean", "attention") or dim % heads:
            raise InputError(f"model setting pooling='{kind}': expected mean or attention, "
                             f"and a width that {heads} heads divide")
        self.out = dim if kind == "mean" else 2 * dim
        self.heads = heads
        self.weigh = nn.Linear(dim, heads) if kind == "attention" else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if self.weigh is None:
            return masked_mean(x, mask).squeeze(1)
        logits = self.weigh(x)  # [B, T, H]
        if mask is not None:
            logits = logits.masked_fill(~mask[..., None], FAR)
        share = logits.softmax(1).unsqueeze(-1)
        x = masked(x, mask).unflatten(-1, (self.heads, -1))
        mean = (share * x).sum(1, keepdim=True)
        var = (share * (x - mean).square()).sum(1)
        return torch.cat([mean.squeeze(1).flatten(1), (var + 1e-5).sqrt().flatten(1)], 1)
