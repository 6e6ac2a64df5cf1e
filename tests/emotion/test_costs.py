from __future__ import annotations

from pathlib import Path

import pytest

from avspeech import cli
from avspeech.core import models, pretrained
from avspeech.core.config import to_dict
from avspeech.emotion import export
from avspeech.errors import InputError
from avspeech.report import onnx_profile, profile

SMALL = dict(classes=3, mels=20, channels=4, dim=16, layers=1, heads=2, inner=16, factor=4,
             hrf={"ratio": 2, "depth": 2, "where": "ffn"})


def test_a_trained_model_is_profiled_as_deployed_and_both_runtimes_stand_side_by_side(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    model = models.build("conv_transformer", **SMALL)
    folder = pretrained.save(tmp_path / "tiny", model, pretrained.ModelInfo(
        "emotion", "conv_transformer", to_dict(model.config), fps=None, labels=["a", "b", "c"]))
    asked: list[tuple[str, str, float, int, int]] = []

    def written(built, info, to, out):  # what the export and onnxruntime make of it is tested elsewhere
        assert not any("factors" in name for name in built.state_dict()) and info.labels == ["a", "b", "c"]
        return export.Exported(out, to, 1, {})

    def costs(path, seconds, threads, repeats, name):
        asked.append((Path(path).name, name, seconds, threads, repeats))
        return onnx_profile.OnnxProfile(name, 7, 1000, seconds, 5e6, threads, (0.001,), None, 0.0)

    inner = profile.profile_model
    monkeypatch.setattr(profile, "profile_model", lambda build, **options: inner(build(), **options))
    monkeypatch.setattr(export, "require", lambda to: None)
    monkeypatch.setattr(export, "write", written)
    monkeypatch.setattr(onnx_profile, "profile_onnx", costs)
    argv = ["profile", str(folder), "--seconds", "1", "--repeats", "2"]
    assert cli.main(argv) == 0
    text = capsys.readouterr().out
    assert asked == [("model.onnx", str(folder), 1.0, 1, 2)]
    for words in ("torch", "onnxruntime", "7 with constants", "5.00 M", "parameters before merging"):
        assert words in text

    def missing(to: str) -> None:
        raise InputError("needs the package onnx")

    monkeypatch.setattr(export, "require", missing)
    assert cli.main(argv) == 0
    said = capsys.readouterr()
    assert "needs the package onnx" in said.err and "onnxruntime" not in said.out
