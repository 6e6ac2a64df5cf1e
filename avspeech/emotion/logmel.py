"""The log-mel front end of the emotion models, and what they have in common: samples in, logits out.

The spectrum is two matrix products with constant matrices (the DFT of 400 points as 20 x 20, Cooley and Tukey
1965: 2.6 M multiply-accumulates a second of audio instead of the 16 M of the full matrix), frames are made by
reshaping and slicing. So the front end is part of every exported graph, on runtimes that know no FFT.

Choices: 25 ms Hann windows each 10 ms, only whole ones (sound shorter than one is filled up with zeros); mel
triangles of unit area, none narrower than the spacing of the bins, so that no band is empty; natural
logarithm of the power plus a floor. Normalisation is a part of the model, not of the features, so that
features can be cached, cropped and augmented before it; see `LogMelConfig.normalise`.
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

from avspeech.errors import InputError

SAMPLE_RATE, WINDOW, HOP = 16_000, 400, 160  # hertz, samples, samples
_ROOT, _BLOCK = 20, 80  # WINDOW = _ROOT squared; both WINDOW and HOP are whole blocks
NORMALISATIONS = ("mean", "mean_std", "level", "stored", "peak")
FILTERS = ("htk", "slaney")
# Brings a natural log power, its mean taken off, to about -1..1
_SCALE = 0.25
# Of "peak": Whisper's scale, whose highest value is 0.85 in the mean over RAVDESS (0.3 to 1.2, by the level)
_DECADE, _DECADES, _PEAK = math.log(10), 8, 0.85


@dataclass(frozen=True)
class LogMelConfig:
    """What all emotion models have in common.

    sample_rate: hertz, 16000 only. classes: K. mels: M, bands between low and high (hertz).
    floor: added to the power before the logarithm (full scale white noise has power 1; 16-bit rounding
    8e-11). normalise: "mean" takes each band's mean over the utterance's own frames off (level, microphone
    and room go with it); "mean_std" also divides by the standard deviation over frames and bands; "level"
    takes one mean over frames and bands off; "stored" takes statistics of the training set, set by
    `set_statistics`: the level stays to be heard, and a stream is normalised the same from its first frame;
    "peak" is Whisper's scale, but for the level: a quarter of the decades below the utterance's highest
    value, at most 2 (8 decades), that value itself being 0.85.
    filters: of the mel scale, "htk" or, as Whisper has them, "slaney" (see `mel_filters`).
    dropout: a share, for the model to use. hrf: factorised linear layers in training, {"ratio": 4, "depth":
    2, "where": "ffn" | "attention" | "all"} (`emotion/reparam.py`), None for plain ones.
    """

    sample_rate: int = SAMPLE_RATE
    classes: int = 8
    mels: int = 64
    low: float = 50.0
    high: float = 8000.0
    floor: float = 1e-8
    normalise: str = "mean"
    dropout: float = 0.1
    hrf: dict[str, Any] | None = None
    filters: str = "htk"


def frame_count(samples: Any) -> Any:
    """Frames of so many samples (int or integer Tensor): whole windows, at least one."""
    frames = (samples - WINDOW) // HOP + 1
    return frames.clamp_min(1) if isinstance(frames, Tensor) else max(frames, 1)


def frame_mask(frames: Tensor | None, length: int) -> Tensor | None:
    """frames [B] -> [B, T] bool, True where a frame is the utterance's own; None for None."""
    return None if frames is None else torch.arange(length, device=frames.device) < frames[:, None]


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """x [B, T, ...] with zeros where mask [B, T] is False. NaN and infinity there go too."""
    return x if mask is None else x.masked_fill(~mask.view(*mask.shape, *[1] * (x.ndim - 2)), 0.0)


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the frames that count: x [B, T, D] -> [B, 1, D]."""
    if mask is None:
        return x.mean(1, keepdim=True)
    return masked(x, mask).sum(1, keepdim=True) / mask.sum(1).clamp_min(1)[:, None, None]


def mel_filters(mels: int, low: float, high: float, kind: str = "htk") -> Tensor:
    """[M, 201] float64: triangles over the bins of a 400-point DFT at 16 kHz, their centres equally spaced in
    mel from low to high (hertz). "htk": 2595 log10(1 + f / 700), none narrower than the spacing of the bins,
    each adding up to 1. "slaney": linear below 1 kHz, logarithmic above (Slaney, "Auditory Toolbox", 1998),
    of an area of one bin: `librosa.filters.mel` times the spacing of the bins, 40 Hz."""
    step = SAMPLE_RATE / WINDOW
    away = torch.arange(WINDOW // 2 + 1, dtype=torch.float64) * step
    if kind == "slaney":
        fold, octave = 15.0, 27 / math.log(6.4)  # mel at 1 kHz; mels to a factor of e above it
        lowest, highest = (3 * f / 200 if f < 1000 else fold + octave * math.log(f / 1000)
                           for f in (low, high))
        mel = torch.linspace(lowest, highest, mels + 2, dtype=torch.float64)
        edges = torch.where(mel < fold, 200 * mel / 3, 1000 * ((mel - fold) / octave).exp())[:, None]
        triangles = torch.minimum((away - edges[:-2]) / (edges[1:-1] - edges[:-2]),
                                  (edges[2:] - away) / (edges[2:] - edges[1:-1])).clamp_min(0)
        return triangles * (2 * step / (edges[2:] - edges[:-2]))
    lowest, highest = (2595 * math.log10(1 + f / 700) for f in (low, high))
    mel = torch.linspace(lowest, highest, mels + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)
    centres = edges[1:-1, None]
    left = (centres - edges[:-2, None]).clamp_min(step)
    right = (edges[2:, None] - centres).clamp_min(step)
    away = away - centres
    triangles = torch.minimum(1 + away / left, 1 - away / right).clamp_min(0)
    return triangles / triangles.sum(1, keepdim=True)


def _phases(*shape: int, of: Tensor) -> tuple[Tensor, Tensor]:
    angle = (-2 * math.pi * of).reshape(shape)
    return angle.cos(), angle.sin()


class LogMel(nn.Module):
    """samples [B, N] -> log-mel [B, T, M], float32. Nothing in it is learned, nor kept in a state dict.

    With n = 20 n1 + n2 and k = k1 + 20 k2, X[k] = sum over n2 of W20^(n2 k2) W400^(n2 k1) A[k1, n2], where
    A[k1, n2] = sum over n1 of W20^(n1 k1) x[n]; x is real, so k1 = 0..10 hold everything.
    """

    first: Tensor
    second: Tensor
    filters: Tensor
    window: Tensor

    def __init__(self, config: LogMelConfig = LogMelConfig()):
        super().__init__()
        c = config
        if c.sample_rate != SAMPLE_RATE:
            raise InputError(f"model setting sample_rate={c.sample_rate}: expected {SAMPLE_RATE}")
        if c.mels < 1 or not 0 <= c.low < c.high <= SAMPLE_RATE / 2 or not c.floor > 0:
            raise InputError(f"model settings mels={c.mels}, low={c.low}, high={c.high}, floor={c.floor}: "
                             "expected a band or more within 0..8000 Hz and a floor above 0")
        if c.filters not in FILTERS:
            raise InputError(f"model setting filters='{c.filters}': expected one of {', '.join(FILTERS)}")
        self.shift = math.log(c.floor)
        n = torch.arange(_ROOT, dtype=torch.float64)
        k = torch.arange(_ROOT // 2 + 1, dtype=torch.float64)
        re, im = _phases(len(k), 1, _ROOT, of=k[:, None] * n / _ROOT)
        first = torch.cat([re, im], 1)  # [k1, re im, n1]
        twist = k[:, None, None] * n[:, None] / WINDOW + n[:, None] * n / _ROOT  # [k1, n2, k2]
        re, im = _phases(len(k), _ROOT, _ROOT, of=twist)
        second = torch.cat([torch.cat([re, im], 2), torch.cat([-im, re], 2)], 1)  # [k1, re im n2, re im k2]
        # Bin of each (k1, k2), mirrored into 0..200; a bin that stands there twice counts once.
        bins = (torch.arange(len(k))[:, None] + _ROOT * torch.arange(_ROOT)).flatten()
        bins = torch.minimum(bins, WINDOW - bins)
        once = torch.tensor([b not in bins[:i] for i, b in enumerate(bins)])
        window = torch.hann_window(WINDOW, dtype=torch.float64)
        filters = mel_filters(c.mels, c.low, c.high, c.filters)[:, bins] * once
        filters = filters / window.square().sum() / c.floor
        for name, value in (("first", first.flatten(0, 1)), ("second", second), ("filters", filters.T),
                            ("window", window)):
            self.register_buffer(name, value.float().contiguous(), persistent=False)

    def power(self, samples: Tensor) -> Tensor:
        """samples [B, N] -> power [B, T, 220] of the bins k1 + 20 k2, in that order."""
        if samples.shape[1] < WINDOW:
            samples = F.pad(samples, (0, WINDOW - samples.shape[1]))
        count = (samples.shape[1] - WINDOW) // HOP + 1
        step, width = HOP // _BLOCK, WINDOW // _BLOCK
        number = count * step + width - step
        blocks = samples[:, : number * _BLOCK].reshape(samples.shape[0], number, _BLOCK)
        frames = torch.cat([blocks[:, i : i + (count - 1) * step + 1 : step] for i in range(width)], 2)
        x = (frames * self.window).unflatten(2, (_ROOT, _ROOT))  # [B, T, n1, n2]
        x = (self.first @ x).unflatten(2, (-1, 2)).flatten(3)  # [B, T, k1, re im n2]
        # One product of all frames for each k1: a product for each frame would copy the matrices as often.
        x = (x.transpose(1, 2) @ self.second).transpose(1, 2).square()  # [B, T, k1, re im k2]
        return (x[..., :_ROOT] + x[..., _ROOT:]).flatten(2)

    def forward(self, samples: Tensor) -> Tensor:
        # log(power + floor), as log(power / floor + 1) + log(floor): ONNX's optimiser takes a sum with so
        # small a number for none, and the logarithm of silence is then no number.
        return (self.power(samples) @ self.filters + 1).log() + self.shift


class LogMelModel(nn.Module):
    """A classifier of utterances by their log-mel spectrum. A model of its own gives `classify` of normalised
    features as `logits`."""

    config: LogMelConfig
    mean: Tensor
    std: Tensor

    def __init__(self, config: LogMelConfig):
        super().__init__()
        self.config = config
        if config.normalise not in NORMALISATIONS:
            raise InputError(f"model setting normalise='{config.normalise}': expected one of "
                             f"{', '.join(NORMALISATIONS)}")
        if config.classes < 1 or not 0 <= config.dropout < 1:
            raise InputError(f"model settings classes={config.classes}, dropout={config.dropout}: expected a "
                             "class or more, and a share below 1")
        self.logmel = LogMel(config)
        if config.normalise == "stored":
            self.register_buffer("mean", torch.zeros(config.mels))
            self.register_buffer("std", torch.ones(config.mels))

    def deployed_config(self) -> LogMelConfig:
        """The configuration of what `to_deploy` makes of this model."""
        batch = getattr(self.config, "conv_norm", None) == "batch"
        folded: dict[str, Any] = {"conv_norm": "none"} if batch else {}
        return dataclasses.replace(self.config, hrf=None, **folded)

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Mean and standard deviation of each band [M] over the training set's frames, for normalise
        "stored"."""
        if self.config.normalise != "stored":
            raise ValueError(f"normalise='{self.config.normalise}' stores no statistics")
        self.mean.copy_(mean)
        self.std.copy_(std.clamp_min(1e-3))

    def features(self, audio: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Log-mel before normalisation. audio [B, N] at 16 kHz, lengths [B] samples (None: all N) ->
        x [B, T, M], frames [B] int64; what stands behind an utterance's own frames means nothing."""
        if lengths is None:
            lengths = torch.full((audio.shape[0],), audio.shape[1], device=audio.device)
        # A window that is filled up must not see the neighbours' padding.
        return self.logmel(masked(audio, frame_mask(lengths, audio.shape[1]))), frame_count(lengths)

    def normalise(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x [B, T, M], mask [B, T] -> [B, T, M] on a scale of about -1..1, zeros where the mask is False."""
        kind = self.config.normalise
        if kind == "stored":
            return masked((x - self.mean) / self.std, mask)
        if kind == "peak":
            own = x if mask is None else x.masked_fill(~mask[..., None], -math.inf)
            below = (x - own.amax((1, 2), keepdim=True)) / _DECADE
            return masked(below.clamp_min(-_DECADES) / 4 + _PEAK, mask)
        mean = masked_mean(x, mask)
        x = masked(x - (mean.mean(2, keepdim=True) if kind == "level" else mean), mask)
        if kind != "mean_std":
            return x * _SCALE
        square = masked_mean(x.square(), mask).mean(2, keepdim=True)
        return x / (square + 1e-4).sqrt()

    def classify(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """x [B, T, M] from `features`, frames [B] (None: all T) -> logits [B, K]."""
        mask = frame_mask(frames, x.shape[1])
        return self.logits(self.normalise(x, mask), frames)

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """Normalised features, zeros behind an utterance's frames -> logits [B, K]."""
        raise NotImplementedError

    def forward(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """audio [B, N] at 16 kHz, in -1..1; lengths [B] int64 samples (None: all N) -> logits [B, K]."""
        if lengths is None:  # no masks in an exported graph
            return self.classify(self.logmel(audio))
        return self.classify(*self.features(audio, lengths))

    def example_inputs(self, seconds: float = 2.0) -> Sequence[Tensor]:
        """Random audio of this length, batch 1, as `forward` takes it."""
        make = torch.Generator().manual_seed(0)
        return (0.1 * torch.randn(1, round(seconds * SAMPLE_RATE), generator=make),)
