"""MVTF: target speaker extraction by the lips, from any number of synchronized views.

Yang, Jin, Liu, Li, "Multi-View Based Audio Visual Target Speaker Extraction", arXiv 2603.07696. Per
view: lip encoder, interpolation to the STFT's frames, a projection and an LSTM that the views
share; tensor fusion of the views (`extraction/fusion.py`); the fused cue is a channel beside Re and
Im of the mixture's STFT; TF-GridNet (`extraction/gridnet.py`); iSTFT.

`mvtf-paper` is the paper's configuration. `mvtf-small` differs where the paper ties sizes to each
other or to one rate:

- Planes: the paper's u has as many numbers as the STFT has bins (65) and is itself the third
  channel. Here u `[T, D]` is projected to a few planes over mel-spaced bands, which are
  interpolated to the bins: any D, n_fft and rate. The first plane is the lips' estimate of the
  target's log spectrum, and `extraction/training.py` trains it as such.
- Symmetric fusion: the order of the views does not matter.
- Features "compressed": Re and Im with their magnitude to the power 1/2, and the log magnitude as a
  third channel. It has the scale of the cue's first plane, so a mask is nearly the difference of
  two inputs.
- Lags: before use, the planes are moved in time to where they fit the mixture
  (`extraction/sync.py`). Lips and sound of real clips are some hundredths of a second apart, each
  clip in its own way (20 ms in GRID, in some clips 100).
- Guess: a full-band network of dilated convolutions (`extraction/fullband.py`) makes a first mask,
  and the blocks refine it.
- Head "mask": a complex mask on the mixture. It is learned as the difference from the mask that the
  lips' estimate alone gives, sigmoid(a (estimate - log power of the mixture) + b) with a and b
  learned, so that training starts from an extractor that already follows the lips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avspeech.core import ranges
from avspeech.errors import InputError
from avspeech.extraction.fullband import FullBandGuess
from avspeech.extraction.fusion import AttentionFusion, ProjectedAddition, TensorFusion
from avspeech.extraction.gridnet import GridNetBlock
from avspeech.extraction.lips import LipNetLips, ResNetLips, SmallLips
from avspeech.extraction.spectra import mel_bands
from avspeech.extraction.sync import LipSync, moved


@dataclass(frozen=True)
class MVTFConfig:
    """Settings of `MVTF`. The defaults are those of `mvtf-small`, but for `lags`."""

    sample_rate: int = 16000  # Hz
    n_fft: int = 1024  # samples of a window of the STFT
    hop: int = 256  # samples between its windows
    fps: float = 25.0  # video frames a second
    crop: int = 88  # pixels: side of the mouth crops
    lips: str = "lipnet"  # "lipnet", "small", "resnet", "resnet-prelu" or "resnet-swish"
    lips_width: int = 48  # an eighth of the numbers that "lipnet" and "small" give for a frame
    embed: int = 64  # D: width of a view's embedding and of the fused one
    embed_causal: bool = False  # the LSTM over the embeddings runs one way
    fusion: str = "tensor"  # "tensor" (MVTF), "add", "attention", or "none" (does not see)
    symmetric: bool = True  # of tensor fusion: the order of the views does not matter
    slots: int | None = None  # of tensor fusion: see `TensorFusion`
    planes: int = 4  # of the cue beside Re and Im; 0: u itself, and embed must be n_fft / 2 + 1
    bands: int = 64  # mel-spaced bands of a plane
    lags: int = 0  # STFT frames by which the lips may be early or late and are moved; 0: none
    patch: int = 8  # bins a step of the encoder's convolution; the blocks see n_fft / 2 / patch + 1
    blocks: int = 3  # B of the TF-GridNet
    dim: int = 48  # D of its tensors
    kernel: int = 4  # I of its paths
    stride: int = 4  # J of its paths
    hidden: int = 64  # H, LSTM units of a direction
    heads: int = 4  # L of its attention
    query: int = 4  # E of its attention
    causal: bool = False  # its path along time runs one way
    features: str = "compressed"  # "compressed", or "complex" (Re and Im as they are)
    head: str = "mask"  # "mask" (complex mask) or "mapping" (complex spectral mapping)
    guess: int = 216  # width of the first guess, 0 for none; needs head "mask"
    guess_layers: int = 22  # its convolutions

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "sample_rate", "n_fft", "hop", "crop", "lips_width", "embed",
                        "slots", "bands", "patch", "dim", "kernel", "stride", "hidden",
                        "heads", "query", "guess_layers")
        ranges.at_least(self, 0, "planes", "lags", "guess")
        ranges.at_least(self, 0 if self.guess else 1, "blocks")  # none: the first guess alone
        ranges.above(self, 0, "fps")


def stft(samples: Tensor, window: Tensor, hop: int) -> Tensor:
    """Complex STFT, as `spectra.spectrum` gives it.

    Args:
        samples: `[B, N]`.
        window: `[n_fft]`.
        hop: samples between windows.

    Returns:
        `[B, T, F]`, T = N // hop + 1.
    """
    n = len(window)
    x = torch.stft(samples, n, hop, window=window, return_complex=True, pad_mode="constant")
    return x.transpose(1, 2) / math.sqrt(n / 2)


def istft(parts: Tensor, window: Tensor, hop: int, length: int) -> Tensor:
    """The inverse of `stft`, from real and imaginary parts: `[B, 2, T, F]` to `[B, length]`."""
    n = len(window)
    spectrum = torch.complex(parts[:, 0], parts[:, 1]).transpose(1, 2) * math.sqrt(n / 2)
    return torch.istft(spectrum, n, hop, window=window, length=length)


def log_scale(power: Tensor) -> Tensor:
    """Log power, about -1 to 1 for speech.

    Args:
        power: relative to a signal of RMS 1, any shape.
    """
    return (power + 1e-4).log() / 4 + 1


@torch.no_grad()
def scale(layer: nn.Module, factor: float) -> None:
    """Multiplies the weights of a new layer by a factor."""
    for parameter in layer.parameters():
        parameter.mul_(factor)


def complex_product(a: Tensor, b: Tensor) -> Tensor:
    """Product of complex numbers as pairs: `[B, 2, T, F]` twice to `[B, 2, T, F]`."""
    return torch.stack(
        [a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1], a[:, 0] * b[:, 1] + a[:, 1] * b[:, 0]], 1
    )


def upsampled(x: Tensor, layer: nn.ConvTranspose2d) -> Tensor:
    """What a transposed convolution gives, by a convolution, which PyTorch computes faster.

    A bin between two steps of the stride has what the steps beside it give it, and each place
    between two steps is a channel of the convolution.

    Args:
        x: `[B, D, T, F]`.
        layer: with a kernel (3, 2 * stride + 1), a stride (1, stride) and a padding (1, stride).

    Returns:
        `[B, C, T, (F - 1) * stride + 1]`.
    """
    (b, d, t, f), stride = x.shape, layer.stride[1]
    outside = layer.out_channels
    # The taps that a step gives to the bins before it, at and behind it, and one bin more
    taps = F.pad(layer.weight, (0, stride - 1)).flip(2).unflatten(3, (3, stride))
    weight = taps.flip(3).permute(1, 4, 0, 2, 3).reshape(outside * stride, d, 3, 3)
    bias = None if layer.bias is None else layer.bias.repeat_interleave(stride)
    y = F.conv2d(x, weight, bias, padding=1)
    y = y.view(b, outside, stride, t, f).permute(0, 1, 3, 4, 2).flatten(3)
    return y[..., : (f - 1) * stride + 1]


class LipCue(nn.Module):
    """From the views' crops to the cue at the STFT's frames.

    Encoder, projection and LSTM of each view, fusion, planes.
    """

    def __init__(self, config: MVTFConfig):
        super().__init__()
        c = self.config = config
        encoders: dict[str, Callable[[], Any]] = {
            "lipnet": lambda: LipNetLips(c.lips_width), "small": lambda: SmallLips(c.lips_width),
            "resnet": ResNetLips, "resnet-prelu": lambda: ResNetLips("prelu"),
            "resnet-swish": lambda: ResNetLips("swish")}
        if c.lips not in encoders:
            raise InputError(
                f"model setting lips='{c.lips}': expected one of {', '.join(encoders)}"
            )
        if c.embed % 2 and not c.embed_causal:
            raise InputError(f"model setting embed={c.embed}: expected an even number where "
                             "embed_causal is off")
        if not c.planes and c.embed != c.n_fft // 2 + 1:
            raise InputError(
                f"model setting planes=0 needs embed = n_fft / 2 + 1 = {c.n_fft // 2 + 1}, "
                f"got {c.embed}"
            )
        fusions: dict[str, Callable[[], nn.Module]] = {
            "tensor": lambda: TensorFusion(c.embed, c.symmetric, c.slots),
            "add": lambda: ProjectedAddition(c.embed),
            "attention": lambda: AttentionFusion(c.embed),
            "none": nn.Identity,
        }
        if c.fusion not in fusions:
            raise InputError(
                f"model setting fusion='{c.fusion}': expected one of {', '.join(fusions)}"
            )
        self.planes = nn.Linear(c.embed, c.planes * c.bands) if c.planes else nn.Identity()
        if c.fusion == "none":
            return
        self.lips = encoders[c.lips]()
        self.project = nn.Linear(self.lips.channels, c.embed)
        self.rnn = nn.LSTM(c.embed, c.embed if c.embed_causal else c.embed // 2, batch_first=True,
                           bidirectional=not c.embed_causal)
        self.fusion = fusions[c.fusion]()

    def forward(self, video: Tensor, mask: Tensor, frames: int) -> Tensor:
        """Makes the cue.

        Args:
            video: `[B, V, Tv, H, W]`, crops; or `[B, V, Tv, C]`, what `lips.look` gives of them.
            mask: bool `[B, V, Tv]`.
            frames: of the STFT.

        Returns:
            Planes `[B, P, frames, bands]`; with planes=0, u `[B, 1, frames, D]`.
        """
        c = self.config
        b, v, tv = mask.shape
        if c.fusion == "none":
            u = torch.zeros(b, frames, c.embed, device=video.device)
        else:
            # [B * V, C, Tv]
            h = self._embed(video.flatten(0, 1), mask.flatten(0, 1)).transpose(1, 2)
            # STFT frame n is centered on sample n * hop; video frame k covers the 1/fps seconds
            # from k / fps.
            place = torch.arange(frames, device=h.device) * (c.hop / c.sample_rate * c.fps)
            nearest = place.long().clamp_max(tv - 1)
            place = (place - 0.5).clamp(0, tv - 1)
            left = place.long().clamp_max(tv - 2).clamp_min(0)
            share = (place - left).to(h.dtype)
            h = h[..., left] * (1 - share) + h[..., (left + 1).clamp_max(tv - 1)] * share
            h, _ = self.rnn(self.project(h.transpose(1, 2)))
            u = self.fusion(h.view(b, v, frames, c.embed), mask[:, :, nearest])
        planes: Tensor = self.planes(u)
        return planes.view(b, frames, -1, c.bands if c.planes else c.embed).transpose(1, 2)

    def _embed(self, video: Tensor, mask: Tensor) -> Tensor:
        """Lip embeddings `[N, Tv, C]`. Views that never show the mouth are not encoded, unless no
        view does."""
        if video.dim() == 3:
            return self.lips.over_time(video, mask)
        shown = mask.any(1)
        # An exported graph cannot branch on values; the fusion leaves out what is not shown.
        if torch.compiler.is_compiling() or bool(shown.all()) or not bool(shown.any()):
            return self.lips(video, mask)
        seen = self.lips(video[shown], mask[shown])
        # Not index_put: under autocast CUDA has none for bfloat16
        return seen[(shown.cumsum(0) - 1).clamp_min(0)] * shown[:, None, None]


class Separated(NamedTuple):
    """What `MVTF.separate` gives.

    Attributes:
        estimate: `[B, N]`, the target's voice.
        planes: `[B, P, T, bands]`, what the lips say, on their own clock.
        lag: `[B, 2 * lags + 1]`, log probability that the lips are so many STFT frames late, from
            -lags to lags; None without lags.
    """

    estimate: Tensor
    planes: Tensor
    lag: Tensor | None


class MVTF(nn.Module):
    """Multi-view tensor fusion extractor: see the module's docstring.

    Args:
        config: see `MVTFConfig`.

    Raises:
        InputError: settings that do not fit together.
    """

    Config = MVTFConfig
    BF16 = True  # `Extractor` may let products be computed in bf16: see `engine.TorchEngine`
    window: Tensor
    bands: Tensor

    def __init__(self, config: MVTFConfig = MVTFConfig()):
        super().__init__()
        c = self.config = config
        for name, known in (("head", ("mask", "mapping")), ("features", ("compressed", "complex"))):
            if getattr(c, name) not in known:
                raise InputError(f"model setting {name}='{getattr(c, name)}': "
                                 f"expected one of {', '.join(known)}")
        self.cue = LipCue(c)
        if c.n_fft // 2 % c.patch:
            raise InputError(
                f"model setting patch={c.patch}: must divide n_fft / 2 = {c.n_fft // 2}"
            )
        shape: dict = dict(
            kernel_size=(3, 2 * c.patch + 1), stride=(1, c.patch), padding=(1, c.patch)
        )
        if c.lags and not c.planes:
            raise InputError(f"model setting lags={c.lags}: needs planes")
        if c.guess and (c.head != "mask" or c.features != "compressed" or not c.planes):
            raise InputError(f"model setting guess={c.guess}: needs head='mask', "
                             "features='compressed' and planes")
        bins = c.n_fft // 2 + 1
        self.sync = None
        if c.lags and c.fusion != "none":
            self.sync = LipSync(c.bands, c.planes * c.bands, c.lags)
        if c.guess:
            self.guess = FullBandGuess(3 * bins + c.planes * c.bands, bins, c.guess, c.guess_layers)
            scale(self.guess.leave, 0.1)
        channels = 2 + (c.features == "compressed") + max(c.planes, 1) + 2 * bool(c.guess)
        self.encode = nn.Conv2d(channels, c.dim, **shape)
        self.norm = nn.LayerNorm(c.dim)
        self.blocks = nn.ModuleList(
            [
                GridNetBlock(c.dim, c.kernel, c.stride, c.hidden, c.heads, c.query, c.causal)
                for _ in range(c.blocks)
            ]
        )
        self.decode = nn.ConvTranspose2d(c.dim, 2, **shape)
        if c.head == "mask":
            scale(self.decode, 0.0)  # the blocks begin as no change to the first mask
            self.gate = nn.Parameter(torch.tensor([1.5, 1.0]))
        self.register_buffer("window", torch.hann_window(c.n_fft).sqrt(), persistent=False)
        bands = torch.from_numpy(mel_bands(c.bands, c.n_fft // 2 + 1, c.sample_rate))
        self.register_buffer("bands", bands, persistent=False)

    def spectrum(self, samples: Tensor) -> Tensor:
        """Complex STFT.

        Args:
            samples: `[B, N]`.

        Returns:
            `[B, T, F]`, T = N // hop + 1.
        """
        return stft(samples, self.window, self.config.hop)

    def log_bands(self, samples: Tensor) -> Tensor:
        """Log spectrum in the cue's bands, about -1 to 1 for speech of RMS 1.

        Args:
            samples: `[B, N]`.

        Returns:
            `[B, T, bands]`.
        """
        return self.in_bands(self.spectrum(samples))

    def in_bands(self, spectrum: Tensor) -> Tensor:
        """Log spectrum `[B, T, bands]` in the cue's bands of an STFT `[B, T, F]`."""
        return self._banded(spectrum.abs().square())

    def _banded(self, power: Tensor) -> Tensor:
        """Log spectrum `[B, T, bands]` of a power spectrum `[B, T, F]`."""
        return log_scale(power @ self.bands.T / self.bands.sum(1))

    def forward(self, mixture: Tensor, video: Tensor, mask: Tensor) -> Tensor:
        """Extracts the target's voice.

        Args:
            mixture: float `[B, N]`, at any level.
            video: `[B, V, Tv, H, W]` uint8 or float; or as `LipCue` takes it.
            mask: bool `[B, V, Tv]`, True where the view shows the mouth.

        Returns:
            `[B, N]`, at the level that the target has in the mixture.
        """
        return self.separate(mixture, video, mask).estimate

    def separate(self, mixture: Tensor, video: Tensor, mask: Tensor,
                 refine: bool = True) -> Separated:
        """As `forward`, with what the lips say beside the estimate.

        Args:
            mixture: as for `forward`.
            video: as for `forward`.
            mask: as for `forward`.
            refine: use the blocks; without them the estimate is that of the first guess.
        """
        planes = self.cue(video, mask, mixture.shape[1] // self.config.hop + 1)
        return self.heard(mixture, planes, refine)

    def heard(self, mixture: Tensor, planes: Tensor, refine: bool = True) -> Separated:
        """The part of `separate` behind the lips.

        Args:
            mixture: as for `forward`.
            planes: `[B, P, T, bands]` of `LipCue`, T = N // hop + 1.
            refine: as for `separate`.
        """
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        mix = self.spectrum(mixture / level)
        parts = torch.view_as_real(mix).permute(0, 3, 1, 2)  # [B, 2, T, F]
        out, lag = self.target(parts, planes, refine)
        estimate = istft(out, self.window, self.config.hop, mixture.shape[-1])
        return Separated(estimate * level, planes, lag)

    def target(self, parts: Tensor, planes: Tensor,
               refine: bool = True) -> tuple[Tensor, Tensor | None]:
        """The target's spectrum from that of the mixture; no complex numbers, so that it exports.

        Args:
            parts: `[B, 2, T, F]`, real and imaginary part of `spectrum` of the mixture at RMS 1.
            planes: `[B, P, T, bands]` of `LipCue`, on the lips' own clock.
            refine: as for `separate`.

        Returns:
            (`[B, 2, T, F]`, the `lag` of `Separated`).
        """
        c = self.config
        cues, lag = planes.transpose(1, 2).flatten(2), None
        power = parts.square().sum(1, keepdim=True)
        if self.sync is not None:
            lag = self.sync(self._banded(power[:, 0]), cues)
            cues = moved(cues, lag.exp())
            planes = cues.unflatten(2, planes.shape[1::2]).transpose(1, 2)
        cue = (planes @ self.bands if c.planes else planes).to(parts.dtype)
        squeeze, loud = (power + 1e-4) ** -0.25, log_scale(power)
        seen = [parts * squeeze, loud, cue] if c.features == "compressed" else [parts, cue]
        out = torch.zeros_like(parts)
        if c.head == "mask":
            first = torch.sigmoid(self.gate[0] * (cue[:, :1] - loud) + self.gate[1])
            out = torch.cat([first, torch.zeros_like(first)], 1)
        if c.guess:
            frames = torch.cat([parts * squeeze, loud], 1).transpose(1, 2).flatten(2)
            out = out + self.guess(torch.cat([frames, cues.to(frames.dtype)], -1)).float()
            seen.append(complex_product(out, parts * squeeze))
        if refine:
            x = self.norm(self.encode(torch.cat(seen, 1)).permute(0, 2, 3, 1))
            for block in self.blocks:
                x = block(x)
            out = out + upsampled(x.permute(0, 3, 1, 2), self.decode).float()
        if c.head == "mask":
            out = complex_product(out, parts)
        return out, lag

    def example_inputs(self, seconds: float = 2.0, views: int = 1) -> tuple[Tensor, Tensor, Tensor]:
        """Random inputs of one example, in the shapes that `forward` takes.

        Args:
            seconds: length.
            views: their number.

        Returns:
            (mixture, video, mask).
        """
        c = self.config
        frames = max(round(seconds * c.fps), 1)
        make = torch.Generator().manual_seed(0)
        mixture = torch.randn(1, round(seconds * c.sample_rate), generator=make)
        video = torch.randint(
            0, 256, (1, views, frames, c.crop, c.crop), generator=make, dtype=torch.uint8
        )
        return mixture, video, torch.ones(1, views, frames, dtype=torch.bool)
