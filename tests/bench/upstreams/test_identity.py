"""An upstream's identity covers all that its output depends on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from avspeech.bench import upstreams
from avspeech.bench.upstreams import base

Make = Callable[..., str]
MENDED: list[dict[str, Any]] = [
    {"do_stable_layer_norm": False}, {"hidden_act": "relu"}, {"num_attention_heads": 4},
    {"feat_extract_activation": "relu"}, {"layer_norm_eps": 0.1},
    {"conv_stride": [5, 2, 2, 2, 2, 2, 1]}]


def change(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_weights_and_settings_count(make: Make, tmp_path: Path) -> None:
    first = upstreams.load(make("whisper", tmp_path))
    assert upstreams.load(str(tmp_path)).identity == first.identity  # by name or by path
    for options in ({"pad_to_30s": True}, {"max_seconds": 20.0}, {"overlap_seconds": 1.0}):
        assert upstreams.load(str(tmp_path), **options).identity != first.identity
    (tmp_path / "b").mkdir()
    place = make("wav2vec", tmp_path / "b")
    first = upstreams.load(place)
    weights = load_file(tmp_path / "b" / "model.safetensors")
    weights["feature_extractor.conv_layers.0.0.weight"][0, 0, 0] += 1e-3
    save_file(weights, tmp_path / "b" / "model.safetensors")
    assert upstreams.load(place).identity != first.identity


@pytest.mark.parametrize("fields", MENDED, ids=lambda fields: next(iter(fields)))
def test_a_mended_configuration_is_another_upstream(fields: dict[str, Any], make: Make,
                                                    tmp_path: Path) -> None:
    place = make("wav2vec2-large", tmp_path)
    first = upstreams.load(place)
    x = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    before, _ = first(x)
    change(tmp_path / "config.json", **fields)
    second = upstreams.load(place)
    after, _ = second(x)
    assert before.shape != after.shape or not torch.equal(before, after)
    assert first.identity != second.identity
    assert upstreams.load(place).identity == second.identity


@pytest.mark.parametrize("case", ["whisper", "wav2vec", "wav2vec2-base", "data2vec", "emotion2vec",
                                  "resemblyzer", "torchaudio", "ecapa"])
def test_the_configuration_of_every_family_counts(case: str, make: Make, tmp_path: Path) -> None:
    place = make(case, tmp_path)
    names = {upstreams.load(place).identity}
    for file in base.CONFIGURATION:
        path = tmp_path / file
        path.write_text(path.read_text() if path.is_file() else '{"do_normalize": true}')
        change(path, a_field="mended")
        names.add(upstreams.load(place).identity)
    assert len(names) == 4


def test_heads_of_whisper_count(make: Make, tmp_path: Path) -> None:
    place = make("whisper", tmp_path)
    first = upstreams.load(place)
    change(tmp_path / "config.json", encoder_attention_heads=4)
    assert upstreams.load(place).identity != first.identity


def test_the_code_and_the_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    first = upstreams.load("log-mel").identity
    assert upstreams.load("log-mel").identity == first
    monkeypatch.setattr(base, "_version", lambda package: "0")
    assert upstreams.load("log-mel").identity != first
    monkeypatch.undo()
    monkeypatch.setattr(base.sources, "module_hash", lambda *names: "0")
    assert upstreams.load("log-mel").identity != first
