"""The examples for other toolkits run, and say what avspeech says."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import avspeech
from avspeech.bench.upstreams.speaker import drop_lazy_modules
from avspeech.media import audio

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "toolkits"


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def voiced(pitch: float, seed: int, seconds: float = 1.0) -> np.ndarray:
    """Harmonics of a pitch under an envelope, with a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * 16_000)) / 16_000
    tone = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, 9))
    return (0.1 * tone * (0.6 + 0.4 * np.sin(6 * t)) + 0.005 * rng.standard_normal(len(t))).astype(np.float32)


def test_a_pipeline_of_transformers_gives_the_recognizers_posteriors() -> None:
    pytest.importorskip("transformers")
    sound = voiced(150, 0)
    found = example("transformers_pipeline").make()(sound, top_k=3)
    own = avspeech.load("emotion-edge")(sound, 16_000).posteriors
    best = sorted(own, key=own.__getitem__, reverse=True)[:3]
    assert [row["label"] for row in found] == best
    assert [row["score"] for row in found] == pytest.approx([own[name] for name in best], abs=1e-5)


@pytest.fixture
def speechbrain() -> Iterator[None]:
    """Leaves the process to other tests without SpeechBrain's lazy modules, on which hypothesis fails."""
    pytest.importorskip("speechbrain")
    yield
    drop_lazy_modules()


@pytest.mark.usefixtures("speechbrain")
def test_a_recipe_of_speechbrain_learns_on_the_encoder(tmp_path: Path) -> None:
    for label, pitch in (("low", 110), ("high", 320)):
        (tmp_path / label).mkdir()
        for k in range(8):
            audio.write(tmp_path / label / f"{k}.wav", voiced(pitch + 3 * k, k, 0.6 + 0.05 * k), 16_000)
    module = example("speechbrain_recipe")
    untrained = [module.run(tmp_path, epochs=0)]
    assert module.run(tmp_path, epochs=12) == 1.0
    (tmp_path / "low").rename(tmp_path / "other")  # behind "high" now: the labels change places
    untrained.append(module.run(tmp_path, epochs=0))
    assert sum(untrained) == 1.0  # the same first layer is right in one case as often as wrong in the other
    assert module.run(tmp_path, epochs=12) == 1.0
