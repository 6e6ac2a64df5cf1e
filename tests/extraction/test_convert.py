"""Lip encoders in the layout of public code give the same features here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from avspeech.cli import main
from avspeech.core import pretrained
from avspeech.errors import InputError
from avspeech.extraction import convert
from avspeech.extraction.lips import ResNetLips

KINDS = {"lrw-prelu": ("", "tcn.tcn_output.weight"), "lrw-swish": ("module.", "module.tcn.fc.bias"),
         "lrw-relu": ("", "tcn_output.weight"),
         "av-hubert": ("feature_extractor_video.resnet.", "feature_extractor_video.proj.weight"),
         "auto-avsr": ("encoder.frontend.", "encoder.encoders.0.norm.weight")}


def public(act: str, prefix: str = "", other: str = "") -> dict[str, Tensor]:
    """Random weights in the layout that these projects share, written out by hand."""
    make = torch.Generator().manual_seed(0)
    found: dict[str, Tensor] = {}

    def conv(name: str, *shape: int) -> None:
        found[f"{prefix}{name}.weight"] = 0.1 * torch.randn(*shape, generator=make)

    def norm(name: str, width: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{prefix}{name}.{part}"] = torch.rand(width, generator=make) + 0.1
        found[f"{prefix}{name}.num_batches_tracked"] = torch.tensor(7)

    def slope(name: str, width: int) -> None:
        if act == "prelu":
            found[f"{prefix}{name}.weight"] = torch.rand(width, generator=make)

    conv("frontend3D.0", 64, 1, 5, 7, 7)
    norm("frontend3D.1", 64)
    slope("frontend3D.2", 64)
    inside = 64
    for layer, width in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"trunk.layer{layer}.{block}"
            conv(f"{name}.conv1", width, inside, 3, 3)
            norm(f"{name}.bn1", width)
            slope(f"{name}.relu1", width)
            conv(f"{name}.conv2", width, width, 3, 3)
            norm(f"{name}.bn2", width)
            slope(f"{name}.relu2", width)
            if inside != width:
                conv(f"{name}.downsample.0", width, inside, 1, 1)
                norm(f"{name}.downsample.1", width)
            inside = width
    if other:
        found[other] = torch.zeros(3)
    return found


def reference(w: dict[str, Tensor], prefix: str, act: str, x: Tensor) -> Tensor:
    """What their forward computes for crops `[N, T, H, W]`: `[N, T, 512]`."""

    def norm(name: str, x: Tensor) -> Tensor:
        mean, variance, gain, bias = (w[f"{prefix}{name}.{part}"] for part in (
            "running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, variance, gain, bias)

    def bend(name: str, x: Tensor) -> Tensor:
        if act == "prelu":
            return F.prelu(x, w[f"{prefix}{name}.weight"])
        return F.relu(x) if act == "relu" else x * torch.sigmoid(x)

    n, t = x.shape[:2]
    x = F.conv3d(x[:, None], w[f"{prefix}frontend3D.0.weight"], None, (1, 2, 2), (2, 3, 3))
    x = bend("frontend3D.2", norm("frontend3D.1", x))
    x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1)).transpose(1, 2).flatten(0, 1)
    for layer in (1, 2, 3, 4):
        for block in (0, 1):
            name, stride = f"trunk.layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            kept = x
            if stride == 2:
                kept = norm(f"{name}.downsample.1",
                            F.conv2d(x, w[f"{prefix}{name}.downsample.0.weight"], None, 2))
            x = F.conv2d(x, w[f"{prefix}{name}.conv1.weight"], None, stride, 1)
            x = bend(f"{name}.relu1", norm(f"{name}.bn1", x))
            x = norm(f"{name}.bn2", F.conv2d(x, w[f"{prefix}{name}.conv2.weight"], None, 1, 1))
            x = bend(f"{name}.relu2", x + kept)
    return F.adaptive_avg_pool2d(x, 1).view(n, t, -1)


def act_of(kind: str) -> str:
    return convert.KINDS[kind].lips.partition("-")[2] or "relu"


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_the_features_are_those_of_the_public_code(kind: str) -> None:
    prefix, other = KINDS[kind]
    weights, lips = public(act_of(kind), prefix, other), ResNetLips(act_of(kind)).eval()
    assert convert.put(weights, kind, lips) == 1
    x = torch.randn(1, 3, 48, 48)
    wanted = reference(weights, prefix, act_of(kind), x)
    assert wanted.std() > 0.01
    assert torch.allclose(lips.look(x), wanted, rtol=1e-4,
                          atol=1e-5 * float(wanted.abs().max()))


def test_names_that_do_not_fit_are_refused() -> None:
    lips, good = ResNetLips("prelu"), public("prelu")
    before = {name: value.clone() for name, value in lips.state_dict().items()}
    cases: list[tuple[str, dict[str, Tensor], str]] = [
        ("lrw-prelu", {**good, "trunk.layer5.0.conv1.weight": torch.zeros(1)},
         "unknown: 'trunk.layer5"),
        ("lrw-prelu", {**good, "more": torch.zeros(1)}, "unknown: 'more'"),
        ("lrw-prelu", {k: v for k, v in good.items() if k != "trunk.layer2.0.bn1.bias"},
         "missing: 'trunk.layer2.0.bn1.bias'"),
        ("lrw-prelu", public("relu"), "17 names missing"),
        ("lrw-prelu", {**good, "frontend3D.1.bias": torch.zeros(3)},
         r"shape \[3\], expected \[64\]"),
        ("lrw-prelu", {**good, "frontend3D.1.bias": torch.full((64,), torch.nan)}, "not finite"),
        ("lrw-prelu", {**good, "frontend3D.1.bias": torch.ones(64, dtype=torch.int32)}, "of floats"),
        ("lrw-prelu", {**good, "frontend3D.1.bias": torch.ones(64, device="meta")}, "of floats"),
        ("av-hubert", good, "expects one tensor 'feature_extractor_video"),
        ("lrw-prelu", {}, "expects one tensor")]
    for kind, weights, message in cases:
        with pytest.raises(InputError, match=message) as error:
            convert.put(weights, kind, lips, "x.pth")
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="unknown: 'trunk.layer1|unknown: 'frontend3D.2"):
        convert.put(good, "lrw-swish", ResNetLips("swish"))  # slopes are not left out in silence
    assert all(torch.equal(before[name], value) for name, value in lips.state_dict().items())


class Opener:
    """Unpickling it writes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_checkpoint_is_tensors_alone(tmp_path: Path) -> None:
    torch.save({"model": Opener(tmp_path / "ran")}, tmp_path / "evil.pth")
    (tmp_path / "noise.pth").write_bytes(b"nonsense")
    (tmp_path / "noise.safetensors").write_bytes(b"nonsense")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "number.pth")
    for name in ("evil.pth", "noise.pth", "noise.safetensors", "list.pth", "number.pth",
                 "none.pth"):
        with pytest.raises(InputError, match=name) as error:
            convert.read(tmp_path / name)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()
    torch.save({"epoch": 3, "model_state_dict": {"a": torch.ones(2)}}, tmp_path / "good.pth")
    assert convert.read(tmp_path / "good.pth")["a"].tolist() == [1, 1]


def test_a_checkpoint_is_told_by_its_content_and_what_is_none_by_name(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import save_file

    weights = {"a": torch.ones(2)}
    save_file(weights, tmp_path / "renamed.pth")
    torch.save(weights, tmp_path / "renamed.safetensors")
    torch.save(weights, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("renamed.pth", "renamed.safetensors", "old.pth"):
        assert convert.read(tmp_path / name)["a"].tolist() == [1, 1]
    (tmp_path / "empty.pth").write_bytes(b"")
    torch.save({"state_dict": {}}, tmp_path / "none.pth")
    torch.save({1: torch.ones(2)}, tmp_path / "number.pth")
    for name, line in ((".", "is a folder; give the file"), ("empty.pth", "is empty; get it again"),
                       ("none.pth", "by name, got none"), ("number.pth", "a tensor is called 1;"),
                       ("absent.pth", "no such file")):
        assert main(["models", "convert", str(tmp_path / name), "--as", "auto-avsr", "--licence",
                     "free", "-o", str(tmp_path / "out")]) == 2
        told = capsys.readouterr().err
        assert line in told and told.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.slow
@torch.no_grad()
def test_the_paper_s_model_begins_with_it(tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech.core import models

    prefix, other = KINDS["auto-avsr"]
    weights = public("swish", prefix, other)
    torch.save(weights, tmp_path / "avsr.pth")
    arguments = ["models", "convert", str(tmp_path / "avsr.pth"), "-o", str(tmp_path / "start"),
                 "--licence", "research only", "--as"]
    assert main([*arguments, "lips"]) == 2
    assert "expected one of lrw-prelu" in capsys.readouterr().err
    assert main([*arguments, "auto-avsr"]) == 0
    assert "1 tensors of other parts left out" in capsys.readouterr().out
    info = pretrained.read_info(tmp_path / "start")
    assert info.licence == "research only" and "Auto-AVSR" in info.training_data[0]["name"]
    assert {p.name for p in (tmp_path / "start").iterdir()} == {
        "config.json", "model.safetensors", "README.md", "SHA256SUMS"}
    model: Any = models.build("mvtf-paper", lips="resnet-swish").eval()
    pretrained.begin(model, tmp_path / "start", "new")
    x = torch.randn(1, 2, 48, 48)
    wanted = reference(weights, prefix, "swish", x)
    assert torch.allclose(model.cue.lips.look(x), wanted, rtol=1e-4,
                          atol=1e-5 * float(wanted.abs().max()))
