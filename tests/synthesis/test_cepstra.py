"""Mel-cepstra, time warping, distortion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from avspeech.synthesis import cepstra

RATE = 16000


def noise(seconds: float = 0.5, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


@pytest.fixture(params=["fft", "world"])
def envelope(request: pytest.FixtureRequest) -> str:
    if request.param == "world":
        pytest.importorskip("pyworld")
    return request.param


def test_gain_is_the_first_coefficient_only(envelope: str) -> None:
    one, two = (cepstra.mel_cepstra(gain * noise(), RATE, envelope=envelope) for gain in (1.0, 0.1))
    assert one.shape == (101, 35)
    assert np.allclose(one[5:-5, 1:], two[5:-5, 1:], atol=1e-6)
    assert np.allclose(one[5:-5, 0] - two[5:-5, 0], np.log(10))


def test_a_long_sound_has_the_cepstra_of_the_whole(envelope: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute at a time, here half a second, with the floor of the whole."""
    sound = noise(3) * np.repeat([1, 1e-6, 0.1], RATE)
    pitch = (np.full(601, 150.0), np.ones(601, bool))
    whole = cepstra.mel_cepstra(sound, RATE, envelope=envelope, pitch=pitch)
    monkeypatch.setattr("avspeech.media.stretches.SECONDS", 0.5)
    monkeypatch.setattr("avspeech.media.stretches.MARGIN", 0.25)
    assert np.allclose(cepstra.mel_cepstra(sound, RATE, envelope=envelope, pitch=pitch), whole, atol=1e-4)


def test_spectrum_comes_back() -> None:
    """The log spectrum that mel-cepstra stand for is that of the filter that made the sound, in tendency."""
    from scipy.signal import freqz, lfilter

    poles = np.poly([0.95 * np.exp(1j * a * np.pi) for a in (0.2, -0.2)]).real
    found = cepstra.mel_cepstra(lfilter([1], poles, noise(4)), RATE, envelope="fft").mean(0)
    w, response = freqz([1], poles, 256)
    alpha = cepstra.warping(RATE)
    bent = w + 2 * np.arctan2(alpha * np.sin(w), 1 - alpha * np.cos(w))
    line = (found * np.cos(np.outer(bent, np.arange(35)))).sum(1)
    line, truth = line - line.mean(), np.log(np.abs(response)) - np.log(np.abs(response)).mean()
    assert np.abs(line - truth).max() < 0.35  # a log periodogram is smeared at the pole itself
    assert abs(w[line.argmax()] / np.pi - 0.2) < 0.02


def test_an_offset_does_not_move_the_floor() -> None:
    """Spectra are floored below the loudest bin, which an offset must not be."""
    sound = 1e-3 * noise(1)
    plain, moved = (cepstra.mel_cepstra(x, RATE, envelope="fft") for x in (sound, sound + 0.5))
    assert np.abs(plain - moved).max() < 1e-6


def test_warping_is_the_field_s() -> None:
    assert [round(cepstra.warping(r), 2) for r in (16000, 22050, 48000)] == [0.41, 0.46, 0.55]


def brute(a: np.ndarray, b: np.ndarray) -> float:
    cost = cdist(a, b)
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[-1, -1])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (7, 1), (13, 13), (20, 9), (8, 31)])
@pytest.mark.parametrize("radius", [None, 200])
def test_dtw_finds_the_cheapest_path(rows: int, columns: int, radius: int | None) -> None:
    rng = np.random.default_rng(rows * columns)
    a, b = rng.standard_normal((rows, 3)), rng.standard_normal((columns, 3))
    path = cepstra.dtw(a, b, radius)
    assert tuple(path[0]) == (0, 0) and tuple(path[-1]) == (rows - 1, columns - 1)
    steps = {tuple(s) for s in np.diff(path, axis=0)}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert cdist(a, b)[path[:, 0], path[:, 1]].sum() == pytest.approx(brute(a, b))


@pytest.mark.parametrize(("rows", "columns", "radius"), [(60, 60, 3), (60, 25, 4), (25, 80, 5), (3, 90, 1)])
def test_dtw_in_a_band_reaches_the_end(rows: int, columns: int, radius: int) -> None:
    rng = np.random.default_rng(0)
    path = cepstra.dtw(rng.standard_normal((rows, 2)), rng.standard_normal((columns, 2)), radius)
    assert tuple(path[-1]) == (rows - 1, columns - 1)
    line = path[:, 1] * (rows - 1) / (columns - 1)
    # One more on a diagonal is a step aside and back.
    assert np.abs(path[:, 0] - line).max() <= radius + 3 * (1 + rows / columns)


@pytest.mark.parametrize("radius", [None, 9])
def test_the_path_does_not_hang_on_how_many_steps_are_packed_at_a_time(
        radius: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    a, b = (np.cumsum(rng.standard_normal((count, 3)), 0) for count in (70, 55))
    whole = cepstra.dtw(a, b, radius)
    for many in (1, 2, 7, 64):
        monkeypatch.setattr(cepstra, "DIAGONALS", many)
        assert np.array_equal(cepstra.dtw(a, b, radius), whole)


def test_dtw_undoes_a_stretch() -> None:
    frames = np.cumsum(np.random.default_rng(1).standard_normal((80, 4)), 0)
    twice = np.repeat(frames, 2, 0)
    path = cepstra.dtw(frames, twice)
    assert (path[:, 0] == path[:, 1] // 2).all()
    with pytest.raises(ValueError, match="frame"):
        cepstra.dtw(frames, np.zeros((0, 4)))


def test_distortion() -> None:
    a = np.zeros((10, 35))
    b = a.copy()
    b[:, 0] = 5  # loudness does not count
    assert cepstra.distortion(a, b) == 0
    b[:, 3] = 1
    assert cepstra.distortion(a, b) == pytest.approx(10 / np.log(10) * np.sqrt(2))
    with pytest.raises(ValueError, match="path"):
        cepstra.distortion(a, b[:5])
