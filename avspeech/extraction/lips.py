"""Lip encoders: mouth crops [N, T, H, W] to an embedding a video frame [N, T, C].

Each has two parts. `look` sees a frame and `around` frames before and behind it; `over_time` takes
what it gives for a whole sequence. So of a video that goes on, each frame need be looked at once.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.extraction.fusion import masked_mean


def standardized(crops: Tensor, mask: Tensor) -> Tensor:
    """Brings crops to mean 0 and variance 1 over the shown frames of each sequence.

    This removes a speaker's skin tone and the lighting.

    Args:
        crops: `[N, T, H, W]` uint8 or float.
        mask: bool `[N, T]`, True where the mouth is shown.

    Returns:
        Float `[N, T, H, W]`, zeros in frames that are not shown.
    """
    x = crops.float()
    weight = mask[:, :, None, None].to(x.dtype)
    count = (weight.sum((1, 2, 3), keepdim=True) * x[0, 0].numel()).clamp_min(1.0)
    mean = (x * weight).sum((1, 2, 3), keepdim=True) / count
    variance = ((x - mean).square() * weight).sum((1, 2, 3), keepdim=True) / count
    return (x - mean) * torch.rsqrt(variance + 1e-3) * weight


def centered(x: Tensor, mask: Tensor) -> Tensor:
    """Subtracts the mean over the shown frames of each sequence.

    How a mouth looks at rest is removed, how it moves is kept.

    Args:
        x: features `[N, T, C]`.
        mask: bool `[N, T]`.

    Returns:
        `[N, T, C]`.
    """
    return x - masked_mean(x, mask.unsqueeze(-1), 1).unsqueeze(1)


def activation(name: str, channels: int) -> nn.Module:
    """A layer's function: "relu", "prelu" (a slope for each channel) or "swish"."""
    if name == "prelu":
        return nn.PReLU(channels)
    return {"relu": nn.ReLU(), "swish": nn.SiLU()}[name]


class Residual(nn.Module):
    """The basic block of ResNet: two 3 x 3 convolutions with batch norm around a shortcut.

    Args:
        inside: channels of the input.
        outside: channels of the output.
        stride: of the first convolution.
        act: see `activation`.
    """

    def __init__(self, inside: int, outside: int, stride: int = 1, act: str = "relu"):
        super().__init__()
        self.act1, self.act2 = activation(act, outside), activation(act, outside)
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)
        self.shortcut = (nn.Identity() if inside == outside and stride == 1 else nn.Sequential(
            nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)))

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[N, C, H, W]` to `[N, C', H / stride, W / stride]`."""
        y = self.act1(self.norm1(self.conv1(x)))
        out: Tensor = self.act2(self.norm2(self.conv2(y)) + self.shortcut(x))
        return out


class Lips(nn.Module):
    """A lip encoder.

    Attributes:
        channels: C, the width of the output.
        around: frames that `look` sees on either side of each.
    """

    channels: int
    around: int

    def forward(self, crops: Tensor, mask: Tensor) -> Tensor:
        """Encodes mouth crops.

        Args:
            crops: `[N, T, H, W]` uint8 or float; of 88 x 88 pixels for all but `ResNetLips`.
            mask: bool `[N, T]`.

        Returns:
            `[N, T, C]`.
        """
        return self.over_time(self.look(standardized(crops, mask)), mask)

    def look(self, x: Tensor) -> Tensor:
        """What each standardized frame of `[N, T, H, W]` looks like: `[N, T, ...]`."""
        raise NotImplementedError

    def over_time(self, looks: Tensor, mask: Tensor) -> Tensor:
        """The embeddings `[N, T, C]` of what `look` gives."""
        raise NotImplementedError


class ResNetLips(Lips):
    """A 3-D convolution (5 x 7 x 7, stride 1 x 2 x 2) and a ResNet-18: the usual lip reading front
    end.

    It costs 8 GMAC a second at 88 x 88 pixels and 25 frames a second.

    Args:
        act: "relu", "prelu" or "swish"; `convert` brings weights of the latter from other projects.

    Attributes:
        channels: 512, the width of the output.
    """

    channels = 512
    around = 2

    def __init__(self, act: str = "relu") -> None:
        super().__init__()
        self.stem = nn.Conv3d(1, 64, (5, 7, 7), (1, 2, 2), (2, 3, 3), bias=False)
        self.norm = nn.BatchNorm3d(64)
        self.act = activation(act, 64)
        widths = [64, 64, 64, 128, 128, 256, 256, 512, 512]
        self.blocks = nn.Sequential(
            *[Residual(a, b, 1 if a == b else 2, act) for a, b in zip(widths, widths[1:])]
        )

    def look(self, x: Tensor) -> Tensor:
        """Encodes crops `[N, T, H, W]` that are standardized already: `[N, T, 512]`."""
        x = self.act(self.norm(self.stem(x.unsqueeze(1))))
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        n, c, t, h, w = x.shape
        x = self.blocks(x.transpose(1, 2).reshape(n * t, c, h, w))
        return x.mean((2, 3)).view(n, t, -1)

    def over_time(self, looks: Tensor, mask: Tensor) -> Tensor:
        """What `look` gives is the embedding: `[N, T, 512]`."""
        return looks


class SmallLips(Lips):
    """A lip encoder for CPUs: a convolution over 5 frames, three residual stages, a BLSTM over
    time.

    The last 3 x 3 map is flattened, not averaged: where on the mouth something moves distinguishes
    phones. It costs 0.77 GMAC a second at width 48, 88 x 88 pixels and 25 frames a second.

    Args:
        width: channels of the first stage, doubled twice.

    Attributes:
        channels: 8 * width, the width of the output.
    """

    around = 2

    def __init__(self, width: int = 32):
        super().__init__()
        self.channels = 8 * width
        self.stem = nn.Conv2d(5, width, 7, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(
            Residual(width, width * 3 // 2, 2),
            Residual(width * 3 // 2, width * 3, 2),
            nn.Conv2d(width * 3, width * 4, 3, 2, 1, bias=False),
            nn.BatchNorm2d(width * 4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(36 * width, 8 * width),
        )
        self.rnn = nn.LSTM(8 * width, 4 * width, num_layers=2, batch_first=True, bidirectional=True)

    def look(self, x: Tensor) -> Tensor:
        """Each standardized frame of `[N, T, 88, 88]`, with two at either side: `[N, T, C]`."""
        n, t, h, w = x.shape
        # 5 frames as channels
        x = F.pad(x, (0, 0, 0, 0, 2, 2)).unfold(1, 5, 1).permute(0, 1, 4, 2, 3)
        x = F.relu(self.norm(self.stem(x.reshape(n * t, 5, h, w))))
        return self.blocks(x).view(n, t, -1)

    def over_time(self, looks: Tensor, mask: Tensor) -> Tensor:
        """The embeddings `[N, T, C]` of what `look` gives."""
        return self.rnn(looks)[0]


class _Pool(nn.MaxPool3d):
    """Max pooling with the channels of a pixel side by side, which is ten times as fast."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.contiguous(memory_format=torch.channels_last_3d))


class LipNetLips(Lips):
    """The three spatio-temporal convolutions of LipNet, and a BLSTM over time.

    Assael, Shillingford, Whiteson, de Freitas, "LipNet", arXiv 1611.01599. LipNet's picture of 100
    x 50 pixels has a mouth of about 45 pixels; here the middle 77 x 48 pixels of an 88 x 88 crop
    are scaled to 64 x 40, where a mouth has that size too. Pooling keeps a last cell that it cuts
    in half. The features are centered over time, which helps with faces that training has not
    shown. It costs 0.87 GMAC a second at width 48 and 25 frames a second.
    `tools/begin_with_lipnet.py` copies the weights of a trained LipNet into `frontend`.

    Args:
        width: an eighth of `channels`.

    Attributes:
        channels: 8 * width, the width of the output.
    """

    around = 3

    def __init__(self, width: int = 48):
        super().__init__()
        self.channels = 8 * width
        sizes = [(1, 32, (3, 5, 5), 2), (32, 64, (3, 5, 5), 1), (64, 96, (3, 3, 3), 1)]
        stages = []
        for inside, outside, kernel, stride in sizes:
            padding = (1, kernel[1] // 2, kernel[2] // 2)
            stages.append(nn.Sequential(
                nn.Conv3d(inside, outside, kernel, (1, stride, stride), padding, bias=False),
                nn.BatchNorm3d(outside, eps=1e-3), nn.ReLU(), nn.Dropout3d(0.1),
                _Pool((1, 2, 2), ceil_mode=True)))
        self.frontend = nn.Sequential(*stages)
        self.enter = nn.Sequential(nn.Dropout(0.3), nn.Linear(96 * 3 * 4, self.channels), nn.ReLU(),
                                   nn.Dropout(0.2))
        self.rnn = nn.LSTM(self.channels, self.channels // 2, num_layers=2, batch_first=True,
                           bidirectional=True, dropout=0.2)

    def look(self, x: Tensor) -> Tensor:
        """The convolutions over standardized crops `[N, T, 88, 88]`: `[N, T, 96 * 3 * 4]`."""
        x = F.interpolate(x[..., 24:72, 5:82], (40, 64), mode="bilinear")
        x = self.frontend(x.unsqueeze(1))  # [N, 96, T, 3, 4]
        return x.transpose(1, 2).flatten(2)

    def over_time(self, looks: Tensor, mask: Tensor) -> Tensor:
        """The embeddings `[N, T, 8 * width]` of what `look` gives."""
        return self.rnn(self.enter(centered(looks, mask)))[0]
