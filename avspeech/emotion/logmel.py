"""The log-mel front end of the emotion models and their common base class: samples in, logits out.

The spectrum is two matrix products with constant matrices (the DFT of 400 points as 20 x 20, Cooley
and Tukey 1965: 2.6 M multiply-accumulates a second of audio instead of 16 M for the full matrix).
Frames are made by reshaping and slicing. So the front end is part of every exported graph, also for
runtimes that have no FFT.

Windows are 25 ms long (Hann), one each 10 ms, and only whole ones count; sound shorter than one
window is padded with zeros. Mel triangles have unit area and none is narrower than the spacing of
the bins, so that no band is empty. The value is the natural logarithm of the power plus a floor.
Normalization is a part of the model, not of the features, so that features can be cached, cropped
and augmented before it; see `LogMelConfig.normalise`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.emotion import frames
from avspeech.emotion.frames import HOP, OFFSET, SAMPLE_RATE, SILENT, WINDOW, LogMelConfig
from avspeech.errors import InputError

__all__ = ["HOP", "SAMPLE_RATE", "WINDOW", "LogMel", "LogMelConfig", "LogMelModel", "frame_count"]

_ROOT, _BLOCK = 20, 80  # WINDOW is _ROOT squared; WINDOW and HOP are multiples of _BLOCK
NORMALISATIONS = ("mean", "mean_std", "level", "stored", "peak")
FILTERS = ("htk", "slaney")
# Brings a natural log power, its mean taken off, to about -1..1.
_SCALE = 0.25
# Of "peak": the highest value on Whisper's scale is 0.85 on average over RAVDESS (0.3 to 1.2, by
# level).
_DECADE, _DECADES, _PEAK = math.log(10), 8, 0.85


def frame_count(samples: Any) -> Any:
    """Number of frames of so many samples (int or integer Tensor): whole windows, at least one."""
    if isinstance(samples, Tensor):
        return ((samples - WINDOW) // HOP + 1).clamp_min(1)
    return frames.frame_count(samples)


def frame_mask(frames: Tensor | None, length: int) -> Tensor | None:
    """frames [B] -> [B, T] bool, True at the frames of the utterance itself; None for None."""
    if frames is None:
        return None
    return torch.arange(length, device=frames.device) < frames[:, None]


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """x [B, T, ...] with zeros where mask [B, T] is False, also in place of NaN and infinity."""
    return x if mask is None else x.masked_fill(~mask.view(*mask.shape, *[1] * (x.ndim - 2)), 0.0)


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the frames of the utterance: x [B, T, D] -> [B, 1, D]."""
    if mask is None:
        return x.mean(1, keepdim=True)
    return masked(x, mask).sum(1, keepdim=True) / mask.sum(1).clamp_min(1)[:, None, None]


def leveled(audio: Tensor, mask: Tensor | None = None, quietest: float | None = None,
            loudest: float | None = None) -> Tensor:
    """Audio without a constant offset, its level within the limits that a model was trained for.

    An offset of at most `features.OFFSET` times the RMS, and a level within the limits, stay as
    they are, bit for bit.

    Args:
        audio: [B, N], zeros where the mask is False.
        mask: [B, N], True at the utterance's own samples; None where all are.
        quietest: dB of full scale to which a lower RMS is raised; None for no limit.
        loudest: dB of full scale to which a higher RMS is lowered; None for no limit.

    Returns:
        [B, N].
    """
    mean = masked_mean(audio[..., None], mask)[..., 0]
    centered = masked(audio - mean, mask)
    rms = masked_mean(centered.square()[..., None], mask)[..., 0].sqrt()
    audio = torch.where(mean.abs() > OFFSET * rms, centered, audio)
    if quietest is None and loudest is None:
        return audio
    rms = rms.clamp_min(SILENT)
    least, most = (None if limit is None else 10 ** (limit / 20) for limit in (quietest, loudest))
    return audio * (rms.clamp(least, most) / rms)


def leveled_off(x: Tensor, mask: Tensor | None, below: float) -> Tensor:
    """Values far below the highest one of an utterance, brought up to one floor.

    As much power is added to all, so that nothing bends: 20 dB above the floor a value changes by
    0.04 dB, and 20 dB below it, one is 0.04 dB above the floor.

    Args:
        x: [B, T, M], natural logarithms of power.
        mask: [B, T], True at the frames of the utterance itself; None where all are.
        below: how far the floor lies below the highest value, in dB.

    Returns:
        [B, T, M].
    """
    own = x if mask is None else x.masked_fill(~mask[..., None], -math.inf)
    highest = own.amax((1, 2), keepdim=True)
    return ((x - highest).clamp_max(0).exp() + 10 ** (-below / 10)).log() + highest


def mel_filters(mels: int, low: float, high: float, kind: str = "htk") -> Tensor:
    """Triangles over the bins of a 400-point DFT at 16 kHz, their centers equally spaced in mel.

    Args:
        mels: number of bands, M.
        low: hertz, where the first triangle begins.
        high: hertz, where the last triangle ends.
        kind: "htk": 2595 log10(1 + f / 700); no triangle is narrower than the spacing of the bins,
            and each adds up to 1. "slaney": linear below 1 kHz and logarithmic above (Slaney,
            "Auditory Toolbox", 1998), with an area of one bin: `librosa.filters.mel` times the
            spacing of the bins, 40 Hz.

    Returns:
        [M, 201] float64.
    """
    step = SAMPLE_RATE / WINDOW
    away = torch.arange(WINDOW // 2 + 1, dtype=torch.float64) * step
    if kind == "slaney":
        fold, octave = 15.0, 27 / math.log(6.4)  # mel at 1 kHz; mels to a factor of e above it
        lowest, highest = (3 * f / 200 if f < 1000 else fold + octave * math.log(f / 1000)
                           for f in (low, high))
        mel = torch.linspace(lowest, highest, mels + 2, dtype=torch.float64)
        edges = torch.where(mel < fold, 200 * mel / 3, 1000 * ((mel - fold) / octave).exp())[
            :, None
        ]
        triangles = torch.minimum((away - edges[:-2]) / (edges[1:-1] - edges[:-2]),
                                  (edges[2:] - away) / (edges[2:] - edges[1:-1])).clamp_min(0)
        return triangles * (2 * step / (edges[2:] - edges[:-2]))
    lowest, highest = (2595 * math.log10(1 + f / 700) for f in (low, high))
    mel = torch.linspace(lowest, highest, mels + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)
    centers = edges[1:-1, None]
    left = (centers - edges[:-2, None]).clamp_min(step)
    right = (edges[2:, None] - centers).clamp_min(step)
    away = away - centers
    triangles = torch.minimum(1 + away / left, 1 - away / right).clamp_min(0)
    return triangles / triangles.sum(1, keepdim=True)


def _phases(*shape: int, of: Tensor) -> tuple[Tensor, Tensor]:
    angle = (-2 * math.pi * of).reshape(shape)
    return angle.cos(), angle.sin()


class LogMel(nn.Module):
    """samples [B, N] -> log-mel [B, T, M], float32. Nothing in it is learned or part of a state
    dict.

    With n = 20 n1 + n2 and k = k1 + 20 k2, X[k] = sum over n2 of W20^(n2 k2) W400^(n2 k1) A[k1,
    n2], where A[k1, n2] = sum over n1 of W20^(n1 k1) x[n]; x is real, so k1 = 0..10 hold
    everything.
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
        if c.high > SAMPLE_RATE / 2:
            raise InputError(f"model setting high={c.high}: expected at most {SAMPLE_RATE // 2} Hz")
        if c.filters not in FILTERS:
            raise InputError(
                f"model setting filters='{c.filters}': expected one of {', '.join(FILTERS)}"
            )
        self.shift = math.log(c.floor)
        n = torch.arange(_ROOT, dtype=torch.float64)
        k = torch.arange(_ROOT // 2 + 1, dtype=torch.float64)
        re, im = _phases(len(k), 1, _ROOT, of=k[:, None] * n / _ROOT)
        first = torch.cat([re, im], 1)  # [k1, re im, n1]
        twist = k[:, None, None] * n[:, None] / WINDOW + n[:, None] * n / _ROOT  # [k1, n2, k2]
        re, im = _phases(len(k), _ROOT, _ROOT, of=twist)
        second = torch.cat(
            [torch.cat([re, im], 2), torch.cat([-im, re], 2)], 1
        )  # [k1, re im n2, re im k2]
        # Bin of each (k1, k2), mirrored into 0..200; a bin that occurs twice counts once.
        bins = (torch.arange(len(k))[:, None] + _ROOT * torch.arange(_ROOT)).flatten()
        bins = torch.minimum(bins, WINDOW - bins)
        order = bins.tolist()
        once = torch.tensor([b not in order[:i] for i, b in enumerate(order)])
        window = torch.hann_window(WINDOW, dtype=torch.float64)
        filters = mel_filters(c.mels, c.low, c.high, c.filters)[:, bins] * once
        filters = filters / window.square().sum() / c.floor
        for name, value in (
            ("first", first.flatten(0, 1)),
            ("second", second),
            ("filters", filters.T),
            ("window", window),
        ):
            self.register_buffer(name, value.float().contiguous(), persistent=False)

    def power(self, samples: Tensor) -> Tensor:
        """samples [B, N] -> power [B, T, 220] of the bins k1 + 20 k2, in that order."""
        if samples.shape[1] < WINDOW:
            samples = F.pad(samples, (0, WINDOW - samples.shape[1]))
        count = (samples.shape[1] - WINDOW) // HOP + 1
        step, width = HOP // _BLOCK, WINDOW // _BLOCK
        number = count * step + width - step
        blocks = samples[:, : number * _BLOCK].reshape(samples.shape[0], number, _BLOCK)
        frames = torch.cat(
            [blocks[:, i : i + (count - 1) * step + 1 : step] for i in range(width)], 2
        )
        x = (frames * self.window).unflatten(2, (_ROOT, _ROOT))  # [B, T, n1, n2]
        x = (self.first @ x).unflatten(2, (-1, 2)).flatten(3)  # [B, T, k1, re im n2]
        # One product of all frames for each k1: a product for each frame would copy the matrices as
        # often.
        x = (x.transpose(1, 2) @ self.second).transpose(1, 2).square()  # [B, T, k1, re im k2]
        return (x[..., :_ROOT] + x[..., _ROOT:]).flatten(2)

    def forward(self, samples: Tensor) -> Tensor:
        return self.spectrum(samples)

    def spectrum(self, samples: Tensor) -> Tensor:
        """samples [B, N] -> log-mel [B, T, M]."""
        # log(power + floor), as log(power / floor + 1) + log(floor): ONNX's optimizer drops the
        # addition of so small a number, and the logarithm of silence would then be infinite.
        return (self.power(samples) @ self.filters + 1).log() + self.shift


class LogMelModel(nn.Module):
    """Base class: a classifier of utterances by their log-mel spectrum. A model defines `logits`.

    Raises InputError for settings that are out of range.
    """

    config: LogMelConfig
    mean: Tensor
    std: Tensor

    def __init__(self, config: LogMelConfig):
        super().__init__()
        self.config = config
        if config.normalise not in NORMALISATIONS:
            raise InputError(f"model setting normalise='{config.normalise}': expected one of "
                             f"{', '.join(NORMALISATIONS)}")
        limits = [x for x in (config.quietest, config.loudest) if x is not None]
        if not limits == sorted(limits) or not all(map(math.isfinite, limits)):
            raise InputError(
                f"model settings quietest={config.quietest}, loudest={config.loudest}: "
                "expected decibels of full scale, in this order"
            )
        self.logmel = LogMel(config)
        if config.normalise == "stored":
            self.register_buffer("mean", torch.zeros(config.mels))
            self.register_buffer("std", torch.ones(config.mels))

    def deployed_config(self) -> LogMelConfig:
        """The configuration of the model that `to_deploy` makes of this one."""
        batch = getattr(self.config, "conv_norm", None) == "batch"
        folded: dict[str, Any] = {"conv_norm": "none"} if batch else {}
        return dataclasses.replace(self.config, hrf=None, **folded)

    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Sets what `normalise` "stored" takes off and divides by.

        Args:
            mean: of each band [M], over the frames of the training set.
            std: standard deviation, likewise.

        Raises:
            ValueError: the model has another `normalise`.
        """
        if self.config.normalise != "stored":
            raise ValueError(f"normalise='{self.config.normalise}' stores no statistics")
        self.mean.copy_(mean)
        self.std.copy_(std.clamp_min(1e-3))

    def features(self, audio: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Log-mel spectrum before normalization.

        Args:
            audio: [B, N] at 16 kHz.
            lengths: [B], samples of each utterance; None where all have N.

        Returns:
            x [B, T, M] and frames [B] int64; x behind an utterance's own frames has no meaning.
        """
        if lengths is None:
            lengths = torch.full((audio.shape[0],), audio.shape[1], device=audio.device)
        mask = frame_mask(lengths, audio.shape[1])
        # A window that is filled up must not see the padding.
        return self.logmel(self.leveled(masked(audio, mask), mask)), frame_count(lengths)

    def leveled(self, audio: Tensor, mask: Tensor | None = None) -> Tensor:
        """See the function `leveled`, with the limits of this model."""
        return leveled(audio, mask, self.config.quietest, self.config.loudest)

    def normalise(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """x [B, T, M], mask [B, T] -> [B, T, M] in about -1..1, zeros where the mask is False."""
        kind = self.config.normalise
        if self.config.floor_db is not None:
            x = leveled_off(x, mask, self.config.floor_db)
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
        """x [B, T, M] from `features`, frames [B] (None where all are T) -> logits [B, K]."""
        mask = frame_mask(frames, x.shape[1])
        logits = self.logits(self.normalise(x, mask), frames)
        heat = self.config.temperature
        return logits if heat == 1 else logits / heat

    def logits(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """x [B, T, M], normalized and zero behind an utterance's frames [B] -> logits [B, K]."""
        raise NotImplementedError

    def forward(self, audio: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits of utterances.

        Args:
            audio: [B, N] at 16 kHz, in -1..1.
            lengths: [B] int64, samples of each; None where all have N.

        Returns:
            [B, K].
        """
        if lengths is None:  # no masks in an exported graph
            return self.classify(self.logmel(self.leveled(audio)))
        return self.classify(*self.features(audio, lengths))

    def example_inputs(self, seconds: float = 2.0) -> Sequence[Tensor]:
        """Random audio [1, N] of so many seconds, as `forward` takes it."""
        make = torch.Generator().manual_seed(0)
        return (0.1 * torch.randn(1, round(seconds * SAMPLE_RATE), generator=make),)
