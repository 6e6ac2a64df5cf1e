"""Exports a voice as one ONNX file: symbols in, sound out, vocoder included, the number of steps an
input.

    exported = export("prosodyfm-...", "voice.onnx")
    one_file.Voice("voice.onnx")(script.ids())["audio"]

torch.onnx cannot write a loop of as many turns as an input says: the parts are exported one by one
(the plan of a sentence, the condition, one evaluation of the flow, the vocoder) and put together
around an ONNX Loop. Fourier transforms are matrix products, overlap-add is a transposed
convolution. Noise is an input, repeated where it is too short, so that the output can be compared
with torch: a difference above 1e-3 is an error, and no file is left.

Inputs (L symbols, P phrases, M values a frame, any lengths):

- `ids`, `last`: `[1, L]` int64, as for `ProsodyFM.plan`.
- `speaker`: `[1]` int64, or `[1, D]` float.
- `slopes`: `[1, P]` semitones, NaN where not asked for.
- `rate`: `[1, L]`.
- `break_seconds`: `[1, L]`, NaN where not asked for.
- `steps`: int64, at least 1.
- `temperature`: float.
- `noise`: `[1, T, M]` of deviation 1.
- `wave_noise`: `[1, T, hop]` of deviation 1.

Outputs:

- `audio`: `[1, N]`.
- `durations`: `[1, L]` int64, frames.
- `mel`: `[1, bands, T]`.
- `f0`: `[1, T]` hertz, of voices with harmonic vocoders.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.core import exporting, pretrained, storage
from avspeech.errors import InputError
from avspeech.synthesis import intonation, prosodyfm
from avspeech.synthesis.one_file import Voice
from avspeech.synthesis.settings import LOUDEST
from avspeech.synthesis.vocoder import Spectrum, Vocoder, pulse_train
from avspeech.text import symbols

OPSET = 18
# Of the log-mel, of F0 (relative), and of the sound (to its loudest sample, if above 1)
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    size: int  # bytes
    parity: dict[int, float]  # {steps: greatest difference of the sound from torch}

    def lines(self) -> list[str]:
        """Lines for the terminal."""
        each = ", ".join(f"{steps} steps {d:.1e}" for steps, d in self.parity.items())
        return [f"{self.path}: onnx, {self.size:,} bytes",
                f"difference from torch: {each}; allowed {TOLERANCE:.0e}"]


def export(model: str | Path, out: str | Path) -> Exported:
    """Exports a voice.

    Args:
        model: a released name or a voice's folder.
        out: the file.

    Raises:
        InputError: the model is no voice, a package is missing, or the place cannot be written to.
        AssertionError: the graph does not give what torch gives.
    """
    built, info = pretrained.load(model)
    if not isinstance(built, prosodyfm.ProsodyFM):
        raise InputError(f"{model}: a {info.model} for {info.task}, expected a voice")
    return write(built, info, Path(out))


def write(model: prosodyfm.ProsodyFM, info: pretrained.ModelInfo, out: Path) -> Exported:
    """Exports a voice in memory; see `export`."""
    exporting.require("export")
    with storage.writing(out) as aside:
        storage.write_file(aside, build(model.eval(), info).SerializeToString())
        parity = compare(model, aside)
    return Exported(out, out.stat().st_size, parity)


# --- the parts, as torch can export them ----------------------------------------------------------


class Plan(nn.Module):
    """`ProsodyFM.plan` of one sentence."""

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, last: Tensor, speaker: Tensor, slopes: Tensor, rate: Tensor,
                break_seconds: Tensor) -> tuple[Tensor, Tensor]:
        m = self.model
        mask = torch.ones_like(ids, dtype=torch.bool)
        h = m.encode(ids, mask)
        tone = None
        if m.config.intonation:
            phrases = torch.arange(1, slopes.shape[1] + 1, device=ids.device)
            frames = torch.full_like(slopes, prosodyfm.TYPICAL_FRAMES).long()
            asked = torch.isnan(slopes)
            lines = intonation.straight(torch.where(asked, torch.zeros_like(slopes), slopes),
                                        frames, prosodyfm.TYPICAL_FRAMES)
            tone = torch.where(asked.unsqueeze(-1), m.aligner(h, last, phrases),
                               m.tones(lines, frames))
        fused = m.fuse(h, mask, speaker, tone, last)
        free = torch.expm1(m.durations(fused, mask)) / rate + 0 * slopes.nan_to_num().sum()
        durations = m.frames(free, ids, break_seconds)
        return m.outline(fused, tone, last, durations), durations


class Condition(nn.Module):
    """`ProsodyFM.condition` of one sentence, prepared for the decoder.

    A call takes known `[1, L, .]`, durations `[1, L]` and noise `[1, T, channels]` (for its T), and
    gives hint `[1, T, .]`, mask `[1, T]` bool and contours `[1, T, 2]`.
    """

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.model = model

    def forward(self, known: Tensor, durations: Tensor,
                noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        condition, _, contours, mask = self.model.condition(known, durations, noise.shape[1])
        return self.model.decoder.prepare(condition), mask, contours


class Wave(nn.Module):
    """`ProsodyFM.sounding` and `Vocoder` without complex numbers.

    A call takes the state of the flow `[1, T, channels]`, contours `[1, T, 2]`, noise `[1, T, hop]`
    and slopes `[1, P]`, NaN where not asked for, and gives the sound `[1, T * hop]`, the log-mel
    `[1, M, T]`, and F0 `[1, T]` where the vocoder has one.
    """

    forth: Tensor
    back: Tensor
    squared: Tensor

    def __init__(self, model: prosodyfm.ProsodyFM):
        super().__init__()
        self.vocoder = v = model.vocoder
        self.model = model
        spectrum: Spectrum = v.analysis
        n, window = spectrum.n_fft, spectrum.window.double()
        angle = 2 * math.pi * torch.outer(torch.arange(n // 2 + 1), torch.arange(n)).double() / n
        both = torch.cat([angle.cos(), -angle.sin()])
        twice = torch.full((n // 2 + 1, 1), 2.0, dtype=torch.float64)
        twice[0] = twice[-1] = 1
        back = torch.cat([twice * angle.cos(), -twice * angle.sin()]) / n
        self.register_buffer("forth", (both * window).float().unsqueeze(1))
        self.register_buffer("back", (back * window).float().unsqueeze(1))
        self.register_buffer("squared", window.square().float().reshape(1, 1, n))

    def spectrum(self, sound: Tensor) -> Tensor:
        """The spectrum `[1, 2 bins, T]` of a sound `[1, N]`: real parts, then imaginary ones."""
        s = self.vocoder.analysis
        padded = F.pad(sound.unsqueeze(1), (s.pad, s.n_fft - s.hop - s.pad), "reflect")
        return F.conv1d(padded, self.forth, stride=s.hop)

    def sound(self, spectrum: Tensor) -> Tensor:
        """The sound `[1, N]` of a spectrum `[1, 2 bins, T]`."""
        s = self.vocoder.analysis
        summed = F.conv_transpose1d(spectrum, self.back, stride=s.hop)
        weight = F.conv_transpose1d(torch.ones_like(spectrum[:, :1]), self.squared, stride=s.hop)
        sound = (summed / weight.clamp_min(1e-3)).squeeze(1)
        return sound[:, s.pad: s.pad + spectrum.shape[2] * s.hop]

    def forward(self, x: Tensor, contours: Tensor, noise: Tensor, slopes: Tensor
                ) -> tuple[Tensor, ...]:
        v: Vocoder = self.vocoder
        mel, f0 = self.model.sounding(x, contours, ~slopes.isnan())
        f0, smoothed, inner = v.backbone(mel, f0)
        y = v.head(inner).transpose(1, 2)
        if f0 is None:
            size, angle = y.chunk(2, 1)
            size = size.clamp_max(LOUDEST).exp()
            out = torch.cat([size * angle.cos(), size * angle.sin()],
                            1) + 0 * (noise.sum() + contours.sum())
            return self.sound(out), mel
        outline = (smoothed @ v.envelope).transpose(1, 2)
        level = v.analysis.noise_level
        pulse_size, angle, noise_size = y.chunk(3, 1)
        train, noise = pulse_train(f0, v.config.hop, v.config.sample_rate), noise.reshape(1, -1)
        if v.config.gates:
            loud = v.loudness(inner)
            train, noise = train * loud[:, 0], noise * loud[:, 1]
        real, imaginary = self.spectrum(train).chunk(2, 1)
        gain = (pulse_size + outline).clamp_max(LOUDEST).exp() / level
        cos, sin = gain * angle.cos(), gain * angle.sin()
        hiss = self.spectrum(noise) / level
        hiss = hiss * (noise_size + outline).clamp_max(LOUDEST).exp().repeat(1, 2, 1)
        voice = torch.cat([real * cos - imaginary * sin, real * sin + imaginary * cos], 1)
        return self.sound(voice + hiss), mel, f0


# --- and put together -----------------------------------------------------------------------------


class _Graph:
    """A graph in the making: nodes that refer to each other by the names of their outputs.

    Args:
        weights: of the graph around it, whose constants it shares; None: it has none around it.
    """

    def __init__(self, weights: list[Any] | None = None) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = [] if weights is None else weights

    def op(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Adds a node. Returns the name of its output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def const(self, name: str, value: Any, kind: int | None = None) -> str:
        """Adds a constant, int64 where no `kind` is given. Returns its name."""
        from onnx import TensorProto, helper

        value = np.asarray(value)
        self.weights.append(helper.make_tensor(name, kind or TensorProto.INT64, value.shape,
                                               value.reshape(-1).tolist()))
        return name

    def join(self, proto: Any, prefix: str, given: dict[str, str]) -> list[str]:
        """Adds all of another model, its names under a prefix.

        Args:
            proto: the model.
            prefix: of its names.
            given: what its inputs are here; one that is missing is an input of this graph by its
                own name.

        Returns:
            The names of its outputs.
        """
        import onnx.compose

        inputs = [i.name for i in proto.graph.input]
        part = onnx.ModelProto()
        part.CopyFrom(proto)
        part = onnx.compose.add_prefix(part, prefix)
        names = {prefix + name: given.get(name, name) for name in inputs}

        def reconnect(graph_nodes: Any) -> None:
            for node in graph_nodes:
                for place, name in enumerate(node.input):
                    node.input[place] = names.get(name, name)
                for attribute in node.attribute:
                    if attribute.HasField("g"):
                        reconnect(attribute.g.node)

        reconnect(part.graph.node)
        self.nodes += list(part.graph.node)
        self.weights += list(part.graph.initializer)
        return [names.get(o.name, o.name) for o in part.graph.output]

    def repeated(self, noise: str, count: str, out: str) -> str:
        """Adds what takes the first `count` frames of noise, from its beginning again where it is
        too short. Needs the constants "zero" and "one"."""
        length = self.op("Gather", [self.op("Shape", [noise], f"{out}_shape"), "one"],
                         f"{out}_length")
        place = self.op("Mod", [self.op("Range", ["zero", count, "one"], f"{out}_range"), length],
                        f"{out}_place")
        return self.op("Gather", [noise, place], out, axis=1)


def build(model: prosodyfm.ProsodyFM, info: pretrained.ModelInfo) -> Any:
    """The ONNX model of a voice; the module says its inputs and outputs."""
    import onnx
    from onnx import TensorProto, helper

    parts = _parts(model)
    whole = _Graph()
    op, const = whole.op, whole.const
    one, _, batch = const("one", 1), const("zero", 0), const("axis_1", [1])
    many = const("multiple", 2 ** (len(model.config.decoder) - 1))
    known, durations = whole.join(parts["plan"], "plan_", {})
    op("Identity", [durations], "durations")
    total = op("ReduceSum", [durations], "total", keepdims=0)
    more = op("Sub", [op("Add", [total, many], "total_more"), one], "total_up")
    padded = op("Mul", [op("Div", [more, many], "total_units"), many], "padded")
    start = op("Mul", [whole.repeated("noise", padded, "drawn"), "temperature"], "start")
    hint, mask, contours = whole.join(parts["condition"], "condition_", {
        "known": known, "durations": durations, "noise": start})
    body = _step(parts["velocity"], hint, mask, model.channels, whole.weights)
    const("yes", True, TensorProto.BOOL)
    op("Loop", ["steps", "yes", start], "flowed", body=body)
    end = op("Unsqueeze", [total, "axis_0"], "total_1")
    kept = op("Slice", ["flowed", "axis_0", end, batch], "kept")
    laid = op("Slice", [contours, "axis_0", end, batch], "contours")
    hiss = whole.repeated("wave_noise", total, "hiss")
    found = whole.join(parts["wave"], "wave_", {  # and the graph's own slopes
        "x": kept, "contours": laid, "noise": hiss})
    for inner, name in zip(found, ("audio", "mel", "f0"), strict=False):
        op("Identity", [inner], name)

    inputs, outputs = _values(model)
    graph = helper.make_graph(whole.nodes, "voice", inputs, outputs[: len(found) + 1],
                              whole.weights)
    opsets = {opset.domain: opset for part in parts.values() for opset in part.opset_import}
    proto = helper.make_model(graph, opset_imports=list(opsets.values()),
                              ir_version=parts["plan"].ir_version)
    helper.set_model_props(proto, metadata(info, model))
    onnx.checker.check_model(proto)
    return proto


def _step(velocity: Any, hint: str, mask: str, channels: int, weights: list[Any]) -> Any:
    """The body of the loop: a step of the flow, from the time of `flow_matching.schedule` to the
    next one.

    Args:
        velocity: the part that evaluates the flow.
        hint, mask: names of the condition.
        channels: of the state.
        weights: of the graph around it; more are added.
    """
    from onnx import TensorProto, helper

    inner = _Graph(weights)
    op = inner.op
    half = inner.const("half_pi", math.pi / 2, TensorProto.FLOAT)
    unit = inner.const("unit", 1.0, TensorProto.FLOAT)

    def time(turn: str, out: str) -> str:
        even = op("Div", [op("Cast", [turn], f"{out}_turn", to=TensorProto.FLOAT),
                          op("Cast", ["steps"], f"{out}_steps", to=TensorProto.FLOAT)],
                  f"{out}_even")
        cos = op("Cos", [op("Mul", [even, half], f"{out}_angle")], f"{out}_cos")
        return op("Sub", [unit, cos], out)

    now, then = time("turn", "now"), time(op("Add", ["turn", "one"], "next_turn"), "then")
    (speed,) = inner.join(velocity, "velocity_", {
        "x": "state", "t": op("Unsqueeze", [now, "axis_0"], "t"), "hint": hint, "mask": mask})
    inner.const("axis_0", [0])
    moved = op("Mul", [speed, op("Sub", [then, now], "span")], "moved")
    op("Add", ["state", moved], "state_out")
    op("Identity", ["go"], "go_out")
    # The state keeps its shape, but the checker cannot know it: its dimensions are left open.
    value = helper.make_tensor_value_info
    return helper.make_graph(inner.nodes, "flow", [
        value("turn", TensorProto.INT64, []), value("go", TensorProto.BOOL, []),
        value("state", TensorProto.FLOAT, [1, None, channels])], [
        value("go_out", TensorProto.BOOL, []),
        value("state_out", TensorProto.FLOAT, [1, None, channels])])


def _values(model: prosodyfm.ProsodyFM) -> tuple[list[Any], list[Any]]:
    """The inputs and the outputs of the file; a voice without a harmonic vocoder lacks the last
    one."""
    from onnx import TensorProto, helper

    value, c = helper.make_tensor_value_info, model.config
    number, real = TensorProto.INT64, TensorProto.FLOAT
    speaker = (value("speaker", number, [1]) if c.embeddings == "table"
               else value("speaker", real, [1, c.vector]))
    hop = model.vocoder.config.hop
    return [
        value("ids", number, [1, "symbols"]), value("last", number, [1, "symbols"]), speaker,
        value("slopes", real, [1, "phrases"]), value("rate", real, [1, "symbols"]),
        value("break_seconds", real, [1, "symbols"]), value("steps", number, []),
        value("temperature", real, []), value("noise", real, [1, "noise_frames", model.channels]),
        value("wave_noise", real, [1, "wave_noise_frames", hop])], [
        value("audio", real, [1, "samples"]), value("durations", number, [1, "symbols"]),
        value("mel", real, [1, model.mels, "frames"]), value("f0", real, [1, "frames"])]


def metadata(info: pretrained.ModelInfo, model: prosodyfm.ProsodyFM) -> dict[str, str]:
    """The metadata of the file; "symbols" and "speakers" are JSON lists in the order of their
    numbers."""
    return {"task": info.task, "model": info.model, "licence": info.licence,
            "sample_rate": str(model.vocoder.config.sample_rate),
            "hop": str(model.vocoder.config.hop),
            "temperature": str(model.config.temperature),
            "speakers": json.dumps(list(model.config.speakers), ensure_ascii=False),
            "symbols": json.dumps(list(symbols.SYMBOLS[: model.config.symbols]),
                                  ensure_ascii=False),
            "producer": exporting.PRODUCER}


def _parts(model: prosodyfm.ProsodyFM) -> dict[str, Any]:
    """Each part as an ONNX model."""
    c, config = model.config, model.vocoder.config
    length, phrases = torch.export.Dim("symbols", min=2), torch.export.Dim("phrases", min=1)
    step = 2 ** (len(c.decoder) - 1)
    units, frames = torch.export.Dim("units", min=2), torch.export.Dim("frames", min=2)
    long: Any = step * units if step > 1 else units
    table = c.embeddings == "table"
    speaker = torch.zeros(1, dtype=torch.int64) if table else torch.zeros(1, c.vector)
    some, count = torch.full((1, 9), 3), 24 * step
    known = torch.zeros_like(model.plan(some, speaker=speaker)[0])
    hint, mask = torch.zeros(1, count, c.decoder[0]), torch.ones(1, count, dtype=torch.bool)
    x = torch.randn(1, count, model.channels)
    row = {1: length}
    with torch.no_grad():
        return {
            "plan": _export(Plan(model), (some, torch.zeros_like(some), speaker, torch.zeros(1, 2),
                                          torch.ones(1, 9), torch.full((1, 9), torch.nan)),
                            (row, row, None, {1: phrases}, row, row), ["known", "durations"]),
            "condition": _export(Condition(model), (known, some, x), (row, row, {1: long}),
                                 ["hint", "mask", "contours"]),
            "velocity": _export(model.decoder, (x, torch.zeros(1), hint, mask),
                                ({1: long}, None, {1: long}, {1: long}), ["velocity"]),
            "wave": _export(Wave(model),
                            (x, torch.zeros(1, count, 2), torch.randn(1, count, config.hop),
                             torch.zeros(1, 2)),
                            ({1: frames}, {1: frames}, {1: frames}, {1: phrases}),
                            ["audio", "mel", *(["f0"] if config.source == "harmonic" else [])])}


def _export(module: nn.Module, inputs: tuple[Tensor, ...], shapes: tuple[Any, ...],
            outputs: list[str]) -> Any:
    return exporting.torch_to_onnx(module, inputs, shapes, outputs, OPSET)


@torch.no_grad()
def compare(model: prosodyfm.ProsodyFM, path: str | Path) -> dict[int, float]:
    """Compares an exported file with torch on sentences of several lengths.

    Returns:
        {steps: greatest difference of the sound}.

    Raises:
        AssertionError: a difference is above `TOLERANCE`, or the durations differ.
    """
    run, c = Voice(path), model.config
    make = torch.Generator().manual_seed(0)
    parity: dict[int, float] = {}
    for steps, length in ((1, 6), (2, 41), (4, 30), (10, 17)):
        phones = torch.tensor([i for i, s in enumerate(symbols.SYMBOLS[: c.symbols])
                               if s in symbols.PHONES])
        ids = phones[torch.randint(len(phones), (1, length), generator=make)]
        last = torch.zeros_like(ids)
        last[0, length // 2: length // 2 + 2], last[0, -3:] = 1, 2
        slopes = torch.tensor([[float("nan"), 4.0]])
        seconds = torch.full((1, length), float("nan"))
        seconds[0, length // 3] = 0.25
        speaker = torch.zeros(1, dtype=torch.int64)
        if c.embeddings != "table":
            speaker = torch.ones(1, c.vector)
        noise = torch.randn(1, 40 * length, model.channels, generator=make)
        known, durations, asked = model.plan(ids, speaker=speaker, last=last, slopes=slopes,
                                             rate=1.1, break_seconds=seconds)
        total = int(durations.sum())
        noise = noise.repeat(1, -(-total // (40 * length)), 1)  # as the file does where it is short
        hiss = torch.randn(1, total, model.vocoder.config.hop, generator=make)
        mel, melody = model.decode(known, durations, steps=steps, noise=noise, asked=asked)
        got = run(ids[0].tolist(), last[0].tolist(), speaker[0].numpy(), slopes[0].tolist(), 1.1,
                  seconds[0].tolist(), steps, noise=noise.numpy(), wave_noise=hiss.numpy())
        if got["durations"].tolist() != durations[0].tolist():
            raise AssertionError("the exported graph gives other durations than torch")
        more: dict[str, Tensor] = {}
        differences = [np.abs(got["mel"] - mel[0].numpy()).max()]
        if "f0" in got:
            # A millionth of the F0 is a turn of the phase after minutes: compared by itself, then
            # shared.
            f0 = (model.vocoder.f0(mel) if melody is None else melody)[0].numpy()
            differences.append(np.abs(got["f0"] / f0 - 1).max())
            more = {"f0": torch.from_numpy(got["f0"])[None], "noise": hiss.reshape(1, -1)}
        wanted = model.vocoder(mel, **more)[0].numpy()
        differences.append(np.abs(got["audio"] - wanted).max() / max(1.0, np.abs(wanted).max()))
        parity[steps] = float(max(differences))
        if not parity[steps] <= TOLERANCE:
            raise AssertionError(f"the exported graph differs from torch by {parity[steps]:.1e} at "
                                 f"{steps} steps, more than {TOLERANCE:.0e}")
    return parity
