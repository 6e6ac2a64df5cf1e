"""F0 of signals whose F0 is known."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media import pitch

RATE = 16000
INSTALLED = {"world": "pyworld", "dio": "pyworld", "swift": "swift_f0"}


@pytest.fixture(params=pitch.METHODS)
def method(request: pytest.FixtureRequest) -> str:
    if request.param in INSTALLED:
        pytest.importorskip(INSTALLED[request.param])
    return request.param


def voice(hertz: np.ndarray, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Harmonics of an F0 given per sample, falling by 6 dB an octave, with a little noise. [N]"""
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    sound = np.zeros(len(hertz))
    for k in range(1, 25):
        sound += np.where(k * hertz < rate * 0.45, np.sin(k * phase) / k, 0.0)
    return 0.2 * sound + 1e-3 * np.random.default_rng(seed).standard_normal(len(hertz))


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
@pytest.mark.parametrize("hertz", [75.0, 233.0, 390.0])
def test_steady_tones(method: str, hertz: float, rate: int) -> None:
    found, voiced = pitch.f0(voice(np.full(rate // 2, hertz), rate), rate, method=method)
    assert found.shape == voiced.shape == (51,) and found.dtype == np.float32
    assert voiced[10:-10].mean() > 0.95
    cents = 1200 * np.log2(found[10:-10][voiced[10:-10]] / hertz)
    assert np.median(np.abs(cents)) < 10 and np.abs(cents).max() < 50


def test_glide(method: str) -> None:
    hertz = 120 * 2 ** (np.linspace(0, 8, RATE) / 12)  # 8 semitones in a second
    found, voiced = pitch.f0(voice(hertz), RATE, method=method)
    assert voiced[10:-10].mean() > 0.95
    line = pitch.contour(found, voiced, 0.01)
    assert pitch.slope(line, 0.01, 0.1, 0.9) == pytest.approx(8, abs=0.3)
    assert pitch.slope(pitch.semitones(found), 0.01, 0.1, 0.9, use=voiced) == pytest.approx(8, abs=0.3)


def test_voiced_and_not(method: str) -> None:
    tone, rng = voice(np.full(RATE // 2, 150.0)), np.random.default_rng(1)
    hiss = 0.02 * rng.standard_normal(RATE // 2)
    _, voiced = pitch.f0(np.concatenate([tone, hiss, tone, np.zeros(RATE // 2)]), RATE, method=method)
    assert voiced[5:45].mean() > 0.95 and voiced[105:145].mean() > 0.95
    assert voiced[57:93].mean() < 0.25
    assert not voiced[160:].any()


def test_hop_of_a_spectrogram_gives_its_frames(method: str) -> None:
    for samples in (11025, 11008, 11009, 5000):
        found, _ = pitch.f0(voice(np.full(samples, 200.0), 22050), 22050, 256 / 22050, method=method)
        assert len(found) == 1 + samples // 256


def test_scale_does_not_matter() -> None:
    sound = voice(np.full(RATE // 2, 180.0))
    for gain in (1e-3, 1.0):
        found, voiced = pitch.f0(gain * sound, RATE, method="autocorrelation")
        assert voiced[5:-5].all()
        assert np.allclose(found[5:-5], 180, rtol=5e-3)


def test_silence(method: str) -> None:
    found, voiced = pitch.f0(np.zeros(RATE // 4), RATE, method=method)
    assert not found.any() and not voiced.any() and len(found) == 26


def test_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="autocorrelation"):
        pitch.f0(np.zeros(100), RATE, method="yin")
    for bad in (np.zeros((2, 100)), np.full(100, np.nan)):
        with pytest.raises(ValueError, match="samples"):
            pitch.f0(bad, RATE)
    with pytest.raises(ValueError, match="low"):
        pitch.f0(np.zeros(100), RATE, low=300, high=200)
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "pyworld":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    assert pitch.best_method() == "autocorrelation"
    with pytest.raises(InputError, match="pip install pyworld-prebuilt"):
        pitch.f0(np.sin(np.arange(1000.0)), RATE)


def test_interpolation_is_straight_in_log_frequency() -> None:
    hertz = np.array([0, 100, 0, 0, 0, 200, 0], np.float32)
    line = pitch.interpolate(hertz, hertz > 0)
    assert np.allclose(np.diff(np.log2(line)), [0, .25, .25, .25, .25, 0], atol=1e-6)
    assert not pitch.interpolate(np.zeros(5), np.zeros(5, bool)).any()
    assert np.isnan(pitch.contour(np.zeros(5), np.zeros(5, bool), 0.01)).all()


def test_smoothing_keeps_lines_and_takes_out_jumps() -> None:
    line = np.linspace(3, 9, 50)
    assert np.allclose(pitch.smooth(line, 0.01), line, atol=1e-4)
    jumped = line.copy()
    jumped[20] += 12  # an octave's error of one frame
    assert np.abs(pitch.smooth(jumped, 0.01) - line).max() < 0.3
    for short in range(4):
        assert len(pitch.smooth(np.zeros(short), 0.01)) == short


def test_slope_of_a_part() -> None:
    line = np.concatenate([np.zeros(100), 0.04 * np.arange(100)]).astype(np.float32)
    assert pitch.slope(line, 0.01, 0.0, 0.9) == pytest.approx(0)
    assert pitch.slope(line, 0.01, 1.0) == pytest.approx(4, abs=1e-3)
    assert np.isnan(pitch.slope(line, 0.01, 0.5, 0.515))
    assert np.allclose(pitch.semitones(np.array([50, 100, 200])), [-12, 0, 12])
    assert np.isnan(pitch.semitones(np.array([0.0])))[0]


@pytest.mark.real
def test_methods_agree_on_speech(real_data) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("pyworld")
    from avspeech.media import audio

    path = sorted((real_data / "librispeech" / "LibriSpeech").rglob("*.flac"))[0]
    sound = audio.read(path, RATE, duration=4)
    (a, va), (b, vb) = (pitch.f0(sound, RATE, method=m) for m in ("world", "autocorrelation"))
    both = va & vb
    assert both.mean() > 0.3
    assert (np.abs(np.log2(a[both] / b[both])) > np.log2(1.2)).mean() < 0.05


def telephone(sound: np.ndarray, rate: int = RATE) -> np.ndarray:
    from scipy.signal import butter, sosfiltfilt

    return sosfiltfilt(butter(6, (300, 3400), "bandpass", fs=rate, output="sos"), sound)


@pytest.mark.parametrize("low", [85.0, 120.0, 190.0])
@pytest.mark.parametrize("method", ["world", "autocorrelation"])
def test_telephone_speech_without_its_fundamental(method: str, low: float) -> None:
    if method in INSTALLED:
        pytest.importorskip(INSTALLED[method])
    hertz = low * 2 ** (np.sin(np.arange(2 * RATE) * 4 / RATE) / 4)
    sound = voice(hertz)
    assert pitch.lacks_fundamental(telephone(sound), RATE) and not pitch.lacks_fundamental(sound, RATE)
    found, voiced = pitch.f0(telephone(sound), RATE, method=method)
    wanted = hertz[np.minimum(np.arange(201) * 160, 2 * RATE - 1)]
    right = np.abs(12 * np.log2(np.maximum(found, 1) / wanted)) < 0.5
    assert voiced[10:-10].mean() > 0.9 and right[10:-10][voiced[10:-10]].mean() > 0.95


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_telephone_band_is_known_at_any_rate_and_level(rate: int) -> None:
    sound = voice(np.full(rate, 110.0), rate)
    for level in (1e-4, 1.0):
        assert pitch.lacks_fundamental(level * telephone(sound, rate) + 0.2, rate)
        assert not pitch.lacks_fundamental(level * sound + 0.2, rate)
    assert not pitch.lacks_fundamental(np.zeros(rate), rate)
    assert not pitch.lacks_fundamental(np.zeros(10), rate)


@pytest.mark.parametrize("method", ["autocorrelation", "world"])
def test_an_offset_changes_nothing(method: str) -> None:
    """A frame 50 dB below the loudest is unvoiced: an offset may not hide that."""
    if method == "world":
        pytest.importorskip("pyworld")
    time = np.arange(RATE) / RATE
    sound = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 10))
    sound = 0.1 * sound * np.where(time < 0.5, 1.0, 1e-4)  # its second half is 80 dB down
    hertz, voiced = pitch.f0(sound, RATE, method=method)
    assert voiced[10:40].all() and not voiced[55:].any()
    moved, also = pitch.f0(sound + 0.01, RATE, method=method)
    assert (also == voiced).all() and np.allclose(moved, hertz, rtol=0.002)
    assert not pitch.f0(np.full(RATE, 0.3), RATE, method=method)[1].any()


@pytest.mark.parametrize("frames", [30, 200, 3000])
def test_a_fifth_of_octave_errors_change_no_slope(frames: int) -> None:
    rng = np.random.default_rng(frames)
    line = 0.03 * np.arange(frames) + rng.normal(0, 0.02, frames)
    jumped = line + 12 * (rng.permutation(frames) < frames // 5) * rng.choice([-1, 1], frames)
    right = pitch.slope(line, 0.005)
    assert right == pytest.approx(6, abs=0.3)
    assert pitch.slope(jumped, 0.005) == pytest.approx(right, abs=0.5)


def test_a_voice_own_range_leaves_its_octaves_out() -> None:
    """A glide whose last fifth has a subharmonic, as creak has, falls an octave where all is searched for,
    and stays the glide in the range of the voice."""
    pytest.importorskip("pyworld")
    hertz = 200 * 2 ** (np.linspace(-2, 2, RATE) / 12)
    creaky = np.arange(RATE) > 0.8 * RATE
    half = np.sin(np.pi * np.cumsum(hertz) / RATE)  # of half the frequency
    sound = voice(hertz) * (1 + 0.9 * creaky * half) + 0.1 * creaky * half
    wide, voiced = pitch.f0(sound, RATE, method="dio")
    assert np.median(wide[85:98]) < 0.55 * hertz[round(0.9 * RATE)]
    low, high = pitch.own_range([wide])
    assert 100 < low < 160 and 250 < high < 350
    found, voiced = pitch.f0(sound, RATE, 0.01, low, high, "dio")
    assert pitch.slope(pitch.contour(found, voiced, 0.01), 0.01, 0, 1) == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("seed", range(3))
def test_a_voice_own_range_is_its_quartiles(seed: int) -> None:
    hertz = np.random.default_rng(seed).uniform(90, 400, 400) * (np.arange(400) % 3 > 0)
    heard = hertz[hertz > 0]
    expected = np.array([0.75, 1.5]) * np.percentile(heard, (25, 75))
    assert pitch.own_range([hertz]) == pytest.approx((expected[0], min(500.0, expected[1])))
    assert pitch.own_range(np.split(hertz, 4)) == pitch.own_range([hertz])  # however it is cut
    assert pitch.own_range([hertz], 130, 300) == pytest.approx((max(130.0, expected[0]), 300.0))
    assert pitch.own_range([np.zeros(5)]) == pitch.own_range([]) == (60.0, 500.0)


def test_a_long_sound_has_the_pitch_of_the_whole(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute at a time, here two seconds: seams move no frame."""
    rng = np.random.default_rng(2)
    hertz = np.repeat(rng.uniform(90, 240, 20), RATE // 2)
    sound = voice(hertz) * np.repeat(rng.random(20) > 0.3, RATE // 2)
    whole, _ = pitch.f0(sound, RATE, method=method)
    monkeypatch.setattr("avspeech.media.stretches.SECONDS", 2.0)
    monkeypatch.setattr("avspeech.media.stretches.MARGIN", 1.0)
    parts, _ = pitch.f0(sound, RATE, method=method)
    assert parts.shape == whole.shape
    both = (whole > 0) & (parts > 0)
    assert ((whole > 0) == (parts > 0)).mean() > 0.99
    assert (np.abs(np.log(parts[both] / whole[both])) < 0.01).mean() > 0.99


def test_power_of_frames_does_not_hang_on_how_many_are_taken_at_a_time(
        monkeypatch: pytest.MonkeyPatch) -> None:
    sound = (0.3 + voice(np.full(RATE, 120.0))).astype(np.float32)
    whole = pitch.frame_variance(sound, RATE, 0.005, 0.02)
    monkeypatch.setattr(pitch, "FRAMES", 7)
    assert np.allclose(pitch.frame_variance(sound, RATE, 0.005, 0.02), whole, rtol=1e-9, atol=1e-15)
    assert whole[100] == pytest.approx(sound[8000 - 160: 8000 + 160].var(dtype=np.float64))
