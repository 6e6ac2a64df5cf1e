"""Models that take a spectrogram: equal to transformers' own chain, and folders that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.bench.upstreams import TOLERANCE
from avspeech.errors import InputError

EXTRACTORS = {"wav2vec2-bert": "SeamlessM4TFeatureExtractor", "ast": "ASTFeatureExtractor",
              "parakeet": "ParakeetFeatureExtractor"}


@pytest.mark.parametrize("name", sorted(EXTRACTORS))
def test_padded_by_transformers_it_is_the_same(name: str, make: Any, tmp_path: Path) -> None:
    """With masks, as transformers batches them; AST pads to its own length and has none."""
    transformers = pytest.importorskip("transformers")
    upstream = upstreams.load(make(name, tmp_path))
    sounds = [0.1 * torch.randn(n, generator=torch.Generator().manual_seed(n)) for n in (16_480, 25_999)]
    said = json.loads((tmp_path / "preprocessor_config.json").read_text())
    if name == "wav2vec2-bert":
        said["feature_size"] = said["num_mel_bins"]
    if name == "ast":
        said["num_mel_bins"] = 32
    made = getattr(transformers, EXTRACTORS[name])(**said)([x.numpy() for x in sounds], sampling_rate=16_000,
                                                           return_tensors="pt")
    hidden = torch.stack(upstream.module(**made, output_hidden_states=True).hidden_states)
    if name == "ast":  # two tokens, then patches: band by band, each over time
        hidden = hidden[:, :, 2:].unflatten(2, (2, 101)).mean(2)
    wave = torch.nn.utils.rnn.pad_sequence(sounds, batch_first=True)
    ours, frames = upstream(wave, torch.tensor([len(x) for x in sounds]))
    for i, count in enumerate(frames):
        theirs = hidden[:, i, : int(count)]
        assert float((ours[:, i, : int(count)] - theirs).norm() / theirs.norm()) < TOLERANCE


@pytest.mark.parametrize(("name", "rate"), [("wav2vec2-bert", 50), ("ast", 10), ("parakeet", 12.5),
                                            ("sew", 25), ("moonshine", 16_000 / 384)])
def test_rates_and_layers(name: str, rate: float, make: Any, tmp_path: Path) -> None:
    upstream = upstreams.load(make(name, tmp_path))
    assert upstream.frame_rate == pytest.approx(rate)
    assert upstream.layers == (4 if name == "moonshine" else 3)
    hidden, _ = upstream(0.1 * torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0)))
    assert len({tuple(layer.flatten()[:8].tolist()) for layer in hidden}) == upstream.layers  # all differ


@pytest.mark.parametrize(("name", "file", "fields", "message"), [
    ("wav2vec2-bert", "preprocessor_config.json", {"stride": 3}, "stride 3 does not divide the 40 inputs"),
    ("wav2vec2-bert", "preprocessor_config.json", {"num_mel_bins": 40}, "num_mel_bins is 40"),
    ("parakeet", "preprocessor_config.json", {"hop_length": 200}, "hop_length is 200; this model takes 160"),
    ("ast", "preprocessor_config.json", {"sampling_rate": 8000}, "sampling_rate is 8000"),
    ("ast", "preprocessor_config.json", {"std": 0}, "std is 0"),
    ("ast", "config.json", {"time_stride": 0}, "does not load it"),
    ("ast", "config.json", {"num_hidden_layers": 10**9}, "the weights hold"),
    ("wav2vec2-bert", "config.json", {"max_source_positions": 10**9}, "expected at most 100,000"),
    ("moonshine", "config.json", {"encoder_num_hidden_layers": 10**9}, "the weights hold"),
    ("sew", "config.json", {"squeeze_factor": 0}, "config.json|transformers"),
])
def test_a_folder_that_does_not_fit_is_told(name: str, file: str, fields: dict[str, Any], message: str,
                                            make: Any, tmp_path: Path) -> None:
    place = make(name, tmp_path)
    path = tmp_path / file
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    with pytest.raises(InputError, match=message):
        upstreams.load(place)


def test_beyond_ten_seconds_a_patch_model_says_what_to_call(make: Any, tmp_path: Path) -> None:
    upstream = upstreams.load(make("ast", tmp_path))
    assert upstream.max_seconds == pytest.approx(10.255)
    x = 0.1 * torch.randn(17 * 16_000, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="use encode_long"):
        upstream(x[None])
    parts = list(upstream.chunks(x))
    assert sum(part.shape[1] for part in parts) == upstream.frames(len(x)) and len(parts) > 1
    with pytest.raises(InputError, match="more than the 10.255 s"):
        upstreams.load(str(tmp_path), max_seconds=12)
