from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avspeech.core import sources
from avspeech.data.manifest import Utterance
from avspeech.emotion import features
from avspeech.errors import InputError
from avspeech.media import audio


@pytest.fixture
def spoken(tmp_path: Path) -> list[Utterance]:
    rng = np.random.default_rng(1)
    for name, n in (("a", 16000), ("b", 9000)):
        silence = 1e-5 * rng.standard_normal(8000)
        sound = np.concatenate([silence, 0.1 * rng.standard_normal(n), silence])
        audio.write(tmp_path / f"{name}.wav", sound.astype(np.float32))
    return [Utterance("a", "a.wav", 2.0, "s"), Utterance("b", "b.wav", 25000 / 16000, "s")]


def test_a_cache_is_made_once_and_holds_copies(tmp_path: Path, spoken: list[Utterance]) -> None:
    config, mel = features.FeatureConfig(speeds=(0.8, 1.25), life=1), features.MelConfig(mels=20)
    cache = features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    assert cache.copies == 4 and cache.frames("a").shape[1] == 20
    assert cache.count("a") == pytest.approx(115, abs=6)  # the silence is gone but for the margin
    assert cache.count("a", 1) == pytest.approx(cache.count("a") / 0.8, abs=2)
    assert cache.count("a", 2) == pytest.approx(cache.count("a") / 1.25, abs=2)
    assert cache.count("a") / 1.2 < cache.count("a", 3) < cache.count("a") / 0.8
    stamp = (tmp_path / "cache" / features.FRAMES).stat().st_mtime_ns
    features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    assert (tmp_path / "cache" / features.FRAMES).stat().st_mtime_ns == stamp
    features.compute(tmp_path / "cache", spoken[:1], tmp_path, config, mel)
    with pytest.raises(InputError, match="b: its features"):
        features.Cache(tmp_path / "cache").frames("b")


def stamp(folder: Path) -> int:
    return (folder / features.FRAMES).stat().st_mtime_ns


def test_other_sounds_of_the_same_names_and_lengths_are_other_features(tmp_path: Path,
                                                                       spoken: list[Utterance]) -> None:
    config, mel = features.FeatureConfig(speeds=()), features.MelConfig(mels=20)
    before = features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    first, digest = before.frames("a"), before.digest
    sound = audio.read(tmp_path / "a.wav")
    audio.write(tmp_path / "a.wav", sound[::-1])
    after = features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    assert after.digest != digest == before.digest
    assert not np.allclose(after.frames("a"), first, atol=0.1)
    assert np.array_equal(before.frames("a"), first)  # a reader of the old cache still has the old one
    assert features.digest(tmp_path / "cache") == after.digest and features.digest(tmp_path) == ""


@pytest.mark.parametrize("name", [features.FRAMES, features.INDEX])
@pytest.mark.parametrize("change", [lambda data: b"", lambda data: data[:-8], lambda data: data[8:],
                                    lambda data: data[:2000] + bytes(8) + data[2008:]])
def test_a_damaged_cache_is_refused_and_made_again(tmp_path: Path, spoken: list[Utterance], name: str,
                                                   change: Callable[[bytes], bytes]) -> None:
    """Before, changed frames were used in silence, and others stopped the stage that would mend them."""
    config, mel = features.FeatureConfig(speeds=()), features.MelConfig(mels=20)
    whole = features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    frames, path = np.array(whole.all), tmp_path / "cache" / name
    data = path.read_bytes()
    path.write_bytes(change(data if name == features.FRAMES else data[:2000]))
    with pytest.raises(InputError, match="not a cache of features .*--stage features .*--force"):
        features.Cache(tmp_path / "cache")
    again = features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    assert np.array_equal(again.all, frames) and again.digest == whole.digest


def test_files_moved_or_touched_are_the_same_features(tmp_path: Path, spoken: list[Utterance]) -> None:
    config, mel = features.FeatureConfig(speeds=()), features.MelConfig(mels=20)
    features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    before = stamp(tmp_path / "cache")
    os.utime(tmp_path / "a.wav", (1, 1))
    (tmp_path / "moved").mkdir()
    (tmp_path / "b.wav").rename(tmp_path / "moved" / "b.wav")
    spoken[1] = dataclasses.replace(spoken[1], audio="moved/b.wav")
    features.compute(tmp_path / "cache", spoken, tmp_path, config, mel)
    assert stamp(tmp_path / "cache") == before


def test_changed_code_of_the_front_end_makes_other_features(tmp_path: Path, spoken: list[Utterance],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    config = features.FeatureConfig()
    before = features.key(spoken, tmp_path, config)
    assert features.key(spoken, tmp_path, config) == before
    monkeypatch.setattr(sources, "module_hash", lambda name: "other code")
    assert features.key(spoken, tmp_path, config) != before
    with pytest.raises(InputError, match="c.wav: cannot be read"):
        features.key([Utterance("c", "c.wav", 1.0, "s")], tmp_path, config)


def test_an_offset_is_no_sound(tmp_path: Path, spoken: list[Utterance]) -> None:
    """Silence is cut off all the same."""
    config = features.FeatureConfig()
    plain = features.speech(tmp_path / "a.wav", 0.0, None, config, 16000)
    audio.write(tmp_path / "c.wav", audio.read(tmp_path / "a.wav") + np.float32(0.02))
    shifted = features.speech(tmp_path / "c.wav", 0.0, None, config, 16000)
    assert len(shifted) == len(plain) and np.allclose(shifted, plain, atol=1e-3)


def test_the_first_copy_is_what_the_model_computes(tmp_path: Path, spoken: list[Utterance]) -> None:
    import torch

    from avspeech.emotion.logmel import LogMel, LogMelConfig

    cache = features.compute(tmp_path / "cache", spoken, tmp_path, features.FeatureConfig(trim=0, speeds=()))
    samples = audio.read(tmp_path / "a.wav")
    expected = LogMel(LogMelConfig())(torch.from_numpy(samples)[None])[0].numpy()
    assert np.allclose(cache.frames("a"), expected, atol=0.01)


def test_what_is_no_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a cache"):
        features.Cache(tmp_path)
    with pytest.raises(InputError, match="speeds"):
        features.FeatureConfig(speeds=(3.0,))


def test_caches_made_before_there_were_other_filters_stay_valid() -> None:
    """Their names and what their hashes are made of, from then."""
    assert features.MelConfig().name == "64" and features.MelConfig(low=80.0).name == "64-29d420"
    assert features.MelConfig(low=80.0).fields == {"mels": 64, "low": 80.0, "high": 8000.0, "floor": 1e-8}
    slaney = features.MelConfig(low=80.0, filters="slaney")
    assert slaney.name not in ("64-29d420", features.MelConfig(filters="slaney").name)
    assert slaney.fields["filters"] == "slaney"
