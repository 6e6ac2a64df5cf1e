from __future__ import annotations

import json
from pathlib import Path

import pytest

from avspeech.errors import InputError
from avspeech.report import onnx_profile, profile

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def graph(path: Path, name: str = "audio") -> Path:
    """audio [1, N] -> frames of 100 -> 100 x 7 -> convolution over them -> 7 to 3: a known number of MACs."""
    import numpy as np
    from onnx import helper, numpy_helper

    def constant(key: str, *shape: int):
        return numpy_helper.from_array(np.ones(shape, np.float32), key)

    nodes = [helper.make_node("Reshape", [name, "frames"], ["x"]),
             helper.make_node("MatMul", ["x", "w"], ["y"]),
             helper.make_node("Transpose", ["y"], ["yt"], perm=[0, 2, 1]),
             helper.make_node("Conv", ["yt", "k"], ["c"], pads=[1, 1], group=7),
             helper.make_node("ReduceMean", ["c", "axis"], ["m"], keepdims=0),
             helper.make_node("Gemm", ["m", "h"], ["logits"], transB=1)]
    weights = [constant("w", 100, 7), constant("k", 7, 1, 3), constant("h", 3, 7),
               numpy_helper.from_array(np.array([1, -1, 100]), "frames"),
               numpy_helper.from_array(np.array([2]), "axis")]
    float32 = onnx.TensorProto.FLOAT
    made = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(name, float32, [1, "n"])],
                             [helper.make_tensor_value_info("logits", float32, [1, 3])], weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"sample_rate": "1000"})
    onnx.save(model, path)
    return path


def test_macs_equal_the_hand_count(tmp_path: Path) -> None:
    assert onnx_profile.count_macs(graph(tmp_path / "m.onnx"), 2.0) == 20 * 100 * 7 + 20 * 7 * 3 + 7 * 3
    assert onnx_profile.count_constants(tmp_path / "m.onnx") == 700 + 21 + 21 + 3 + 1


def test_a_profile_and_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(onnx_profile, "_memory_apart", lambda *args: None)  # starting a process takes long
    path = graph(tmp_path / "m.onnx")
    result = onnx_profile.profile_onnx(path, seconds=2.0, repeats=3)
    assert result.name == "m.onnx" and len(result.times) == 3 and result.p50 <= result.p90
    assert result.size == path.stat().st_size and result.macs == 14_441 / 2
    assert json.loads(json.dumps(result.to_dict()))["memory"] is None
    profile.print_profile(None, result)
    text = capsys.readouterr().out
    for words in ("onnxruntime", "746 with constants", "0.01 M", "p90", "logical cores"):
        assert words in text


def test_memory_is_that_of_a_process(tmp_path: Path) -> None:
    memory = onnx_profile._memory(graph(tmp_path / "m.onnx"), 1.0, 1)
    assert memory is None or memory.peak >= memory.loaded > 0


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    for path, words in ((tmp_path / "bad.onnx", "onnxruntime can run"),
                        (tmp_path / "none.onnx", "no such file"),
                        (graph(tmp_path / "m.onnx", "video"), "expected one input")):
        with pytest.raises(InputError, match=words):
            onnx_profile.profile_onnx(path)
