"""WhisperTransformer: the beginning of Whisper's encoder, pooling, and a head.

The stem and the first layers of the encoder of Whisper (Radford et al., "Robust Speech Recognition
via Large-Scale Weak Supervision", 2022) are trained further from its weights (MIT license): the
lower layers hold most about how a voice sounds. A linear probe of means and deviations over time
has a UAR on RAVDESS (development actors, six folds) of 53 % after the stem of Whisper tiny, and 66,
70 and 70 % after layers 1 to 3.

    begin_with_whisper(model, encoder, sounds)  # what `tools/begin_with_whisper.py` does

Of each feed-forward network, the `inner` units are kept whose output varies most (the standard
deviation of a unit's activation on speech, times the norm of its outgoing weights), and their
outgoing weights are fitted by least squares to the output of all units. On RAVDESS, 800 of 1,536
units give layer 2 with an error of 0.35 of its deviation over time (with their own weights and the
mean activations of the others in the bias: 0.43; units chosen by the norms of their weights: 0.51,
and with own weights 0.65), and the probe has 69 % in place of 70. The last norm is set so that each
dimension has mean 0 and variance 1 on speech, because emotions lie where Whisper's variance is
small. The front end is Whisper's, except that frames are whole windows and the level is taken off
(`normalise` "peak"). Positions are Whisper's sinusoids, at any length.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.emotion.attention import HRF, FrameBatchNorm, Pooling, TransformerLayer, halved
from avspeech.emotion.logmel import LogMelConfig, LogMelModel, frame_mask, masked
from avspeech.emotion.reparam import check_hrf
from avspeech.errors import InputError


@dataclass(frozen=True)
class WhisperTransformerConfig(LogMelConfig):
    """Defaults: `whisper-phone`, from Whisper tiny. See `LogMelConfig` for the front end.

    `dropout` applies to the pooled values alone: Whisper was trained without, and 0.1 in its layers
    lowers a linear probe (fold 3 of RAVDESS) from 77 % to 24 %.
    """

    mels: int = 80  # bands, as Whisper has them
    low: float = 0.0  # hertz, likewise
    floor: float = 1e-10  # of the power, likewise
    filters: str = "slaney"  # mel scale, likewise
    normalise: str = "peak"  # likewise, but for the level
    dim: int = 384  # width of the Transformer, D, as Whisper's
    heads: int = 6  # of its attention, as Whisper's
    layers: int = 2  # the first ones of Whisper's
    inner: int = 800  # units kept of each feed-forward network
    pooling: str = "attention"  # "attention" or "mean"
    # batch norm of the pooled values, folded away by `to_deploy`: differences between emotions are
    # small beside the rest
    pool_norm: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges.at_least(self, 1, "dim", "heads", "layers", "inner")


class WhisperEncoder(nn.Module):
    """The stem, the first layers and the last norm of Whisper's encoder. A class of models that is
    made of one calls `make_encoder`."""

    speeds: Tensor

    def make_encoder(self, mels: int, dim: int, heads: int, layers: int, inner: int,
                     hrf: HRF = None) -> None:
        """Makes the parts, drawn at random.

        Args:
            mels: bands, M.
            dim: width, D, an even number of 4 or more.
            heads: of the attention.
            layers: of the Transformer.
            inner: units of its feed-forward networks.
            hrf: factorized linear layers in training; see `LogMelConfig.hrf`.

        Raises:
            InputError: a width that is none.
        """
        if dim < 4 or dim % 2:
            raise InputError(f"model setting dim={dim}: expected an even number of 4 or more")
        self.conv1 = nn.Conv1d(mels, dim, 3, padding=1)
        self.conv2 = nn.Conv1d(dim, dim, 3, 2, 1)
        half = torch.arange(dim // 2, dtype=torch.float64) / (dim // 2 - 1)
        self.register_buffer("speeds", (-math.log(10_000) * half).exp().float(), persistent=False)
        self.layers = nn.ModuleList(TransformerLayer(dim, heads, inner, 0.0, hrf, F.gelu)
                                    for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def stem(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The input of the first layer.

        Args:
            x: [B, T, M], normalized and zero behind an utterance's frames.
            frames: [B]; None where all are T.

        Returns:
            [B, ceil(T / 2), D] and the mask of the utterance's own frames.
        """
        x = F.gelu(self.conv1(x.transpose(1, 2)).transpose(1, 2))
        x = masked(x, frame_mask(frames, x.shape[1])).transpose(1, 2)
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        mask = frame_mask(halved(frames), x.shape[1])
        angle = (
            torch.arange(x.shape[1], device=x.device, dtype=self.speeds.dtype)[:, None]
            * self.speeds
        )
        return x + torch.cat([angle.sin(), angle.cos()], 1), mask

    def encode(self, x: Tensor, frames: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The output of the last layer; arguments and shapes as of `stem`."""
        x, mask = self.stem(x, frames)
        for layer in self.layers:
            x = layer(x, mask)
        return x, mask


class WhisperTransformer(WhisperEncoder, LogMelModel):
    """See the module's docstring and `WhisperTransformerConfig`."""

    Config = WhisperTransformerConfig
    config: WhisperTransformerConfig
    folds = (("pool_norm", "head"),)

    def __init__(self, config: WhisperTransformerConfig = WhisperTransformerConfig()):
        LogMelModel.__init__(self, config)
        c = config
        check_hrf(c.hrf)
        self.make_encoder(c.mels, c.dim, c.heads, c.layers, c.inner, c.hrf)
        self.pool = Pooling(c.dim, c.pooling, c.heads)
        if self.pool.weigh is not None:  # it begins with the plain mean and deviation
            nn.init.zeros_(self.pool.weigh.weight)
        self.pool_norm = FrameBatchNorm(self.pool.out) if c.pool_norm else nn.Identity()
        self.drop = nn.Dropout(c.dropout)
        self.head = nn.Linear(self.pool.out, c.classes)

    def deployed_config(self) -> WhisperTransformerConfig:
        return dataclasses.replace(self.config, hrf=None, pool_norm=False)

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        x, mask = self.encode(x, frames)
        return self.head(self.drop(self.pool_norm(self.pool(self.norm(x), mask))))


def from_whisper(encoder: Any, sounds: Sequence[Tensor], layers: int,
                 inner: int | None = None) -> WhisperTransformer:
    """Makes a model of the width of Whisper's encoder, with its weights (`begin_with_whisper`).

    Args:
        encoder: a `bench.upstreams.whisper.Encoder`.
        sounds: speech [N] at 16 kHz, some minutes.
        layers: number of its first layers.
        inner: units kept of each feed-forward network; None: all.

    Raises:
        InputError: more layers or units than the encoder has.
    """
    first = encoder.layers[0]
    model = WhisperTransformer(
        WhisperTransformerConfig(
            mels=encoder.conv1.in_channels,
            dim=encoder.conv1.out_channels,
            heads=first.heads,
            layers=layers,
            inner=first.fc1.out_features if inner is None else inner,
        )
    )
    begin_with_whisper(model, encoder, sounds)
    return model


@torch.no_grad()
def begin_with_whisper(model: WhisperTransformer, encoder: Any, sounds: Sequence[Tensor]) -> None:
    """Copies the stem and the first layers of Whisper's encoder into a model.

    Args:
        model: to fill; its feed-forward networks may have fewer units.
        encoder: a `bench.upstreams.whisper.Encoder`.
        sounds: speech [N] at 16 kHz, some minutes, by which the units are chosen.

    Raises:
        InputError: a model of another width, with more layers or units, or with factors (`hrf`).
    """
    c, theirs = model.config, encoder.layers
    wanted = (encoder.conv1.in_channels, encoder.conv1.out_channels, encoder.layers[0].heads)
    if c.hrf is not None or (c.mels, c.dim, c.heads) != wanted or c.layers > len(theirs):
        raise InputError(
            f"this Whisper has mels, dim and heads {wanted} and {len(theirs)} layers; the model "
            f"has {(c.mels, c.dim, c.heads)} and {c.layers}, and should have no factors"
        )
    for name in ("conv1", "conv2"):
        getattr(model, name).load_state_dict(getattr(encoder, name).state_dict())
    model.eval()
    xs = [model.normalise(model.logmel(sound[None]), None) for sound in sounds]
    hidden = [model.stem(x, None)[0] for x in xs]
    for mine, whole in zip(model.layers, theirs):
        hidden = _layer(mine, whole, hidden)
    out = F.layer_norm(torch.cat([model.encode(x, None)[0] for x in xs], 1)[0], (c.dim,))
    model.norm.weight.copy_(1 / out.std(0))
    model.norm.bias.copy_(-out.mean(0) / out.std(0))


def _layer(mine: Any, whole: Any, hidden: list[Tensor]) -> list[Tensor]:
    """Fills a layer from Whisper's, whose inputs are `hidden`; -> the outputs of Whisper's."""
    for ours, name in (
        ("query", "q_proj"),
        ("key", "k_proj"),
        ("value", "v_proj"),
        ("out", "out_proj"),
    ):
        layer = getattr(mine.attention, ours)
        layer.weight.copy_(whole.self_attn[name].weight)
        bias = whole.self_attn[name].bias
        layer.bias.copy_(torch.zeros_like(layer.bias) if bias is None else bias)
    mine.norm1.load_state_dict(whole.self_attn_layer_norm.state_dict())
    mine.norm2.load_state_dict(whole.final_layer_norm.state_dict())
    middle = [x + mine.attention(mine.norm1(x)) for x in hidden]
    units = F.gelu(whole.fc1(mine.norm2(torch.cat(middle, 1))))[
        0
    ].double()  # [frames, inner of Whisper]
    kept = mine.ffn.enter.out_features
    if kept > units.shape[1]:
        raise InputError(
            f"model setting inner={kept}: this Whisper has {units.shape[1]} units to keep"
        )
    counts = units.std(0) * whole.fc2.weight.norm(dim=0)
    keep = counts.topk(kept).indices.sort().values
    mean, units = units.mean(0), units - units.mean(0)
    mine.ffn.enter.weight.copy_(whole.fc1.weight[keep])
    mine.ffn.enter.bias.copy_(whole.fc1.bias[keep])
    # Least squares, regularized towards Whisper's own weights.
    weight, some = whole.fc2.weight.double(), units[:, keep]
    ridge = 1e-2 * some.square().mean() * len(some) * torch.eye(kept, dtype=torch.float64)
    left = weight.clone()
    left[:, keep] = 0
    change = torch.linalg.solve(some.T @ some + ridge, some.T @ (units @ left.T))
    fitted = weight[:, keep] + change.T
    mine.ffn.leave.weight.copy_(fitted)
    mine.ffn.leave.bias.copy_(whole.fc2.bias.double() + weight @ mean - fitted @ mean[keep])
    return [whole(x, None) for x in hidden]
