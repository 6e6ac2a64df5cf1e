"""What a frozen lip encoder sees once is what it would see each time."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.core import pretrained
from avspeech.core.models import build
from avspeech.data.manifest import Utterance, View
from avspeech.errors import InputError
from avspeech.extraction.augment import AugmentConfig
from avspeech.extraction.looks import Looks
from avspeech.extraction.mixing import MixConfig, Mixture, Pool, Source, Studio
from avspeech.extraction.training import Condition, DrawnMixtures, collate, evaluate
from avspeech.media import audio, video

TINY = dict(lips="lipnet", lips_width=4, embed=8, blocks=0, dim=8, hidden=6, heads=2, query=2,
            planes=2, bands=16, guess=8, guess_layers=2)
NAMES = ("front", "left_60")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Two utterances of noise with two views of 25 random pictures each."""
    rng = np.random.default_rng(0)
    everyone = []
    for i in range(2):
        audio.write(tmp_path / f"u{i}.wav", (rng.standard_normal(16000) / 9).astype(np.float32), 16000)
        for name in NAMES:
            crops = rng.integers(0, 256, (25, 96, 96)).astype(np.uint8)
            video.write_crops(tmp_path / f"u{i}.{name}.npz", crops, np.arange(25) != 7)
        everyone.append(Utterance(f"u{i}", f"u{i}.wav", 1.0, f"s{i}", views=tuple(
            View("", name, crops=f"u{i}.{name}.npz") for name in NAMES)))
    return Studio(everyone, {u.id: (tmp_path, tmp_path) for u in everyone})


def mixture(seed: int = 0, target: int = 0) -> Mixture:
    other = Source(f"u{1 - target}", 0.0, 0.0, 1.0)
    return Mixture(f"m{seed}", "two", f"u{target}", 1.0, 0.0, (other,), None, seed, NAMES, ())


@pytest.mark.parametrize("shuffled", [False, True])
def test_results_are_those_of_the_pictures(studio: Studio, tmp_path: Path, shuffled: bool) -> None:
    torch.manual_seed(0)
    model = build("mvtf-small", **TINY).eval()
    listed = [mixture(0, 0), mixture(1, 1)]
    looks = Looks(studio, model.cue.lips, tmp_path / "looks")
    for views in (NAMES, ("left_60",)):
        shown = Condition("c", views, shuffled)
        plain, kept = (evaluate(model, s, listed, shown) for s in (studio, looks))
        for one, two in zip(plain, kept, strict=True):
            assert two["si_sdri"] == pytest.approx(one["si_sdri"], abs=0.02)
            assert two["lips"] == pytest.approx(one["lips"], abs=0.005)
    assert len(list((tmp_path / "looks").iterdir())) == 4  # two clips of two views


def test_pictures_are_seen_once(studio: Studio, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    lips = build("mvtf-small", **TINY).cue.lips
    first, shown = Looks(studio, lips, tmp_path / "looks").lips(mixture(), NAMES)
    assert first.dtype == np.float32 and not first[:, 7].any() and not shown[:, 7].any()
    monkeypatch.setattr(studio, "crops", None)
    monkeypatch.setattr(Looks, "crops", None)
    torch.nn.init.ones_(lips.enter[1].weight)  # behind what is kept
    again, _ = Looks(studio, lips, tmp_path / "looks").lips(mixture(), NAMES)
    np.testing.assert_array_equal(first, again)
    torch.nn.init.ones_(lips.frontend[0][0].weight)
    with pytest.raises(TypeError):
        Looks(studio, lips, tmp_path / "looks").lips(mixture(), NAMES)


def test_variants_are_chosen_by_the_seed(studio: Studio, tmp_path: Path) -> None:
    lips = build("mvtf-small", **TINY).cue.lips
    looks = Looks(studio, lips, tmp_path / "looks", 2, AugmentConfig(turn=5))
    zero, one, two = (looks.lips(mixture(seed), NAMES)[0] for seed in range(3))
    np.testing.assert_array_equal(zero, two)
    assert np.abs(zero - one).max() > 0.01
    with pytest.raises(InputError, match="looks=-1"):
        Looks(studio, lips, tmp_path / "looks", -1)


def test_examples_hold_looks_at_any_speed(studio: Studio, tmp_path: Path) -> None:
    model = build("mvtf-small", **TINY)
    looks = Looks(studio, model.cue.lips, tmp_path / "looks", 1)
    config = AugmentConfig(speed=0.3, apart=0.1, slow=0.5)
    pool = Pool(list(studio.utterances.values()))
    data = DrawnMixtures(pool, looks, MixConfig({"two": 1.0}, occluded=0, missing=0), 0.8,
                         augment=config)
    batch = collate([data.item(0, 1), data.item(1, 2)])
    frames = batch["mask"].shape[2]
    assert batch["video"].shape == (2, 2, frames, *looks.frame)
    assert batch["video"].dtype == torch.float32
    assert (batch["video"].abs().amax(3) > 0)[~batch["mask"]].sum() == 0
    assert torch.isfinite(model(batch["mixture"], batch["video"], batch["mask"])).all()


def test_parts_of_a_model_begin_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    other, model = build("mvtf-small", **TINY), build("mvtf-small", **TINY)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    pretrained.save(tmp_path / "other", other, pretrained.ModelInfo(
        task="extraction", model="mvtf", config=asdict(other.config), sample_rate=16000, fps=25.0))
    pretrained.begin(model, tmp_path / "other", "new", ["cue.lips.frontend", "gat"])
    for key, value in model.state_dict().items():
        wanted = other.state_dict() if key.startswith("cue.lips.frontend.") else before
        assert torch.equal(value, wanted[key]), key
    with pytest.raises(InputError, match="none of its tensors in gat has"):
        pretrained.begin(model, tmp_path / "other", "new", ["gat"])
