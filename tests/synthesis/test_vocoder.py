"""Vocoder: the analysis and its inverse, the pulse train, lengths, what it costs."""

from __future__ import annotations

import math

import pytest
import torch

from avspeech.core import models
from avspeech.errors import InputError
from avspeech.synthesis.vocoder import (
    SpectralLoss,
    Spectrum,
    Vocoder,
    VocoderConfig,
    mel_bank,
    mel_smoothing,
    pulse_train,
    turns_of,
)

TINY = VocoderConfig(width=16, hidden=24, layers=1, pitch_width=8)


@pytest.mark.parametrize(("n_fft", "window", "hop"), [(1024, 1024, 256), (1024, 800, 200), (512, 512, 128)])
def test_the_spectrum_can_be_undone(n_fft: int, window: int, hop: int) -> None:
    sound = torch.randn(2, 10 * hop + 3)
    spectrum = Spectrum(n_fft, window, hop)
    frames = spectrum(sound)
    assert frames.shape == (2, 11, n_fft // 2 + 1)
    again = spectrum.inverse(frames)
    assert again.shape == (2, 11 * hop)
    assert torch.allclose(again[:, : sound.shape[1]], sound, atol=1e-5)


def test_a_frame_is_the_sound_of_its_own_hop() -> None:
    sound = torch.zeros(1, 40 * 256)
    sound[0, 20 * 256 + 128] = 1.0
    mel = Vocoder(TINY).mel(sound)[0]
    assert mel.shape == (80, 40)
    assert int(mel.sum(0).argmax()) == 20


def test_the_mel_bank_has_triangles_of_area_one() -> None:
    bank = mel_bank(VocoderConfig(n_fft=16384))
    area = bank.sum(1) * 16000 / 16384
    assert torch.allclose(area, torch.ones(80), atol=0.02)


@pytest.mark.parametrize("source", ["harmonic", "none"])
def test_length_and_any_number_of_frames(source: str) -> None:
    vocoder = Vocoder(VocoderConfig(width=16, hidden=24, layers=1, pitch_width=8, source=source)).eval()
    for frames in (1, 2, 37):
        assert vocoder(torch.randn(2, 80, frames) - 5).shape == (2, frames * 256)


def test_gates_begin_open_and_make_the_sound_louder_within_a_hop() -> None:
    plain, gated = (Vocoder(VocoderConfig(width=16, hidden=24, layers=1, pitch_width=8, gates=g)).eval()
                    for g in (0, 4))
    gated.load_state_dict(plain.state_dict(), strict=False)
    mel, noise = torch.randn(1, 80, 20) - 5, torch.randn(1, 20 * 256)
    assert torch.allclose(plain(mel, noise=noise), gated(mel, noise=noise), atol=1e-6)
    with torch.no_grad():
        gated.gate.bias.copy_(torch.tensor([-1.0, 0, 1, 0, 0, 0, 2, 0]))  # pulses, then noise
    loud = gated.loudness(torch.zeros(1, 3, 16)).log()
    assert loud.shape == (1, 2, 3 * 256) and torch.allclose(loud[0, :, 256:512], loud[0, :, 512:], atol=0.6)
    middle = loud[0, :, 256 + 32: 512: 64]  # of the four quarters of a hop
    assert torch.allclose(middle, torch.tensor([[-1.0, 0, 1, 0], [0, 0, 2, 0]]), atol=0.05)
    with pytest.raises(InputError, match="divisor of hop=256"):
        Vocoder(VocoderConfig(gates=3))


@pytest.mark.parametrize("hertz", [100, 120, 150, 200, 250])
def test_a_smoothed_mel_keeps_its_shape_and_loses_its_harmonics(hertz: float) -> None:
    torch.manual_seed(0)
    config = VocoderConfig(width=16, hidden=24, layers=1, pitch_width=8, smooth=200.0)
    smoothing = mel_smoothing(config)
    assert torch.allclose(smoothing.sum(1), torch.ones(80))
    assert torch.equal(smoothing[-5:, -5:], torch.eye(5))
    bank = mel_bank(config)
    centres = bank @ torch.linspace(0, 8000, 513) / bank.sum(1)
    ripple = torch.cos(2 * math.pi * centres / hertz) * (centres < 1100)  # further up no band tells harmonics
    assert (smoothing @ ripple)[5:25].abs().max() < 0.08
    assert torch.allclose((smoothing @ centres)[8:45], centres[8:45], atol=20)
    model = Vocoder(config).eval()
    mel, noise, f0 = torch.full((1, 80, 20), -5.0), torch.randn(1, 20 * 256), torch.full((1, 20), 180.0)

    def change() -> float:
        with torch.no_grad():
            return float((model(mel + ripple.unsqueeze(1), f0, noise) - model(mel, f0, noise)).std())

    smoothed = change()
    model.smoothing = None
    assert smoothed < 0.25 * change()
    with pytest.raises(InputError, match="smooth=-1"):
        Vocoder(VocoderConfig(smooth=-1))


def test_the_pulse_train_has_the_pitch_it_is_told_and_no_more() -> None:
    train = pulse_train(torch.full((1, 64), 200.0), 256, 16000)[0]
    spectrum = torch.fft.rfft(train[:16000]).abs()
    peaks = torch.nonzero(spectrum > spectrum.max() / 3).flatten()
    assert set((peaks % 200).tolist()) <= {0, 1, 199}
    assert peaks.numel() > 30
    assert 0.8 < float(train.std()) < 1.2


def test_pulses_are_put_where_a_sound_has_them() -> None:
    """Also where the F0 that they follow is a little off, and beside noise."""
    torch.manual_seed(0)
    f0 = 180 + 40 * torch.sin(torch.linspace(0, 5, 64)).unsqueeze(0)
    sound = pulse_train(f0, 256, 16000, torch.full((1, 64), 0.3))
    noisy = sound + 0.3 * torch.randn_like(sound)
    followed = 1.01 * f0
    turns = turns_of(noisy, followed, 256, torch.hann_window(1024), 16000)
    assert float(turns.diff().abs().max()) < 0.5
    apart = pulse_train(followed, 256, 16000)
    placed = pulse_train(followed, 256, 16000, turns)
    inner = slice(1024, -1024)

    def alike(train: torch.Tensor) -> float:
        """Correlation below some 2 kHz."""
        slow = torch.nn.functional.avg_pool1d(torch.cat([train, sound]).unsqueeze(0), 8, 1)[0]
        return float(torch.corrcoef(slow[:, inner])[0, 1])

    assert alike(apart) < 0.3
    assert alike(placed) > 0.8


def test_an_untrained_vocoder_has_the_loudness_of_its_mel() -> None:
    """The mel's outline is where both filters begin."""
    torch.manual_seed(0)
    vocoder = Vocoder(TINY).eval()
    sound = 0.1 * torch.randn(1, 16000)
    with torch.no_grad():
        again = vocoder(vocoder.mel(sound))[:, :16000]
    assert 0.3 < float(again.std() / sound.std()) < 3


def test_the_loss_is_zero_for_the_same_and_falls_with_likeness() -> None:
    torch.manual_seed(0)
    loss, a = SpectralLoss(TINY), torch.randn(1, 8192)
    assert float(loss(a, a)) == pytest.approx(0, abs=1e-6)
    assert float(loss(a + 0.1 * torch.randn_like(a), a)) < float(loss(0.2 * a, a))


def test_the_paper_kind_is_vocos() -> None:
    vocoder = models.build("vocoder-vocos")
    assert 13e6 < sum(p.numel() for p in vocoder.parameters()) < 14e6
