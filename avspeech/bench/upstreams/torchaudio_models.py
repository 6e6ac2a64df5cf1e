"""Models as torchaudio's pipelines publish them, for those who have their weights in that form.

A folder holds model.safetensors (the bundle's state dict, converted) and config.json: {"bundle":
"HUBERT_BASE"}.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avspeech.bench.upstreams import convolution, folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.core import torchaudio_door
from avspeech.errors import InputError

# bundle -> (function in torchaudio.models, whether sound is brought to zero mean and unit variance)
BUNDLES = {
    "WAV2VEC2_BASE": ("wav2vec2_base", False), "WAV2VEC2_LARGE": ("wav2vec2_large", False),
    "WAV2VEC2_LARGE_LV60K": ("wav2vec2_large_lv60k", True),
    "WAV2VEC2_XLSR53": ("wav2vec2_large_lv60k", True),
    "WAV2VEC2_XLSR_300M": ("wav2vec2_xlsr_300m", True), "HUBERT_BASE": ("hubert_base", False),
    "HUBERT_LARGE": ("hubert_large", True), "WAVLM_BASE": ("wavlm_base", False),
    "WAVLM_BASE_PLUS": ("wavlm_base", False), "WAVLM_LARGE": ("wavlm_large", True),
}
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)


class TorchaudioModel(Upstream):
    """50 frames a second; what each Transformer layer gives. Run in groups of equal length."""

    family = "torchaudio"
    packages = ("torchaudio",)

    def __init__(self, path: Path, **options: Any) -> None:
        bundle = folders.config(path / "config.json").get("bundle")
        if not isinstance(bundle, str) or bundle not in BUNDLES:
            raise InputError(f"{path / 'config.json'}: bundle {bundle!r}; expected one of "
                             f"{', '.join(BUNDLES)}")
        function, self.normalize = BUNDLES[bundle]
        network = getattr(torchaudio_door.load().models, function)()
        folders.fill(network, {key.removeprefix("model."): value
                               for key, value in folders.tensors(path).items()}, path)
        super().__init__(network, path, bundle=bundle, **options)
        self.hop, self.minimum = math.prod(STRIDES), convolution.field(KERNELS, STRIDES)
        self.layers = len(network.encoder.transformer.layers)
        self.dim = network.encoder.feature_projection.projection.out_features

    def frames(self, samples: int) -> int:
        return convolution.frames(samples, KERNELS, STRIDES)

    def prepare(self, samples: Tensor) -> Tensor:
        return convolution.standardized(samples) if self.normalize else samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        network: Any = self.module
        return torch.stack(network.extract_features(wave)[0])
