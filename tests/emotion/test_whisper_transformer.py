"""The beginning of Whisper: the same answers where nothing is left out, nearer ones by least squares."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from avspeech.bench.upstreams.whisper import Encoder
from avspeech.core import models
from avspeech.emotion.whisper_transformer import WhisperTransformer, begin_with_whisper
from avspeech.errors import InputError

SMALL: dict[str, Any] = dict(mels=20, dim=16, heads=2, inner=32, classes=3)


def whisper() -> Encoder:
    """Small and drawn by chance, three layers, positions and mask as Whisper has them."""
    torch.manual_seed(0)
    encoder = Encoder(20, 16, 2, 32, 3, 200)
    angle = torch.arange(200)[:, None] * 10_000 ** (-torch.arange(8) / 7)
    encoder.embed_positions.weight.data = torch.cat([angle.sin(), angle.cos()], 1)
    for layer in encoder.layers:
        layer.fc1.weight.data *= 4  # far enough from linear
    return encoder.eval()


def begun(**fields: Any) -> tuple[WhisperTransformer, Encoder, list[Tensor]]:
    encoder = whisper()
    model: Any = models.build("whisper_transformer", **{**SMALL, **fields})
    sounds = [0.1 * torch.randn(n) for n in (16_000, 9_000, 24_100)]
    begin_with_whisper(model, encoder, sounds)
    return model, encoder, sounds


def whole(model: WhisperTransformer, encoder: Encoder, sound: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised features of an even number of frames, and Whisper's hidden states of them."""
    x = model.normalise(model.logmel(sound[None]), None)
    x = x[:, : x.shape[1] // 2 * 2]
    return x, encoder(x)


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 2])
def test_with_all_units_it_is_whisper(layers: int) -> None:
    model, encoder, sounds = begun(layers=layers)
    x, hidden = whole(model, encoder, sounds[0])
    torch.testing.assert_close(model.encode(x, None)[0], hidden[layers], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_batch_is_masked_as_whisper_is() -> None:
    model, encoder, sounds = begun()
    x, _ = whole(model, encoder, sounds[0])
    x = torch.cat([x, x])
    x[1, 60:] = 0
    mine = model.encode(x, torch.tensor([x.shape[1], 60]))[0]
    theirs = encoder(x, torch.tensor([x.shape[1] // 2, 30]))[2]
    torch.testing.assert_close(mine[1, :30], theirs[1, :30], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_what_is_left_out_is_made_up_for() -> None:
    """By the units that are kept: nearer to Whisper than with its own weights for those."""
    model, encoder, sounds = begun(inner=20, layers=1)
    x, hidden = whole(model, encoder, sounds[2])
    fitted = (model.encode(x, None)[0] - hidden[1]).norm()
    rows = [int((encoder.layers[0].fc1.weight == row).all(1).nonzero())
            for row in model.layers[0].ffn.enter.weight]  # type: ignore[union-attr]
    assert rows == sorted(set(rows)) and len(rows) == 20
    model.layers[0].ffn.leave.weight.copy_(encoder.layers[0].fc2.weight[:, rows])  # type: ignore
    assert 0 < fitted < 0.8 * (model.encode(x, None)[0] - hidden[1]).norm()


@torch.no_grad()
def test_the_last_norm_begins_with_equal_dimensions() -> None:
    model, _, sounds = begun(inner=20)
    out = torch.cat([model.norm(model.encode(model.normalise(model.logmel(s[None]), None), None)[0])
                     for s in sounds], 1)[0]
    torch.testing.assert_close(out.mean(0), torch.zeros(16), rtol=0, atol=1e-3)
    torch.testing.assert_close(out.std(0), torch.ones(16), rtol=1e-3, atol=0)


@pytest.mark.parametrize(("fields", "text"), [(dict(dim=24), "dim"), (dict(layers=4), "layers"),
                                              (dict(inner=33), "inner"), (dict(hrf={"ratio": 2}), "factors"),
                                              (dict(dim=2), "dim"), (dict(dim=15), "dim")])
def test_what_does_not_fit_is_told(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        begun(**fields)


@torch.no_grad()
def test_positions_stay_exact_where_layers_compute_in_bfloat16() -> None:
    model: Any = models.build("whisper_transformer", **SMALL).eval()
    for conv in (model.conv1, model.conv2):
        conv.weight.zero_()
        conv.bias.zero_()
    with torch.autocast("cpu", torch.bfloat16):
        x = model.stem(torch.zeros(1, 3000, 20), None)[0]
    torch.testing.assert_close(x[0, 1499, :8], (1499 * model.speeds).sin())
