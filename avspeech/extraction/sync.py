"""How late the picture is: lips and sound of real clips are often some hundredths of a second
apart.

The score of an offset is the correlation of two embeddings, of sound and of lips, over a whole
example, as in SyncNet (Chung & Zisserman, "Out of time", ACCV-W 2016), but here the sound is a
mixture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def offsets(x: Tensor, lags: int) -> Tensor:
    """All shifts of a sequence, its edges repeated.

    Args:
        x: `[B, T, C]`.
        lags: the largest shift, in frames.

    Returns:
        `[B, 2 * lags + 1, C, T]`: index j of axis 1 holds x[t + j - lags].
    """
    first, last = (x[:, [i]].expand(-1, lags, -1) for i in (0, -1))
    return _shifts(torch.cat([first, x, last], 1).transpose(1, 2), lags)


def moved(x: Tensor, weights: Tensor) -> Tensor:
    """A sequence at a weighted mean of its shifts.

    Args:
        x: `[B, T, C]`.
        weights: `[B, 2 * lags + 1]`, sum 1.

    Returns:
        `[B, T, C]`.
    """
    return torch.einsum("bk,bkct->btc", weights, offsets(x, weights.shape[1] // 2))


class LipSync(nn.Module):
    """Finds the offset at which the lips fit the sound.

    How likely an offset is by itself is learned too. It starts as normal with a deviation of two
    frames.

    Args:
        sound: numbers of a frame of sound.
        lips: numbers of a frame of lips.
        lags: frames by which the lips may be early or late.
        width: of the embeddings.
    """

    def __init__(self, sound: int, lips: int, lags: int, width: int = 48):
        super().__init__()
        self.lags = lags

        def embedding(inside: int) -> nn.Module:
            return nn.Sequential(nn.Conv1d(inside, width, 3, padding=1), nn.PReLU(),
                                 nn.Conv1d(width, width, 3, padding=1))

        self.sound, self.lips = embedding(sound), embedding(lips)
        self.prior = nn.Parameter(-torch.arange(-lags, lags + 1).float().square() / 8)
        self.sharpness = nn.Parameter(torch.tensor(math.log(20.0)))

    def embeddings(self, planes: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
        """What lips and voices are compared by.

        Args:
            planes: `[B, P, T, bands]` of the cue.
            bands: `[K, T, bands]`, log spectra.

        Returns:
            (`[B, W, T]`, `[K, W, T]`).
        """
        cues = planes.transpose(1, 2).flatten(2)
        return self.lips(cues.transpose(1, 2)), self.sound(bands.transpose(1, 2))

    def forward(self, sound: Tensor, lips: Tensor) -> Tensor:
        """Log probabilities of the offsets.

        Args:
            sound: `[B, T, S]`.
            lips: `[B, T, L]` at the same rate.

        Returns:
            `[B, 2 * lags + 1]`: index j stands for an offset of j - lags frames, at which what the
            lips show at t + j - lags is heard at t. Above 0 the lips are late.
        """
        heard, seen = (_standardized(embed(x.transpose(1, 2)).float())
                       for embed, x in ((self.sound, sound), (self.lips, lips)))
        seen = _shifts(nn.functional.pad(seen, (self.lags, self.lags)), self.lags)
        # 32 bits under autocast
        correlation = (heard.unsqueeze(1) * seen).sum((2, 3)) / (heard.shape[1] * heard.shape[2])
        return torch.log_softmax(correlation * self.sharpness.exp() + self.prior, 1)


def _shifts(x: Tensor, lags: int) -> Tensor:
    """The 2 * lags + 1 places of a window of T in `[B, C, T + 2 * lags]`, as
    `[B, 2 * lags + 1, C, T]`.

    Slices, as torch.onnx cannot write `unfold` with a window whose length is not known yet.
    """
    length = x.shape[2] - 2 * lags
    return torch.stack([x[:, :, j : j + length] for j in range(2 * lags + 1)], 1)


def _standardized(x: Tensor) -> Tensor:
    """[B, W, T] without its mean over time, at an RMS of 1."""
    x = x - x.mean(2, keepdim=True)
    return x * torch.rsqrt(x.square().mean((1, 2), keepdim=True) + 1e-6)
