"""Exports an extraction model as one ONNX file: mixture and mouth crops in, one voice out.

    exported = export("mvtf-small", "mvtf.onnx")
    model = OnnxExtractor("mvtf.onnx")
    voice = model(mixture, crops, present)              # arrays, or the tensors of `Extractor`

Inputs:

- `mixture`: `[1, N]` float32 at the file's `sample_rate`, N at least its `shortest`.
- `crops`: `[1, V, T, 88, 88]` uint8, mouth crops at its `fps`, V from 1 to 3 and T at least 2.
- `present`: `[1, V, T]` bool, True where the view shows the mouth.

Output: `voice`, `[1, N]` float32.

Fourier transforms are convolutions, so that the graph has no complex numbers. Views are padded to
three that are never shown in front of the fusion, which gives what fewer views give. The file is
compared with torch at several lengths, numbers of views and gaps; a difference above 1e-3 of the
loudest sample is an error, and no file is left.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core import exporting, pretrained, storage
from avspeech.core.graphs import whole_lstms
from avspeech.errors import InputError
from avspeech.extraction.engine import TOLERANCE, VIEWS
from avspeech.extraction.mvtf import MVTF
from avspeech.extraction.runtime import OPSET, PaddedFusion, cases, shortest

INPUTS = ("mixture", "crops", "present")


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    size: int  # bytes
    parity: dict[str, float]  # {what was compared: greatest difference from torch}

    def lines(self) -> list[str]:
        """Lines for the terminal."""
        each = [f"  {what}: {difference:.1e}" for what, difference in self.parity.items()]
        return [f"{self.path}: onnx, {self.size:,} bytes",
                f"difference from torch, relative to the loudest sample; allowed {TOLERANCE:.0e}:",
                *each]


def export(model: str | Path, out: str | Path) -> Exported:
    """Exports an extraction model.

    Args:
        model: a released name or a model folder.
        out: the file.

    Raises:
        InputError: the model cannot be exported, a package is missing, or the place cannot be
            written to.
        AssertionError: the graph does not give what torch gives.
    """
    built, info = pretrained.load(model)
    if not isinstance(built, MVTF):
        raise InputError(f"{model}: a {info.model} for {info.task} cannot be exported as an "
                         "extractor; expected a model of kind mvtf")
    return write(built, info, Path(out))


def write(model: MVTF, info: pretrained.ModelInfo, out: Path) -> Exported:
    """Exports a model in memory; see `export`."""
    exporting.require("--to onnx")
    c = model.config
    if c.hop > c.n_fft // 2:
        raise InputError(f"model setting hop={c.hop}: expected at most n_fft / 2 = {c.n_fft // 2} "
                         "in a model to export")
    with storage.writing(out) as aside:
        storage.write_file(aside, build(model, info).SerializeToString())
        parity = compare(model, aside)
    return Exported(out, out.stat().st_size, parity)


class RealMVTF(nn.Module):
    """`MVTF.forward` of one example without complex numbers and without branches on values.

    Args:
        model: is copied.
    """

    forth: Tensor
    back: Tensor
    squared: Tensor

    def __init__(self, model: MVTF):
        super().__init__()
        self.model = copy.deepcopy(model).eval()
        if hasattr(self.model.cue, "fusion"):
            self.model.cue.fusion = PaddedFusion(self.model.cue.fusion)
        n, window = model.config.n_fft, model.window.double().cpu()
        self.bins = n // 2 + 1
        turns = torch.outer(torch.arange(self.bins), torch.arange(n)) % n
        angle = 2 * math.pi * turns.double() / n
        scale = math.sqrt(n / 2)
        twice = torch.full((self.bins, 1), 2.0, dtype=torch.float64)
        twice[0] = twice[-1] = 1
        sine = angle.sin()
        sine[0] = sine[-1] = 0  # what is imaginary there does not sound
        forth = torch.cat([angle.cos(), -angle.sin()]) * window / scale
        back = torch.cat([twice * angle.cos(), -twice * sine]) * window * (scale / n)
        self.register_buffer("forth", forth.float().unsqueeze(1))
        self.register_buffer("back", back.float().unsqueeze(1))
        self.register_buffer("squared", window.square().float().reshape(1, 1, n))

    def spectrum(self, samples: Tensor) -> Tensor:
        """`MVTF.spectrum`: real and imaginary parts `[1, 2, T, F]` of samples `[1, N]`."""
        c = self.model.config
        padded = F.pad(samples.unsqueeze(1), (c.n_fft // 2, c.n_fft // 2))
        both = F.conv1d(padded, self.forth, stride=c.hop)  # [1, 2 * F, T]
        return both.unflatten(1, (2, self.bins)).transpose(2, 3)

    def sound(self, parts: Tensor, length: int) -> Tensor:
        """The inverse of `spectrum`: `[1, 2, T, F]` to `[1, length]`."""
        c = self.model.config
        spectrum = parts.transpose(2, 3).flatten(1, 2)
        summed = F.conv_transpose1d(spectrum, self.back, stride=c.hop)
        weight = F.conv_transpose1d(torch.ones_like(spectrum[:, :1]), self.squared, stride=c.hop)
        begin = c.n_fft // 2
        kept, share = (x[:, 0, begin:][:, :length] for x in (summed, weight))
        return kept / share

    def forward(self, mixture: Tensor, crops: Tensor, present: Tensor) -> Tensor:
        """Extracts the voice, `[1, N]`; the module says the inputs."""
        level = mixture.square().mean(-1, keepdim=True).sqrt().clamp_min(1e-5)
        parts = self.spectrum(mixture / level)
        planes = self.model.cue(crops, present, parts.shape[2])
        out, _ = self.model.target(parts, planes)
        return self.sound(out, mixture.shape[1]) * level


def _traced(model: MVTF) -> tuple[nn.Module, Any, Any, list[str]]:
    """What is exported: module, examples of its inputs, their dynamic dimensions, outputs."""
    c = model.config
    samples = torch.export.Dim("samples", min=shortest(model))
    views, frames = torch.export.Dim("views", min=1, max=VIEWS), torch.export.Dim("frames", min=2)
    shapes = ({1: samples}, {1: views, 2: frames}, {1: views, 2: frames})
    # Two views: sizes of 0 and 1 would be taken for constants
    _, crops, present = model.example_inputs(1.0, views=2)
    length = max(c.sample_rate, 2 * shortest(model)) + 3
    inputs = (torch.zeros(1, length), crops, present)
    return whole_lstms(RealMVTF(model)), inputs, shapes, ["voice"]


def build(model: MVTF, info: pretrained.ModelInfo) -> Any:
    """The ONNX model; the module says its inputs and its output."""
    import onnx

    proto = exporting.torch_to_onnx(*_traced(model), OPSET, deferred=True)
    onnx.helper.set_model_props(proto, metadata(info, model))
    onnx.checker.check_model(proto)
    return proto


def metadata(info: pretrained.ModelInfo, model: MVTF) -> dict[str, str]:
    """The metadata of a file, all as text: sample_rate (hertz), fps, crop (pixels), shortest
    (samples) and others."""
    c = model.config
    return {"task": info.task, "model": info.model, "licence": info.licence,
            "sample_rate": str(c.sample_rate), "fps": str(c.fps), "crop": str(c.crop),
            "shortest": str(shortest(model)), "views": str(VIEWS),
            "producer": exporting.PRODUCER}


class OnnxExtractor:
    """Runs an exported file by onnxruntime on the CPU.

    It can stand in for the torch model: `Extractor(OnnxExtractor(path), info)`.

    Args:
        path: the file.
        threads: of the CPU.

    Raises:
        InputError: the file is not an exported extraction model.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        exporting.require(str(path), ("onnxruntime",))
        self.session = exporting.onnx_session(path, threads)
        named = tuple(i.name for i in self.session.get_inputs())
        if named != INPUTS:
            raise InputError(f"{path}: has the inputs {', '.join(named)}, expected those of an "
                             f"extraction model, {', '.join(INPUTS)}")
        meta = self.session.get_modelmeta().custom_metadata_map
        self.sample_rate, self.fps = int(meta["sample_rate"]), float(meta["fps"])
        self.crop, self.shortest = int(meta["crop"]), int(meta["shortest"])

    def __call__(self, mixture: Any, crops: Any, present: Any) -> Any:
        """Extracts a voice.

        Args:
            mixture: float `[1, N]`, an array or a tensor.
            crops: uint8 `[1, V, T, 88, 88]`.
            present: bool `[1, V, T]`.

        Returns:
            `[1, N]`, a tensor where `mixture` is one.

        Raises:
            InputError: shapes that the file does not take.
        """
        sound = np.asarray(mixture, np.float32)
        video, mask = np.asarray(crops), np.asarray(present, bool)
        side = self.crop
        if sound.ndim != 2 or len(sound) != 1 or sound.shape[1] < self.shortest:
            raise InputError(f"mixture: shape {sound.shape}, expected [1, N], N at least "
                             f"{self.shortest} samples")
        if (video.dtype != np.uint8 or video.shape != (*mask.shape, side, side) or mask.ndim != 3
                or len(mask) != 1 or not 1 <= mask.shape[1] <= VIEWS or mask.shape[2] < 2):
            raise InputError(f"crops: {video.dtype} {video.shape} with present {mask.shape}, "
                             f"expected uint8 [1, V, T, {side}, {side}] and [1, V, T], V from 1 to "
                             f"{VIEWS} and T at least 2")
        voice = self.session.run(None, dict(zip(INPUTS, (sound, video, mask), strict=True)))[0]
        return torch.from_numpy(voice) if isinstance(mixture, Tensor) else voice


@torch.no_grad()
def compare(model: MVTF, path: str | Path) -> dict[str, float]:
    """Compares an exported file with torch: lengths, numbers of views, frames without a face.

    Returns:
        {what was compared: greatest difference, relative to torch's loudest sample}.

    Raises:
        AssertionError: a difference is above `TOLERANCE`.
    """
    run, model = OnnxExtractor(path), copy.deepcopy(model).cpu().float().eval()
    parity: dict[str, float] = {}
    for what, mixture, crops, present in cases(model):
        wanted = model(mixture, crops, present)
        got = run(mixture, crops, present)
        parity[what] = float((got - wanted).abs().max() / wanted.abs().max().clamp_min(1e-6))
        if not parity[what] <= TOLERANCE:
            raise AssertionError(f"the exported graph differs from torch by {parity[what]:.1e} on "
                                 f"{what}, more than {TOLERANCE:.0e}")
    return parity
