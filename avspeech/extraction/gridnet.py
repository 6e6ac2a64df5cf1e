"""TF-GridNet blocks, channels last: tensors are `[B, T, F, D]` throughout.

Z.-Q. Wang et al., "TF-GridNet: Integrating Full- and Sub-Band Modeling for Speech Separation",
TASLP 2023. All norms run over channels alone, and the width of a query does not depend on F, so one
set of weights fits any sampling rate and FFT size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PathRNN(nn.Module):
    """One path of a block along the axis before the channels.

    LayerNorm, unfold, LSTM, fold back, residual.

    Args:
        dim: channels D.
        kernel: I, in steps of the axis.
        stride: J, in steps of the axis; at most `kernel`.
        hidden: LSTM units H of a direction.
        bidirectional: False for a path that must not look ahead.
    """

    def __init__(self, dim: int, kernel: int, stride: int, hidden: int, bidirectional: bool = True):
        super().__init__()
        if not 1 <= stride <= kernel:
            raise ValueError(f"stride must lie in 1..kernel={kernel}, got {stride}")
        self.kernel, self.stride = kernel, stride
        self.norm = nn.LayerNorm(dim)
        self.rnn = nn.LSTM(dim * kernel, hidden, batch_first=True, bidirectional=bidirectional)
        width = hidden * (2 if bidirectional else 1)
        # Where windows do not overlap, the transposed convolution is a linear map a window.
        self.fold: nn.Module = (nn.Linear(width, dim * kernel) if kernel == stride
                                else nn.ConvTranspose1d(width, dim, kernel, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Maps S independent sequences of length L, `[S, L, D]`, to the same shape."""
        length, dim = x.shape[1:]
        # Nothing below 0 is divided: ONNX rounds it up where Python rounds it down.
        windows = max(length - self.kernel + self.stride - 1, 0) // self.stride + 1
        padding = (windows - 1) * self.stride + self.kernel - length
        y = F.pad(self.norm(x), (0, 0, 0, padding))
        if isinstance(self.fold, nn.Linear):
            y, _ = self.rnn(y.reshape(y.shape[0], windows, self.kernel * dim))
            # In two dimensions it is one product of matrices, in three one for each sequence.
            y = self.fold(y.reshape(-1, y.shape[2])).reshape(x.shape[0], -1, dim)
        else:
            y = y.unfold(1, self.kernel, self.stride).transpose(2, 3).flatten(2)
            y, _ = self.rnn(y)
            y = self.fold(y.transpose(1, 2)).transpose(1, 2)
        return x + y[:, :length]


class BandNorm(nn.Module):
    """Normalizes each frame over its channels and its band together, with a gain and a bias a
    channel.

    The statistics run over F x C as in the original, but no weight belongs to a frequency, so F may
    change.

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[..., F, C]` to the same shape."""
        return F.layer_norm(x, x.shape[-2:]) * self.weight + self.bias


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention `[B, L, T, C]` over queries and keys `[B, L, T, E]`.

    Where values are wider than keys PyTorch has no quick kernel of it, and computes in 32 bits what
    autocast would compute in 16. So without gradients it is written out here.
    """
    if torch.is_grad_enabled() or torch.compiler.is_compiling():
        return F.scaled_dot_product_attention(q, k, v)
    weights = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    return torch.softmax(weights, -1).to(v.dtype) @ v


class FullBandAttention(nn.Module):
    """Self-attention between frames, each described by its whole band.

    Args:
        dim: channels D.
        heads: L; must divide `dim`.
        query: E, channels of a query or key at each frequency: frames attend with vectors of E * F.
    """

    parts: Tensor

    def __init__(self, dim: int, heads: int, query: int):
        super().__init__()
        if dim % heads:
            raise ValueError(f"{heads} heads do not divide {dim} channels")
        self.heads = heads
        self.widths = [query] * heads * 2 + [dim // heads] * heads
        self.project = nn.Linear(dim, sum(self.widths))
        # a PReLU for each Q, K, V of each head
        self.slopes = nn.Parameter(torch.full((3 * heads,), 0.25))
        parts = torch.arange(3 * heads).repeat_interleave(torch.tensor(self.widths))
        self.register_buffer("parts", parts, persistent=False)  # the slope of each channel
        self.norms = nn.ModuleList([BandNorm(query), BandNorm(query), BandNorm(dim // heads)])
        self.out = nn.Linear(dim, dim)
        self.prelu = nn.PReLU()
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, T, F, D]` to the same shape."""
        b, t, f, d = x.shape
        y = F.prelu(self.project(x).flatten(0, 2), self.slopes[self.parts].to(x.dtype))
        qk = self.widths[0] * self.heads
        q, k, v = (
            self.norms[i](part.view(b, t, f, self.heads, -1).permute(0, 3, 1, 2, 4)).flatten(3)
            for i, part in enumerate(y.split((qk, qk, d), dim=-1))
        )
        y = attention(q, k, v)  # [B, L, T, F * D / L]
        y = y.view(b, self.heads, t, f, -1).permute(0, 2, 3, 1, 4).reshape(b, t, f, d)
        return x + self.norm(self.prelu(self.out(y)))


class GridNetBlock(nn.Module):
    """A path along F, a path along T, and attention over the full band.

    Args:
        dim: channels D.
        kernel: I of both paths.
        stride: J of both paths.
        hidden: H, LSTM units of a direction.
        heads: L of the attention.
        query: E of the attention.
        causal: the path along T runs one way.
    """

    def __init__(self, dim: int, kernel: int, stride: int, hidden: int, heads: int, query: int,
                 causal: bool = False):
        super().__init__()
        self.intra = PathRNN(dim, kernel, stride, hidden)
        self.inter = PathRNN(dim, kernel, stride, hidden, bidirectional=not causal)
        self.attention = FullBandAttention(dim, heads, query)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[B, T, F, D]` to the same shape."""
        b, t, f, d = x.shape
        x = self.intra(x.reshape(b * t, f, d)).reshape(b, t, f, d).transpose(1, 2)
        x = self.inter(x.reshape(b * f, t, d)).reshape(b, f, t, d).transpose(1, 2)
        return self.attention(x)
