"""Log-mel spectrograms shared by upstreams, and the baseline made of nothing else."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from avspeech.bench.upstreams.base import Upstream

BLOCK = 4096  # frames transformed at once


@cache
def _filters(sample_rate: int, size: int, mels: int) -> Tensor:
    """[mels, size // 2 + 1]: Slaney's scale, triangles of unit area."""
    import librosa

    return torch.from_numpy(librosa.filters.mel(sr=sample_rate, n_fft=size, n_mels=mels)).float()


def mel_power(samples: Tensor, sample_rate: int, size: int, hop: int, mels: int, frames: int,
              before: Tensor | None = None) -> Tensor:
    """A mel power spectrogram. Beside its result it takes the same memory for any length.

    Args:
        samples: [N].
        sample_rate: in hertz.
        size: samples of a Hann window; the i-th window is centered on sample i * hop.
        hop: samples between windows.
        mels: bands.
        frames: how many; after the last sample there is silence.
        before: the size // 2 samples before the first; default: silence.

    Returns:
        [frames, mels].
    """
    around = size // 2
    head = samples.new_zeros(around) if before is None else before
    window = torch.hann_window(size, device=samples.device)
    filters = _filters(sample_rate, size, mels).to(samples.device).T
    out = samples.new_empty(frames, mels)
    for first in range(0, frames, BLOCK):
        count = min(BLOCK, frames - first)
        begin = first * hop - around  # the first sample of the first window
        end = begin + (count - 1) * hop + size
        x = samples[max(begin, 0): max(min(end, len(samples)), 0)]
        if begin < 0:
            x = torch.cat([head, x])
        x = torch.nn.functional.pad(x, (0, end - begin - len(x)))
        spectrum = torch.stft(x, size, hop, window=window, center=False, return_complex=True)
        out[first: first + count] = spectrum.abs().square().T @ filters
    return out


class LogMel(Upstream):
    """Statistics of a log-mel spectrogram over the utterance: features without a network.

    An utterance gives one vector: of 64 bands (25 ms windows, 10 ms hop, dB over 1e-10) the mean,
    the standard deviation, the 10 %, 50 % and 90 % points, and the mean absolute change from frame
    to frame; D = 384. Statistics are of the whole utterance at any length. Beside the samples
    (230 MB an hour) this takes the 92 MB an hour of the spectrogram, since the points are exact.

    Args:
        output: "statistics", or "frames" for the bands themselves, 100 frames a second, D = 64.
        options: of `Upstream`.
    """

    family = "log-mel"
    packages = ("librosa",)
    mels = 64

    def __init__(self, output: Literal["statistics", "frames"] = "statistics",
                 **options: Any) -> None:
        super().__init__(output=output, mels=self.mels, **options)
        if output not in ("statistics", "frames"):
            raise ValueError(f"output '{output}': expected statistics or frames")
        self.whole = output == "statistics"
        self.hop = 0 if self.whole else 160
        self.dim = self.mels * (6 if self.whole else 1)
        if self.whole:
            self.max_seconds = float("inf")

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        return torch.stack([self._statistics(x) if self.whole else self._decibels(x)
                            for x in wave])[None]

    def _decibels(self, samples: Tensor) -> Tensor:
        """[frames, mels]."""
        frames = -(-len(samples) // 160)
        power = mel_power(samples, self.sample_rate, 400, 160, self.mels, frames)
        return power.clamp_min_(1e-10).log10_().mul_(10)

    def _statistics(self, samples: Tensor) -> Tensor:
        """[1, 6 * mels]; band by band, so that nothing of the spectrogram's size is copied."""
        x = self._decibels(samples)
        at = torch.tensor([0.1, 0.5, 0.9], device=x.device)
        bands = []
        for band in x.T:
            band = band.contiguous()
            change = band.diff().abs().mean() if len(band) > 1 else torch.zeros_like(band[0])
            plain = torch.stack([band.mean(), band.std(unbiased=False)])
            bands.append(torch.cat([plain, torch.quantile(band, at), change[None]]))
        return torch.stack(bands, 1).reshape(1, -1)
