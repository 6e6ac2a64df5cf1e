"""Emotion models as upstreams: released ones by name, their hidden states, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.core import models, pretrained
from avspeech.errors import InputError


def test_a_released_model_by_its_name() -> None:
    upstream = upstreams.load("emotion-edge")
    assert upstream.frame_rate == 50 and upstream.layers == len(upstream.module.layers) + 1  # type: ignore
    assert {"ravdess", "nemo", "ased"} <= set(upstream.seen)  # its scores there are marked
    x = 0.1 * torch.randn(1, 24_000, generator=torch.Generator().manual_seed(0))
    hidden, frames = upstream(x)
    assert list(hidden.shape) == [upstream.layers, 1, int(frames[0]), upstream.dim]
    network, _ = pretrained.load("emotion-edge")
    with torch.inference_mode():  # the last one is what the model itself goes on with
        own, _ = network.encode(network.normalise(network.logmel(network.leveled(x)), None), None)
    torch.testing.assert_close(hidden[-1], own)


def test_what_is_no_encoder_of_frames(tmp_path: Path) -> None:
    for name, told in (("emotion-graph", "frames"), ("mvtf-small", "for extraction")):
        with pytest.raises(InputError, match=told):
            upstreams.load(f"emotion={pretrained.RELEASED / name}")
    with pytest.raises(InputError):
        upstreams.load(f"emotion={tmp_path}")


def test_other_weights_are_another_identity(tmp_path: Path) -> None:
    config = dict(mels=40, channels=8, dim=16, heads=2, layers=1, inner=16, classes=2)
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        info = pretrained.ModelInfo("emotion", "conv_transformer", config, fps=None, labels=["a", "b"])
        place = pretrained.save(tmp_path / str(seed), models.build("conv_transformer", **config), info)
        made.append(upstreams.load(f"emotion={place}").identity)
    assert made[0] != made[1] and made[0] == upstreams.load(f"emotion={tmp_path / '0'}").identity
