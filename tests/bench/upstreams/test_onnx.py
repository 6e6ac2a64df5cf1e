"""ONNX files as torch writes them today, and as strangers may make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.errors import InputError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def model(file: Path, shape: list[Any] = ["B", "N"], nodes: list[Any] | None = None, seed: int = 0,  # noqa: B006
          external: str = "", output: list[Any] | None = None, kind: int = TensorProto.FLOAT) -> Path:
    """Frames of 400 samples, 160 apart, by one convolution; or other nodes."""
    weight = torch.randn(6, 1, 400, generator=torch.Generator().manual_seed(seed)).numpy()
    nodes = nodes or [helper.make_node("Unsqueeze", ["wave", "one"], ["x"]),
                      helper.make_node("Conv", ["x", "weight"], ["y"], strides=[160]),
                      helper.make_node("Transpose", ["y"], ["hidden"], perm=[0, 2, 1])]
    graph = helper.make_graph(
        nodes, "tiny", [helper.make_tensor_value_info("wave", kind, shape)],
        [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(weight, "weight"), helper.make_tensor("one", TensorProto.INT64, [1], [1])])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.parent.mkdir(parents=True, exist_ok=True)
    options = dict(save_as_external_data=True, location=external, size_threshold=0) if external else {}
    onnx.save(made, file, **options)
    return file


X = torch.randn(3, 16_000, generator=torch.Generator().manual_seed(1))


def test_weights_in_a_file_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = upstreams.load(model(tmp_path / "whole.onnx"))
    apart = upstreams.load(model(tmp_path / "a" / "m.onnx", external="m.onnx.data"))
    assert torch.equal(whole(X)[0], apart(X)[0])
    monkeypatch.chdir(tmp_path / "a")
    inside = upstreams.load("m.onnx")
    assert torch.equal(whole(X)[0], inside(X)[0]) and inside.identity == apart.identity


@pytest.mark.parametrize("inside", [False, True])
def test_other_weights_are_another_identity(inside: bool, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "a" / "m.onnx", external="m.onnx.data")
    model(tmp_path / "b" / "m.onnx", external="m.onnx.data", seed=1)
    assert (tmp_path / "a" / "m.onnx").read_bytes() == (tmp_path / "b" / "m.onnx").read_bytes()
    found = []
    for name in "ab":
        monkeypatch.chdir(tmp_path / name if inside else tmp_path)
        found.append(upstreams.load("m.onnx" if inside else f"{name}/m.onnx"))
    assert not torch.allclose(found[0](X)[0], found[1](X)[0]) and found[0].identity != found[1].identity


def test_a_batch_fixed_at_one_is_run_one_at_a_time(tmp_path: Path) -> None:
    free = upstreams.load(model(tmp_path / "free.onnx"))
    fixed = upstreams.load(model(tmp_path / "fixed.onnx", [1, "N"]))
    lengths = torch.tensor([16_000, 9_000, 16_000])
    hidden, frames = fixed(X, lengths)
    torch.testing.assert_close(free(X, lengths)[0], hidden, atol=1e-4, rtol=1e-4)
    assert frames.tolist() == free(X, lengths)[1].tolist()


def refused(file: Path, **options: Any) -> str:
    with pytest.raises(InputError) as error:
        upstreams.load(file, **options)
    assert "\n" not in str(error.value) and str(file.name) in str(error.value)
    return str(error.value)


def test_what_does_not_fit_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "m.onnx"
    assert "N free" in refused(model(file, [1, 16_000]))
    assert "B free" in refused(model(file, [4, "N"]))
    assert "expected one input" in refused(model(file, ["B", 1, "N"], nodes=[
        helper.make_node("Identity", ["wave"], ["hidden"])]))
    assert "expected one input" in refused(model(file, kind=TensorProto.INT64, nodes=[
        helper.make_node("Cast", ["wave"], ["hidden"], to=TensorProto.FLOAT)]))
    refused(model(file, nodes=[helper.make_node("Identity", ["weight"], ["hidden"])]))
    file.write_bytes(b"nonsense")
    assert "not an ONNX file" in refused(file)
    model(file)
    file.write_bytes(file.read_bytes()[:-300])
    refused(file)
    model(file)
    assert "sample_rate" in refused(file, sample_rate=10**12)
    assert "minimum" in refused(file, minimum=10**12)


@pytest.mark.parametrize("place", ["/etc/hostname", "../m.onnx.data", "a/../../m.onnx.data"])
def test_weights_outside_of_the_folder_are_refused(place: str, tmp_path: Path) -> None:
    file = model(tmp_path / "f" / "m.onnx", external="m.onnx.data")
    found = onnx.load(file, load_external_data=False)
    for tensor in found.graph.initializer:
        for entry in tensor.external_data:
            entry.value = place if entry.key == "location" else entry.value
    file.write_bytes(found.SerializeToString())
    (tmp_path / "m.onnx.data").write_bytes((tmp_path / "f" / "m.onnx.data").read_bytes())
    assert "in the model's own folder" in refused(file)


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    file = model(tmp_path / "m.onnx", external="m.onnx.data")
    (tmp_path / "m.onnx.data").unlink()
    with pytest.raises(InputError, match="m.onnx.data: no such file, which holds weights of m.onnx"):
        upstreams.load(file)


def test_a_model_that_asks_for_memory_is_refused(tmp_path: Path) -> None:
    """Expanding to 8 GB for a second of sound; within the bound of this process it fails at once."""
    size = helper.make_tensor("size", TensorProto.INT64, [3], [1, 20_000, 100_000])
    file = model(tmp_path / "m.onnx", nodes=[
        helper.make_node("Constant", [], ["size"], value=size),
        helper.make_node("Unsqueeze", ["wave", "one"], ["x"]),
        helper.make_node("ReduceMean", ["x"], ["y"], axes=[2], keepdims=1),
        helper.make_node("Expand", ["y", "size"], ["hidden"])])
    assert "does not run" in refused(file)


