"""What every upstream holds to, whatever its family; tiny random checkpoints are made on the spot."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.bench.upstreams import TOLERANCE, Upstream
from avspeech.errors import InputError

RATE = 16_000


def sound(seconds: float, seed: int = 0) -> torch.Tensor:
    """Noise under a slow envelope, at an ordinary level."""
    n = int(seconds * RATE)
    x = torch.randn(n, generator=torch.Generator().manual_seed(seed))
    return 0.1 * x * (0.6 + 0.4 * torch.sin(torch.arange(n) / 2000))


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_shapes_rates_and_padding(case: tuple[Upstream, bool]) -> None:
    upstream, _ = case
    sounds = [sound(s, i) for i, s in enumerate((0.51, 0.02, 1.9, 1.203))]
    lengths = torch.tensor([len(x) for x in sounds])
    wave = torch.nn.utils.rnn.pad_sequence(sounds, batch_first=True)
    wave[0, lengths[0]:] = 7.0  # what lies beyond an utterance is not looked at
    hidden, frames = upstream(wave, lengths)
    assert hidden.dtype == torch.float32
    assert list(hidden.shape) == [upstream.layers, 4, int(frames.max()), upstream.dim]
    assert torch.isfinite(hidden).all()
    for i, x in enumerate(sounds):
        alone, count = upstream(x[None])
        assert int(count) == int(frames[i])
        assert far(hidden[:, i, : frames[i]], alone[:, 0]) < TOLERANCE
        assert not hidden[:, i, frames[i]:].any()
        if upstream.frame_rate:
            seconds = max(len(x), upstream.minimum) / RATE
            slack = 1.5 + upstream.minimum / upstream.hop
            assert abs(int(frames[i]) - seconds * upstream.frame_rate) <= slack
        else:
            assert int(frames[i]) == 1
    assert not torch.allclose(hidden[:, 0, 0], hidden[:, 2, 0])


def test_long_sound_in_chunks(case: tuple[Upstream, bool]) -> None:
    upstream, exact = case
    x = sound(9.37)
    whole, frames = upstream(x[None])
    assert far(upstream.encode_long(x), whole[:, 0]) < TOLERANCE  # shorter than max_seconds
    if upstream.max_seconds == float("inf"):
        return
    upstream.max_seconds, upstream.overlap_seconds = 5.0, 1.6
    parts = list(upstream.chunks(x))
    assert len(parts) > 1
    assert all(part.shape[1] <= (5.0 * upstream.frame_rate or 1) for part in parts)
    if upstream.frame_rate:
        assert sum(part.shape[1] for part in parts) == int(frames)
    if exact:
        assert far(torch.cat(parts, 1), whole[:, 0]) < TOLERANCE
    elif upstream.family != "whisper":  # whose positions begin anew
        assert far(torch.cat(parts, 1).mean(1), whole[:, 0].mean(1)) < 0.1


@pytest.mark.parametrize(("wave", "lengths"), [
    (torch.zeros(2, 100, dtype=torch.float64), None),
    (torch.zeros(100), None),
    (torch.zeros(2, 100), torch.tensor([100])),
    (torch.zeros(2, 100), torch.tensor([100, 101])),
    (torch.zeros(2, 100), torch.tensor([100, 0])),
    (torch.full((1, 100), torch.nan), None),
])
def test_what_is_no_sound_is_refused(wave: torch.Tensor, lengths: torch.Tensor | None) -> None:
    with pytest.raises(ValueError):
        upstreams.load("log-mel")(wave, lengths)


@pytest.mark.parametrize("name", ["log-mel", "resemblyzer"])
def test_silence_is_a_sound(name: str) -> None:
    if name == "resemblyzer" and importlib.util.find_spec("resemblyzer") is None:
        pytest.skip("resemblyzer is not installed")
    hidden, _ = upstreams.load(name)(torch.zeros(1, RATE))
    assert torch.isfinite(hidden).all()


def test_fourteen_are_neural() -> None:
    assert sum(entry.neural for entry in upstreams.UPSTREAMS.values()) == 14
    assert {entry.family for entry in upstreams.UPSTREAMS.values()} <= set(upstreams.FAMILIES)


def message(name: str, **options: Any) -> str:
    with pytest.raises(InputError) as error:
        upstreams.load(name, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_cannot_be_loaded_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean 'whisper-base'" in message("wisper-base")
    assert "no such file" in message("whisper-base=/nowhere")
    assert "no option 'pad'" in message("log-mel", pad=1)
    assert "takes no path" in message(f"log-mel={tmp_path}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert "'bert'" in message(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    assert "not a Whisper configuration" in message(str(tmp_path))
    config = dict(num_mel_bins=80, d_model=8, encoder_attention_heads=2, encoder_ffn_dim=8, encoder_layers=1,
                  max_source_positions=1500)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "expected model.safetensors" in message(f"whisper-base={tmp_path}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert "pytorch_model.bin: not read" in message(f"whisper-base={tmp_path}")
    assert "save_file" in message(f"whisper-base={tmp_path}")
    (tmp_path / "model.safetensors").write_bytes(b"x" * 20)
    assert "not a safetensors file" in message(f"whisper-base={tmp_path}")


def test_without_a_hub_it_says_what_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")

    def unreachable(name: str, **options: Any) -> str:
        raise hub.errors.LocalEntryNotFoundError("no")

    monkeypatch.setattr(hub, "snapshot_download", unreachable)
    assert "whisper-large=FOLDER" in message("whisper-large")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in message("whisper-large")
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(hub, "snapshot_download", lambda *a, **o: str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert "offers no safetensors" in message("whisper-large")
