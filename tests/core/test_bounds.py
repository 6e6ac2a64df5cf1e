"""Small files from strangers that ask for a lot: refused in one line, in bounded memory and time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from avspeech.core import bounds, models, pretrained
from avspeech.errors import InputError

SMALL: dict[str, dict[str, Any]] = {
    "conv_transformer": {"mels": 16, "dim": 8, "layers": 1, "heads": 2, "inner": 8, "channels": 4},
    "conformer": {"mels": 16, "dim": 8, "layers": 1, "heads": 2, "inner": 8, "channels": 4},
    "speechformer": {"mels": 16, "dim": 8, "layers": [1, 1, 1, 1], "heads": 2},
    "dynamic_graph": {"mels": 16, "dim": 8, "layers": 1, "channels": 4, "window": 8, "step": 4},
    "whisper_transformer": {"dim": 8, "heads": 2, "layers": 1, "inner": 8},
    "committee": {"members": 2, "settings": {"dim": 8, "layers": 1, "heads": 2, "inner": 8}},
    "mvtf": {"lips_width": 4, "embed": 8, "blocks": 1, "dim": 8, "hidden": 8, "heads": 2, "query": 2,
             "guess": 8, "guess_layers": 1},
    "splitter": {"blocks": 1, "dim": 8, "hidden": 8, "heads": 2, "query": 2, "guess": 8,
                 "guess_layers": 1},
    "prosodyfm": {"width": 16, "layers": 1, "hidden": 16, "decoder": [16, 16], "blocks": 1,
                  "duration": 8, "speaker_width": 4, "phrasing": 8, "speakers": ["a"],
                  "vocoder": {"width": 8, "hidden": 16, "layers": 1, "pitch_width": 8}},
    "vocoder": {"width": 8, "hidden": 16, "layers": 1, "pitch_width": 8},
}


def stranger(folder: Path, model: str, config: dict[str, Any]) -> Path:
    """A model folder whose config.json was changed, and its sums with it."""
    info = pretrained.ModelInfo("emotion", model, SMALL[model])
    pretrained.save(folder, models.build(model, **SMALL[model]), info)
    record = json.loads((folder / "config.json").read_text())
    record["config"] = config
    sign(folder, json.dumps(record).encode())
    return folder


def sign(folder: Path, data: bytes, name: str = "config.json") -> None:
    (folder / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
                   for path in sorted(folder.iterdir()) if path.name != "SHA256SUMS")
    (folder / "SHA256SUMS").write_text(sums)


@pytest.mark.parametrize("model", sorted(SMALL))
def test_a_model_within_its_weights_is_loaded(model: str, tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", model, SMALL[model])
    torch.manual_seed(0)
    assert isinstance(pretrained.load(folder)[0], nn.Module)


def numbers(model: str) -> list[str]:
    """The settings of a model that are whole numbers."""
    settings = vars(models.model_class(model).Config())
    return [key for key, value in settings.items() if type(value) is int]


def peak() -> float:
    """The highest resident memory since `forget`, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.parametrize("model", sorted(SMALL))
def test_each_number_of_a_config_may_be_absurd(model: str) -> None:
    """10^9, and 10^5, whose square fits no memory: refused, or a model of the same weights."""
    weights = models.build(model, **SMALL[model]).state_dict()
    refused = 0
    forget()
    before = peak()
    for key in numbers(model):
        for value in (10**9, 10**5):
            try:
                with bounds.building("config.json", weights):
                    built = models.build(model, **{**SMALL[model], key: value})
                assert sum(x.numel() for x in built.parameters()) < 6e7
            except InputError as error:
                assert str(error).startswith("config.json: ") and "\n" not in str(error)
                refused += 1
    assert refused >= len(numbers(model)) and peak() - before < 500


@pytest.mark.parametrize("name", sorted(bounds.NOTHING_MADE - {"__get__", "_set_grad_enabled"}))
def test_what_is_not_counted_makes_no_tensor(name: str) -> None:
    tensor = torch.ones(4, 4)
    given = (2.0,) if name == "fill_" else ()
    made = getattr(tensor, name)(*given) if hasattr(tensor, name) else getattr(nn.init, name)(tensor)
    assert made is tensor or not isinstance(made, torch.Tensor)


@pytest.mark.parametrize("value", [0, -1, 1.5, "8", [8], None, {}, True, 10**30, float("inf")])
def test_values_of_any_kind_are_one_line(value: Any, tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", "conv_transformer", {**SMALL["conv_transformer"], "dim": value})
    with pytest.raises(InputError, match="m/[cm]") as error:
        pretrained.load(folder)
    assert "\n" not in str(error.value)


def test_a_model_that_is_too_large_says_so(tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", "conv_transformer",
                      {**SMALL["conv_transformer"], "layers": 10**9})
    with pytest.raises(InputError, match="config.json: asks for more layers than"):
        pretrained.load(folder)
    folder = stranger(tmp_path / "n", "conv_transformer",
                      {**SMALL["conv_transformer"], "channels": 10**9})
    with pytest.raises(InputError, match="config.json: asks for a tensor of"):
        pretrained.load(folder)


def test_what_is_nested_deeply_is_one_line(tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", "conv_transformer", SMALL["conv_transformer"])
    sign(folder, b"[" * 10**6 + b"]" * 10**6)
    with pytest.raises(InputError, match="config.json: not JSON .nested too deeply"):
        pretrained.load(folder)


@pytest.mark.parametrize("header", [
    b"\xff" * 7 + b"\x7f" + b"{}",  # longer than any disk
    (2**40).to_bytes(8, "little") + b"{}",
    b'%s{"a":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}',
    b'%s{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}}',
    b'%s' + b"[" * 10**5, b"", b"\0" * 7])
def test_weights_that_claim_terabytes_are_one_line(header: bytes, tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", "conv_transformer", SMALL["conv_transformer"])
    length = max(0, len(header) - 2).to_bytes(8, "little")
    sign(folder, header.replace(b"%s", length, 1), "model.safetensors")
    forget()
    before = peak()
    with pytest.raises(InputError, match="model.safetensors: not a safetensors file") as error:
        pretrained.load(folder)
    assert "\n" not in str(error.value) and peak() - before < 200


def test_files_without_end_are_not_read(tmp_path: Path) -> None:
    folder = stranger(tmp_path / "m", "conv_transformer", SMALL["conv_transformer"])
    for name, size in (("config.json", 2**30), ("model.safetensors", 2**35), ("SHA256SUMS", 2**32)):
        kept = (folder / name).read_bytes()
        with open(folder / name, "r+b") as file:
            file.truncate(size)  # holes, which take no disk
        forget()
        before = peak()
        with pytest.raises(InputError, match=name):
            pretrained.load(folder)
        assert peak() - before < 200
        (folder / name).write_bytes(kept)
    pretrained.load(folder)
