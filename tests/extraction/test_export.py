"""An extraction model as one ONNX file gives what torch gives, at any length and any views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from avspeech.cli import main
from avspeech.core import graphs, models, pretrained
from avspeech.errors import InputError
from avspeech.extraction import export
from avspeech.extraction.extractor import Extractor
from avspeech.extraction.mvtf import MVTF

TINY = dict(n_fft=256, hop=128, patch=16, lips_width=4, embed=8, blocks=1, dim=8, hidden=6, heads=2,
            query=2, planes=2, bands=16, guess=8, guess_layers=1, lags=1)
PAPER = dict(n_fft=128, hop=64, planes=0, embed=65, embed_causal=True, lips_width=1, guess=0,
             lags=0, kernel=8, stride=1, patch=1, features="complex", head="mapping")
KINDS: list[dict[str, Any]] = [
    {}, {"lips": "small"}, {"fusion": "add"}, {"fusion": "attention"},
    {"fusion": "none"}, {"slots": 3, "symmetric": False}, PAPER,
    {"causal": True, "lags": 0, "guess": 0}]


def tiny(**differences: Any) -> MVTF:
    """With weights in the layers that begin at 0, so that every part counts."""
    torch.manual_seed(0)
    model = models.build("mvtf-small", **{**TINY, **differences}).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1 and not parameter.detach().any():
            nn.init.normal_(parameter, std=0.05)
    return model  # type: ignore[return-value]


def info(model: MVTF) -> pretrained.ModelInfo:
    return pretrained.ModelInfo("extraction", "mvtf", dict(vars(model.config)), sample_rate=16_000,
                                fps=25.0, licence="CC0")


@torch.no_grad()
@pytest.mark.parametrize("differences", [
    *KINDS, pytest.param({"lips": "resnet"}, marks=pytest.mark.slow)], ids=str)
def test_the_model_that_is_exported_is_the_model(differences: dict[str, Any]) -> None:
    model = tiny(**differences)
    real = export.RealMVTF(model)
    for what, mixture, crops, present in list(export.cases(model))[::2]:
        wanted, got = model(mixture, crops, present), real(mixture, crops, present)
        assert (got - wanted).abs().max() < 2e-5 * wanted.abs().max(), what


@torch.no_grad()
def test_a_fourth_view_is_refused_not_ignored() -> None:
    mixture, crops, present = tiny().example_inputs(0.5, views=4)
    with pytest.raises(IndexError):
        export.RealMVTF(tiny())(mixture, crops, present)


@torch.no_grad()
@pytest.mark.parametrize("layers, ways", [(1, 1), (2, 2)])
def test_a_whole_lstm_is_that_of_torch(layers: int, ways: int) -> None:
    """Its weights, in the order that ONNX has, in the reference code of the package onnx."""
    onnx = pytest.importorskip("onnx")
    from onnx import helper, reference

    lstm = nn.LSTM(5, 3, layers, batch_first=True, bidirectional=ways == 2)
    whole = graphs.WholeLSTM(lstm)
    y = (x := torch.randn(2, 7, 5)).transpose(0, 1)
    for layer in range(layers):
        named = {"x": y, "w": getattr(whole, f"weight_ih_{layer}"),
                 "r": getattr(whole, f"weight_hh_{layer}"), "b": getattr(whole, f"bias_{layer}")}
        found = []
        for way in range(ways):  # the reference code knows no direction but forward
            turned = {k: v if k == "x" else v[way : way + 1] for k, v in named.items()}
            turned["x"] = y.flip(0) if way else y
            node = helper.make_node("LSTM", list(turned), ["y"], hidden_size=3)
            values = [helper.make_tensor_value_info(k, onnx.TensorProto.FLOAT, v.shape)
                      for k, v in turned.items()]
            out = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
            graph = helper.make_model(helper.make_graph([node], "lstm", values, [out]),
                                      opset_imports=[helper.make_opsetid("", 18)])
            run = reference.ReferenceEvaluator(graph)
            part = torch.from_numpy(run.run(None, {k: v.numpy() for k, v in turned.items()})[0])
            found.append(part[:, 0].flip(0) if way else part[:, 0])
        y = torch.cat(found, -1)
    assert torch.allclose(y.transpose(0, 1), lstm(x)[0], atol=1e-6)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    out, model = tmp_path_factory.mktemp("export") / "mvtf.onnx", tiny()
    exported = export.write(model, info(model), out)
    assert exported.path == out and exported.size == out.stat().st_size
    assert len(exported.parity) == 9 and max(exported.parity.values()) < 1e-5
    assert [p.name for p in out.parent.iterdir()] == ["mvtf.onnx"]
    return out


@pytest.mark.slow
@torch.no_grad()
def test_any_length_and_views(file: Path) -> None:
    model, run = tiny(), export.OnnxExtractor(file)
    for samples, views, frames in ((512, 1, 2), (513, 3, 9), (5_000, 2, 8), (30_011, 1, 47),
                                   (48_000, 2, 75)):
        mixture = torch.randn(1, samples)
        crops = torch.randint(0, 256, (1, views, frames, 88, 88), dtype=torch.uint8)
        present = torch.rand(1, views, frames) > 0.2
        wanted, got = model(mixture, crops, present), run(mixture, crops, present)
        assert got.shape == (1, samples)
        assert (got - wanted).abs().max() < 1e-5 * wanted.abs().max(), (samples, views, frames)


@pytest.mark.slow
def test_what_a_file_does_not_take_is_refused(file: Path) -> None:
    run = export.OnnxExtractor(file)
    sound, crops = np.zeros((1, 4_000), np.float32), np.zeros((1, 2, 7, 88, 88), np.uint8)
    present = np.ones((1, 2, 7), bool)
    run(sound, crops, present)
    for inputs in ((sound[:, :500], crops, present), (sound[0], crops, present),
                   (sound, crops[:, :, :1], present[:, :, :1]), (sound, crops, present[:, :, :6]),
                   (sound, crops.repeat(2, 1), present.repeat(2, 1)),
                   (sound, crops / 255, present), (sound, crops[..., :80, :80], present)):
        with pytest.raises(InputError, match="expected"):
            run(*inputs)
    # And by the graph itself, which other programs run
    four = {"mixture": sound, "crops": crops.repeat(2, 1), "present": present.repeat(2, 1)}
    with pytest.raises(Exception, match="(?i)out of|bounds|invalid"):
        run.session.run(None, four)


@pytest.mark.slow
def test_a_file_stands_in_for_the_model(file: Path) -> None:
    model = tiny()
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (2, 30, 96, 96), np.uint8)
    present = rng.random((2, 30)) > 0.2
    sound = rng.standard_normal(16_000).astype(np.float32)
    wanted, got = (Extractor(m, info(model))(sound, crops, sample_rate=16_000, present=present)
                   for m in (model, export.OnnxExtractor(file)))
    assert np.abs(wanted).max() > 0.01 and np.allclose(wanted, got, atol=1e-5)


@pytest.mark.slow
def test_a_profile_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.report import onnx_profile, profile

    monkeypatch.setattr(onnx_profile, "_memory_apart", lambda *args: None)  # a process takes long
    found = onnx_profile.profile_onnx(file, seconds=1.0, repeats=1)
    macs, _ = profile.count_macs(tiny(), *tiny().example_inputs(1.0))
    # Beside those of torch: the Fourier transforms, and the fusion of three views for one
    transforms = 2 * 126 * 258 * 256
    assert macs + transforms < found.macs < 1.15 * (macs + transforms)
    with pytest.raises(InputError, match="at least 512 samples"):
        onnx_profile.profile_onnx(file, seconds=0.01)


@pytest.mark.slow
def test_the_file_says_what_it_is(file: Path) -> None:
    import onnx

    proto = onnx.load(file)
    meta = {p.key: p.value for p in proto.metadata_props}
    assert meta["task"] == "extraction" and meta["licence"] == "CC0"
    assert (meta["sample_rate"], meta["fps"], meta["shortest"]) == ("16000", "25.0", "512")
    assert str(Path(__file__).parents[2]).encode() not in file.read_bytes()


@pytest.mark.slow
def test_what_differs_is_not_kept(file: Path, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    proto, other = onnx.load(file), tiny()
    nn.init.constant_(other.gate, 0.3)
    monkeypatch.setattr(export, "build", lambda model, info: proto)
    with pytest.raises(AssertionError, match="differs from torch"):
        export.write(other, info(other), tmp_path / "mvtf.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("differences", KINDS, ids=str)
def test_a_folder_that_runs_without_torch(differences: dict[str, Any], tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    """The command compares both engines and keeps nothing that differs."""
    pytest.importorskip("onnxscript")
    model = tiny(**differences)
    folder = pretrained.save(tmp_path / "own", model, info(model))
    assert main(["export", str(folder), "--to", "runtime", "-o", str(tmp_path / "out")]) == 0
    worst = float(capsys.readouterr().out.split("greatest difference from torch ")[1].split(",")[0])
    assert worst < 2e-5
    names = {path.stem for path in (tmp_path / "out").glob("*.onnx")}
    assert names == {"cue", "extract"} | ({"look"} if model.config.fusion != "none" else set()) | (
        {"sync"} if model.sync is not None else set())


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                     capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "m.onnx"
    arguments = ["export", "mvtf-small", "-o", str(out), "--to"]
    assert main([*arguments, "onnx-int8"]) == 2
    assert "a model for extraction is exported with --to onnx" in capsys.readouterr().err
    monkeypatch.setattr(export, "write",
                        lambda model, info, out: export.Exported(out, 9, {"x": 0.0}))
    assert main([*arguments, "onnx"]) == 0
    assert "m.onnx: onnx, 9 bytes" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(InputError, match="a.onnx: not a file of ONNX"):
        export.OnnxExtractor(tmp_path / "a.onnx")
