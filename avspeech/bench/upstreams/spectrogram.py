"""Models that take a log-mel spectrogram into a Transformer or Conformer, by transformers.

These are w2v-BERT 2.0 (Seamless Communication 2023), the Audio Spectrogram Transformer (AST, Gong
et al. 2021) and Parakeet, whose encoder is the FastConformer (Rekesh et al. 2023). The spectrogram
is that of transformers' own feature extractors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avspeech.bench.upstreams import folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.bench.upstreams.selfsupervised import network_of, processor_of
from avspeech.errors import InputError

WINDOW, STEP = 400, 160  # samples of the spectrograms
# model_type -> classes of transformers: the model, its configuration, its feature extractor
CLASSES = {
    "wav2vec2-bert": ("Wav2Vec2BertModel", "Wav2Vec2BertConfig", "SeamlessM4TFeatureExtractor"),
    "audio-spectrogram-transformer": ("ASTModel", "ASTConfig", "ASTFeatureExtractor"),
    "parakeet_encoder": ("ParakeetEncoder", "ParakeetEncoderConfig", "ParakeetFeatureExtractor"),
    "parakeet_ctc": ("ParakeetForCTC", "ParakeetCTCConfig", "ParakeetFeatureExtractor"),
    "parakeet_rnnt": ("ParakeetForRNNT", "ParakeetRNNTConfig", "ParakeetFeatureExtractor"),
    "parakeet_tdt": ("ParakeetForTDT", "ParakeetTDTConfig", "ParakeetFeatureExtractor")}


class Spectrogram(Upstream):
    """A transformers folder: the input of the first layer, then the output of each.

    - w2v-BERT: 50 frames a second. Each band is normalized over the utterance.
    - AST: 10 frames a second, each the mean over the patches of one time; its two tokens that stand
      for the whole are left out. It was trained on 10.24 s, so silence follows shorter sound, and
      longer sound is cut into chunks of that length. Its last hidden state is before its last norm.
    - Parakeet: 12.5 frames a second, of the encoder alone. Bands are normalized as in w2v-BERT.

    Utterances are run in groups of equal length, so no padding is seen. Norms over the utterance
    and attention see only a chunk of long sound.

    Args:
        path: the folder: config.json, model.safetensors, and preprocessor_config.json or
            processor_config.json, which has to describe the spectrogram that such a model takes.
        options: of `Upstream`.
    """

    family = "spectrogram"
    packages = ("transformers", "torchaudio")

    def __init__(self, path: Path, **options: Any) -> None:
        where = path / "config.json"
        config = folders.config(where)
        kind = config.get("model_type")
        if not isinstance(kind, str) or kind not in CLASSES:
            raise InputError(f"{where}: model_type {kind!r}; expected one of {', '.join(CLASSES)}")
        model, settings_class, extractor = CLASSES[kind]
        network: Any = network_of(path, model, settings_class, config)
        network = getattr(network, "encoder", network) if kind.startswith("parakeet") else network
        settings = network.config
        self.kind = kind.partition("_")[0]
        place, said = processor_of(path, "which spectrogram the model takes")
        given: dict[str, Any] = {}
        if self.kind == "wav2vec2-bert":
            wanted, first = self._bert(settings, place, said)
        elif self.kind == "parakeet":
            wanted, first = self._parakeet(settings, where)
        else:
            wanted, first = self._ast(settings, where, options)
            given = {key: said[key] for key in ("mean", "std", "do_normalize") if key in said}
            for key, value in given.items():
                if not isinstance(value, (int, float)) or (key == "std" and not value > 0):
                    raise InputError(f"{place}: {key} is {value!r}; a number is expected, for std "
                                     "above 0")
        wanted = {"sampling_rate": self.sample_rate, **wanted}
        for key, value in wanted.items():
            if said.get(key, value) != value:
                raise InputError(f"{place}: {key} is {said[key]!r}; this model takes {value!r}")
        super().__init__(network, path, **options)
        import transformers

        try:
            self.extractor: Any = getattr(transformers, extractor)(**wanted, **given)
        except Exception as error:  # of numbers that no spectrogram can have
            line = " ".join(str(error).split())[:200]
            raise InputError(f"{place}: no feature extractor can be made of it ({line})") from None
        self.hop = STEP * self.factor
        self.minimum = WINDOW + (first - 1) * STEP
        self.dim, self.layers = settings.hidden_size, settings.num_hidden_layers + 1

    # For each kind of model: what its feature extractor has to be, and the frames of the
    # spectrogram that its first frame needs. They set `factor`, frames of one for one of the other.

    def _bert(self, settings: Any, place: Path, said: dict[str, Any]) -> tuple[dict[str, Any], int]:
        stack = _count(said.get("stride", 2), "stride", place)
        mels, rest = divmod(settings.feature_projection_input_dim, stack)
        if rest:
            raise InputError(f"{place}: stride {stack} does not divide the "
                             f"{settings.feature_projection_input_dim} inputs of the model")
        self.factor = stack
        return ({"num_mel_bins": mels, "feature_size": mels, "stride": stack},
                stack + (stack == 1))  # a variance takes two

    def _parakeet(self, settings: Any, where: Path) -> tuple[dict[str, Any], int]:
        strides = (settings.subsampling_conv_stride, settings.subsampling_conv_kernel_size)
        if strides != (2, 3):
            raise InputError(f"{where}: subsampling by stride and kernel {strides}; expected "
                             "2 and 3")
        self.halvings = settings.subsampling_factor.bit_length() - 1
        self.factor = 1 << self.halvings
        return {"feature_size": settings.num_mel_bins, "hop_length": STEP, "win_length": WINDOW,
                "n_fft": 512, "preemphasis": 0.97}, 2

    def _ast(self, settings: Any, where: Path, options: dict[str, Any]
             ) -> tuple[dict[str, Any], int]:
        self.patch, self.factor = settings.patch_size, settings.time_stride
        self.rows = (settings.num_mel_bins - self.patch) // settings.frequency_stride + 1
        # A chunk of 10.24 s, and a quarter of it shared with the next
        longest = (WINDOW + (settings.max_length - 1) * STEP) / self.sample_rate
        options.setdefault("max_seconds", longest)
        options.setdefault("overlap_seconds", min(self.overlap_seconds, longest / 4))
        if options["max_seconds"] > longest:
            raise InputError(f"{where}: max_seconds={options['max_seconds']:g} is more than "
                             f"the {longest:g} s this model has positions for")
        return {"num_mel_bins": settings.num_mel_bins, "max_length": settings.max_length,
                "feature_size": 1}, 1

    def _rows(self, samples: int) -> int:
        """The frames of the spectrogram that hold sound."""
        return samples // STEP if self.kind == "parakeet" else (samples - WINDOW) // STEP + 1

    def frames(self, samples: int) -> int:
        count = self._rows(samples)
        if self.kind == "parakeet":
            for _ in range(self.halvings):
                count = (count - 1) // 2 + 1
            return count
        if self.kind == "wav2vec2-bert":
            return count // self.factor
        return max(0, (count - self.patch) // self.factor) + 1

    def _spectrogram(self, samples: Tensor) -> Tensor:
        """What the network takes of one utterance [N]: [T, M]."""
        made = self.extractor(samples.cpu().numpy(), sampling_rate=self.sample_rate,
                              return_tensors="pt")
        key = "input_values" if "input_values" in made else "input_features"
        rows = self._rows(len(samples))
        if key == "input_values":  # of AST, which fills them up itself
            if rows > self.extractor.max_length:
                raise ValueError(f"{len(samples) / self.sample_rate:g} s are more than the "
                                 f"{self.max_seconds:g} s it has positions for; use encode_long")
            return made[key][0]
        return made[key][0, : rows // (self.factor if self.kind == "wav2vec2-bert" else 1)]

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        network: Any = self.module
        x = torch.stack([self._spectrogram(row) for row in wave]).to(self.device, torch.float32)
        hidden = torch.stack(network(x, output_hidden_states=True).hidden_states)
        if self.kind != "audio-spectrogram-transformer":
            return hidden
        return hidden[:, :, 2:].unflatten(2, (self.rows, -1)).mean(2)


def _count(value: Any, name: str, place: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{place}: {name} is {value!r}; a whole number of at least 1 is expected")
    return value
