"""Two baselines that need no weights: prosody in a few numbers, and a network that has learnt nothing."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from avspeech.bench.upstreams.base import Upstream
from avspeech.bench.upstreams.mel import mel_power


class Prosody(Upstream):
    """How an utterance is said, in 31 numbers: of F0 (semitones over 50 Hz), of its change from frame to
    frame, of the level (dB) and its change, and of the spectrum's centre (log mel band), each the mean,
    standard deviation, 10 %, 50 % and 90 % points; then the share of voiced frames, of quiet frames (20 dB
    below the loudest), runs of voicing a second, the level's modulation at 2-6 and at 6-12 Hz, and the
    length (log s).

    F0 is that of `avspeech.media.pitch` by autocorrelation (Boersma 1993). Statistics of the whole utterance.
    """

    family = "prosody"
    hop, dim = 0, 31
    minimum = 1600
    max_seconds = float("inf")

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        return torch.stack([self._one(x) for x in wave])[None, :, None]

    def _one(self, x: Tensor) -> Tensor:
        from avspeech.media import pitch

        hertz, voiced = pitch.f0(x.cpu().numpy(), self.sample_rate, method="autocorrelation")
        there = torch.from_numpy(voiced)
        tone = 12 * torch.log2(torch.from_numpy(hertz)[there].double().clamp_min(1) / 50)
        both = there[1:] & there[:-1]
        line = 12 * torch.log2(torch.from_numpy(hertz).double().clamp_min(1) / 50)
        power = mel_power(x, self.sample_rate, 400, 160, 40, len(voiced)).double().cpu()
        level = 10 * (power.sum(1) + 1e-10).log10()
        bands = torch.arange(40, dtype=torch.float64)
        centre = (power * bands).sum(1) / (power.sum(1) + 1e-10)
        parts = [_points(v) for v in (tone, line.diff()[both], level, level.diff(), centre)]
        modulation = torch.fft.rfft(level - level.mean(), n=1024).abs() / len(level)  # 100 / 1024 Hz a step
        runs = (there[1:] & ~there[:-1]).sum()
        seconds = len(x) / self.sample_rate
        rest = [float(v) for v in (there.double().mean(), (level < level.max() - 20).double().mean(),
                                   runs / seconds, modulation[20:62].mean(), modulation[62:123].mean(),
                                   math.log(seconds))]
        return torch.cat([*parts, torch.tensor(rest, dtype=torch.float64)]).float().to(self.device)


def _points(values: Tensor) -> Tensor:
    """Mean, standard deviation and the 10 %, 50 %, 90 % points; zeros for no values."""
    if not len(values):
        return torch.zeros(5, dtype=torch.float64)
    points = torch.quantile(values, torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
    return torch.cat([values.mean()[None], values.std(unbiased=False)[None], points])


class RandomConvolutions(Upstream):
    """A log-mel spectrogram (40 bands, dB, 100 frames a second) and what four convolutions with random
    weights make of it, one after the other: the floor under anything that has learnt. L = 5, D = 64 (the
    spectrogram's other 24 are 0). A frame sees 8 frames to either side."""

    family = "conv-random"
    hop, minimum = 160, 1600
    layers, dim = 5, 64

    def __init__(self, seed: int = 0, device: str | torch.device = "cpu", max_seconds: float | None = None,
                 overlap_seconds: float | None = None) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = nn.ModuleList(nn.Conv1d(40 if not i else 64, 64, 5) for i in range(4))
        super().__init__(network, device, max_seconds, overlap_seconds, seed=seed)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        assert isinstance(self.module, nn.ModuleList)
        frames = -(-wave.shape[1] // self.hop)
        mel = torch.stack([mel_power(x, self.sample_rate, 400, self.hop, 40, frames) for x in wave])
        x = (mel.clamp_min(1e-10).log10().transpose(1, 2) + 5) / 2  # [B, 40, T], about -2..2
        hidden = [nn.functional.pad(x, (0, 0, 0, 24))]
        for layer in self.module:
            # Edges are repeated: silence would be another level than what a chunk's neighbour has
            x = torch.tanh(layer(nn.functional.pad(x, (2, 2), mode="replicate")))
            hidden.append(x)
        return torch.stack(hidden).transpose(2, 3)
