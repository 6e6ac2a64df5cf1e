"""Small files that stand for large ones: one line, in bounded time and memory. Nothing in them runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from avspeech import cli, text
from avspeech.core import config
from avspeech.data.corpora import tables
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

ALIASES = "x:\n  - &a0 [l, l, l, l, l, l, l, l, l]\n" + "".join(
    f"  - &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


@dataclass
class Config:
    x: Any = None


def refused(line: str, call: Any, *args: Any) -> None:
    with pytest.raises(InputError, match=line) as error:
        call(*args)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_aliases_that_multiply(tmp_path: Path) -> None:
    """Nine to the ninth values in a config of 400 bytes."""
    path = tmp_path / "c.yaml"
    path.write_text(ALIASES)
    refused("c.yaml: more than 100,000 values", config.load, Config, path)
    refused("more than 100,000 values", config.load, Config, None, ["x=" + ALIASES[3:]])
    path.write_text("x: {a: &a [1, 2], b: [*a, *a]}")
    assert config.load(Config, path).x["b"] == [[1, 2], [1, 2]]


@pytest.mark.parametrize("made", ["!!python/object/apply:os.system [echo]", "!!python/name:os.system",
                                  "&a [*a]", "[" * 10_000])
def test_configs_make_no_objects_and_no_circles(made: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"x: {made}")
    refused("c.yaml", config.load, Config, tmp_path / "c.yaml")


@pytest.mark.parametrize("line", ["[" * 10**5, '{"id": "' + "a" * (2**24 + 9) + '"}',
                                  '{"id": "a", "audio": "a.wav", "speaker": "s", "duration": ' + "9" * 9999
                                  + "}", "{" + ", ".join(f'"k{i}": 1' for i in range(10**5)) + "}"])
def test_lines_of_a_manifest(line: str, tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text(line + "\n")
    refused("m.jsonl:1: ", read_manifest, tmp_path / "m.jsonl")


def test_a_table_of_a_million_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",".join(f"c{i}" for i in range(10**6)) + "\n")
    refused("t.csv:1: a heading of 1,000,000 columns", tables.read_table, tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,b\n1,\"" + "x\n" * 10**5)
    refused("t.csv:2: not a row", tables.read_table, tmp_path / "t.csv")


def test_an_entity_is_not_expanded() -> None:
    """What a document declares itself is text; only the five entities of XML have a meaning."""
    declared = '<!DOCTYPE s [<!ENTITY a "ha ha ha ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    try:
        said = text.analyse(f"<speak>&b; yes</speak> {declared}", "default")
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert len(said.words) < 40


@pytest.mark.parametrize("marked", ["<prosody rate='slow'>" * 20_000 + "hi", "<break time='9e99s'/> hi",
                                    "<audio src='file:///etc/passwd'/> hi"])
def test_markup_that_is_refused(marked: str) -> None:
    refused("text, column", text.analyse, marked, "default")


@pytest.mark.parametrize("data", [b"", b"\x08\x07" * 100, b"PK\x03\x04"])
def test_what_is_no_onnx_file(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "m.onnx").write_bytes(data)
    assert cli.main(["profile", str(tmp_path / "m.onnx"), "--seconds", "1", "--repeats", "1"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "m.onnx" in error


def test_a_graph_that_asks_for_forty_gigabytes(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    from avspeech.report.onnx_profile import profile_onnx

    helper, kind = onnx.helper, onnx.TensorProto
    nodes = [helper.make_node("ConstantOfShape", ["size"], ["large"]),
             helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("audio", kind.FLOAT, [1, None])],
        [helper.make_tensor_value_info("sum", kind.FLOAT, [])],
        [helper.make_tensor("size", kind.INT64, [2], [10**5, 10**5])])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    refused("m.onnx: not a model that onnxruntime can run", profile_onnx, tmp_path / "m.onnx", 1.0, 1, 1)
