"""The graphs of a model folder, by which `extraction.engine` runs it without torch: making them,
and comparing them with torch."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core import exporting, pretrained
from avspeech.core.engine import Graphs
from avspeech.core.graphs import finished, whole_lstms
from avspeech.extraction import engine
from avspeech.extraction.engine import VIEWS
from avspeech.extraction.lips import LipNetLips
from avspeech.extraction.mvtf import MVTF
from avspeech.extraction.voices import VoiceSplitter

OPSET = 18


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


class _Step(nn.Module):
    """A part of a model as a module whose `forward` is a function, for the exporter, which takes
    the graph's inputs from the names of its arguments.

    Args:
        model: is copied.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model: Any = copy.deepcopy(model).eval()


class Pictures(nn.Module):
    """`LipNetLips.frontend` of one view by convolutions in two dimensions, whose channels are those
    of a frame and its two neighbors: onnxruntime has a quicker kernel for these.

    Args:
        frontend: stages of a convolution over 3 frames, a norm, and what follows.
    """

    def __init__(self, frontend: Any):
        super().__init__()
        self.stages = nn.ModuleList()
        for conv, norm, *_ in frontend:
            flat = nn.Conv2d(3 * conv.in_channels, conv.out_channels, conv.kernel_size[1:],
                             conv.stride[1:], conv.padding[1:], bias=False)
            flat.weight = nn.Parameter(conv.weight.flatten(1, 2))
            same = nn.BatchNorm2d(conv.out_channels, eps=norm.eps)
            same.load_state_dict(norm.state_dict())
            self.stages.append(nn.Sequential(flat, same, nn.ReLU(),
                                             nn.MaxPool2d(2, ceil_mode=True)))

    def forward(self, x: Tensor) -> Tensor:
        """Maps `[1, C, T, H, W]` to `[1, C', T, H', W']`."""
        x = x[0].transpose(0, 1)
        for stage in self.stages:
            x = F.pad(x, (0, 0, 0, 0, 0, 0, 1, 1))
            x = stage(torch.stack([x[:-2], x[1:-1], x[2:]], 2).flatten(1, 2))
        return x.transpose(0, 1)[None]


class Look(_Step):
    """What the lips of one view look like; `engine` says shapes."""

    def __init__(self, model: MVTF):
        super().__init__(model)
        if isinstance(self.model.cue.lips, LipNetLips):
            cue = self.model.cue
            cue.lips.frontend = Pictures(cue.lips.frontend).eval()

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
    for what, *inputs in cases(model):
        arrays = [x[0].numpy() for x in inputs]
        note(what, two(*arrays), one(*arrays))
    frames = len(arrays[0]) // model.config.hop + 1
    _, crops, present = arrays
    planes = one.planes(crops, present, frames)
    note("what the lips guess", two.planes(crops, present, frames), planes)
    if one.transform is not None:
        stft, bands = one.transform, model.log_bands(inputs[0])
        note("bands", stft.log_bands(arrays[0]), bands[0].numpy())
        pairs = zip(two.embedded(planes, bands.numpy()) or (),
                    one.embedded(planes, bands.numpy()) or (), strict=True)
        for what, (got, wanted) in zip(("lips", "sound"), pairs, strict=False):
            note(f"embedding of {what}", got, wanted)
    return found


def shortest(model: MVTF) -> int:
    """Samples that a file takes at least: a window of the STFT, and one of the paths over time."""
    c = model.config
    return max(c.n_fft, c.kernel * c.hop)


def cases(model: MVTF) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
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
