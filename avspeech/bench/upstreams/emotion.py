"""Encoders of emotion models of this toolkit as upstreams: frames are what goes into the first
layer of the encoder, and what each layer gives.

    upstream = upstreams.load("emotion-edge")             # released with avspeech
    upstream = upstreams.load("emotion=some/folder")      # a folder that a recipe wrote

The network is found by its name in the registry (`core.models`); any model with a list of layers,
each [B, T, D] -> [B, T, D], is taken. Numbers on a corpus of a model's training data are those of a
model that has seen its speakers: `seen` names these corpora, and a sweep marks such scores. The
front end normalizes over the utterance, so chunks of a long sound differ from the whole; attention
sees a chunk alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avspeech.bench.upstreams.base import Upstream
from avspeech.core import pretrained
from avspeech.errors import InputError

WINDOW, HOP = 400, 160  # samples of the front end of emotion models (25 ms, 10 ms)
PROBED = (1, 33, 64)  # frames of the front end by which the number of frames is found out


class Emotion(Upstream):
    """Hidden states of an emotion model.

    Args:
        path: the folder of the model.
        options: those of `Upstream`.

    Raises:
        InputError: a model of another task, or one without layers of frames.
    """

    family = "emotion"
    minimum = WINDOW

    def __init__(self, path: str | Path, **options: Any) -> None:
        module, info = pretrained.load(path)
        if info.task != "emotion":
            raise InputError(f"{path}: a model for {info.task}; expected one for emotion")
        layers = getattr(module, "layers", None)
        if not isinstance(layers, nn.ModuleList) or not len(layers):
            raise InputError(f"{path}: model '{info.model}' has no layers of frames")
        self.sample_rate = info.sample_rate
        self.seen = tuple(str(entry["name"]) for entry in info.training_data)
        super().__init__(module, pretrained.find(path), **options)
        shapes = [tuple(self._forward(torch.zeros(1, WINDOW + (n - 1) * HOP, device=self.device),
                                      []).shape) for n in PROBED]
        self.layers, _, frames, self.dim = shapes[-1]
        self.halvings = max(0, (PROBED[-1] // max(frames, 1)).bit_length() - 1)
        self.hop = HOP << self.halvings
        expected = [(self.layers, 1, self.frames(WINDOW + (n - 1) * HOP), self.dim) for n in PROBED]
        if shapes != expected:
            raise InputError(f"{path}: the layers of model '{info.model}' give no frames that "
                             "follow the sound")

    def frames(self, samples: int) -> int:
        count = (samples - WINDOW) // HOP + 1
        for _ in range(self.halvings):
            count = -(-count // 2)
        return count

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        hidden: list[Tensor] = []

        def keep_input(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            hidden.append(inputs[0])

        def keep_output(_: nn.Module, __: tuple[Any, ...], output: Tensor) -> None:
            hidden.append(output)

        assert self.module is not None
        layers = list(self.module.layers)  # type: ignore[arg-type, union-attr]
        hooks = [layers[0].register_forward_pre_hook(keep_input),
                 *(layer.register_forward_hook(keep_output) for layer in layers)]
        try:
            with torch.inference_mode():
                self.module(wave)
        finally:
            for hook in hooks:
                hook.remove()
        if len({x.shape for x in hidden}) != 1 or hidden[0].ndim != 3:
            raise InputError("the layers of this model do not all give [B, T, D]")
        return torch.stack(hidden).float()
