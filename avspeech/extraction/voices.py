"""A separator that knows voices: it splits a mixture into two voices without seeing anybody.

Voices need no video to learn from. Trained on many, this network says what the voices of a mixture
are; lips then only have to say which of them is whose, which takes far less than a mask.

The parts are those of `MVTF` without its lips, by the same names, so that a training can begin with
the weights of one (`begin`): the STFT with compressed features, a full-band first guess
(`extraction/fullband.py`), TF-GridNet blocks (`extraction/gridnet.py`), and a complex mask for
each voice. What is neither voice (noise, music, a third one) is the rest: the masks need not
add up to 1. A mixture of one voice has a silent second output. The order of the outputs means
nothing, and `splitting_loss` trains it so (permutation-invariant training: Yu et al., ICASSP 2017).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.errors import InputError
from avspeech.extraction.fullband import FullBandGuess
from avspeech.extraction.gridnet import GridNetBlock
from avspeech.extraction.mvtf import MVTF, complex_product, istft, log_scale, scale, stft
from avspeech.extraction.training import extraction_loss


@dataclass(frozen=True)
class SplitterConfig:
    """Settings of `VoiceSplitter`."""

    sample_rate: int = 16000  # Hz
    n_fft: int = 1024  # samples of a window of the STFT
    hop: int = 512  # samples between its windows
    voices: int = 2  # outputs
    patch: int = 8  # bins a step of the encoder's convolution; the blocks see n_fft / 2 / patch + 1
    blocks: int = 3  # B of the TF-GridNet
    dim: int = 48  # D of its tensors
    kernel: int = 4  # I of its paths
    stride: int = 4  # J of its paths
    hidden: int = 64  # H, LSTM units of a direction
    heads: int = 4  # L of its attention
    query: int = 4  # E of its attention
    guess: int = 216  # width of the first guess
    guess_layers: int = 22  # its convolutions

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "sample_rate", "n_fft", "hop", "patch", "dim", "kernel",
                        "stride", "hidden", "heads", "query", "guess", "guess_layers")
        ranges.at_least(self, 0, "blocks")  # none: the first guess alone


class VoiceSplitter(nn.Module):
    """Splits a mixture into voices: see the module's docstring.

    Args:
        config: see `SplitterConfig`.

    Raises:
        InputError: settings that do not fit together.
    """

    Config = SplitterConfig
    window: Tensor

    def __init__(self, config: SplitterConfig = SplitterConfig()):
        super().__init__()
        c = self.config = config
        if c.n_fft // 2 % c.patch:
            raise InputError(
                f"model setting patch={c.patch}: must divide n_fft / 2 = {c.n_fft // 2}"
            )
        if c.voices < 2:
            raise InputError(f"model setting voices={c.voices}: expected 2 or more")
        shape: dict = dict(
            kernel_size=(3, 2 * c.patch + 1), stride=(1, c.patch), padding=(1, c.patch)
        )
        bins = c.n_fft // 2 + 1
        self.guess = FullBandGuess(3 * bins, c.voices * bins, c.guess, c.guess_layers)
        self.encode = nn.Conv2d(3 + 2 * c.voices, c.dim, **shape)
        self.norm = nn.LayerNorm(c.dim)
        self.blocks = nn.ModuleList(
            [
                GridNetBlock(c.dim, c.kernel, c.stride, c.hidden, c.heads, c.query)
                for _ in range(c.blocks)
            ]
        )
        self.decode = nn.ConvTranspose2d(c.dim, 2 * c.voices, **shape)
        scale(self.decode, 0.1)  # the blocks begin as a small change to the first mask
        self.register_buffer("window", torch.hann_window(c.n_fft).sqrt(), persistent=False)

    def spectrum(self, samples: Tensor) -> Tensor:
        """Real and imaginary part of the STFT.

        Args:
            samples: `[B, N]`.

        Returns:
            `[B, 2, T, F]`, T = N // hop + 1.
        """
        x = stft(samples, self.window, self.config.hop)
        return torch.view_as_real(x).permute(0, 3, 1, 2)

    def forward(self, mixture: Tensor) -> Tensor:
        """Splits a mixture.

        Args:
            mixture: float `[B, N]`, at any level.

        Returns:
            `[B, voices, N]` in no particular order, each at the level that it has in the mixture.
        """
        c = self.config
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        out = self.masked(self.spectrum(mixture / level)).flatten(0, 1)
        estimate = istft(out, self.window, c.hop, mixture.shape[-1])
        return estimate.unflatten(0, (-1, c.voices)) * level.unsqueeze(1)

    def masked(self, parts: Tensor) -> Tensor:
        """The voices' spectra from that of the mixture; no complex numbers, so that it exports.

        Args:
            parts: `[B, 2, T, F]` of `spectrum`, of a mixture of RMS 1.

        Returns:
            `[B, voices, 2, T, F]`.
        """
        v = self.config.voices
        power = parts.square().sum(1, keepdim=True)
        squeezed, loud = parts * (power + 1e-4) ** -0.25, log_scale(power)
        frames = torch.cat([squeezed, loud], 1).transpose(1, 2).flatten(2)
        masks = self.guess(frames).float().unflatten(-1, (v, -1)).permute(0, 3, 1, 2, 4)
        # Each voice begins as its share of the mixture.
        masks = masks + torch.tensor([1 / v, 0.0], device=masks.device).view(1, 1, 2, 1, 1)
        guesses = [complex_product(masks[:, i], squeezed) for i in range(v)]
        x = self.norm(self.encode(torch.cat([squeezed, loud, *guesses], 1)).permute(0, 2, 3, 1))
        for block in self.blocks:
            x = block(x)
        masks = masks + self.decode(x.permute(0, 3, 1, 2)).float().unflatten(1, (v, 2))
        return torch.stack([complex_product(masks[:, i], parts) for i in range(v)], 1)

    def example_inputs(self, seconds: float = 2.0) -> tuple[Tensor]:
        """A random mixture of one example, in the shape that `forward` takes.

        Args:
            seconds: length.
        """
        make = torch.Generator().manual_seed(0)
        return (torch.randn(1, round(seconds * self.config.sample_rate), generator=make),)


@torch.no_grad()
def begin(splitter: VoiceSplitter, other: nn.Module) -> int:
    """Copies what fits from another splitter or from an `MVTF`.

    Of an `MVTF` that is the first guess without its cue and its last layer, and the encoder's
    channels of the mixture and of the guess, which each voice gets, with the blocks.

    Args:
        splitter: receives the weights.
        other: gives them.

    Returns:
        How many tensors were copied, whole or in part.
    """
    weights = other.state_dict()
    own = splitter.state_dict()
    if isinstance(other, MVTF):
        name = "guess.enter.weight"
        if name in weights:
            weights[name] = weights[name][:, : own[name].shape[1]]
        name, voices = "encode.weight", splitter.config.voices
        if other.config.guess:
            mixed, guessed = weights[name][:, :3], weights[name][:, -2:]
            # Each voice gets another share, so that the outputs can part.
            shares = [(-1) ** v / voices for v in range(voices)]
            weights[name] = torch.cat([mixed, *[guessed * share for share in shares]], 1)
    fitting = {k: v for k, v in weights.items() if k in own and own[k].shape == v.shape}
    splitter.load_state_dict(fitting, strict=False)
    return len(fitting)


def splitting_loss(estimates: Tensor, voices: Tensor, mixture: Tensor,
                   silent_weight: float = 0.3) -> Tensor:
    """Loss of a splitter in dB, lower is better: `extraction_loss`, the mean over the voices, in
    the order of the outputs that is best.

    Args:
        estimates: `[B, V, N]`.
        voices: `[B, V, N]`; zero where there are fewer.
        mixture: `[B, N]`.
        silent_weight: of voices that are zero, whose dB are cheap.

    Returns:
        `[B]`.
    """
    b, v, n = voices.shape
    outputs, wanted, mixtures = (x.expand(b, v, v, n).flatten(0, 2) for x in (
        estimates.unsqueeze(2), voices.unsqueeze(1), mixture.view(b, 1, 1, n)))
    silent = voices.abs().amax(-1) == 0
    losses = extraction_loss(outputs, wanted, mixtures).view(b, v, v)
    losses = losses * torch.where(silent, silent_weight, 1.0).unsqueeze(1)
    orders = [losses[:, range(v), order].mean(1) for order in itertools.permutations(range(v))]
    return torch.stack(orders, 1).amin(1)
