"""A committee says the mean of what its members say, whatever they are made of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from avspeech.core import pretrained
from avspeech.core.models import build
from avspeech.emotion.committee import committee
from avspeech.emotion.recognizer import EmotionRecognizer
from avspeech.emotion.reparam import to_deploy
from avspeech.errors import InputError

SMALL = dict(mels=16, channels=4, dim=8, layers=1, heads=2, inner=8, classes=3)


def members(count: int = 3, **differences: object) -> list:
    torch.manual_seed(0)
    return [build("conv_transformer", **{**SMALL, **differences}).eval() for _ in range(count)]


@pytest.mark.parametrize("normalise", ["level", "stored"])
def test_it_says_the_mean_of_its_members(normalise: str) -> None:
    some = members(normalise=normalise)
    if normalise == "stored":
        for n, model in enumerate(some):
            model.set_statistics(torch.full((16,), float(n)), torch.full((16,), 2.0))
    audio, lengths = torch.randn(2, 9000), torch.tensor([9000, 5000])
    with torch.no_grad():
        wanted = torch.stack([m(audio, lengths).softmax(-1) for m in some]).mean(0)
        made = committee("conv_transformer", some)
        assert not made.training
        torch.testing.assert_close(made(audio, lengths).softmax(-1), wanted)
        alone = committee("conv_transformer", some[:1])
        torch.testing.assert_close(alone(audio).softmax(-1), some[0](audio).softmax(-1))


def test_order_does_not_count() -> None:
    some, audio = members(), torch.randn(1, 6000)
    with torch.no_grad():
        torch.testing.assert_close(committee("conv_transformer", some)(audio),
                                   committee("conv_transformer", some[::-1])(audio))


def test_it_is_merged_as_its_members_are(tmp_path: Path) -> None:
    some = members(hrf={"ratio": 2, "depth": 2, "where": "ffn"})
    merged = to_deploy(committee("conv_transformer", some))
    light = committee("conv_transformer", [to_deploy(m) for m in some])
    assert sum(p.numel() for p in merged.parameters()) == sum(p.numel() for p in light.parameters())
    audio = torch.randn(1, 8000)
    with torch.no_grad():
        torch.testing.assert_close(merged(audio), light(audio), rtol=1e-5, atol=1e-6)
    info = pretrained.ModelInfo(task="emotion", model="committee", config=dataclasses.asdict(light.config),
                                fps=None, labels=["a", "b", "c"])
    loaded, _ = pretrained.load(pretrained.save(tmp_path / "light", light, info))
    with torch.no_grad():
        assert torch.equal(loaded(audio), light(audio))
    emotion = EmotionRecognizer(loaded, info)(np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    assert sum(emotion.posteriors.values()) == pytest.approx(1)


def test_what_cannot_be_a_committee_is_told() -> None:
    with pytest.raises(InputError, match="one configuration"):
        committee("conv_transformer", [*members(1), *members(1, dim=16)])
    for given, told in (({"members": 0}, "members=0"), ({"member": "committee"}, "no committee"),
                        ({"member": "mvtf"}, "emotion model"), ({"settings": {"mels": 3}}, "settings.mels")):
        with pytest.raises(InputError, match=told):
            build("committee", **given)
