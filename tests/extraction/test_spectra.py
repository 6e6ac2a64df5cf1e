"""The STFT on arrays: that of torch, inverted, and its bands."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avspeech.core.models import build
from avspeech.extraction import mvtf
from avspeech.extraction.spectra import Transform, mel_bands


@pytest.mark.parametrize("n, hop, samples", [(1024, 256, 16000), (256, 128, 1001), (128, 48, 300)])
def test_it_is_that_of_torch_and_its_inverse_gives_the_sound_back(n: int, hop: int, samples: int) -> None:
    sounds = np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    stft = Transform(16000, n, hop)
    parts = stft.spectrum(sounds)
    window = torch.hann_window(n).sqrt()
    wanted = mvtf.stft(torch.from_numpy(sounds), window, hop)
    assert parts.dtype == np.complex64 and parts.shape == (2, samples // hop + 1, n // 2 + 1)
    np.testing.assert_allclose(parts, wanted.numpy(), atol=1e-5)
    changed = parts * np.random.default_rng(1).random(parts.shape).astype(np.float32)
    pair = torch.view_as_real(torch.from_numpy(changed)).permute(0, 3, 1, 2)
    wanted = mvtf.istft(pair, window, hop, samples)
    np.testing.assert_allclose(stft.sound(changed, samples), wanted, atol=1e-5)
    np.testing.assert_allclose(stft.sound(parts, samples), sounds, atol=1e-5)


def test_bands_add_up_and_are_those_of_the_model() -> None:
    bands = mel_bands(16, 257, 16000)
    np.testing.assert_allclose(bands.sum(0), 1, atol=1e-6)
    assert (bands >= 0).all()
    model = build("mvtf-small", n_fft=512, hop=128, lips_width=4, embed=8, blocks=1, dim=8, hidden=6, heads=2,
                  query=2, planes=2, bands=16, guess=0, lags=0)
    sound = np.random.default_rng(0).standard_normal((1, 4000)).astype(np.float32)
    np.testing.assert_allclose(Transform(16000, 512, 128, 16).log_bands(sound),
                               model.log_bands(torch.from_numpy(sound)).numpy(), atol=1e-5)
