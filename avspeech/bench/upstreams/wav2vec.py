"""wav2vec, the first (Schneider et al. 2019, "wav2vec: Unsupervised Pre-training for Speech
Recognition").

transformers lacks it, so the network is here, with the names of fairseq's checkpoint
(wav2vec_large.pt), which is to be converted into model.safetensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.bench.upstreams import convolution, folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.errors import InputError

STRIDES = (5, 4, 2, 2, 2)  # and 1 for further layers


class _Stack(nn.Module):
    """conv_layers.I.AT (convolution) and .AT+2 (group norm over channels and time)."""

    def __init__(self, inputs: int, dim: int, kernels: Sequence[int], strides: Sequence[int],
                 at: int, bias: bool) -> None:
        super().__init__()
        self.conv_layers = nn.ModuleList(
            nn.ModuleDict({str(at): nn.Conv1d(dim if i else inputs, dim, k, s, bias=bias),
                           str(at + 2): nn.GroupNorm(1, dim)})
            for i, (k, s) in enumerate(zip(kernels, strides)))


class Network(nn.Module):
    """[B, N] -> [1 + aggregator layers, B, T, D]: the features, then those of causal layers."""

    def __init__(self, dim: int, kernels: Sequence[int], context: Sequence[int]) -> None:
        super().__init__()
        self.kernels, self.strides = tuple(kernels), (*STRIDES, *[1] * len(kernels))[: len(kernels)]
        self.feature_extractor = _Stack(1, dim, kernels, self.strides, at=0, bias=False)
        self.feature_aggregator = _Stack(dim, dim, context, [1] * len(context), at=1, bias=True)

    def forward(self, wave: Tensor) -> Tensor:
        x = wave[:, None]
        features: Any = self.feature_extractor.conv_layers
        for layer in features:
            x = F.relu(layer["2"](layer["0"](x)))
        x = (x.abs() + 1).log()
        hidden = [x]
        context: Any = self.feature_aggregator.conv_layers
        for layer in context:
            before = layer["1"].kernel_size[0] - 1
            y = F.pad(x, (before, 0), mode="replicate")
            x = (F.relu(layer["3"](layer["1"](y))) + x) * 0.5 ** 0.5
            hidden.append(x)
        return torch.stack(hidden).transpose(2, 3)


class Wav2vec(Upstream):
    """100 frames a second, D = 512; wav2vec_large has L = 13.

    Its norms look at all of time, so batches hold equal lengths only, and chunks are not quite the
    whole.
    """

    family = "wav2vec"

    def __init__(self, path: Path, **options: Any) -> None:
        weights = {key.removeprefix("model."): value
                   for key, value in folders.tensors(path).items()}
        kernels: list[int] = []
        context: list[int] = []
        for i in range(len(weights)):
            if (key := f"feature_extractor.conv_layers.{i}.0.weight") in weights:
                kernels.append(weights[key].shape[2])
            if (key := f"feature_aggregator.conv_layers.{i}.1.weight") in weights:
                context.append(weights[key].shape[2])
        if len(kernels) < len(STRIDES) or not context:
            raise InputError(f"{path}: no wav2vec in it, feature_extractor.conv_layers.0.0.weight "
                             "is missing")
        dim = len(weights["feature_extractor.conv_layers.0.0.weight"])
        network = folders.build(lambda: Network(dim, kernels, context), weights, path)
        super().__init__(network, path, **options)
        self.kernels, self.strides = network.kernels, network.strides
        self.hop, self.minimum = 160, convolution.field(self.kernels, self.strides)
        self.dim, self.layers = dim, 1 + len(context)

    def frames(self, samples: int) -> int:
        return convolution.frames(samples, self.kernels, self.strides)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        assert self.module is not None
        return self.module(wave)
