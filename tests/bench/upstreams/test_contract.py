"""What every upstream holds to, whatever its family; tiny random checkpoints are made on the spot."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.bench.upstreams import TOLERANCE, Upstream
from avspeech.core import torchaudio_door
from avspeech.errors import InputError

RATE = 16_000


def tiny_ecapa(monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.bench.upstreams.speaker import Ecapa

    monkeypatch.setattr(Ecapa, "channels", (16, 16, 16, 16, 48))


def self_supervised(kind: str, name: str, normalize: bool, **differences: Any) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        torchaudio_door.load()
        transformers = pytest.importorskip("transformers")
        sizes = dict(vocab_size=8, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                     intermediate_size=64, conv_dim=(8,) * 7, num_conv_pos_embeddings=4,
                     num_conv_pos_embedding_groups=2)
        network = getattr(transformers, f"{kind}Model")(
            getattr(transformers, f"{kind}Config")(**{**sizes, **differences}))
        network.save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": normalize}))
        return f"{name}={folder}"
    return make


LARGE = dict(feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True)


def saved(network: torch.nn.Module, name: str, folder: Path) -> str:
    from safetensors.torch import save_file

    save_file({key: value.contiguous() for key, value in network.state_dict().items()},
              folder / "model.safetensors")
    return f"{name}={folder}"


def wav2vec(folder: Path) -> str:
    from avspeech.bench.upstreams.wav2vec import Network

    return saved(Network(16, (10, 8, 4, 4, 4, 1), (2, 3)), "wav2vec", folder)


def emotion2vec(folder: Path) -> str:
    from avspeech.bench.upstreams.emotion2vec import Network

    return saved(Network(blocks=2, conv=8, dim=24, inner=48, heads=3, depth=1, tokens=2, positions=2, width=5,
                         groups=2), "emotion2vec", folder)


def onnx(folder: Path) -> str:
    """Frames of 400 samples, 160 apart, by one convolution."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    weight = torch.randn(6, 1, 400, generator=torch.Generator().manual_seed(0)).numpy()
    graph = helper.make_graph(
        [helper.make_node("Unsqueeze", ["wave", "one"], ["x"]),
         helper.make_node("Conv", ["x", "weight"], ["y"], strides=[160]),
         helper.make_node("Transpose", ["y"], ["hidden"], perm=[0, 2, 1])],
        "tiny", [helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["B", "N"])],
        [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["B", "T", 6])],
        [numpy_helper.from_array(weight, "weight"), helper.make_tensor("one", TensorProto.INT64, [1], [1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "tiny.onnx")
    return str(folder / "tiny.onnx")


def tiny_torchaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    models = torchaudio_door.load().models
    base = models.wav2vec2_model

    def tiny() -> torch.nn.Module:
        return base("group_norm", [(8, k, s) for k, s in zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2))],
                    False, 32, 0.0, 4, 2, 2, 2, 0.0, 64, 0.0, 0.0, False, 0.0, None)

    monkeypatch.setattr(models, "hubert_base", tiny)


def torchaudio_model(folder: Path) -> str:
    (folder / "config.json").write_text('{"bundle": "HUBERT_BASE"}')
    saved(torchaudio_door.load().models.hubert_base(), "", folder)
    return str(folder)


def egemaps(_: Path) -> str:
    pytest.importorskip("opensmile")
    return "egemaps"


def whisper(folder: Path) -> str:
    torchaudio_door.load()  # transformers imports torchaudio
    transformers = pytest.importorskip("transformers")
    config = transformers.WhisperConfig(
        vocab_size=8, num_mel_bins=80, d_model=32, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
    transformers.WhisperModel(config).save_pretrained(folder)
    return f"whisper-base={folder}"


def resemblyzer(folder: Path) -> str:
    from avspeech.bench.upstreams.speaker import _DVector

    return saved(_DVector(), "resemblyzer", folder)


# name -> (what writes its files and gives what to load, options, chunks equal to the whole)
CASES: dict[str, tuple[Callable[[Path], str], dict[str, Any], bool]] = {
    "log-mel": (lambda _: "log-mel", {}, True),
    "log-mel frames": (lambda _: "log-mel", {"output": "frames"}, True),
    "prosody": (lambda _: "prosody", {}, True),
    "conv-random": (lambda _: "conv-random", {}, True),
    "resemblyzer": (resemblyzer, {}, True),
    "ecapa": (lambda _: "ecapa-random", {}, False),
    "ecapa frames": (lambda _: "ecapa-random", {"output": "frames"}, False),
    "wav2vec": (wav2vec, {}, False),
    "wav2vec2-base": (self_supervised("Wav2Vec2", "wav2vec2-base", True), {}, False),
    "wav2vec2-large": (self_supervised("Wav2Vec2", "wav2vec2-large", True, **LARGE), {}, False),
    "xls-r": (self_supervised("Wav2Vec2", "xls-r-300m", True, **LARGE), {"normalize": False}, False),
    "hubert-base": (self_supervised("Hubert", "hubert-base", True), {}, False),
    "hubert-large": (self_supervised("Hubert", "hubert-large", True, **LARGE), {}, False),
    "wavlm-base": (self_supervised("WavLM", "wavlm-base-plus", False), {}, False),
    "wavlm-large": (self_supervised("WavLM", "wavlm-large", True, **LARGE), {}, False),
    "data2vec": (self_supervised("Data2VecAudio", "data2vec-base", True, conv_pos_kernel_size=3), {}, False),
    "unispeech-sat": (self_supervised("UniSpeechSat", "unispeech-sat-base-plus", False), {}, False),
    "emotion2vec": (emotion2vec, {}, False),
    "torchaudio": (torchaudio_model, {}, False),
    "onnx": (onnx, {}, True),
    "egemaps": (egemaps, {}, True),
    "whisper": (whisper, {}, False),
    "whisper padded": (whisper, {"pad_to_30s": True}, False),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> tuple[Upstream, bool]:
    make, options, exact = CASES[request.param]
    if "ecapa" in request.param:
        tiny_ecapa(monkeypatch)
    if request.param == "torchaudio":
        tiny_torchaudio(monkeypatch)
    torch.manual_seed(0)
    return upstreams.load(make(tmp_path), **options), exact


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


def test_identity_names_weights_and_settings(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    torch.manual_seed(0)
    first = upstreams.load(whisper(tmp_path / "a"))
    again = upstreams.load(whisper(tmp_path / "a").partition("=")[2])
    assert first.identity != again.identity  # weights were drawn anew
    assert upstreams.load(str(tmp_path / "a")).identity == again.identity
    for options in ({"pad_to_30s": True}, {"max_seconds": 20.0}, {"overlap_seconds": 1.0}):
        assert upstreams.load(str(tmp_path / "a"), **options).identity != again.identity


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
