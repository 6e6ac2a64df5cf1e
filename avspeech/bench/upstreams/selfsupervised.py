"""Self-supervised models of the wav2vec 2.0 kind, by transformers: wav2vec 2.0 (Baevski et al. 2020),
XLS-R (Babu et al. 2022), HuBERT (Hsu et al. 2021), WavLM (Chen et al. 2022), data2vec (Baevski et al.
2022), UniSpeech-SAT (Chen et al. 2022)."""

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

CLASSES = {"wav2vec2": "Wav2Vec2Model", "hubert": "HubertModel", "wavlm": "WavLMModel",
           "data2vec-audio": "Data2VecAudioModel", "unispeech-sat": "UniSpeechSatModel"}


class SelfSupervised(Upstream):
    """A transformers folder: 50 frames a second, what goes into the first Transformer layer and what each
    gives.

    normalize: whether an utterance is brought to zero mean and unit variance first; default what
    preprocessor_config.json says (`do_normalize`). Models whose convolutions are normalised over time
    (group norm: the base sizes) and data2vec, whose positions see what padding became, cannot be padded
    and are run in groups of equal length; the others are run with an attention mask. Attention looks at
    all of a chunk, so long sound in chunks is not the same as the whole; sound up to `max_seconds` is run
    whole.
    """

    family = "selfsupervised"

    def __init__(self, path: Path, *, normalize: bool | None = None, **options: Any) -> None:
        config = folders.config(path / "config.json")
        kind = config.get("model_type")
        if kind not in CLASSES:
            raise InputError(f"{path / 'config.json'}: model_type {kind!r}; expected one of "
                             f"{', '.join(CLASSES)}")
        if normalize is None:
            said = path / "preprocessor_config.json"
            if not said.is_file():
                raise InputError(f"{said}: no such file; it says whether the model wants normalised sound: "
                                 "put it there, or give the option normalize=true or false")
            normalize = bool(folders.config(said).get("do_normalize", False))
        network: Any = self._network(path, kind)
        super().__init__(network, normalize=normalize, **options)
        self.normalize = normalize
        settings = network.config
        self.kernels, self.strides = tuple(settings.conv_kernel), tuple(settings.conv_stride)
        self.hop, self.minimum = math.prod(self.strides), convolution.field(self.kernels, self.strides)
        self.dim, self.layers = settings.hidden_size, settings.num_hidden_layers + 1
        self.batched = kind != "data2vec-audio" and settings.feat_extract_norm == "layer"

    @staticmethod
    def _network(path: Path, kind: str) -> Any:
        folders.weight_files(path)
        torchaudio_door.load()  # before transformers, which may import it
        try:
            import transformers
        except ImportError:
            raise InputError(f"{path}: running it takes transformers, which is not installed; "
                             "pip install 'avspeech[bench]'") from None
        level = transformers.logging.get_verbosity()
        transformers.logging.set_verbosity_error()
        try:
            network, report = getattr(transformers, CLASSES[kind]).from_pretrained(
                path, use_safetensors=True, local_files_only=True, trust_remote_code=False,
                output_loading_info=True, dtype=torch.float32)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise InputError(f"{path}: transformers does not load it ({' '.join(str(error).split())[:200]})"
                             ) from None
        finally:
            transformers.logging.set_verbosity(level)
        missing = sorted(set(report["missing_keys"]) - {"masked_spec_embed"})
        if missing:  # transformers would have drawn these at random
            raise InputError(f"{path}: weight '{missing[0]}' is missing, and {len(missing) - 1} others")
        return network

    def frames(self, samples: int) -> int:
        return convolution.frames(samples, self.kernels, self.strides)

    def prepare(self, samples: Tensor) -> Tensor:
        return convolution.standardised(samples) if self.normalize else samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        mask = None
        if min(lengths) < wave.shape[1]:
            ends = torch.tensor(lengths, device=wave.device)
            mask = (torch.arange(wave.shape[1], device=wave.device) < ends[:, None]).long()
        network: Any = self.module
        return torch.stack(network(wave, attention_mask=mask, output_hidden_states=True).hidden_states)
