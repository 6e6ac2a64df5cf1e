"""Export: the file gives what torch gives or is not written; what it says of itself; 8 bits are judged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avspeech import cli
from avspeech.core import models, pretrained
from avspeech.data.manifest import Utterance, write_manifest
from avspeech.emotion import eight_bits, export
from avspeech.errors import InputError
from avspeech.media.audio import write as write_sound

LABELS = ["angry", "sad", "other"]
TINY: dict[str, dict[str, Any]] = {
    "conv_transformer": dict(mels=16, channels=2, factor=4, dim=8, layers=1, heads=2, inner=8),
    "conformer": dict(mels=16, channels=2, factor=4, dim=8, layers=1, heads=2, inner=8, kernel=3),
    "speechformer": dict(mels=16, dim=8, layers=(1, 1, 1, 1), heads=2),
    "whisper_transformer": dict(mels=16, dim=8, layers=1, heads=2, inner=8),
    "dynamic_graph": dict(mels=16, channels=2, dim=8, layers=1, window=8, step=4),
}


def tiny(name: str = "conv_transformer") -> tuple[Any, pretrained.ModelInfo]:
    torch.manual_seed(0)
    model: Any = models.build(name, **TINY[name], classes=3, hrf=dict(ratio=2, depth=2, where="all"))
    return model.eval(), pretrained.ModelInfo(task="emotion", model=name, labels=LABELS, fps=None)


def sounds(number: int = 9) -> list[tuple[np.ndarray, int]]:
    rng = np.random.default_rng(0)
    return [(rng.normal(0, 0.05 * (1 + i % 3), 4_000 + 900 * i).astype(np.float32), i % 3)
            for i in range(number)]


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[export.Exported, Any]:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    model, info = tiny()
    out = tmp_path_factory.mktemp("export") / "tiny.onnx"
    return export.write(model, info, "onnx", out), model


def test_the_file_gives_what_torch_gives(onnx_file: tuple[export.Exported, Any]) -> None:
    exported, model = onnx_file
    assert max(exported.parity.values()) < export.TOLERANCE and exported.size == exported.path.stat().st_size
    run = export.onnx_runner(exported.path)
    for sound, _ in sounds():
        logits, posteriors = run(sound[None])
        with torch.no_grad():
            np.testing.assert_allclose(logits, model(torch.from_numpy(sound)[None]).numpy(), atol=1e-4)
        assert posteriors.sum() == pytest.approx(1, abs=1e-5)
    silence, _ = run(np.zeros((1, 16_000), np.float32))
    assert np.isfinite(silence).all()
    assert "allowed 1e-04" in "\n".join(exported.lines())


def test_the_file_says_what_it_is(onnx_file: tuple[export.Exported, Any]) -> None:
    import onnx

    proto = onnx.load(onnx_file[0].path)
    said = {p.key: p.value for p in proto.metadata_props}
    assert json.loads(said["labels"]) == LABELS
    assert (said["sample_rate"], said["shortest"]) == ("16000", "400")
    assert [i.name for i in proto.graph.input] == ["audio"]
    assert [o.name for o in proto.graph.output] == ["logits", "posteriors"]
    assert not any(node.doc_string or node.metadata_props for node in proto.graph.node)
    weights = sum(p.numel() for p in export.to_deploy(tiny()[0]).parameters())
    assert sum(np.prod(t.dims) for t in proto.graph.initializer) < 5e4 + weights


def test_a_graph_that_differs_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, info = tiny()
    monkeypatch.setattr(export, "_onnx", lambda light, info, path: path.write_bytes(b"x"))
    monkeypatch.setattr(export, "onnx_runner", lambda path: lambda x: (np.zeros((1, 3)), np.zeros((1, 3))))
    with pytest.raises(AssertionError, match="differs"):
        export.write(model, info, "onnx", tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_8_bits(onnx_file: tuple[export.Exported, Any], tmp_path: Path,
                monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantised, judged, refused where UAR falls, written with force."""
    exported, _ = onnx_file
    model, info = tiny()
    whole = exported.path.read_bytes()
    monkeypatch.setattr(export, "_onnx", lambda light, info, path: path.write_bytes(whole))
    monkeypatch.setattr(export, "LOST", 1.0)
    out = tmp_path / "int8.onnx"
    small = export.write(model, info, "onnx-int8", out, sounds())
    assert small.uar is not None and small.judged == 9 and "UAR on 9" in small.lines()[-1]
    import onnx

    proto = onnx.load(out)
    kinds = [node.op_type for node in proto.graph.node]
    assert "QuantizeLinear" in kinds and kinds.index("Log") < kinds.index("QuantizeLinear")
    assert {p.key for p in proto.metadata_props} >= {"labels", "sample_rate"}
    logits, _ = export.onnx_runner(out)(sounds()[0][0][None])
    assert np.isfinite(logits).all()
    stored = sum(len(weight.raw_data) for weight in proto.graph.initializer)
    assert stored < 30_000  # the front end alone had 85 kB
    assert [v.name for v in (*proto.graph.input, *proto.graph.output)] == ["audio", "logits", "posteriors"]

    monkeypatch.setattr(export, "LOST", -1.0)
    with pytest.raises(InputError, match="points of UAR on 9"):
        export.write(model, info, "onnx-int8", tmp_path / "no.onnx", sounds())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["int8.onnx"]
    forced = export.write(model, info, "onnx-int8", tmp_path / "forced.onnx", sounds(), force=True)
    assert forced.path.is_file()


def test_a_small_file_answers_as_a_large_one(onnx_file: tuple[export.Exported, Any], tmp_path: Path) -> None:
    import onnx

    proto = onnx.load(onnx_file[0].path)
    eight_bits.make_small(proto)
    onnx.save(proto, tmp_path / "small.onnx")
    large, small = (export.onnx_runner(path) for path in (onnx_file[0].path, tmp_path / "small.onnx"))
    for sound, _ in sounds(3):
        for one, two in zip(large(sound[None]), small(sound[None])):
            np.testing.assert_allclose(two, one, atol=2e-3)


def test_development_audio_comes_from_a_manifest(tmp_path: Path) -> None:
    for i, (sound, _) in enumerate(sounds(4)):
        write_sound(tmp_path / f"{i}.wav", sound)
    names = ["angry", "sad", "other", "unknown"]
    utterances = [Utterance(str(i), f"{i}.wav", 0.25, "s", labels={"emotion": n})
                  for i, n in enumerate(names)]
    write_manifest(tmp_path / "dev.jsonl", utterances)
    info = tiny()[1]
    data = export.development(tmp_path / "dev.jsonl", None, info)
    assert [label for _, label in data] == [0, 1, 2] and all(len(s) >= 4_000 for s, _ in data)
    write_sound(tmp_path / "0.wav", np.concatenate([np.zeros(3_000), sounds(1)[0][0], np.zeros(3_000)]))
    write_manifest(tmp_path / "dev.jsonl", [dataclasses.replace(u, duration=0.6) for u in utterances])
    assert len(export.development(tmp_path / "dev.jsonl", None, info)[0][0]) < 8_000
    whole = dataclasses.replace(info, frontend={"trim": 0})
    assert len(export.development(tmp_path / "dev.jsonl", None, whole)[0][0]) == 9_600
    with pytest.raises(InputError, match="none is 'happy'"):
        export.development(tmp_path / "dev.jsonl", tmp_path,
                           dataclasses.replace(info, labels=[*LABELS, "happy"]))


def test_labels_of_development_audio_may_be_spelled_otherwise(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sound(tmp_path / "a.wav", sounds(1)[0][0])
    names = ["Anger", "Trauer", "other", "angry", "Ärger", "unknown", None]
    write_manifest(tmp_path / "dev.jsonl", [
        Utterance(str(i), "a.wav", 0.25, "s", labels={"emotion": name}) for i, name in enumerate(names)])
    data = export.development(tmp_path / "dev.jsonl", None, tiny()[1])
    assert [number for _, number in data] == [0, 1, 2, 0, 0]
    assert "2 of 7 utterances have no emotion that the model knows" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"none is 'fear'.*other labels there: none, unknown\)"):
        export.development(tmp_path / "dev.jsonl", None,
                           dataclasses.replace(tiny()[1], labels=[*LABELS, "fear"]))
    info = dataclasses.replace(tiny()[1], labels=["angry", "rage", "Wut", "sad"])  # two of one name
    write_manifest(tmp_path / "dev.jsonl", [
        Utterance(str(i), "a.wav", 0.25, "s", labels={"emotion": name})
        for i, name in enumerate(["Wut", "Ärger", "angry", "sadness", "rage"])])
    assert [n for _, n in export.development(tmp_path / "dev.jsonl", None, info)] == [2, 0, 3, 1]


def test_an_exported_graph_hears_no_offset_and_one_level(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    settings = {**TINY["conv_transformer"], "classes": 3, "normalise": "level"}
    model: Any = models.build("conv_transformer", **settings, quietest=-30.0, loudest=-30.0).eval()
    export.write(model, tiny()[1], "onnx", tmp_path / "a.onnx")
    run, sound = export.onnx_runner(tmp_path / "a.onnx"), sounds(1)[0][0][None]
    expected = run(sound)[1]
    for gain, offset in ((0.01, 0.0), (1.0, 0.3), (3.0, -0.01)):
        np.testing.assert_allclose(run(np.float32(gain) * sound + np.float32(offset))[1], expected, atol=2e-3)


@pytest.mark.parametrize(("to", "more", "text"), [
    ("onnx-int8", [], "--calibrate"), ("onnx", ["--calibrate", "dev.jsonl"], "onnx-int8"),
])
def test_the_command_line(to: str, more: list[str], text: str, tmp_path: Path,
                          capsys: pytest.CaptureFixture[str]) -> None:
    model, info = tiny()
    info.config = {**TINY["conv_transformer"], "classes": 3, "hrf": dict(model.config.hrf)}
    pretrained.save(tmp_path / "model", model, info)
    assert cli.main(["export", str(tmp_path / "model"), "--to", to, "-o", str(tmp_path / "x"), *more]) == 2
    assert text in capsys.readouterr().err
    assert cli.main(["export", "nix", "--to", "onnx", "-o", str(tmp_path / "x")]) == 2
    assert "neither a model folder" in capsys.readouterr().err
    assert cli.main(["export", "mvtf-small", "--to", "executorch", "-o", str(tmp_path / "x")]) == 2
    assert "exported with --to onnx" in capsys.readouterr().err


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PACKAGES", {"onnx": (("no_such_package",), "pip install 'avspeech[edge]'"),
                                              "executorch": (("nor_this",), "pip install executorch")})
    with pytest.raises(InputError, match=r"no_such_package.*avspeech\[edge\]"):
        export.require("onnx-int8")
    with pytest.raises(InputError, match="pip install executorch"):
        export.require("executorch")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TINY))
@pytest.mark.parametrize("to", ["onnx", "executorch"])
def test_every_model_is_exported(name: str, to: str, tmp_path: Path) -> None:
    pytest.importorskip("executorch" if to == "executorch" else "onnxscript")
    model, info = tiny(name)
    assert max(export.write(model, info, to, tmp_path / "file").parity.values()) < export.TOLERANCE
