"""From a log-mel to sound through the inverse STFT, at frame rate: a ConvNeXt backbone and one
linear head.

H. Siuzdak, "Vocos: Closing the gap between time-domain and Fourier-based neural vocoders", ICLR
2024. With `source` "none" it is of that kind: the head gives magnitude and phase of every bin. With
"harmonic" (the default) the head gives two filters for two sources whose phase is right from the
start, a pulse train at a pitch that a small network reads off the mel, and noise (X. Wang et al.,
"Neural source-filter waveform models", 2019; J. Engel et al., "DDSP", ICLR 2020). That converges in
minutes without adversaries, which is what a CPU can pay; it is a lighter training than the GAN of
Vocos.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.errors import InputError
from avspeech.synthesis.rotary import ConvBlock, over_time
from avspeech.synthesis.settings import LOUDEST, VocoderConfig

FLOOR = 1e-5  # of the mel's magnitudes


class Vocoder(nn.Module):
    """Log-mel `[B, M, T]` to sound `[B, T * hop]`; `mel` goes the other way.

    Frame t is the sound of [t, t + 1) hops.
    """

    Config = VocoderConfig
    bank: Tensor
    envelope: Tensor
    smoothing: Tensor | None

    def __init__(self, config: VocoderConfig = VocoderConfig()):
        super().__init__()
        self.config = c = config
        self.analysis = Spectrum(c.n_fft, c.window, c.hop)
        self.register_buffer("bank", mel_bank(c), persistent=False)
        self.register_buffer("envelope", _envelope(self.bank), persistent=False)
        bins = c.n_fft // 2 + 1
        harmonic = c.source == "harmonic"
        smoothing = mel_smoothing(c) if harmonic and c.smooth else None
        self.register_buffer("smoothing", smoothing, persistent=False)
        self.enter = nn.Conv1d(c.mels + harmonic, c.width, 7, padding=3)
        self.enter_norm = nn.LayerNorm(c.width)
        self.blocks = nn.ModuleList(ConvBlock(c.width, c.hidden, c.kernel) for _ in range(c.layers))
        self.leave_norm = nn.LayerNorm(c.width)
        self.head = nn.Linear(c.width, (3 if harmonic else 2) * bins)
        if c.gates and (c.gates < 0 or c.hop % c.gates):
            raise InputError(f"vocoder setting gates={c.gates}: expected 0 or a divisor of "
                             f"hop={c.hop}")
        if harmonic:
            self.pitch_enter = nn.Conv1d(c.mels, c.pitch_width, 5, padding=2)
            self.pitch_blocks = nn.ModuleList(ConvBlock(c.pitch_width, 2 * c.pitch_width)
                                              for _ in range(3))
            self.pitch_out = nn.Linear(c.pitch_width, 1)
            if c.gates:
                self.gate = nn.Linear(c.width, 2 * c.gates)
                nn.init.zeros_(self.gate.weight)
                nn.init.zeros_(self.gate.bias)
            nn.init.normal_(self.head.weight, std=0.01)
            # Both sources begin at the mel's loudness: its triangles' weights add up to n_fft /
            # sample_rate.
            level = math.log(c.sample_rate / c.n_fft / math.sqrt(2))
            with torch.no_grad():
                self.head.bias.copy_(torch.tensor([level, 0.0, level]).repeat_interleave(bins))

    def mel(self, audio: Tensor) -> Tensor:
        """Natural-log mel of a sound: `[B, N]` to `[B, M, ceil(N / hop)]`."""
        magnitude = self.analysis(audio).abs()
        return torch.log((self.bank @ magnitude.transpose(1, 2)).clamp_min(FLOOR))

    def f0(self, mel: Tensor) -> Tensor:
        """F0 in hertz read off a log-mel, through unvoiced frames too: `[B, M, T]` to `[B, T]`."""
        x = over_time(self.pitch_enter, _scaled(mel).transpose(1, 2))
        for block in self.pitch_blocks:
            x = block(x)
        low, high = math.log(self.config.pitch_low), math.log(self.config.pitch_high)
        return torch.exp(low + (high - low) * self.pitch_out(x).float().squeeze(-1).sigmoid())

    def forward(self, mel: Tensor, f0: Tensor | None = None, noise: Tensor | None = None,
                turns: Tensor | None = None) -> Tensor:
        """Sound of a log-mel.

        Args:
            mel: `[B, M, T]`.
            f0: `[B, T]` hertz of the pulse train (default: read off the mel).
            noise: `[B, T * hop]` white noise of deviation 1 (default: drawn).
            turns: of `pulse_train`.

        Returns:
            `[B, T * hop]`.
        """
        c = self.config
        f0, smoothed, inner = self.backbone(mel, f0)
        x = self.head(inner)
        if f0 is None:
            size, angle = x.chunk(2, -1)
            return self.analysis.inverse(torch.polar(size.clamp_max(LOUDEST).exp(), angle))
        outline = smoothed @ self.envelope
        pulse_size, angle, noise_size = x.chunk(3, -1)
        train = pulse_train(f0, c.hop, c.sample_rate, turns)
        if noise is None:
            noise = torch.randn(len(mel), mel.shape[2] * c.hop, device=mel.device)
        if c.gates:
            loud = self.loudness(inner)
            train, noise = train * loud[:, 0], noise * loud[:, 1]
        pulses = self.analysis(train)
        grains = self.analysis(noise) / self.analysis.noise_level
        filtered = pulses * torch.polar((pulse_size + outline).clamp_max(LOUDEST).exp(), angle)
        hiss = grains * (noise_size + outline).clamp_max(LOUDEST).exp()
        filtered = filtered / self.analysis.noise_level + hiss
        return self.analysis.inverse(filtered)

    def backbone(self, mel: Tensor,
                 f0: Tensor | None = None) -> tuple[Tensor | None, Tensor, Tensor]:
        """Runs the backbone.

        Args:
            mel: `[B, M, T]`.
            f0: `[B, T]` hertz (default: read off the mel).

        Returns:
            (F0 of the pulses, None without them; the mel that filters are made of `[B, T, M]`; what
            enters the head `[B, T, width]`).
        """
        harmonic = self.config.source == "harmonic"
        f0 = None if not harmonic else self.f0(mel) if f0 is None else f0
        mel = mel.transpose(1, 2)
        mel = mel if self.smoothing is None else mel @ self.smoothing.T
        x = _scaled(mel)
        if f0 is not None:
            x = torch.cat([x, torch.log2(f0 / 150.0).unsqueeze(-1)], -1)
        x = self.enter_norm(over_time(self.enter, x))
        for block in self.blocks:
            x = block(x)
        return f0, mel, self.leave_norm(x)

    def loudness(self, inner: Tensor) -> Tensor:
        """Factors `[B, 2, T * hop]` of pulses and noise from what enters the head `[B, T, width]`.

        The head gives their logs `gates` times a hop; between these they are interpolated.
        """
        c = self.config
        logs = self.gate(inner).unflatten(-1, (2, c.gates)).transpose(1, 2).flatten(2)
        return F.interpolate(logs.clamp(-5, 3), scale_factor=c.hop / c.gates, mode="linear").exp()

    def example_inputs(self, seconds: float = 2.0) -> tuple[Tensor]:
        """A random mel, for `avspeech profile`."""
        frames = max(1, round(seconds * self.config.sample_rate / self.config.hop))
        return (torch.randn(1, self.config.mels, frames) - 5,)


class Spectrum(nn.Module):
    """STFT with frames centered on the middle of each hop, so that N samples have ceil(N / hop)
    frames, and its inverse."""

    window: Tensor

    def __init__(self, n_fft: int, window: int, hop: int):
        super().__init__()
        self.n_fft, self.hop, self.pad = n_fft, hop, (n_fft - hop) // 2
        left = (n_fft - window) // 2
        shape = F.pad(torch.hann_window(window), (left, n_fft - window - left))
        self.register_buffer("window", shape, persistent=False)
        self.noise_level = float(shape.square().sum().sqrt())  # of a bin, for noise of deviation 1

    def forward(self, audio: Tensor) -> Tensor:
        """The spectrum of sounds: `[B, N]` to complex `[B, T, bins]`."""
        length = audio.shape[-1]
        more = -length % self.hop
        mode = "reflect" if length + more > self.n_fft else "constant"
        audio = F.pad(F.pad(audio, (0, more)), (self.pad, self.n_fft - self.hop - self.pad), mode)
        return torch.fft.rfft(audio.unfold(-1, self.n_fft, self.hop) * self.window)

    def inverse(self, spectrum: Tensor) -> Tensor:
        """Sounds of spectra: complex `[B, T, bins]` to `[B, T * hop]`, windowed, overlapped, added,
        over the sum of squared windows."""
        frames = torch.fft.irfft(spectrum, n=self.n_fft) * self.window
        count = frames.shape[1]
        total = (count - 1) * self.hop + self.n_fft

        def overlap(x: Tensor) -> Tensor:  # [B, T, n_fft] -> [B, total]
            return F.fold(x.transpose(1, 2), (1, total), (1, self.n_fft),
                          stride=(1, self.hop)).reshape(
                len(x), total)

        weight = overlap(self.window.square().expand(1, count, -1))
        sound = overlap(frames) / weight.clamp_min(1e-3)
        return sound[:, self.pad: self.pad + count * self.hop]


def _corners(config: VocoderConfig) -> Tensor:
    """[M + 2] float64: hertz at which Slaney's triangles begin, peak and end."""
    def mel(hertz: Tensor) -> Tensor:
        high = 15 + 27 * torch.log(hertz.clamp_min(1) / 1000) / math.log(6.4)
        return torch.where(hertz < 1000, hertz * 3 / 200, high)

    def hertz(mel: Tensor) -> Tensor:
        return torch.where(mel < 15, mel * 200 / 3,
                           1000 * torch.exp((mel - 15) * math.log(6.4) / 27))

    ends = mel(torch.tensor([config.low, config.high], dtype=torch.float64))
    return hertz(torch.linspace(float(ends[0]), float(ends[1]), config.mels + 2,
                                dtype=torch.float64))


def mel_bank(config: VocoderConfig) -> Tensor:
    """[M, bins]: Slaney's triangles, each of area 1."""
    corners = _corners(config)
    bins = torch.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1, dtype=torch.float64)
    width = corners.diff()
    up = (bins - corners[:-2, None]) / width[:-1, None]
    down = (corners[2:, None] - bins) / width[1:, None]
    triangles = torch.minimum(up, down).clamp_min(0) * (2 / (corners[2:] - corners[:-2]))[:, None]
    return triangles.float()


def mel_smoothing(config: VocoderConfig) -> Tensor:
    """[M, M]: means over a triangle of `smooth` hertz to each side, which a ripple of that period,
    or of a whole part of it, does not survive; bands further apart than that stay as they are."""
    corners = _corners(config)
    centers, width = corners[1:-1], (corners[2:] - corners[:-2]) / 2
    near = (1 - (centers - centers.unsqueeze(1)).abs() / config.smooth).clamp_min(0) * width
    return (near / near.sum(1, keepdim=True)).float()


def _envelope(bank: Tensor) -> Tensor:
    """[M, bins]: log-mel @ this is about the log magnitude at each bin, the area of the triangles
    aside."""
    share = bank / bank.sum(0).clamp_min(1e-8)
    covered = bank.sum(0) > 0
    first = int(covered.float().argmax())
    last = len(covered) - 1 - int(covered.flip(0).float().argmax())
    share[:, :first], share[:, last + 1:] = share[:, first: first + 1], share[:, last: last + 1]
    return share


def _scaled(mel: Tensor) -> Tensor:
    return (mel + 5.0) / 2.5


def pulse_train(f0: Tensor, hop: int, sample_rate: int, turns: Tensor | None = None) -> Tensor:
    """Cosines of all harmonics below half the rate, in phase.

    In closed form: cos x + ... + cos Kx = sin((K + 1/2) x) / (2 sin(x / 2)) - 1/2.

    Args:
        f0: `[B, T]` hertz at the frames.
        hop: samples between frames.
        sample_rate: in hertz.
        turns: `[B, T]` cycles at the frames by which the train is ahead, without jumps (`turns_of`;
            default: 0).

    Returns:
        `[B, T * hop]` of deviation about 1.
    """
    hertz = _between(f0, hop)
    cycles = _cycles(hertz, hop, sample_rate)
    if turns is not None:
        cycles = (cycles + _between(turns, hop)) % 1.0
    x = 2 * math.pi * (cycles - 0.5)
    # at the middle of a turn: a pulse at x = 0
    count = torch.floor(0.49 * sample_rate / hertz)
    small = x.abs() < 1e-4
    safe = torch.where(small, torch.ones_like(x), x)
    ratio = torch.sin((count + 0.5) * safe) / (2 * torch.sin(safe / 2))
    return (torch.where(small, count + 0.5, ratio) - 0.5) / torch.sqrt(count / 2)


def turns_of(audio: Tensor, f0: Tensor, hop: int, window: Tensor, sample_rate: int) -> Tensor:
    """The `turns` with which a pulse train of this F0 has a pulse at each peak of a sound's
    fundamental.

    The sound is multiplied by a cosine and a sine of that F0 and averaged over a window: what is
    left is the fundamental's phase as seen from the train, which an error of F0 turns slowly.

    Args:
        audio: `[B, T * hop]`.
        f0: `[B, T]` hertz of the pulse train, off by less than half the width of the window's
            spectrum.
        hop: samples between frames.
        window: `[N]` around the middle of each frame; longer than a hop.
        sample_rate: in hertz.

    Returns:
        `[B, T]` cycles, without jumps.
    """
    angle = -2 * math.pi * _cycles(_between(f0, hop), hop, sample_rate)
    pad = (len(window) - hop) // 2
    parts = [F.pad(audio * wave(angle), (pad, len(window) - hop - pad)).unfold(-1, len(window), hop)
             @ window for wave in (torch.cos, torch.sin)]
    seen = torch.complex(parts[0], parts[1])
    steps = torch.angle(seen[:, 1:] * seen[:, :-1].conj())
    phase = torch.cat([torch.angle(seen[:, :1]), steps], 1).cumsum(1)
    return phase / (2 * math.pi) + 0.5


def _between(values: Tensor, hop: int) -> Tensor:
    """Values `[B, T]` at the frames as `[B, T * hop]`, by straight lines."""
    return F.interpolate(values.unsqueeze(1), scale_factor=float(hop), mode="linear").squeeze(1)


def _cycles(hertz: Tensor, hop: int, sample_rate: int) -> Tensor:
    """Cycles that a wave of this frequency `[B, T * hop]` has made, less the whole ones."""
    step = (hertz / sample_rate).reshape(len(hertz), -1, hop)
    # Within the frame, on top of the sum over whole frames: thousands, of which the fraction counts
    turns = step.sum(-1).double()
    before = ((turns.cumsum(1) - turns) % 1.0).to(hertz.dtype)
    return ((before.unsqueeze(-1) + step.cumsum(-1)) % 1.0).reshape(len(hertz), -1)


# --- training -------------------------------------------------------------------------------------


RESOLUTIONS = ((1024, 256), (512, 128), (256, 64), (128, 32))  # (n_fft, hop)


class SpectralLoss(nn.Module):
    """Distance of two sounds in the magnitudes of STFTs of several resolutions.

    L1 of the logs, and L1 of the magnitudes over their mean (R. Yamamoto et al., "Parallel
    WaveGAN", ICASSP 2020); and L1 of the log-mel.
    """

    bank: Tensor

    def __init__(self, config: VocoderConfig):
        super().__init__()
        self.spectra = nn.ModuleList(Spectrum(n, n, hop) for n, hop in RESOLUTIONS)
        self.spectrum = Spectrum(config.n_fft, config.window, config.hop)
        self.register_buffer("bank", mel_bank(config), persistent=False)

    def forward(self, found: Tensor, wanted: Tensor) -> Tensor:
        """The distance of sounds `[B, N]`, a number."""
        total = found.new_zeros(())
        for spectrum in self.spectra:
            level: Any = spectrum.noise_level
            a, b = (_size(spectrum(x)) / level for x in (found, wanted))
            floor = 1e-4
            total = total + (torch.log(a + floor) - torch.log(b + floor)).abs().mean() \
                + 0.5 * (a - b).abs().mean() / b.mean().clamp_min(floor)
        a, b = ((_size(self.spectrum(x)) @ self.bank.T).clamp_min(FLOOR).log()
                for x in (found, wanted))
        return total / len(self.spectra) + (a - b).abs().mean()


def _size(spectrum: Tensor) -> Tensor:
    return (spectrum.real.square() + spectrum.imag.square() + 1e-10).sqrt()


