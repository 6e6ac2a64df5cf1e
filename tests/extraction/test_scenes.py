"""Scenes of sound: what adds up, who speaks, and that a seed says it all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.errors import InputError
from avspeech.extraction import scenes
from avspeech.extraction.scenes import SceneConfig, Voices, draw, filtered, person, write_voices

PLAIN = SceneConfig(segment=1.0, partial=0, speed=0, room=0, noise=0, third=0, microphone=0)
LIFE = SceneConfig(segment=1.0)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Voices:
    """Four speakers, each with a tone and hiss of their own; the last is the first, changed."""
    path = tmp_path_factory.mktemp("voices") / "train"
    rng = np.random.default_rng(0)
    t = np.arange(48000) / 16000
    write_voices(path, [
        (name, 0.2 * np.sin(2 * np.pi * hertz * t) + 0.02 * rng.standard_normal(len(t)))
        for name, hertz in (("a", 200), ("b", 500), ("c", 1200), ("a~1", 300))])
    return Voices(path)


def test_a_seed_says_it_all(voices: Voices) -> None:
    one, two, other = (draw(np.random.default_rng(seed), voices, LIFE) for seed in (5, 5, 6))
    assert np.array_equal(one["mixture"], two["mixture"]) and np.array_equal(one["voices"], two["voices"])
    assert not np.array_equal(one["mixture"], other["mixture"])


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_voices_add_up_where_there_is_nothing_else(voices: Voices, kind: str) -> None:
    scene = draw(np.random.default_rng(1), voices, PLAIN, kind=kind)
    np.testing.assert_allclose(scene["voices"].sum(0), scene["mixture"], atol=1e-5)
    assert np.sqrt(np.mean(scene["mixture"] ** 2)) == pytest.approx(0.1, rel=1e-3)
    assert scene["voices"][0].any() and scene["voices"][1].any() == (kind != "alone")


@pytest.mark.parametrize("setting", ["room", "noise", "third", "microphone"])
def test_what_is_not_a_voice_is_the_rest(voices: Voices, setting: str) -> None:
    """A microphone is passed by all alike; late echoes, noise and a third voice are wanted of nobody."""
    rest = []
    for seed in range(4):
        scene = draw(np.random.default_rng(seed), voices, replace(PLAIN, **{setting: 1.0}), kind="two")
        rest.append(float(np.mean((scene["mixture"] - scene["voices"].sum(0)) ** 2)))
    assert min(rest) < 1e-9 if setting == "microphone" else min(rest) > 1e-6


def test_late_echoes_are_in_the_mixture_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_voices(tmp_path / "hiss", [(name, 0.1 * rng.standard_normal(32000)) for name in "ab"])
    config = replace(PLAIN, room=1.0, decay=(0.8, 0.8), direct=(0.0, 0.0))
    for seed in range(3):
        scene = draw(np.random.default_rng(seed), Voices(tmp_path / "hiss"), config, kind="alone")
        wanted = scene["voices"][0]
        late = scene["mixture"] - wanted
        assert np.abs(late[: round(0.04 * 16000)]).max() < 1e-4
        assert np.mean(scene["mixture"] ** 2) > 1.1 * np.mean(wanted**2)


def test_a_gain_is_kept(voices: Voices) -> None:
    config = replace(PLAIN, gains=(-5.0, -5.0))
    first, second = draw(np.random.default_rng(2), voices, config, kind="two")["voices"]
    assert 10 * np.log10(np.mean(first**2) / np.mean(second**2)) == pytest.approx(5, abs=0.2)


def test_nobody_is_mixed_with_a_copy_of_themselves(voices: Voices) -> None:
    """"a~1" is "a" in another voice, at the same words."""
    def tone(x: np.ndarray) -> float:
        return float(np.abs(np.fft.rfft(x)).argmax())  # Hz, of one second

    found = set()
    for seed in range(40):
        pair = draw(np.random.default_rng(seed), voices, PLAIN, first="a", kind="two")["voices"]
        assert tone(pair[0]) == 200
        found.add(tone(pair[1]))
    assert found == {500, 1200}
    assert person("libri-19~2") == person("libri-19") == "libri-19"


def test_the_same_speaker_says_two_things(voices: Voices) -> None:
    for seed in range(5):
        first, second = draw(np.random.default_rng(seed), voices, PLAIN, first="b", kind="same")["voices"]
        for x in (first, second):
            assert np.abs(np.fft.rfft(x)).argmax() == 500
        hiss = [np.fft.irfft(np.fft.rfft(x) * (np.arange(8001) > 3000)) for x in (first, second)]
        top = np.abs(np.fft.irfft(np.fft.rfft(hiss[0]) * np.conj(np.fft.rfft(hiss[1])))).max()
        assert top < 0.5 * np.linalg.norm(hiss[0]) * np.linalg.norm(hiss[1])  # not the same stretch


def test_a_room_keeps_the_direct_sound_first() -> None:
    response = scenes.room(np.random.default_rng(0), 0.4, 6.0)
    assert response[0] == 1 and not response[1:16].any()
    assert np.sum(response[1:] ** 2) == pytest.approx(10**-0.6)
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    assert energy[round(0.3 * 16000)] < energy[round(0.1 * 16000)] / 30


def test_filtering_is_convolution() -> None:
    rng = np.random.default_rng(0)
    x, responses = rng.standard_normal(1000), [rng.standard_normal(7), rng.standard_normal(300)]
    for got, response in zip(filtered(x, responses), responses):
        np.testing.assert_allclose(got, np.convolve(x, response)[:1000], atol=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_noise_has_its_level(voices: Voices, seed: int) -> None:
    noise = scenes.noise(np.random.default_rng(seed), voices, 12000)
    assert noise.shape == (12000,) and np.isfinite(noise).all()
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, rel=1e-3)


def test_batches(voices: Voices) -> None:
    data = scenes.DrawnScenes(voices, LIFE)
    assert data.lengths == [1.0] * 4
    batch = data.collate([data.item(i, i) for i in (0, 2)])
    assert batch["ids"] == ["a", "c"]
    assert batch["mixture"].shape == (2, 16000) and batch["voices"].shape == (2, 2, 16000)
    assert batch["mixture"].dtype == torch.float32


class Oracle(torch.nn.Module):
    """Knows the voices of the scenes that it is asked for, and swaps them."""

    def __init__(self, found: list[np.ndarray]) -> None:
        super().__init__()
        self.found, self.weight = list(found), torch.nn.Parameter(torch.zeros(1))

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.found.pop(0)[::-1].copy()).unsqueeze(0)


def test_measures_take_the_better_order(voices: Voices) -> None:
    found: dict[str, list[np.ndarray]] = {}
    for kind in scenes.KINDS:
        seeds = [[3, 0, scenes.KINDS.index(kind), n] for n in range(3)]
        found[kind] = [draw(np.random.default_rng(s), voices, PLAIN, kind=kind)["voices"] for s in seeds]
    two = scenes.evaluate(Oracle(found["two"]), voices, PLAIN, "two", 3, [3, 0])  # type: ignore[arg-type]
    assert min(row["si_sdri"] for row in two) > 30
    alone = scenes.evaluate(Oracle(found["alone"]), voices, PLAIN, "alone", 3, [3, 0])  # type: ignore[arg-type]
    assert all(row["si_sdr"] > 40 and abs(row["gain"]) < 0.01 and row["rest"] > 40 for row in alone)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in (dict(kinds={"three": 1.0}), dict(kinds={"two": -1.0}), dict(segment=0.1), dict(room=1.5),
                  dict(speed=0.9), dict(decay=(0.5, 0.1)), dict(gains=(0.0, float("nan")))):
        with pytest.raises(InputError, match=f"^{next(iter(wrong))}"):
            SceneConfig(**wrong)  # type: ignore[arg-type]


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_voices(tmp_path / "one", [("a", np.ones(9)), ("a~1", np.ones(9))])
    with pytest.raises(InputError, match="at least two speakers"):
        Voices(tmp_path / "one")
    write_voices(tmp_path / "two", [("a", np.ones(9)), ("b", np.ones(9))])
    assert [row["count"] for row in map(json.loads, open(tmp_path / "two.jsonl"))] == [9, 9]
    (tmp_path / "two.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match="two.npy: cannot be read"):
        Voices(tmp_path / "two")
    (tmp_path / "two.jsonl").write_text('{"speaker": "a"}\n')
    with pytest.raises(InputError, match="two.jsonl:1"):
        Voices(tmp_path / "two")
