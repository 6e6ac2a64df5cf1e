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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core import exporting, pretrained, storage
from avspeech.core.engine import Graphs
from avspeech.core.graphs import finished, whole_lstms
from avspeech.errors import InputError
from avspeech.extraction import engine
from avspeech.extraction.engine import TOLERANCE, VIEWS
from avspeech.extraction.mvtf import MVTF
from avspeech.extraction.voices import VoiceSplitter

OPSET = 18
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


class PaddedFusion(nn.Module):
    """A fusion whose views are made `VIEWS` by some that are never shown.

    Args:
        fusion: of `avspeech.extraction.fusion`; it must leave out what is not shown.
    """

    known: Tensor

    def __init__(self, fusion: nn.Module):
        super().__init__()
        self.fusion = fusion
        self.register_buffer("known", torch.ones(VIEWS, dtype=torch.bool), persistent=False)

    def forward(self, views: Tensor, mask: Tensor) -> Tensor:
        """Maps `[1, V, T, D]` and bool `[1, V, T]` to `[1, T, D]`."""
        # Reading it is what refuses a fourth view: an index that a runtime does not take
        known = self.known[torch.arange(views.shape[1], device=views.device)]
        mask = torch.cat([mask & known[:, None], mask[:, :1].expand(-1, VIEWS, -1) & False], 1)
        views = torch.cat([views, torch.zeros_like(views[:, :1]).expand(-1, VIEWS, -1, -1)], 1)
        fused: Tensor = self.fusion(views[:, :VIEWS], mask[:, :VIEWS])
        return fused


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


def shortest(model: MVTF) -> int:
    """Samples that a file takes at least: a window of the STFT, and one of the paths over time."""
    c = model.config
    return max(c.n_fft, c.kernel * c.hop)


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


class _Step(nn.Module):
    """A part of a model as a module whose `forward` is a function, for the exporter, which takes
    the graph's inputs from the names of its arguments.

    Args:
        model: is copied.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model: Any = copy.deepcopy(model).eval()


class Look(_Step):
    """What the lips of one view look like; `engine` says shapes."""

    def forward(self, crops: Tensor) -> Tensor:
        """Maps `[1, T, 88, 88]` to `[1, T, C]`."""
        looks: Tensor = self.model.cue.lips.look(crops)
        return looks


class Cue(_Step):
    """The planes that looks make."""

    def __init__(self, model: MVTF):
        super().__init__(model)
        if hasattr(self.model.cue, "fusion"):
            self.model.cue.fusion = PaddedFusion(self.model.cue.fusion)

    def forward(self, looks: Tensor, present: Tensor, clock: Tensor) -> Tensor:
        """Maps `[1, V, T, C]`, `[1, V, T]` and `[Tc]` to `[1, P, Tc, bands]`."""
        planes: Tensor = self.model.cue(looks, present, clock.shape[0])
        return planes


class Target(_Step):
    """The voice's spectrum from that of the mixture and the planes."""

    def forward(self, spectrum: Tensor, planes: Tensor) -> Tensor:
        """Maps `[1, 2, Tc, F]` and `[1, P, Tc, bands]` to `[1, 2, Tc, F]`."""
        voice: Tensor = self.model.target(spectrum, planes)[0]
        return voice


class Sync(_Step):
    """What lips and voices are compared by."""

    def forward(self, planes: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Maps `[1, P, Tc, bands]` and `[K, Tc, bands]` to `[1, W, Tc]` and `[K, W, Tc]`."""
        both: tuple[Tensor, Tensor] = self.model.sync.embeddings(planes, bands)
        return both


class Masked(_Step):
    """`VoiceSplitter.masked` of one example."""

    def forward(self, spectrum: Tensor) -> Tensor:
        """Maps `[1, 2, T, F]` to the voices' `[1, K, 2, T, F]`."""
        voices: Tensor = self.model.masked(spectrum)
        return voices


def graphs(model: MVTF | VoiceSplitter, content: bytes) -> dict[str, bytes]:
    """The graphs that `extraction.engine` runs.

    Args:
        model: in eval mode.
        content: of its file of weights.
    """
    made = {}

    def add(name: str, step: nn.Module, inputs: Sequence[Tensor], shapes: Sequence[Any],
            outputs: Sequence[str], **about: float) -> None:
        proto = exporting.torch_to_onnx(whole_lstms(step), inputs, shapes, outputs, OPSET,
                                        deferred=True)
        made[name] = finished(proto, content, {key: str(value) for key, value in about.items()})

    c: Any = model.config
    frames = torch.export.Dim("frames", min=2 * c.kernel)
    if isinstance(model, VoiceSplitter):
        inputs = (model.spectrum(torch.zeros(1, c.sample_rate + 3)),)
        add(engine.SPLIT, Masked(model), inputs, ({2: frames},), ["voices"],
            n_fft=c.n_fft, hop=c.hop)
        return made
    _, crops, present = model.example_inputs(1.0, views=2)  # one would be taken for a constant
    blind = c.fusion == "none"
    looks = torch.zeros(1, *present.shape[1:], 1)
    shown = torch.export.Dim("shown", min=2)
    if not blind:
        looks = model.cue.lips.look(crops[0].float())[None]
        add(engine.LOOK, Look(model), (crops[0, :1].float(),), ({1: shown},), ["looks"])
    clock = torch.zeros(2 * c.kernel + 37)
    views = torch.export.Dim("views", min=1, max=VIEWS)
    planes = model.cue(looks if not blind else crops, present, len(clock))
    add(engine.CUE, Cue(model), (looks, present, clock),
        ({1: views, 2: shown}, {1: views, 2: shown}, {0: frames}), ["planes"])
    spectrum = torch.randn(1, 2, len(clock), c.n_fft // 2 + 1)
    about = {key: getattr(c, key) for key in ("sample_rate", "n_fft", "hop", "fps", "planes",
                                              "bands")}
    add(engine.EXTRACT, Target(model), (spectrum, planes), ({2: frames}, {2: frames}), ["voice"],
        **about, width=looks.shape[-1], around=0 if blind else model.cue.lips.around)
    if model.sync is not None:
        voices = torch.export.Dim("voices", min=1)
        add(engine.SYNC, Sync(model), (planes, torch.zeros(2, len(clock), c.bands)),
            ({2: frames}, {0: voices, 1: frames}), ["lips", "sound"])
    return made


def parity(model: MVTF | VoiceSplitter, graphs: Graphs,
           info: pretrained.ModelInfo) -> dict[str, float]:
    """Compares the two engines of a model: lengths, numbers of views, frames without a face, and
    what the choice among voices asks for.

    Returns:
        {what was compared: greatest difference, relative to torch's loudest sample}.
    """
    found = {}

    def note(what: str, got: np.ndarray, wanted: np.ndarray) -> None:
        found[what] = float(np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-6))

    if isinstance(model, VoiceSplitter):
        draw = np.random.default_rng(0)
        split, same = engine.splitter_of(model), engine.splitter_of(graphs)
        for samples in (8000, 16_000, 16_257, 40_000, 100_001):
            mixture = 0.1 * draw.standard_normal(samples).astype(np.float32)
            note(f"{samples} samples", same(mixture), split(mixture))
        return found
    one, two = engine.TorchEngine(model, "float32"), engine.GraphEngine(graphs)
    for what, *inputs in _cases(model):
        arrays = [x[0].numpy() for x in inputs]
        (wanted, planes), (got, others) = one.separate(*arrays), two.separate(*arrays)
        note(what, got, wanted)
    note("what the lips guess", others, planes)
    if one.transform is not None:
        stft, bands = one.transform, model.log_bands(inputs[0])
        note("bands", stft.log_bands(arrays[0]), bands[0].numpy())
        pairs = zip(two.embedded(planes, bands.numpy()) or (),
                    one.embedded(planes, bands.numpy()) or (), strict=True)
        for what, (got, wanted) in zip(("lips", "sound"), pairs, strict=False):
            note(f"embedding of {what}", got, wanted)
    return found


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


def _cases(model: MVTF) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """What is compared: (in words, mixture, crops, present)."""
    c = model.config
    make = torch.Generator().manual_seed(0)
    least = shortest(model)
    lengths = (least, c.sample_rate, 2 * c.sample_rate + c.hop // 2 + 1)
    for views, samples in zip((1, 2, 3), lengths, strict=True):
        frames = max(2, math.ceil(samples / c.sample_rate * c.fps))
        for gaps in (False, True):
            crops = torch.randint(0, 256, (1, views, frames, c.crop, c.crop), generator=make,
                                  dtype=torch.uint8)
            mixture = 0.1 * torch.randn(1, samples, generator=make)
            mixture *= torch.sin(torch.arange(samples) * (20 / c.sample_rate)).clamp_min(0)
            present = torch.ones(1, views, frames, dtype=torch.bool)
            if gaps:
                present = torch.rand(1, views, frames, generator=make) > 0.3
                present[:, 0, : frames // 3] = False
                present[:, :, frames // 2] = False
            what = f"{samples} samples, {views} view{'s' * (views > 1)}{', gaps' * gaps}"
            yield what, mixture, crops, present
    yield f"{what}, one view never shown", mixture, crops, present & torch.tensor(
        [True, False, True])[:, None]
    yield f"{what}, never a face", mixture, crops, torch.zeros_like(present)
    # Sound goes on after the picture ends
    yield f"{2 * samples} samples, 2 frames", mixture.repeat(1, 2), crops[:, :1, :2], \
        torch.ones(1, 1, 2, dtype=torch.bool)


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
    for what, mixture, crops, present in _cases(model):
        wanted = model(mixture, crops, present)
        got = run(mixture, crops, present)
        parity[what] = float((got - wanted).abs().max() / wanted.abs().max().clamp_min(1e-6))
        if not parity[what] <= TOLERANCE:
            raise AssertionError(f"the exported graph differs from torch by {parity[what]:.1e} on "
                                 f"{what}, more than {TOLERANCE:.0e}")
    return parity
