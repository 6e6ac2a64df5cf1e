"""A model as one file for a device: samples in, logits and posteriors out, the front end in the graph.

    exported = export("emotion-edge", "onnx", "emotion.onnx")

    onnx        for onnxruntime and its like
    onnx-int8   the same with 8-bit weights and activations from the log-mel on, calibrated on development
    audio
                and judged by the UAR on it
    executorch  for ExecuTorch (.pte), on XNNPACK

The graph takes "audio" [1, N], float32 at 16 kHz in -1..1, N from 400 on (executorch: from 0.1, 0.5 or 1.2 s,
which its method "shortest" tells, to 30 s), and gives "logits" [1, K] and "posteriors" [1, K]. Factorised
layers and norms are merged first (`nn.reparam.to_deploy`). What is written is compared with torch at several
lengths; a difference above 1e-4 is an error, and no file is left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import exporting, pretrained
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.emotion.features import FeatureConfig, trimming
from avspeech.emotion.logmel import SAMPLE_RATE, WINDOW, LogMelModel
from avspeech.emotion.reparam import to_deploy
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import metrics
from avspeech.version import __version__

FORMATS = ("onnx", "onnx-int8", "executorch")
TOLERANCE = 1e-4  # of logits (relative to the largest where that is above 1) and posteriors
LOST = 0.01  # of UAR; more is refused
LENGTHS = (WINDOW, 5_000, SAMPLE_RATE, 3 * SAMPLE_RATE + 77, 8 * SAMPLE_RATE)  # samples, where it is compared
# Samples, for ExecuTorch: it plans memory for the longest; very short inputs would be a graph of their own
# (one frame, one window), how short differs between models: the first of these that torch.export takes.
SHORTEST, LONGEST = (SAMPLE_RATE // 10, SAMPLE_RATE // 2, 6 * SAMPLE_RATE // 5), 30 * SAMPLE_RATE
CALIBRATION = 200  # utterances at most, evenly over the manifest; UAR is of all
_PACKAGES = {"onnx": (exporting.ONNX, exporting.EDGE),
             "executorch": (("executorch",), "pip install executorch")}

Runner = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Exported:
    """What was written. size: bytes. parity: samples -> greatest difference from torch (of the float graph).
    uar: of the float graph and of the quantised one, and changed: how many of `judged` utterances are
    answered otherwise; None and 0 where nothing was quantised."""

    path: Path
    format: str
    size: int
    parity: dict[int, float]
    uar: tuple[float, float] | None = None
    judged: int = 0
    changed: int = 0

    def lines(self) -> list[str]:
        """For people."""
        worst = max(self.parity.values())
        each = ", ".join(f"{n / SAMPLE_RATE:.2f} s {d:.1e}" for n, d in self.parity.items())
        lines = [f"{self.path}: {self.format}, {self.size:,} bytes",
                 f"difference from torch: {each}; greatest {worst:.1e}, allowed {TOLERANCE:.0e}"
                 + (" (before quantisation)" if self.uar else "")]
        if self.uar:
            before, after = (100 * x for x in self.uar)
            lines.append(f"UAR on {self.judged} utterances: {before:.2f} before quantisation, {after:.2f} "
                         f"after; {self.changed} answers changed")
        return lines


class Posteriors(nn.Module):
    """audio [1, N] -> logits [1, K], posteriors [1, K]."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.model(audio)
        return logits, logits.softmax(-1)


def export(model: str | Path, to: str, out: str | Path, calibrate: str | Path | None = None,
           root: str | Path | None = None, force: bool = False) -> Exported:
    """Writes a released model or a model folder as `out`.

    to: one of `FORMATS`. calibrate: manifest of development audio, for "onnx-int8"; its utterances' labels
    "emotion" must be among the model's, others are passed over. root: what its paths are relative to
    (default: its folder, or what `corpus.json` there says). force: write also where quantisation costs more
    than a point of UAR.

    Raises InputError for a model or manifest that cannot be used, a missing package, and that cost;
    AssertionError where the graph does not give what torch gives.
    """
    if to not in FORMATS:
        raise InputError(f"--to {to}: expected one of {', '.join(FORMATS)}")
    if (to == "onnx-int8") != (calibrate is not None):
        raise InputError(f"--to {to}: " + ("give development audio, --calibrate MANIFEST" if calibrate is None
                                           else "--calibrate is for onnx-int8"))
    built, info = pretrained.load(model)
    if not isinstance(built, LogMelModel):
        raise InputError(f"{model}: a {info.model} for {info.task} cannot be exported; models of audio alone "
                         "can, such as conv_transformer")
    require(to)
    data = None if calibrate is None else development(calibrate, root, info)
    return write(built, info, to, Path(out), data, force)


def require(to: str) -> None:
    """Raises InputError, with the command that installs it, where a package for this format is missing."""
    exporting.require(f"--to {to}", *_PACKAGES[to.partition("-")[0]])


def write(model: nn.Module, info: pretrained.ModelInfo, to: str, out: Path,
          data: Sequence[tuple[np.ndarray, int]] | None = None, force: bool = False) -> Exported:
    """As `export`, from a model in memory. data: (samples [N], class) of development audio, for
    "onnx-int8"."""
    light = Posteriors(to_deploy(model)).eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.part")
    try:
        if to == "executorch":
            run, shortest = _executorch(light, info, aside)
            parity, uar, changed = compare(light, run, shortest), None, 0
        else:
            _onnx(light, info, aside)
            parity, uar, changed = compare(light, onnx_runner(aside)), None, 0
            if to == "onnx-int8":
                assert data is not None
                uar, changed = _quantise(aside, data, len(info.labels), info)
                before, after = (100 * x for x in uar)
                if uar[0] - uar[1] > LOST and not force:
                    raise InputError(f"{out}: not written, 8 bits cost {before - after:.2f} points of UAR on "
                                     f"{len(data)} utterances ({before:.2f} to {after:.2f}); "
                                     "--force writes it, --to onnx keeps all")
        os.replace(aside, out)
    finally:
        aside.unlink(missing_ok=True)
    return Exported(out, to, out.stat().st_size, parity, uar, len(data or ()), changed)


def metadata(info: pretrained.ModelInfo) -> dict[str, str]:
    """What an exported file says of itself: labels (a JSON list), sample_rate (hertz), shortest
    (samples), trim (dB) and margin (seconds) of the silence to cut off..."""
    before = trimming(info.frontend)
    return {"trim": str(before.trim), "margin": str(before.margin),
            "task": info.task, "model": info.model, "labels": json.dumps(info.labels, ensure_ascii=False),
            "sample_rate": str(info.sample_rate), "shortest": str(WINDOW), "licence": info.licence,
            "producer": f"avspeech {__version__}"}


@torch.no_grad()
def compare(model: nn.Module, run: Runner, shortest: int = WINDOW) -> dict[int, float]:
    """Samples -> greatest difference of `run` from `model`, on noise with pauses, of such lengths. Raises
    AssertionError above `TOLERANCE`."""
    differences = {}
    make = torch.Generator().manual_seed(0)
    for samples in [n for n in LENGTHS if n >= shortest]:
        sound = 0.1 * torch.randn(1, samples, generator=make)
        sound *= torch.sin(torch.arange(samples) * (20 / SAMPLE_RATE)).clamp_min(0)
        expected = [x.numpy() for x in model(sound)]
        scale = max(1.0, float(np.abs(expected[0]).max()))
        got = run(sound.numpy())
        differences[samples] = max(float(np.abs(got[0] - expected[0]).max()) / scale,
                                   float(np.abs(got[1] - expected[1]).max()))
        if not differences[samples] <= TOLERANCE:
            raise AssertionError(f"the exported graph differs from torch by {differences[samples]:.1e} on "
                                 f"{samples} samples, more than {TOLERANCE:.0e}")
    return differences


def onnx_runner(path: str | Path) -> Runner:
    """A function of samples [1, N] -> logits, posteriors [1, K], by onnxruntime on one thread."""
    session = exporting.onnx_session(path)

    def run(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, posteriors = session.run(None, {"audio": samples})
        return logits, posteriors

    return run


def development(manifest: str | Path, root: str | Path | None, info: pretrained.ModelInfo
                ) -> list[tuple[np.ndarray, int]]:
    """(samples [N] at 16 kHz, class) of a manifest's utterances whose label "emotion" is the model's; without
    the silence before and after, as in training and in the recogniser."""
    from avspeech.data.corpora import layout

    labels, before = info.labels, trimming(info.frontend)
    utterances = read_manifest(manifest)
    base = Path(root) if root is not None else layout.root_of(Path(manifest).parent)
    known = [u for u in utterances if u.labels.get("emotion") in labels]
    missing = sorted(set(labels) - {u.labels["emotion"] for u in known})
    if missing:
        raise InputError(f"{manifest}: {len(known)} of {len(utterances)} utterances have an emotion that the "
                         f"model knows, none is '{missing[0]}'; development audio should have every class")
    return [(_samples(base, u, before), labels.index(u.labels["emotion"])) for u in known]


def _samples(root: Path, utterance: Utterance, before: FeatureConfig) -> np.ndarray:
    sound = audio.read(resolve(root, utterance.audio), SAMPLE_RATE, utterance.start, utterance.duration)
    begin, end = audio.speech_bounds(sound, SAMPLE_RATE, before.trim, before.margin)
    sound = sound[begin:end]
    return np.pad(sound, (0, max(0, WINDOW - len(sound))))


def _onnx(model: nn.Module, info: pretrained.ModelInfo, path: Path) -> None:
    with exporting.quiet():
        samples = torch.export.Dim("samples", min=WINDOW)
        program = torch.onnx.export(model, (torch.zeros(1, 3 * SAMPLE_RATE),), dynamic_shapes=({1: samples},),
                                    dynamo=True, external_data=False, verbose=False, input_names=["audio"],
                                    output_names=["logits", "posteriors"])
    assert program is not None
    proto = program.model_proto
    for part in (proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.functions):
        # Where in the source a node comes from is longer than many a weight, and names the builder's folders.
        part.doc_string = ""
        del part.metadata_props[:]
    del proto.graph.value_info[:]
    _save(proto, info, path)


def _save(proto: Any, info: pretrained.ModelInfo, path: Path) -> None:
    import onnx

    onnx.helper.set_model_props(proto, metadata(info))
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString())


def _quantise(path: Path, data: Sequence[tuple[np.ndarray, int]], classes: int, info: pretrained.ModelInfo
              ) -> tuple[tuple[float, float], int]:
    """Quantises the file in its place. -> UAR before and after, and how many answers changed."""
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from tqdm import tqdm

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            step = max(1, len(data) // CALIBRATION)
            self.sounds = iter([sound for sound, _ in data[::step]])

        def get_next(self) -> dict[str, np.ndarray] | None:
            sound = next(self.sounds, None)
            return None if sound is None else {"audio": sound[None]}

    before = _answers(onnx_runner(path), tqdm(data, "float", leave=False))
    ready, small = (path.with_name(f"{path.name}.{part}") for part in ("ready", "int8"))
    try:
        with exporting.quiet():
            quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)
            quantization.quantize_static(
                str(ready), str(small), Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                weight_type=quantization.QuantType.QInt8, activation_type=quantization.QuantType.QUInt8,
                nodes_to_quantize=_with_weights(onnx.load(ready)), extra_options={"WeightSymmetric": True})
        _save(onnx.load(small), info, path)
    finally:
        ready.unlink(missing_ok=True)
        small.unlink(missing_ok=True)
    after = _answers(onnx_runner(path), tqdm(data, "int8", leave=False))
    truth = [label for _, label in data]
    uar = metrics.uar(truth, before, classes), metrics.uar(truth, after, classes)
    return uar, sum(a != b for a, b in zip(before, after))


def _with_weights(proto: Any) -> list[str]:
    """Names of the matrix products and convolutions with weights behind the logarithm: the power in front of
    it spans more than 8 bits, and products of two activations cost little."""
    graph = proto.graph
    makers = {output: node for node in graph.node for output in node.output}
    front, queue = set(), [node for node in graph.node if node.op_type == "Log"]
    while queue:
        node = queue.pop()
        if node.name not in front:
            front.add(node.name)
            queue += [makers[name] for name in node.input if name in makers]
    weights = {tensor.name for tensor in graph.initializer}
    return [node.name for node in graph.node if node.op_type in ("MatMul", "Gemm", "Conv")
            and node.name not in front and weights & set(node.input)]


def _answers(run: Runner, data: Any) -> list[int]:
    return [int(run(sound[None])[0].argmax()) for sound, _ in data]


def _without_asserts(module: Any) -> Any:
    """Takes out what torch.export asserts of the number of samples: in terms that ExecuTorch does not know,
    for which its check of the graph is off too. What comes out is compared at several lengths."""
    from torch.fx.passes.infra.pass_base import PassResult

    for node in list(module.graph.nodes):
        if "_assert_scalar" in str(node.target):
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()
    return PassResult(module, True)


def _traced(model: nn.Module) -> tuple[Any, int]:
    """The model as torch.export sees it, and the least samples it takes."""
    for shortest in SHORTEST:
        samples = torch.export.Dim("samples", min=shortest, max=LONGEST)
        try:
            traced = torch.export.export(model, (torch.zeros(1, 3 * SAMPLE_RATE),),
                                         dynamic_shapes=({1: samples},),
                                         prefer_deferred_runtime_asserts_over_guards=True)
            return traced, shortest
        except torch._dynamo.exc.UserError as error:
            refused = str(error).splitlines()
    raise InputError(f"--to executorch: torch.export does not take this model at any length ({refused[0]})")


def _executorch(model: nn.Module, info: pretrained.ModelInfo, path: Path) -> tuple[Runner, int]:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
    from executorch.runtime import Runtime

    with exporting.quiet():
        traced, shortest = _traced(model)
        edge = to_edge_transform_and_lower(traced, transform_passes=[_without_asserts],
                                           partitioner=[XnnpackPartitioner()],
                                           compile_config=EdgeCompileConfig(_check_ir_validity=False),
                                           constant_methods={"sample_rate": info.sample_rate,
                                                             "shortest": shortest})
        path.write_bytes(edge.to_executorch().buffer)
    method = Runtime.get().load_program(path).load_method("forward")
    assert method is not None

    def run(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, posteriors = method.execute([torch.from_numpy(samples)])
        return logits.numpy().copy(), posteriors.numpy().copy()

    return run, shortest
