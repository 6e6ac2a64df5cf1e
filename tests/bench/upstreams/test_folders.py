"""Files of upstreams: what is read, and what is refused with the line that mends it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from avspeech.bench import upstreams
from avspeech.bench.upstreams import folders
from avspeech.errors import InputError


def test_the_conversion_it_names_works(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    torch.save({"args": argparse.Namespace(layers=3), "model": {"w": torch.arange(6.0).reshape(2, 3).T}},
               folder / "wav2vec large.pt")
    with pytest.raises(InputError) as refused:
        folders.tensors(folder)
    command = str(refused.value).partition("convert it once: ")[2]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], check=True, env=environment)
    assert folders.tensors(folder)["w"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_shards_are_put_together_and_the_whole_comes_first(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for name in "ab":
        save_file({name: torch.ones(1)}, tmp_path / f"model-{name}.safetensors")
    assert set(folders.tensors(tmp_path)) == {"a", "b"}
    save_file({"c": torch.ones(1)}, tmp_path / "model.safetensors")
    assert set(folders.tensors(tmp_path)) == {"c"}


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 3)
    with pytest.raises(InputError, match="weight 'bias' is missing"):
        folders.fill(layer, {"weight": layer.weight}, tmp_path)
    with pytest.raises(InputError, match=r"weight 'weight' should be \[3, 2\], got \[2, 3\]"):
        folders.fill(layer, {"weight": layer.weight.T, "bias": layer.bias}, tmp_path)
    folders.fill(layer, {"weight": layer.weight.half(), "bias": layer.bias, "more": layer.bias}, tmp_path)
    assert layer.weight.dtype == torch.float32


def test_what_is_neither_a_name_nor_read_says_what_is(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "m.pt"))
    with pytest.raises(InputError, match="m.pt: no file that is read; expected a folder, or an ONNX file"):
        upstreams.load(tmp_path / "m.pt")
    with pytest.raises(InputError, match="expected a name or a path, got Linear"):
        upstreams.load(torch.nn.Linear(2, 2))  # type: ignore[arg-type]
