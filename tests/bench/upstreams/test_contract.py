"""What every upstream holds to, whatever its family; tiny random checkpoints are made on the spot."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from avspeech.bench import upstreams
from avspeech.bench.upstreams import TOLERANCE, Upstream, mel
from avspeech.bench.upstreams.onnx import _bounded
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
    elif upstream.family not in ("whisper", "emotion"):  # whose positions begin anew
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


def test_fifteen_are_neural() -> None:
    assert sum(entry.neural for entry in upstreams.UPSTREAMS.values()) == 15
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


# --- files of strangers -------------------------------------------------------------------------------------

HUGE = 10**9


@pytest.mark.parametrize(("case", "fields"), [
    ("wav2vec2-base", {"conv_dim": [HUGE] * 7}), ("wav2vec2-base", {"hidden_size": HUGE}),
    ("wav2vec2-base", {"num_hidden_layers": HUGE}), ("wav2vec2-base", {"intermediate_size": 10**7}),
    ("wav2vec2-base", {"num_attention_heads": 0}), ("wav2vec2-base", {"conv_stride": [0] * 7}),
    ("wav2vec2-base", {"conv_stride": [10**6] * 7}), ("wav2vec2-base", {"conv_kernel": [HUGE] * 7}),
    ("wav2vec2-base", {"model_type": ["wav2vec2"]}), ("wav2vec2-base", {"hidden_size": "many"}),
    ("data2vec", {"num_conv_pos_embeddings": HUGE}), ("wavlm-base", {"num_buckets": HUGE}),
    ("whisper", {"d_model": HUGE}), ("whisper", {"encoder_layers": HUGE}), ("whisper", {"d_model": -1}),
    ("whisper", {"encoder_ffn_dim": 10**7}), ("whisper", {"max_source_positions": HUGE}),
    ("whisper", {"encoder_attention_heads": 5}), ("whisper", {"num_mel_bins": HUGE}),
    ("torchaudio", {"bundle": ["HUBERT_BASE"]})])
def test_a_configuration_that_asks_for_too_much(case: str, fields: dict[str, Any], make: Any,
                                                tmp_path: Path) -> None:
    place = make(case, tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    with _bounded(2**30):  # bytes
        assert str(tmp_path) in message(place)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"model_type": "whisper"' + " " * 2**23 + "}", "[1]"])
def test_a_configuration_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    assert "config.json: " in message(f"whisper-base={tmp_path}")


def test_weights_that_ask_for_more_than_they_are(tmp_path: Path) -> None:
    """The width is read from a weight; a layer between two such widths would have 10^12 numbers."""
    name = "feature_extractor.conv_layers.{}.0.weight"
    weights = {name.format(i): torch.zeros(10**6, 1, 1) for i in range(5)}
    weights["feature_aggregator.conv_layers.0.1.weight"] = torch.zeros(1, 1, 1)
    save_file(weights, tmp_path / "model.safetensors")
    with _bounded(2**30):
        assert "should be" in message(f"wav2vec={tmp_path}") or "missing" in message(f"wav2vec={tmp_path}")


@pytest.mark.parametrize("normalize", [True, False])
def test_a_folder_of_transformers_5(normalize: bool, make: Any, tmp_path: Path) -> None:
    place = make("wav2vec2-base", tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    assert "processor_config.json" in message(place)
    (tmp_path / "processor_config.json").write_text(json.dumps(
        {"feature_extractor": {"do_normalize": normalize}, "processor_class": "Wav2Vec2Processor"}))
    assert upstreams.load(place).normalize is normalize  # type: ignore[attr-defined]
    (tmp_path / "processor_config.json").write_text("{}")
    assert "do_normalize is None" in message(place)


# --- hours of sound -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 159, 160, 4000, 80_000])
def test_a_spectrogram_in_pieces_is_the_whole(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, before, frames = sound(6)[:count], sound(1, 1)[:200], -(-count // 160)
    whole = [mel.mel_power(x, RATE, 400, 160, 64, frames, b) for b in (None, before)]
    monkeypatch.setattr(mel, "BLOCK", 7)
    pieces = [mel.mel_power(x, RATE, 400, 160, 64, frames, b) for b in (None, before)]
    for one, other in zip(whole, pieces):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-9)


def test_no_more_than_a_block_is_transformed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, lengths = torch.stft, []

    def stft(x: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        lengths.append(len(x))
        return real(x, *arguments, **options)

    monkeypatch.setattr(torch, "stft", stft)
    for name, options in (("log-mel", {}), ("log-mel", {"output": "frames"}), ("prosody", {})):
        lengths.clear()
        list(upstreams.load(name, **options).chunks(0.1 * torch.randn(100 * RATE)))
        assert lengths and max(lengths) <= (mel.BLOCK - 1) * 160 + 400


def test_modulation_does_not_fade_with_the_length() -> None:
    t = torch.arange(int(10.24 * RATE)) / RATE
    x = 0.1 * torch.randn(len(t), generator=torch.Generator().manual_seed(0)) * (1.1 + torch.sin(25.1 * t))
    short, long = (upstreams.load("prosody")(y[None])[0][0, 0, 0, 28] for y in (x, x.repeat(3)))
    assert abs(float(long / short) - 1) < 0.05
