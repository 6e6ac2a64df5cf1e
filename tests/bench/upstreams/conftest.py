"""Tiny random checkpoints of every family, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.bench.upstreams import Upstream
from avspeech.core import models, pretrained, torchaudio_door

Make = Callable[..., str]


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
        return f"{name}={folder}" if name else str(folder)
    return make


def spectrogram(model: str, config_class: str, said: dict[str, Any], **sizes: Any) -> Callable[[Path], str]:
    """A tiny model of transformers; its encoder's sizes under "encoder_config" where it has one."""
    def make(folder: Path) -> str:
        torchaudio_door.load()
        transformers = pytest.importorskip("transformers")
        small = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
        if "encoder_config" in sizes:
            config = {**sizes, "encoder_config": {**small, **sizes["encoder_config"]}}
        else:
            config = {**small, **sizes}
        network = getattr(transformers, model)(getattr(transformers, config_class)(**config))
        network.save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(said))
        return str(folder)
    return make


def moonshine(folder: Path) -> str:
    """As it is published: the recognizer, whose encoder is wanted."""
    torchaudio_door.load()
    transformers = pytest.importorskip("transformers")
    config = transformers.MoonshineConfig(
        vocab_size=8, hidden_size=32, intermediate_size=64, encoder_num_hidden_layers=3,
        decoder_num_hidden_layers=1, encoder_num_attention_heads=2, decoder_num_attention_heads=2)
    transformers.MoonshineForConditionalGeneration(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False}))
    return str(folder)


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


def ecapa(folder: Path) -> str:
    module = upstreams.load("ecapa-random").module
    assert module is not None
    return saved(module, "ecapa", folder)


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


def emotion(model: str, **config: Any) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        config.update(heads=2, layers=2, inner=24, classes=2, dim=16)
        pretrained.save(folder / "m", models.build(model, **config), pretrained.ModelInfo(
            "emotion", model, config, fps=None, labels=["a", "b"]))
        return f"emotion={folder / 'm'}"
    return make


# name -> (what writes its files and gives what to load, options, chunks equal to the whole)
CASES: dict[str, tuple[Callable[[Path], str], dict[str, Any], bool]] = {
    "log-mel": (lambda _: "log-mel", {}, True),
    "log-mel frames": (lambda _: "log-mel", {"output": "frames"}, True),
    "prosody": (lambda _: "prosody", {}, True),
    "conv-random": (lambda _: "conv-random", {}, True),
    "resemblyzer": (resemblyzer, {}, True),
    "ecapa": (ecapa, {}, False),
    "ecapa-random": (lambda _: "ecapa-random", {}, False),
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
    "unispeech": (self_supervised("UniSpeech", "", True, **LARGE), {}, False),
    "wav2vec2-conformer": (self_supervised("Wav2Vec2Conformer", "", True, **LARGE,
                                           conv_depthwise_kernel_size=5), {}, False),
    "sew": (self_supervised("SEW", "", True, conv_kernel=(10, 3, 3, 2, 2, 2, 2),
                            conv_stride=(5, 2, 2, 2, 2, 2, 2), squeeze_factor=2), {}, False),
    "moonshine": (moonshine, {}, False),
    "wav2vec2-bert": (spectrogram("Wav2Vec2BertModel", "Wav2Vec2BertConfig",
                                  {"num_mel_bins": 20, "stride": 2}, feature_projection_input_dim=40),
                      {}, False),
    "ast": (spectrogram("ASTModel", "ASTConfig", {"mean": -4.2, "std": 4.5, "do_normalize": True},
                        num_mel_bins=32), {}, False),
    "parakeet": (spectrogram("ParakeetForCTC", "ParakeetCTCConfig", {"feature_size": 16}, vocab_size=8,
                             pad_token_id=0, encoder_config=dict(
                                 num_mel_bins=16, subsampling_conv_channels=8)), {}, False),
    "emotion2vec": (emotion2vec, {}, False),
    "torchaudio": (torchaudio_model, {}, False),
    "emotion, whisper_transformer": (emotion("whisper_transformer"), {}, False),
    "emotion, conv_transformer": (emotion("conv_transformer", channels=8, mels=40), {}, False),
    "onnx": (onnx, {}, True),
    "egemaps": (egemaps, {}, True),
    "whisper": (whisper, {}, False),
    "whisper padded": (whisper, {"pad_to_30s": True}, False),
}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """make(case, folder): writes the files of a case and returns what to load."""
    def made(name: str, folder: Path) -> str:
        if "ecapa" in name:
            tiny_ecapa(monkeypatch)
        if name == "torchaudio":
            tiny_torchaudio(monkeypatch)
        torch.manual_seed(0)
        return CASES[name][0](folder)

    return made


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path, make: Make) -> tuple[Upstream, bool]:
    """An upstream of every case, and whether its chunks are equal to the whole."""
    _, options, exact = CASES[request.param]
    return upstreams.load(make(request.param, tmp_path), **options), exact
