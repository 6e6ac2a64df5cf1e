"""emotion2vec (Ma et al. 2024, "emotion2vec: Self-Supervised Pre-Training for Speech Emotion
Representation").

This is a data2vec 2.0 encoder. transformers lacks it, so the network is here, with the names of the
published checkpoint (emotion2vec_base, or the emotion2vec_plus sizes), which is to be converted
into model.safetensors.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.bench.upstreams import convolution, folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.errors import InputError

KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
AUDIO = "modality_encoders.AUDIO."


def slopes(heads: int) -> list[float]:
    """How steeply each head's attention falls with distance (Press et al. 2022, ALiBi): a geometric
    series; for a number of heads that is no power of two, the series of the power below and every
    other of the one above."""
    power = 2 ** int(math.log2(heads))
    own = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    return own if power == heads else own + slopes(2 * power)[::2][: heads - power]


class _Block(nn.Module):
    """Post-norm attention with a bias [H, T, T], and feed-forward."""

    def __init__(self, dim: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(dim, 3 * dim), "proj": nn.Linear(dim, dim)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, inner), "fc2": nn.Linear(inner, dim)})

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.attn["qkv"](x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = self.norm1(x + self.attn["proj"](y.transpose(1, 2).flatten(2)))
        return self.norm2(x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](x))))


class _Audio(nn.Module):
    def __init__(self, conv: int, dim: int, inner: int, heads: int, depth: int, tokens: int,
                 positions: int, width: int, groups: int) -> None:
        super().__init__()
        inputs = (1, *[conv] * (len(KERNELS) - 1))
        self.local_encoder = nn.ModuleDict({"conv_layers": nn.ModuleList(
            nn.ModuleDict({"0": nn.Conv1d(i, conv, k, s, bias=False),
                           "2": nn.ModuleDict({"1": nn.LayerNorm(conv)})})
            for i, k, s in zip(inputs, KERNELS, STRIDES))})
        self.project_features = nn.ModuleDict({"1": nn.LayerNorm(conv), "2": nn.Linear(conv, dim)})
        self.relative_positional_encoder = nn.ModuleDict({
            str(i + 1): nn.ModuleDict(
                {"0": nn.Conv1d(dim, dim, width, padding=width // 2, groups=groups)})
            for i in range(positions)})
        self.extra_tokens = nn.Parameter(torch.zeros(1, tokens, dim))
        self.alibi_scale = nn.Parameter(torch.ones(1, 1, heads, 1, 1))
        self.context_encoder = nn.ModuleDict({
            "blocks": nn.ModuleList(_Block(dim, inner, heads) for _ in range(depth)),
            "norm": nn.LayerNorm(dim)})

    def local(self, wave: Tensor) -> Tensor:
        """[B, N] -> [B, T, D], with its positions."""
        x = wave[:, None]
        layers: Any = self.local_encoder["conv_layers"]
        for layer in layers:
            x = F.gelu(layer["2"]["1"](layer["0"](x).transpose(1, 2)).transpose(1, 2))
        x = self.project_features["2"](self.project_features["1"](x.transpose(1, 2)))
        y = x.transpose(1, 2)
        coders: Any = self.relative_positional_encoder
        for coder in coders.values():
            y = coder["0"](y)[:, :, : x.shape[1]].transpose(1, 2)
            y = F.gelu(F.layer_norm(y, y.shape[2:])).transpose(1, 2)
        return x + y.transpose(1, 2)

    def bias(self, frames: int) -> Tensor:
        """[H, tokens + T, tokens + T]: attention falls with distance; 0 for the extra tokens."""
        scale = self.alibi_scale.clamp_min(0).reshape(-1, 1, 1)
        place = torch.arange(frames, device=scale.device)
        steep = torch.tensor(slopes(scale.shape[0]), device=scale.device)[:, None, None]
        away = -(place[:, None] - place).abs() * steep * scale
        return F.pad(away, (self.extra_tokens.shape[1], 0, self.extra_tokens.shape[1], 0))


class Network(nn.Module):
    """[B, N] -> [1 + all blocks, B, T, D]: features with positions, then the output of blocks."""

    def __init__(self, blocks: int, **audio: int) -> None:
        super().__init__()
        self.modality_encoders = nn.ModuleDict({"AUDIO": _Audio(**audio)})
        self.blocks = nn.ModuleList(_Block(audio["dim"], audio["inner"], audio["heads"])
                                    for _ in range(blocks))

    def forward(self, wave: Tensor) -> Tensor:
        audio: Any = self.modality_encoders["AUDIO"]
        x = audio.local(wave)
        hidden, bias, tokens = [x], audio.bias(x.shape[1]), audio.extra_tokens
        x = audio.context_encoder["norm"](torch.cat([tokens.expand(len(x), -1, -1), x], 1))
        for block in [*audio.context_encoder["blocks"], *self.blocks]:
            x = block(x, bias)
            hidden.append(x[:, tokens.shape[1]:])
        return torch.stack(hidden)


class Emotion2vec(Upstream):
    """emotion2vec, with 50 frames a second.

    The base size has L = 13 (4 blocks before, 8 after) and D = 768. Sound is brought to zero mean
    and unit variance. Batches hold equal lengths only, and chunks do not give what the whole gives.
    """

    family = "emotion2vec"

    def __init__(self, path: Path, **options: Any) -> None:
        weights = {key.removeprefix("d2v_model.").removeprefix("model."): value
                   for key, value in folders.tensors(path).items()}
        try:
            positions = weights[AUDIO + "relative_positional_encoder.1.0.weight"]
            dim, conv = weights[AUDIO + "project_features.2.weight"].shape
            sizes = dict(
                blocks=_count(weights, r"blocks\.(\d+)\."), conv=conv, dim=dim,
                inner=len(weights["blocks.0.mlp.fc1.weight"]),
                heads=weights[AUDIO + "alibi_scale"].shape[2],
                depth=_count(weights, re.escape(AUDIO) + r"context_encoder\.blocks\.(\d+)\."),
                tokens=weights[AUDIO + "extra_tokens"].shape[1], width=positions.shape[2],
                groups=dim // max(positions.shape[1], 1),
                positions=_count(weights,
                                 re.escape(AUDIO) + r"relative_positional_encoder\.(\d+)\."))
        except KeyError as error:
            raise InputError(f"{path}: no emotion2vec in it; weight {error} is missing") from None
        network = folders.build(lambda: Network(**sizes), weights, path)
        super().__init__(network, path, **options)
        self.hop, self.minimum = math.prod(STRIDES), convolution.field(KERNELS, STRIDES)
        audio: Any = network.modality_encoders["AUDIO"]
        self.dim, self.layers = dim, 1 + len(audio.context_encoder["blocks"]) + len(network.blocks)

    def frames(self, samples: int) -> int:
        return convolution.frames(samples, KERNELS, STRIDES)

    def prepare(self, samples: Tensor) -> Tensor:
        return convolution.standardized(samples)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        assert self.module is not None
        return self.module(wave)


def _count(names: Any, pattern: str) -> int:
    return len({found[1] for name in names if (found := re.match(pattern, name))})
