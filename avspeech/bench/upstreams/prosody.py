"""Two baselines that need no weights: prosody in a few numbers, and an untrained network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from avspeech.bench.upstreams.base import Upstream
from avspeech.bench.upstreams.mel import mel_power


class Prosody(Upstream):
    """How an utterance is said, in 31 numbers.

    The mean, standard deviation, 10 %, 50 % and 90 % points of each of these five: F0 (semitones
    over 50 Hz), its change from frame to frame, the level (dB), its change, and the center of the
    spectrum (log mel band). Then the share of voiced frames, the share of quiet frames (20 dB below
    the loudest), voiced runs a second, the modulation of the level at 2 to 6 and at 6 to 12 Hz, and
    the length (log s).

    F0 is that of `avspeech.media.pitch` by autocorrelation (Boersma 1993). Statistics are of the
    whole utterance; the modulation is the mean over stretches of 10.24 s.
    """

    family = "prosody"
    packages = ("librosa", "scipy")
    hop, dim = 0, 31
    minimum = 1600
    max_seconds = float("inf")

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        return torch.stack([self._one(x) for x in wave])[None, :, None]

    def _one(self, x: Tensor) -> Tensor:
        from avspeech.media import pitch

        hertz, voiced = pitch.f0(x.cpu().numpy(), self.sample_rate, method="autocorrelation")
        there = torch.from_numpy(voiced)
        line = 12 * torch.log2(torch.from_numpy(hertz).double().clamp_min(1) / 50)
        both = there[1:] & there[:-1]
        level, center = self._spectrum(x, len(voiced))
        parts = [_points(v) for v in (line[there], line.diff()[both], level, level.diff(), center)]
        # |FFT| of each 1,024 frames (the last filled with zeros); 100 / 1,024 Hz a step
        stretches = nn.functional.pad(level - level.mean(), (0, -len(level) % 1024)).view(-1, 1024)
        modulation = torch.fft.rfft(stretches).abs().sum(0) / len(level)
        runs = (there[1:] & ~there[:-1]).sum()
        seconds = len(x) / self.sample_rate
        quiet = level < level.max() - 20
        rest = [there.double().mean(), quiet.double().mean(), runs / seconds,
                modulation[20:62].mean(), modulation[62:123].mean(), math.log(seconds)]
        numbers = torch.tensor([float(v) for v in rest], dtype=torch.float64)
        return torch.cat([*parts, numbers]).float().to(self.device)

    def _spectrum(self, x: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """(level in dB [T], center of the spectrum in bands [T]), float64."""
        power = mel_power(x, self.sample_rate, 400, 160, 40, frames).cpu()
        total = power.sum(1, dtype=torch.float64) + 1e-10
        center = (power @ torch.arange(40.0)).double() / total
        return 10 * total.log10(), center


def _points(values: Tensor) -> Tensor:
    """Mean, standard deviation and the 10 %, 50 %, 90 % points; zeros for no values."""
    if not len(values):
        return torch.zeros(5, dtype=torch.float64)
    points = torch.quantile(values, torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64))
    return torch.cat([values.mean()[None], values.std(unbiased=False)[None], points])


class RandomConvolutions(Upstream):
    """A log-mel spectrogram, then four convolutions with random weights, one after the other.

    It is a floor that a trained network has to exceed. The spectrogram has 40 bands in dB, 100
    frames a second. L = 5, D = 64 (the spectrogram fills 40 of them, the rest is 0). A frame sees 8
    frames to either side.
    """

    family = "conv-random"
    packages = ("librosa",)
    hop, minimum = 160, 1600
    layers, dim = 5, 64

    def __init__(self, seed: int = 0, device: str | torch.device = "cpu",
                 max_seconds: float | None = None, overlap_seconds: float | None = None) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = nn.ModuleList(nn.Conv1d(40 if not i else 64, 64, 5) for i in range(4))
        super().__init__(network, None, device, max_seconds, overlap_seconds, seed=seed)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        assert isinstance(self.module, nn.ModuleList)
        frames = -(-wave.shape[1] // self.hop)
        mel = torch.stack([mel_power(x, self.sample_rate, 400, self.hop, 40, frames) for x in wave])
        x = (mel.clamp_min(1e-10).log10().transpose(1, 2) + 5) / 2  # [B, 40, T], about -2..2
        hidden = [nn.functional.pad(x, (0, 0, 0, 24))]
        for layer in self.module:
            # Edges are repeated: silence would be another level than what the next chunk has
            x = torch.tanh(layer(nn.functional.pad(x, (2, 2), mode="replicate")))
            hidden.append(x)
        return torch.stack(hidden).transpose(2, 3)
