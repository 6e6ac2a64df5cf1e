"""The pipeline of a splitter: long signals in windows, whose voices keep their order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import avspeech
from avspeech.core import pretrained
from avspeech.core.models import build
from avspeech.errors import InputError
from avspeech.extraction.splitter import Splitter
from avspeech.extraction.windows import Windows

INFO = pretrained.ModelInfo("separation", "splitter", sample_rate=16000, fps=None)


class HighAndLow(torch.nn.Module):
    """Splits at 1 kHz, and gives every second window the other way around."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.weight = 0, torch.nn.Parameter(torch.zeros(1))

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(mixture)
        edge = round(1000 * mixture.shape[1] / 16000)
        low = spectrum.clone()
        low[:, edge:] = 0
        out = torch.fft.irfft(torch.stack([low, spectrum - low], 1), mixture.shape[1])
        self.calls += 1
        return out.flip(1) if self.calls % 2 else out


def tones(seconds: float, rate: int) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32), (
        0.2 * np.sin(2 * np.pi * 2500 * t)).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("seconds", [1.0, 7.3])
def test_voices_keep_their_places_from_window_to_window(rate: int, seconds: float) -> None:
    low, high = tones(seconds, rate)
    splitter = Splitter(HighAndLow(), INFO, windows=Windows(2.0, 0.5, 0.05))
    out = splitter(low + high, sample_rate=rate)
    assert out.shape == (2, len(low)) and out.dtype == np.float32
    assert splitter.model.calls == (1 if seconds < 2 else 5)
    inner = slice(rate // 10, -rate // 10)
    got = sorted(out, key=lambda x: -float(np.dot(x, low)))
    for voice, wanted in zip(got, (low, high)):
        assert np.abs(voice[inner] - wanted[inner]).max() < 0.02


@pytest.mark.parametrize("samples", [1, 4000])
def test_short_and_silent_sound(samples: int) -> None:
    splitter = Splitter(HighAndLow(), INFO)
    assert not splitter(np.zeros(samples, np.float32), sample_rate=16000).any()


def test_bad_input_is_refused() -> None:
    splitter = Splitter(HighAndLow(), INFO)
    with pytest.raises(InputError, match="sample_rate"):
        splitter(np.zeros(100, np.float32), sample_rate=16)
    with pytest.raises(InputError):
        splitter(np.full(100, np.nan, np.float32), sample_rate=16000)


def test_a_folder_of_its_task_loads_as_one(tmp_path) -> None:
    config = dict(blocks=1, dim=8, hidden=6, heads=2, query=2, guess=8, guess_layers=2)
    info = pretrained.ModelInfo("separation", "splitter", config, fps=None)
    pretrained.save(tmp_path / "tiny", build("splitter", **config), info)
    loaded = avspeech.load(str(tmp_path / "tiny"))
    assert isinstance(loaded, avspeech.Splitter)
    assert loaded(np.ones(9000, np.float32) / 9, sample_rate=16000).shape == (2, 9000)
    assert "first, second = model(audio" in (tmp_path / "tiny" / "README.md").read_text()
