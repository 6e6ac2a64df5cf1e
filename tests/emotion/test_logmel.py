"""The front end: the DFT in two products is the DFT, frames are counted, silence and short sound are fine."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.emotion.logmel import HOP, WINDOW, LogMel, LogMelConfig, LogMelModel, frame_count, mel_filters
from avspeech.errors import InputError
from avspeech.report.profile import count_macs


def test_it_is_the_log_of_mel_bands_of_the_spectrum() -> None:
    torch.manual_seed(0)
    samples = 0.1 * torch.randn(2, 16_000, dtype=torch.float64)
    window = torch.hann_window(WINDOW, dtype=torch.float64)
    spectrum = torch.fft.rfft(samples.unfold(1, WINDOW, HOP) * window).abs().square() / window.square().sum()
    expected = (spectrum @ mel_filters(64, 50, 8000).T + 1e-8).log()
    torch.testing.assert_close(LogMel().double()(samples), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(LogMel()(samples.float()).double(), expected, rtol=1e-4, atol=1e-4)


def test_a_quiet_tone_beside_a_loud_one_is_seen() -> None:
    """60 dB below, in float32."""
    time = torch.arange(16_000) / 16_000
    loud, quiet = (2 * torch.pi * 300 * time).sin(), 1e-3 * (2 * torch.pi * 4000 * time).sin()
    bands = LogMel(LogMelConfig(mels=40))((loud + quiet)[None])[0].mean(0)
    alone = LogMel(LogMelConfig(mels=40))(quiet[None])[0].mean(0)
    torch.testing.assert_close(bands[alone.argmax()], alone.max(), rtol=0, atol=0.1)


@given(st.integers(1, 5_000))
def test_frames_are_counted(samples: int) -> None:
    count = frame_count(samples)
    assert LogMel()(torch.zeros(1, samples)).shape == (1, count, 64)
    assert count == frame_count(torch.tensor([samples])).item() == max(1, (samples - WINDOW) // HOP + 1)


@pytest.mark.parametrize("mels", [1, 20, 40, 64, 128])
def test_no_band_is_empty(mels: int) -> None:
    filters = mel_filters(mels, 50, 8000)
    torch.testing.assert_close(filters.sum(1), torch.ones(mels, dtype=torch.float64))
    assert (filters >= 0).all() and filters.argmax(1).diff().ge(0).all()


@pytest.mark.parametrize(("mels", "low", "high"), [(80, 0.0, 8000.0), (40, 500.0, 4000.0)])
def test_slaney_filters_are_librosas(mels: int, low: float, high: float) -> None:
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=16_000, n_fft=WINDOW, n_mels=mels, fmin=low, fmax=high)
    torch.testing.assert_close(mel_filters(mels, low, high, "slaney"), 40 * torch.from_numpy(theirs).double(),
                               rtol=1e-5, atol=1e-7)


def test_peak_is_whispers_scale_whatever_the_level() -> None:
    """Our i-th window is centred on sample 160 i + 200, as Whisper's (i + 1)-th is 40 samples later."""
    from avspeech.bench.upstreams.mel import mel_power

    torch.manual_seed(0)
    sound = 0.1 * torch.randn(16_000) * torch.linspace(0, 1, 16_000).square()
    sound[:3000] = 0
    config = LogMelConfig(mels=80, low=0.0, floor=1e-10, filters="slaney", normalise="peak")
    front, model = LogMel(config), LogMelModel(config)
    x = model.normalise(front(sound[None]), None)
    theirs = mel_power(sound[40:], 16_000, 400, 160, 80, 98)[1:].clamp_min(1e-10).log10()
    theirs = (torch.maximum(theirs, theirs.max() - 8) + 4) / 4
    torch.testing.assert_close(x[0, :97], theirs - theirs.max() + 0.85, rtol=0, atol=2e-3)
    assert x.max() == 0.85 and x.min() == pytest.approx(0.85 - 2)
    louder = model.normalise(front(10 * sound[None]), None)
    torch.testing.assert_close(louder[0, 40:], x[0, 40:], rtol=0, atol=1e-3)


@settings(max_examples=15)
@given(seed=st.integers(0, 99), level=st.floats(-50, 0),
       kind=st.sampled_from(["mean", "mean_std", "level", "peak"]))
def test_noise_far_below_a_clean_sound_changes_hardly_anything(seed: int, level: float, kind: str) -> None:
    """Also where the pauses of the clean one are digital silence: 60 dB below it, noise moves no normalized
    value by more than a fiftieth of their range; without `floor_db`, it does."""
    make = torch.Generator().manual_seed(seed)
    time = torch.arange(WINDOW * 40) / 16_000
    clean = sum(torch.sin(2 * torch.pi * 120 * k * time) / k for k in range(1, 20))
    clean = clean * (torch.sin(2 * torch.pi * 4 * time) > 0) * 10 ** (level / 20)
    noise = torch.randn(clean.shape, generator=make) * clean.square().mean().sqrt() * 10 ** (-60 / 20)
    sounds = torch.stack([clean, clean + noise])

    def moved(floor_db: float | None) -> float:
        model = LogMelModel(LogMelConfig(floor=1e-13, normalise=kind, floor_db=floor_db))
        one, other = model.normalise(model.features(sounds)[0], None)
        return float((one - other).abs().max() / (one.max() - one.min()))

    assert moved(50.0) < 0.02 < moved(None)


def test_what_lies_behind_an_utterance_does_not_set_its_floor() -> None:
    model = LogMelModel(LogMelConfig(normalise="mean", floor_db=40.0))
    x = torch.randn(1, 9, 64, generator=torch.Generator().manual_seed(0)) * 9
    longer = torch.cat([x, torch.full((1, 4, 64), 99.0)], 1)
    mask = torch.arange(13)[None] < 9
    assert torch.equal(model.normalise(longer, mask)[:, :9], model.normalise(x, None))
    with pytest.raises(InputError, match="floor_db=-1"):
        LogMelModel(LogMelConfig(floor_db=-1.0))


def test_white_noise_of_full_scale_has_power_one() -> None:
    torch.manual_seed(0)
    power = LogMel()(torch.randn(1, 160_000)).exp().mean(1)
    torch.testing.assert_close(power, torch.ones_like(power), rtol=0.15, atol=0)


def test_it_is_cheap_and_keeps_no_state() -> None:
    model = LogMel()
    assert count_macs(model, torch.zeros(1, 16_000))[0] < 5e6  # the full DFT matrix would take 16 M
    assert not model.state_dict()
