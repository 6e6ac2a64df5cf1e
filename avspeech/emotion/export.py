"""A model as one file for a device: samples in, logits and posteriors out, the front end in the
graph.

    exported = export("emotion-edge", "onnx", "emotion.onnx")

Formats:

    onnx        for onnxruntime and other ONNX runtimes
    onnx-int8   the same with 8-bit weights and activations behind the log-mel spectrum, calibrated
                on development audio and judged by the UAR on it
    executorch  for ExecuTorch (.pte), on XNNPACK

The input is "audio" [1, N], float32 at 16 kHz in -1..1. N is 400 or more; for ExecuTorch at least
0.1, 0.5 or 1.2 s (its method "shortest" returns how many samples) and at most 30 s. The outputs are
"logits" [1, K] and "posteriors" [1, K]. Factorized layers and norms are merged first
(`reparam.to_deploy`). The file is compared with torch at several lengths; a difference above 1e-4
is an error, and no file is left.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import exporting, pretrained, storage
from avspeech.data.labels import canonical
from avspeech.data.manifest import Utterance, read_manifest, resolve
from avspeech.emotion import eight_bits
from avspeech.emotion.features import FeatureConfig, trimming, without_offset
from avspeech.emotion.logmel import SAMPLE_RATE, WINDOW, LogMelModel
from avspeech.emotion.reparam import to_deploy
from avspeech.emotion.runtime import LENGTHS
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import metrics

FORMATS = ("onnx", "onnx-int8", "executorch")
TOLERANCE = 1e-4  # of logits (relative to the largest where that is above 1) and posteriors
LOST = 0.01  # of UAR; more is refused
# Samples, for ExecuTorch, which plans memory for the longest input. Very short inputs (one frame,
# one window) would need a graph of their own; the limit differs between models, so the first of
# these that torch.export accepts is taken.
SHORTEST, LONGEST = (SAMPLE_RATE // 10, SAMPLE_RATE // 2, 6 * SAMPLE_RATE // 5), 30 * SAMPLE_RATE
CALIBRATION = 200  # utterances at most, evenly over the manifest; the UAR is measured on all
_PACKAGES = {"onnx": (exporting.ONNX, exporting.EDGE),
             "executorch": (("executorch",), "pip install executorch")}

Runner = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    format: str  # one of FORMATS
    size: int  # bytes
    parity: dict[int, float]  # samples -> greatest difference of the float graph from torch
    # of the float and the quantized graph; None: not quantized
    uar: tuple[float, float] | None = None
    judged: int = 0  # utterances on which the UAR was measured
    changed: int = 0  # utterances whose answer the quantization changed

    def lines(self) -> list[str]:
        """Lines for the terminal."""
        worst = max(self.parity.values())
        each = ", ".join(f"{n / SAMPLE_RATE:.2f} s {d:.1e}" for n, d in self.parity.items())
        lines = [f"{self.path}: {self.format}, {self.size:,} bytes",
                 f"difference from torch: {each}; greatest {worst:.1e}, allowed {TOLERANCE:.0e}"
                 + (" (before quantization)" if self.uar else "")]
        if self.uar:
            before, after = (100 * x for x in self.uar)
            lines.append(
                f"UAR on {self.judged} utterances: {before:.2f} before quantization, {after:.2f} "
                f"after; {self.changed} answers changed"
            )
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
    """Writes a released model or a model folder as one file.

    Args:
        model: name or folder.
        to: one of `FORMATS`.
        out: the file to write.
        calibrate: for "onnx-int8", the manifest of development audio. The label "emotion" of its
            utterances is matched by `data.labels.canonical` ("anger" is "angry"); utterances of
            other classes are counted and left out.
        root: what the paths in the manifest are relative to; default: the corpus, or the manifest's
            folder.
        force: write also where quantization costs more than a point of UAR.

    Raises:
        InputError: the model or the manifest cannot be used, a package is missing, or quantization
            costs more than a point of UAR.
        AssertionError: the graph does not give what torch gives.
    """
    if to not in FORMATS:
        raise InputError(f"--to {to}: expected one of {', '.join(FORMATS)}")
    if (to == "onnx-int8") != (calibrate is not None):
        raise InputError(
            f"--to {to}: "
            + (
                "give development audio, --calibrate MANIFEST"
                if calibrate is None
                else "--calibrate is for onnx-int8"
            )
        )
    built, info = pretrained.load(model)
    if not isinstance(built, LogMelModel):
        raise InputError(
            f"{model}: a {info.model} for {info.task} cannot be exported; models of audio alone "
            "can, such as conv_transformer"
        )
    require(to)
    data = None if calibrate is None else development(calibrate, root, info)
    return write(built, info, to, Path(out), data, force)


def require(to: str) -> None:
    """Raises InputError with a command that installs it, where a package for this format is
    missing."""
    exporting.require(f"--to {to}", *_PACKAGES[to.partition("-")[0]])


def write(model: nn.Module, info: pretrained.ModelInfo, to: str, out: Path,
          data: Sequence[tuple[np.ndarray, int]] | None = None, force: bool = False) -> Exported:
    """As `export`, from a model in memory.

    Args:
        model: in eval mode.
        info: its record.
        to: one of `FORMATS`.
        out: the file to write.
        data: for "onnx-int8", (samples [N], class) of development audio.
        force: as for `export`.
    """
    light = Posteriors(to_deploy(model)).eval()
    with storage.writing(out) as aside:
        if to == "executorch":
            run, shortest = _executorch(light, info, aside)
            parity, uar, changed = compare(light, run, shortest), None, 0
        else:
            _onnx(light, info, aside)
            parity, uar, changed = compare(light, onnx_runner(aside)), None, 0
            if to == "onnx-int8":
                assert data is not None
                uar, changed = _quantize(aside, data, len(info.labels), info)
                before, after = (100 * x for x in uar)
                if uar[0] - uar[1] > LOST and not force:
                    raise InputError(
                        f"{out}: not written, 8 bits cost {before - after:.2f} points of "
                        f"UAR on {len(data)} utterances ({before:.2f} to {after:.2f}); "
                        "--force writes it, --to onnx keeps all"
                    )
    return Exported(out, to, out.stat().st_size, parity, uar, len(data or ()), changed)


def metadata(info: pretrained.ModelInfo) -> dict[str, str]:
    """The metadata of an exported file, all as text: labels (a JSON list), sample_rate (hertz),
    shortest (samples), trim (dB) and margin (seconds) of the silence to cut off, and others."""
    before = trimming(info.frontend)
    return {
        "trim": str(before.trim),
        "margin": str(before.margin),
        "task": info.task,
        "model": info.model,
        "labels": json.dumps(info.labels, ensure_ascii=False),
        "sample_rate": str(info.sample_rate),
        "shortest": str(WINDOW),
        "licence": info.licence,
        "producer": exporting.PRODUCER,
    }


@torch.no_grad()
def compare(model: nn.Module, run: Runner, shortest: int = WINDOW) -> dict[int, float]:
    """Compares an exported graph with the model, on noise with pauses of several lengths.

    Args:
        model: samples [1, N] -> logits, posteriors [1, K].
        run: the exported graph.
        shortest: samples that the graph accepts at least.

    Returns:
        {samples: greatest difference}, relative to the largest logit where that is above 1.

    Raises:
        AssertionError: a difference is above `TOLERANCE`.
    """
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
            raise AssertionError(
                f"the exported graph differs from torch by {differences[samples]:.1e} on "
                f"{samples} samples, more than {TOLERANCE:.0e}"
            )
    return differences


def onnx_runner(path: str | Path) -> Runner:
    """Loads an ONNX file: a function of samples [1, N] -> logits, posteriors [1, K], on one
    thread."""
    session = exporting.onnx_session(path)

    def run(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, posteriors = session.run(None, {"audio": samples})
        return logits, posteriors

    return run


def development(manifest: str | Path, root: str | Path | None, info: pretrained.ModelInfo
                ) -> list[tuple[np.ndarray, int]]:
    """Reads development audio, without the silence around it, as in training and in the recognizer.

    Args:
        manifest: a JSONL file.
        root: what its paths are relative to; None: the corpus, or the manifest's folder.
        info: of the model, whose labels are matched by `data.labels.canonical`.

    Returns:
        (samples [N] at 16 kHz, number of the class) of each utterance with one of the model's
        emotions.

    Raises:
        InputError: the manifest or a sound cannot be read, or a class has no utterance.
    """
    from avspeech.data.corpora import layout

    before, numbers = trimming(info.frontend), _numbers(info.labels)
    utterances = read_manifest(manifest)
    base = Path(root) if root is not None else layout.root_of(Path(manifest).parent)
    known = []
    for u in utterances:
        label = u.labels.get("emotion")
        number = None if label is None else numbers.get(str(label), numbers.get(canonical(label)))
        if number is not None:
            known.append((u, number))
    found = {number for _, number in known}
    missing = [label for number, label in enumerate(info.labels) if number not in found]
    if missing:
        others = sorted({str(u.labels.get("emotion", "none")) for u in utterances}
                        - {str(u.labels["emotion"]) for u, _ in known})
        raise InputError(
            f"{manifest}: {len(known)} of {len(utterances)} utterances have an emotion that "
            f"the model knows, none is '{missing[0]}'; development audio should have every "
            f"class (other labels there: {', '.join(others[:8]) or 'none'})"
        )
    if len(known) < len(utterances):
        print(
            f"{manifest}: {len(utterances) - len(known)} of {len(utterances)} utterances have no "
            "emotion that the model knows and are left out",
            file=sys.stderr,
        )
    return [(_samples(base, u, before), number) for u, number in known]


def _numbers(labels: Sequence[str]) -> dict[str, int]:
    """Class numbers by label and by its canonical name, where that is one label's alone."""
    names = [canonical(label) for label in labels]
    by_name = {name: number for number, name in enumerate(names) if names.count(name) == 1}
    return by_name | {label: number for number, label in enumerate(labels)}


def _samples(root: Path, utterance: Utterance, before: FeatureConfig) -> np.ndarray:
    """As `features.speech`, but of any length and at least a window."""
    path = resolve(root, utterance.audio)
    sound = audio.read(path, SAMPLE_RATE, utterance.start, utterance.duration)
    begin, end = audio.speech_bounds(without_offset(sound), SAMPLE_RATE, before.trim, before.margin)
    sound = sound[begin:end]
    return np.pad(sound, (0, max(0, WINDOW - len(sound))))


def _onnx(model: nn.Module, info: pretrained.ModelInfo, path: Path) -> None:
    with exporting.quiet():
        samples = torch.export.Dim("samples", min=WINDOW)
        program = torch.onnx.export(
            model,
            (torch.zeros(1, 3 * SAMPLE_RATE),),
            dynamic_shapes=({1: samples},),
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=["audio"],
            output_names=["logits", "posteriors"],
        )
    assert program is not None
    proto = program.model_proto
    exporting.strip(proto)
    _save(proto, info, path)


def _save(proto: Any, info: pretrained.ModelInfo, path: Path) -> None:
    import onnx

    onnx.helper.set_model_props(proto, metadata(info))
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString())


def _quantize(
    path: Path, data: Sequence[tuple[np.ndarray, int]], classes: int, info: pretrained.ModelInfo
) -> tuple[tuple[float, float], int]:
    """Quantizes the file in place. Returns the UAR before and after, and how many answers
    changed."""
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
                str(ready),
                str(small),
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                weight_type=quantization.QuantType.QInt8,
                activation_type=quantization.QuantType.QUInt8,
                nodes_to_quantize=eight_bits.with_weights(onnx.load(ready)),
                extra_options={"WeightSymmetric": True},
            )
        proto = onnx.load(small)
        eight_bits.make_small(proto)
        _save(proto, info, path)
    finally:
        ready.unlink(missing_ok=True)
        small.unlink(missing_ok=True)
    after = _answers(onnx_runner(path), tqdm(data, "int8", leave=False))
    truth = [label for _, label in data]
    uar = metrics.uar(truth, before, classes), metrics.uar(truth, after, classes)
    return uar, sum(a != b for a, b in zip(before, after))


def _answers(run: Runner, data: Any) -> list[int]:
    return [int(run(sound[None])[0].argmax()) for sound, _ in data]


def _without_asserts(module: Any) -> Any:
    """Removes the assertions of torch.export about the number of samples, which ExecuTorch does not
    know; its check of the graph is off for the same reason. The result is compared at several
    lengths."""
    from torch.fx.passes.infra.pass_base import PassResult

    for node in list(module.graph.nodes):
        if "_assert_scalar" in str(node.target):
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()
    return PassResult(module, True)


def _traced(model: nn.Module) -> tuple[Any, int]:
    """The model as a torch.export program, and the least number of samples that it accepts."""
    for shortest in SHORTEST:
        samples = torch.export.Dim("samples", min=shortest, max=LONGEST)
        try:
            traced = torch.export.export(model, (torch.zeros(1, 3 * SAMPLE_RATE),),
                                         dynamic_shapes=({1: samples},),
                                         prefer_deferred_runtime_asserts_over_guards=True)
            return traced, shortest
        except torch._dynamo.exc.UserError as error:
            refused = str(error).splitlines()
    raise InputError(
        f"--to executorch: torch.export does not take this model at any length ({refused[0]})"
    )


def _executorch(model: nn.Module, info: pretrained.ModelInfo, path: Path) -> tuple[Runner, int]:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
    from executorch.runtime import Runtime

    with exporting.quiet():
        traced, shortest = _traced(model)
        edge = to_edge_transform_and_lower(
            traced,
            transform_passes=[_without_asserts],
            partitioner=[XnnpackPartitioner()],
            compile_config=EdgeCompileConfig(_check_ir_validity=False),
            constant_methods={"sample_rate": info.sample_rate, "shortest": shortest},
        )
        path.write_bytes(edge.to_executorch().buffer)
    method = Runtime.get().load_program(path).load_method("forward")
    assert method is not None

    def run(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, posteriors = method.execute([torch.from_numpy(samples)])
        return logits.numpy().copy(), posteriors.numpy().copy()

    return run, shortest
