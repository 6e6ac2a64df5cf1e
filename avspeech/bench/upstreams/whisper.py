"""The encoder of Whisper (Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak
Supervision").

It is read from a transformers folder (config.json, model.safetensors) or a CTranslate2 one
(config.json, model.bin). The encoder is written here, so that it can take sound of any length up to
30 s: that of Whisper is always padded to 30 s, most of it silence for the clips of these tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.bench.upstreams import ctranslate2, folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.bench.upstreams.mel import mel_power
from avspeech.errors import InputError

HOP = 160


class _Layer(nn.Module):
    """Pre-norm attention and feed-forward; names as in a transformers checkpoint."""

    def __init__(self, dim: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.self_attn = nn.ModuleDict({
            "q_proj": nn.Linear(dim, dim), "k_proj": nn.Linear(dim, dim, bias=False),
            "v_proj": nn.Linear(dim, dim), "out_proj": nn.Linear(dim, dim)})
        self.self_attn_layer_norm = nn.LayerNorm(dim)
        self.fc1, self.fc2 = nn.Linear(dim, inner), nn.Linear(inner, dim)
        self.final_layer_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x [B, T, D]; mask [B, 1, 1, T], True where there is sound."""
        y = self.self_attn_layer_norm(x)
        q, k, v = (self.self_attn[name](y).unflatten(2, (self.heads, -1)).transpose(1, 2)
                   for name in ("q_proj", "k_proj", "v_proj"))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.self_attn["out_proj"](y.transpose(1, 2).flatten(2))
        return x + self.fc2(F.gelu(self.fc1(self.final_layer_norm(x))))


class Encoder(nn.Module):
    """Two convolutions, fixed positions, Transformer layers.

    `forward(mel [B, 2 T, M], frames [B] or None)` -> [layers + 1, B, T, D]: what goes into the
    first layer, then what each gives, the last one normalized.
    """

    def __init__(self, mels: int, dim: int, heads: int, inner: int, layers: int,
                 positions: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(mels, dim, 3, padding=1)
        self.conv2 = nn.Conv1d(dim, dim, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(positions, dim)
        self.layers = nn.ModuleList(_Layer(dim, heads, inner) for _ in range(layers))
        self.layer_norm = nn.LayerNorm(dim)

    def forward(self, mel: Tensor, frames: Tensor | None = None) -> Tensor:
        steps = mel.shape[1] // 2
        mask = None if frames is None else torch.arange(steps, device=mel.device) < frames[:, None]
        x = F.gelu(self.conv1(mel.transpose(1, 2)))
        if mask is not None:  # the second convolution finds zeros after the end, as it does alone
            x = x * mask.repeat_interleave(2, 1)[:, None]
        x = F.gelu(self.conv2(x)).transpose(1, 2) + self.embed_positions.weight[:steps]
        hidden = [x]
        for layer in self.layers:
            x = layer(x, None if mask is None else mask[:, None, None])
            hidden.append(x)
        return torch.stack([*hidden[:-1], self.layer_norm(x)])


class Whisper(Upstream):
    """50 frames a second; layers + 1 hidden states.

    With `pad_to_30s` silence follows up to 30 s, as Whisper was trained, and only the frames of the
    sound are given. Otherwise the encoder sees the sound alone, which takes a ninth of the compute
    on clips of 3 to 4 s and costs nothing that could be measured: on 80 clips of RAVDESS (8
    emotions, folds by speaker, logistic regression on means over time), the UAR of the best layer
    was 0.53 alone and 0.50 padded.

    At 30 s the last hidden state is CTranslate2's own encoder output (relative L2 distance 3e-6).
    Positions begin anew in every chunk, so chunks are not the whole: 28 s of read speech in chunks
    of 12 s gave means over time with cosines of 0.99 to the whole's for the middle layers, 0.92 for
    the first, 0.81 the last.
    """

    family = "whisper"
    hop, minimum = 2 * HOP, 2 * HOP
    max_seconds, overlap_seconds = 30.0, 4.0
    batched = True

    def __init__(self, path: Path, *, pad_to_30s: bool = False, **options: Any) -> None:
        binary = path / "model.bin"
        encoder = _from_ctranslate2(binary) if binary.is_file() else _from_transformers(path)
        layer: Any = encoder.layers[0]
        super().__init__(encoder, path, pad_to_30s=bool(pad_to_30s), heads=layer.heads, **options)
        self.pad = bool(pad_to_30s)
        self.mels, self.dim = encoder.conv1.in_channels, encoder.conv1.out_channels
        self.layers = len(encoder.layers) + 1
        self.positions = encoder.embed_positions.num_embeddings
        if self.max_seconds * 50 > self.positions:
            raise InputError(f"{path}: max_seconds={self.max_seconds:g} is more than the "
                             f"{self.positions / 50:g} s this model has positions for")

    def prepare(self, samples: Tensor) -> Tensor:
        """Zeros up to a whole frame."""
        return F.pad(samples, (0, -len(samples) % self.hop))

    def log_mel(self, samples: Tensor, frames: int) -> Tensor:
        """The input of Whisper, [frames, M], of samples [N] followed by silence.

        It is log10 power, at most 8 below its highest, scaled to about -1..1.
        """
        before = samples[1: 201].flip(0)  # mirrored at its beginning, as Whisper has it
        x = mel_power(samples, self.sample_rate, 400, HOP, self.mels, frames, before)
        x = x.clamp_min(1e-10).log10()
        return (torch.maximum(x, x.max() - 8) + 4) / 4

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        frames = [n // self.hop for n in lengths]
        if max(frames) > self.positions:
            raise ValueError(f"{max(frames) / 50:g} s are more than the {self.positions / 50:g} s "
                             "it has positions for; use encode_long")
        steps = [2 * (self.positions if self.pad else t) for t in frames]
        mels = [self.log_mel(x[:n], t) for x, n, t in zip(wave, lengths, steps)]
        mel = nn.utils.rnn.pad_sequence(mels, batch_first=True)
        assert isinstance(self.module, Encoder)
        if self.pad or len(set(frames)) == 1:
            return self.module(mel)[:, :, : max(frames)]
        return self.module(mel, torch.tensor(frames, device=mel.device))


def _from_transformers(path: Path) -> Encoder:
    place = path / "config.json"
    config = folders.config(place)
    names = ("num_mel_bins", "d_model", "encoder_attention_heads", "encoder_ffn_dim",
             "encoder_layers", "max_source_positions")
    for name in names:
        value = config.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{place}: not a Whisper configuration ({name} is {value!r}; "
                             "a whole number of at least 1 is expected)")
    sizes = [config[name] for name in names]
    weights = folders.tensors(path)
    if config["encoder_layers"] > len(weights):
        raise InputError(f"{place}: encoder_layers is {config['encoder_layers']}; the weights hold "
                         "fewer")
    prefix = next((p for p in ("model.encoder.", "encoder.") if p + "conv1.weight" in weights), "")
    own = {key[len(prefix):]: value for key, value in weights.items() if key.startswith(prefix)}
    return _checked(folders.build(lambda: Encoder(*sizes), own, path), place)


def _from_ctranslate2(file: Path) -> Encoder:
    kind, found = ctranslate2.read(file)
    if kind != "WhisperSpec":
        raise InputError(f"{file}: a CTranslate2 model of Whisper was expected, this is a {kind}")
    tensors = {key[8:]: torch.from_numpy(np.array(value)) for key, value in found.items()
               if key.startswith("encoder/") and value.ndim}
    try:
        return _checked(_built(found, tensors, file), file)
    except KeyError as error:
        raise InputError(f"{file}: not a whole Whisper: {error} is missing") from None


def _checked(encoder: Encoder, where: Path) -> Encoder:
    if not len(encoder.layers):
        raise InputError(f"{where}: a Whisper without layers")
    layer: Any = encoder.layers[0]
    dim = encoder.conv1.out_channels
    if layer.heads < 1 or dim % layer.heads:
        raise InputError(f"{where}: {layer.heads} attention heads do not divide the width {dim}")
    return encoder


def _built(found: Mapping[str, np.ndarray], w: Mapping[str, Tensor], where: Path) -> Encoder:
    dim, mels = w["conv1/weight"].shape[:2]
    layers = sum(f"layer_{i}/ffn/linear_0/weight" in w for i in range(len(w)))
    positions = w["position_encodings/encodings"]
    sizes = (mels, dim, int(found["encoder/num_heads"]), len(w["layer_0/ffn/linear_0/bias"]),
             layers, len(positions))
    state = {f"{name}.{part}": w[f"{name}/{part}"]
             for name in ("conv1", "conv2") for part in ("weight", "bias")}
    state["embed_positions.weight"] = positions
    norms = {"layer_norm": "layer_norm"}
    for i in range(layers):
        theirs, ours = f"layer_{i}", f"layers.{i}"
        norms[f"{theirs}/self_attention/layer_norm"] = f"{ours}.self_attn_layer_norm"
        norms[f"{theirs}/ffn/layer_norm"] = f"{ours}.final_layer_norm"
        for part in ("weight", "bias"):
            q, k, v = w[f"{theirs}/self_attention/linear_0/{part}"].chunk(3)
            out = w[f"{theirs}/self_attention/linear_1/{part}"]
            state |= {f"{ours}.self_attn.q_proj.{part}": q, f"{ours}.self_attn.v_proj.{part}": v,
                      f"{ours}.self_attn.out_proj.{part}": out,
                      f"{ours}.fc1.{part}": w[f"{theirs}/ffn/linear_0/{part}"],
                      f"{ours}.fc2.{part}": w[f"{theirs}/ffn/linear_1/{part}"]}
            if part == "weight":  # the key has no bias in Whisper: theirs is zero
                state[f"{ours}.self_attn.k_proj.weight"] = k
    for theirs, ours in norms.items():
        state |= {f"{ours}.weight": w[f"{theirs}/gamma"], f"{ours}.bias": w[f"{theirs}/beta"]}
    return folders.build(lambda: Encoder(*sizes), state, where)
