"""The vocoder's transforms as arrays are those of torch."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch

from avspeech.synthesis import contours, intonation, vocoder, waves
from avspeech.synthesis.settings import VocoderConfig


@pytest.mark.parametrize("package", ["scipy", "numpy"])
@pytest.mark.parametrize("count", [1, 3, waves.BLOCK, 2 * waves.BLOCK + 3])
@pytest.mark.parametrize("sizes", [(256, 256, 64), (256, 200, 100), (1024, 1024, 256)])
def test_transforms(sizes: tuple[int, int, int], count: int, package: str,
                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waves, "transforms", importlib.import_module(f"{package}.fft"))
    config = VocoderConfig(n_fft=sizes[0], window=sizes[1], hop=sizes[2])
    sound = np.random.default_rng(0).standard_normal(count * sizes[2]).astype(np.float32)
    torchs = vocoder.Spectrum(*sizes)
    wanted = torchs(torch.from_numpy(sound)[None])
    found = waves.spectrum(waves.framed(sound, config), config)
    assert np.abs(found - wanted[0].numpy()).max() < 1e-4 * np.abs(found).max()
    back = waves.inverse(lambda here: found[here], count, config)
    assert back == pytest.approx(torchs.inverse(wanted)[0].numpy(), abs=1e-4)


def test_pulses_and_lines() -> None:
    f0 = np.random.default_rng(0).uniform(80, 300, 9).astype(np.float32)
    wanted = vocoder.pulse_train(torch.from_numpy(f0)[None], 128, 16000)[0].numpy()
    assert waves.pulse_train(f0, 128, 16000) == pytest.approx(wanted, abs=2e-2)
    long = np.random.default_rng(0).uniform(80, 300, 4000).astype(np.float32)  # the phase must not drift
    wanted = vocoder.pulse_train(torch.from_numpy(long)[None], 128, 16000)[0].numpy()
    assert waves.pulse_train(long, 128, 16000)[-9000:] == pytest.approx(wanted[-9000:], abs=0.06)
    assert waves.stretched(np.ones((2, 1), np.float32), 4).shape == (2, 4)


def test_contours() -> None:
    rng = np.random.default_rng(0)
    melody = rng.standard_normal(40).astype(np.float32)
    laid = np.stack([rng.standard_normal(40), np.repeat([0, 1, 0, 2], 10)], 1).astype(np.float32)
    wanted = intonation.lay(torch.from_numpy(melody)[None], torch.from_numpy(laid)[None])[0].numpy()
    assert contours.lay(melody, laid) == pytest.approx(wanted, abs=1e-5)
    asked, reference = rng.standard_normal((3, 8)), rng.standard_normal((4, 8))
    there = np.array([True, True, False, True])
    close = intonation.align_attention(*(torch.from_numpy(x)[None] for x in (asked, reference, there)))[0]
    assert contours.nearest(asked, reference, there) == pytest.approx(close.numpy(), abs=1e-6)
    lines = intonation.straight(torch.tensor([[3.0, -1.0]]), torch.tensor([[24, 24]]), 24)[0].numpy()
    assert contours.straight(np.array([3.0, -1.0]), 24) == pytest.approx(lines, abs=1e-6)
