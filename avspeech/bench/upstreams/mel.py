"""Log-mel spectrograms shared by upstreams, and the baseline made of nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from avspeech.bench.upstreams.base import Upstream


@cache
def _filters(sample_rate: int, size: int, mels: int) -> Tensor:
    """[mels, size // 2 + 1]: Slaney's scale, triangles of unit area."""
    import librosa

    return torch.from_numpy(librosa.filters.mel(sr=sample_rate, n_fft=size, n_mels=mels)).float()


def mel_power(samples: Tensor, sample_rate: int, size: int, hop: int, mels: int, frames: int,
              before: Tensor | None = None) -> Tensor:
    """Mel power spectrogram [frames, mels] of samples [N]: Hann windows of `size`, the i-th centred on sample
    i * hop, silence after the end; before: the size // 2 samples before the beginning, silence where None."""
    around = size // 2
    after = max((frames - 1) * hop + size - around - len(samples), 0)
    zeros = samples.new_zeros
    x = torch.cat([zeros(around) if before is None else before, samples, zeros(after)])
    window = torch.hann_window(size, device=samples.device)
    spectrum = torch.stft(x, size, hop, window=window, center=False, return_complex=True)[:, :frames]
    return spectrum.abs().square().T @ _filters(sample_rate, size, mels).to(samples.device).T


class LogMel(Upstream):
    """Statistics of a log-mel spectrogram over the utterance: what a probe can do without any network.

    One vector an utterance: of 64 bands (25 ms windows, 10 ms hop, dB over 1e-10) the mean, standard
    deviation, 10 %, 50 % and 90 % points, and the mean absolute change from frame to frame; D = 384.
    output="frames" gives the bands themselves, 100 frames a second, D = 64. Statistics are of the whole
    utterance at any length: an hour's spectrogram takes 92 MB.
    """

    family = "log-mel"
    mels = 64

    def __init__(self, output: Literal["statistics", "frames"] = "statistics", **options: Any) -> None:
        super().__init__(output=output, mels=self.mels, **options)
        if output not in ("statistics", "frames"):
            raise ValueError(f"output '{output}': expected statistics or frames")
        self.whole = output == "statistics"
        self.hop = 0 if self.whole else 160
        self.dim = self.mels * (6 if self.whole else 1)
        if self.whole:
            self.max_seconds = float("inf")

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        frames = -(-wave.shape[1] // 160)
        out = [10 * mel_power(x, self.sample_rate, 400, 160, self.mels, frames).clamp_min(1e-10).log10()
               for x in wave]
        return torch.stack([self._statistics(x) if self.whole else x for x in out])[None]

    def _statistics(self, x: Tensor) -> Tensor:
        points = torch.quantile(x, torch.tensor([0.1, 0.5, 0.9], device=x.device), dim=0)
        change = x.diff(dim=0).abs().mean(0) if len(x) > 1 else torch.zeros_like(x[0])
        return torch.cat([x.mean(0), x.std(0, unbiased=False), *points, change])[None]
