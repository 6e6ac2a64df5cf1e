"""What an exported model costs in onnxruntime on the CPU; `avspeech.report.profile` says it of torch.

    profile = profile_onnx("emotion.onnx", seconds=10.0)

Imports no torch, so that the memory of the process that runs the model is onnxruntime's.
"""

from __future__ import annotations

import dataclasses
import json
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.report.memory import Memory, measure_memory

RATE = 16_000  # hertz, where a file does not say
WARMUP = 2  # forwards that are not timed


class Timed:
    """What follows from a profile's `times` of forwards on `seconds` of audio."""

    times: tuple[float, ...]
    seconds: float

    @property
    def p50(self) -> float:
        """Median time of a forward, seconds."""
        return float(np.quantile(self.times, 0.5))

    @property
    def p90(self) -> float:
        """90th percentile of the time of a forward, seconds."""
        return float(np.quantile(self.times, 0.9))

    @property
    def rtf(self) -> float:
        return self.p50 / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON, with p50, p90 and rtf."""
        return {**dataclasses.asdict(self),  # type: ignore[call-overload]
                "p50": self.p50, "p90": self.p90, "rtf": self.rtf}


@dataclass(frozen=True)
class OnnxProfile(Timed):
    """The cost of one run on `seconds` of audio. constants: numbers of weights and of other constants in the
    file, None where the package onnx is missing; size: bytes of the file; macs: multiply-accumulates per
    second of audio of its matrix products and convolutions; times, memory, threads, load: see
    `avspeech.report.profile.Profile`; memory is of a process of its own."""

    name: str
    constants: int | None
    size: int
    seconds: float
    macs: float
    threads: int
    times: tuple[float, ...]
    memory: Memory | None
    load: float


def profile_onnx(path: str | Path, seconds: float = 10.0, threads: int = 1, repeats: int = 30,
                 name: str = "") -> OnnxProfile:
    """Counts and times runs of a file as `avspeech export` writes it.

    The file has one input "audio" `[1, N]`, float32, or the three of an extraction model: "mixture"
    `[1, N]`, "crops" `[1, V, T, side, side]` and "present" `[1, V, T]`, of which one view is shown. The
    metadata "sample_rate" says the rate (16 kHz where it is missing), "fps" and "crop" the frames a second
    and the side.

    Raises:
        InputError: the file is none, has other inputs, or onnxruntime is missing.
        MemoryError: the process that measured memory was ended.
    """
    path = Path(path)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    call, _ = _session(path, seconds, threads)
    for _ in range(WARMUP):
        call()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return OnnxProfile(name or path.name, count_constants(path), path.stat().st_size, seconds,
                       count_macs(path, seconds) / seconds, threads, tuple(times),
                       _memory_apart(path, seconds, threads), load)


def count_macs(path: str | Path, seconds: float) -> int:
    """Multiply-accumulates of one run, from the shapes its matrix products and convolutions had. Counted is
    what is left of them in the file; element-wise products are not, as is usual."""
    with tempfile.TemporaryDirectory(prefix="avspeech-") as folder:
        call, session = _session(Path(path), seconds, 1, Path(folder) / "trace")
        call()
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return sum(_macs(e["args"]) for e in events if "input_type_shape" in e.get("args", {}))


def _macs(node: dict[str, Any]) -> int:
    kind = node["op_name"]
    if kind == "LSTM":  # weights of all gates, at each step of each sequence
        x, weight, recurrent = (next(iter(shape.values())) for shape in node["input_type_shape"][:3])
        return math.prod(x[:2]) * (math.prod(weight) + math.prod(recurrent))
    if kind == "ConvTranspose":
        x, weight = (next(iter(shape.values())) for shape in node["input_type_shape"][:2])
        return math.prod(x) * math.prod(weight[1:])
    if kind not in ("MatMul", "MatMulInteger", "Gemm", "Conv", "ConvInteger"):
        return 0
    inputs, outputs = ([next(iter(x.values())) for x in node[key]] for key in ("input_type_shape",
                                                                                "output_type_shape"))
    if kind.startswith("Conv"):
        return math.prod(outputs[0]) * math.prod(inputs[1][1:])
    # The summed width: what the operands have in all, less what is left in the output.
    return math.prod(outputs[0]) * (inputs[0][-1] if kind != "Gemm" else _inner(inputs, outputs[0]))


def _inner(inputs: list[list[int]], output: list[int]) -> int:
    return math.isqrt(math.prod(inputs[0]) * math.prod(inputs[1]) // max(1, math.prod(output)))


def count_constants(path: str | Path) -> int | None:
    """Numbers that the file holds, weights and those of the front end; None without the package onnx."""
    try:
        import onnx
    except ImportError:
        return None
    return sum(math.prod(tensor.dims) for tensor in onnx.load(path).graph.initializer)


def _session(path: Path, seconds: float, threads: int,
             trace: Path | None = None) -> tuple[Callable[[], object], Any]:
    """(a run of it, the session). trace: shapes are written to a file of that beginning, nothing is fused."""
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors  # they have no common root
    except ImportError:
        raise InputError(f"{path}: running it takes onnxruntime; pip install 'avspeech[edge]'") from None
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if trace is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(trace)
        options.add_session_config_entry("session.disable_prepacking", "1")  # packed weights have no shape
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs = _inputs(path, session, seconds)
    except (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NotImplemented,
            errors.RuntimeException, ValueError) as error:
        raise InputError(f"{path}: not a model that onnxruntime can run "
                         f"({str(error).splitlines()[0][:120]})") from None
    return lambda: session.run(None, inputs), session


def _inputs(path: Path, session: Any, seconds: float) -> dict[str, np.ndarray]:
    """Random inputs of a length, for a file of emotion or of extraction."""
    wanted = [(i.name, len(i.shape)) for i in session.get_inputs()]
    meta = session.get_modelmeta().custom_metadata_map
    rng, rate = np.random.default_rng(0), int(meta.get("sample_rate", RATE))
    sound = 0.1 * rng.standard_normal((1, round(seconds * rate)), np.float32)
    if wanted == [("audio", 2)]:
        return {"audio": sound}
    if wanted != [("mixture", 2), ("crops", 5), ("present", 3)]:
        raise InputError(f"{path}: expected one input, audio [1, N], or mixture [1, N], crops "
                         f"[1, V, T, side, side] and present [1, V, T]; got {wanted}")
    least = int(meta.get("shortest", 1))
    if sound.shape[1] < least:
        raise InputError(f"{path}: takes at least {least} samples, got {sound.shape[1]}; give more --seconds")
    side, frames = int(meta.get("crop", 88)), max(2, math.ceil(seconds * float(meta.get("fps", 25))))
    crops = rng.integers(0, 256, (1, 1, frames, side, side), np.uint8)
    return {"mixture": sound, "crops": crops, "present": np.ones((1, 1, frames), bool)}


def _memory_apart(path: Path, seconds: float, threads: int) -> Memory | None:
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_memory, path, seconds, threads).result()
    except BrokenProcessPool:
        raise MemoryError(f"{path}: the run on {seconds:g} s was ended; out of memory?") from None


def _memory(path: Path, seconds: float, threads: int) -> Memory | None:
    call, _ = _session(path, seconds, threads)
    return measure_memory(call)
