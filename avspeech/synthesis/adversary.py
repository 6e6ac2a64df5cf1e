"""An adversary for the vocoder: it learns to tell sounds that were made from real ones, for what a
distance of spectra does not hear.

Stacks of convolutions over log magnitudes of STFTs of several resolutions (W. Jang et al.,
"UnivNet", Interspeech 2021); least squares (X. Mao et al., ICCV 2017) and feature matching (J. Kong
et al., "HiFi-GAN", NeurIPS 2020). Small, so that a CPU can pay for it at the end of a training by
distance.

Both sides learn in one step of one optimizer: the maker's loss sees the judge with its weights
detached, the judge's loss sees the sound detached.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm


class Judge(nn.Module):
    """A discriminator at one resolution: a call gives the output of each layer for sound `[B, N]`,
    the last one the verdict, near 1 for real, near 0 for made."""

    window: Tensor

    def __init__(self, n_fft: int, hop: int, width: int = 16):
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        sizes = [(1, width, (3, 9), (1, 2)), (width, width, (3, 5), (2, 2)),
                 (width, width, (3, 5), (2, 2)),
                 (width, width, (3, 3), (1, 1)), (width, 1, (3, 3), (1, 1))]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, kernel, stride, padding=(kernel[0] // 2, kernel[1] // 2)))
            for a, b, kernel, stride in sizes)

    def forward(self, sound: Tensor) -> list[Tensor]:
        spectrum = torch.stft(sound, self.n_fft, self.hop, window=self.window, return_complex=True)
        size = (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()
        x = torch.log(size.transpose(1, 2) + 1e-4).unsqueeze(1) / 3 + 1  # about -1..1 for speech
        found = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number < len(self.layers) - 1:
                x = F.leaky_relu(x, 0.1)
            found.append(x)
        return found


class Adversary(nn.Module):
    """Discriminators at several resolutions, (n_fft, hop) each."""

    def __init__(self,
                 resolutions: Sequence[tuple[int, int]] = ((1024, 256), (512, 128), (256, 64),
                                                           (128, 32))):
        super().__init__()
        self.judges = nn.ModuleList(Judge(n_fft, hop) for n_fft, hop in resolutions)

    def forward(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Losses, each a mean over resolutions.

        Args:
            made, real: sounds `[B, N]`.

        Returns:
            (how badly `made` fools the judges; how far the outputs of their layers for it are from
            those for `real`; both teach the maker alone. How badly the judges tell the two apart,
            which teaches them alone).
        """
        zero = made.new_zeros(())
        fooled, matched, apart = zero, zero, zero
        for judge in self.judges:
            weights = {name: p.detach() for name, p in judge.named_parameters()}
            fake = functional_call(judge, weights, (made,))
            true = judge(real)
            fooled = fooled + (fake[-1] - 1).square().mean()
            for a, b in zip(fake[:-1], true[:-1]):
                b = b.detach()
                off = (a - b).abs().mean() / b.abs().mean().clamp_min(1e-3)
                matched = matched + off / (len(fake) - 1)
            apart = apart + (true[-1] - 1).square().mean()
            apart = apart + judge(made.detach())[-1].square().mean()
        n = len(self.judges)
        return fooled / n, matched / n, apart / n
