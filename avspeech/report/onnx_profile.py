"""Size, operations, time and memory of an exported model in onnxruntime on the CPU.

    profile = profile_onnx("emotion.onnx", seconds=10.0)

Imports no torch, so that the measured memory is onnxruntime's alone. For torch models see
`avspeech.report.profile`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import pools, storage
from avspeech.core.exporting import make_exact
from avspeech.errors import InputError
from avspeech.report.memory import Memory, at_most, measure_memory

RATE = 16_000  # Hz, for a file without this metadata
WARMUP = 2  # runs that are not timed


class Timed:
    """Statistics of the `times` (seconds) of forward passes on `seconds` of audio."""

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
        """Real-time factor: the median time over the length of the audio."""
        return self.p50 / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """All fields and p50, p90 and rtf, as values for JSON."""
        return {**dataclasses.asdict(self),  # type: ignore[call-overload]
                "p50": self.p50, "p90": self.p90, "rtf": self.rtf}

MEMORY = 4 * 2**30  # bytes that a stranger's model may take
MOST_HERTZ = 1_000_000
MOST_PIXELS, MOST_FPS = 512, 240  # of the crops of an extraction model


@dataclass(frozen=True)
class OnnxProfile(Timed):
    """The cost of one run."""

    name: str
    constants: int | None  # weights and other constants; None where the package onnx is missing
    size: int  # bytes of the file
    seconds: float  # length of the audio
    macs: float  # multiply-accumulates of matrix products and convolutions, per second of audio
    threads: int  # of onnxruntime
    times: tuple[float, ...]  # seconds of each timed run
    memory: Memory | None  # of a separate process; None where the system does not report it
    load: float  # 1-minute load average of the machine before the first run


def profile_onnx(path: str | Path, seconds: float = 10.0, threads: int = 1, repeats: int = 30,
                 name: str = "") -> OnnxProfile:
    """Counts the operations of an exported model and times its runs.

    Args:
        path: an ONNX file as `avspeech export` writes it, with one input "audio" [1, N], float32,
            or the three of an extraction model: "mixture" [1, N], "crops" [1, V, T, side, side]
            and "present" [1, V, T], of which one view is shown. Its metadata "sample_rate" gives
            the rate (16 kHz where it is missing), "fps" and "crop" the frames a second and the
            side.
        seconds: length of the audio.
        threads: threads within one operator.
        repeats: runs that are timed, after two that are not.
        name: name of the result; default the name of the file.

    Raises:
        InputError: the file cannot be run, has other inputs, or onnxruntime is not installed.
        MemoryError: the process that measured memory was killed.
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
    """Multiply-accumulates of the matrix products and convolutions of one run, from the shapes that
    they had in it. Element-wise products are not counted, as is usual.

    Args:
        path: an ONNX file, see `profile_onnx`.
        seconds: length of the audio.
    """
    with storage.scratch_folder() as folder:
        call, session = _session(Path(path), seconds, 1, folder / "trace")
        call()
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return sum(_macs(e["args"]) for e in events if "input_type_shape" in e.get("args", {}))


def _macs(node: dict[str, Any]) -> int:
    kind = node["op_name"]
    if kind == "LSTM":  # weights of all gates, at each step of each sequence
        shapes = node["input_type_shape"][:3]
        x, weight, recurrent = (next(iter(shape.values())) for shape in shapes)
        return math.prod(x[:2]) * (math.prod(weight) + math.prod(recurrent))
    if kind == "ConvTranspose":
        x, weight = (next(iter(shape.values())) for shape in node["input_type_shape"][:2])
        return math.prod(x) * math.prod(weight[1:])
    if kind not in ("MatMul", "MatMulInteger", "Gemm", "Conv", "ConvInteger"):
        return 0
    inputs = [next(iter(shape.values())) for shape in node["input_type_shape"]]
    outputs = [next(iter(shape.values())) for shape in node["output_type_shape"]]
    if kind.startswith("Conv"):
        return math.prod(outputs[0]) * math.prod(inputs[1][1:])
    # Outputs times the inner dimension. For Gemm, which may transpose its inputs, the inner
    # dimension follows from the numbers of values of both inputs and of the output.
    return math.prod(outputs[0]) * (inputs[0][-1] if kind != "Gemm" else _inner(inputs, outputs[0]))


def _inner(inputs: list[list[int]], output: list[int]) -> int:
    return math.isqrt(math.prod(inputs[0]) * math.prod(inputs[1]) // max(1, math.prod(output)))


def count_constants(path: str | Path) -> int | None:
    """The number of constants in an ONNX file: weights, and tables of the front end.

    Args:
        path: an ONNX file.

    Returns:
        The number, or None where the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        return None
    return sum(math.prod(tensor.dims) for tensor in onnx.load(path).graph.initializer)


def _session(path: Path, seconds: float, threads: int,
             trace: Path | None = None) -> tuple[Callable[[], object], Any]:
    """(a function that runs the model once, the session). With `trace`, shapes are recorded in a
    file whose name starts with it, and operators are not fused."""
    try:
        import onnxruntime

        # The exceptions of onnxruntime have no common base class.
        from onnxruntime.capi import onnxruntime_pybind11_state as errors
    except ImportError:
        raise InputError(f"{path}: needs the package onnxruntime; pip install 'avspeech[edge]'"
                         ) from None
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    known: tuple[type[Exception], ...] = tuple(
        kind for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)) + (ValueError,)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    make_exact(options)
    options.log_severity_level = 3
    if trace is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(trace)
        # Weights that are packed in advance have no shape in the trace.
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        with at_most(MEMORY):
            session = onnxruntime.InferenceSession(str(path), options,
                                                   providers=["CPUExecutionProvider"])
        inputs = _inputs(path, session, seconds)
    except InputError:
        raise
    except known as error:
        raise _not_run(path, error) from None

    def call() -> object:
        try:
            with at_most(MEMORY):
                return session.run(None, inputs)
        except known as error:
            raise _not_run(path, error) from None

    return call, session


def _inputs(path: Path, session: Any, seconds: float) -> dict[str, np.ndarray]:
    """Random inputs of a length, for a file of emotion or of extraction."""
    wanted = [(i.name, len(i.shape)) for i in session.get_inputs()]
    meta = session.get_modelmeta().custom_metadata_map
    rng, rate = np.random.default_rng(0), int(meta.get("sample_rate", RATE))
    if not 0 < rate <= MOST_HERTZ:
        raise InputError(f"{path}: metadata sample_rate={rate}: expected hertz up to "
                         f"{MOST_HERTZ:,}")
    sound = 0.1 * rng.standard_normal((1, round(seconds * rate)), np.float32)
    if wanted == [("audio", 2)]:
        return {"audio": sound}
    if wanted != [("mixture", 2), ("crops", 5), ("present", 3)]:
        raise InputError(f"{path}: expected one input, audio [1, N], or mixture [1, N], crops "
                         f"[1, V, T, side, side] and present [1, V, T]; got {wanted}")
    least = int(meta.get("shortest", 1))
    if sound.shape[1] < least:
        raise InputError(f"{path}: takes at least {least} samples, got {sound.shape[1]}; give more "
                         "--seconds")
    side, fps = int(meta.get("crop", 88)), float(meta.get("fps", 25))
    if not (0 < side <= MOST_PIXELS and 0 < fps <= MOST_FPS):
        raise InputError(f"{path}: metadata crop={side}, fps={fps:g}: expected up to {MOST_PIXELS} "
                         f"pixels and {MOST_FPS} frames a second")
    frames = max(2, math.ceil(seconds * fps))
    crops = rng.integers(0, 256, (1, 1, frames, side, side), np.uint8)
    return {"mixture": sound, "crops": crops, "present": np.ones((1, 1, frames), bool)}


def _not_run(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:160]
    return InputError(f"{path}: not a model that onnxruntime can run ({reason})")


def _memory_apart(path: Path, seconds: float, threads: int) -> Memory | None:
    try:
        with pools.pool(1) as pool:
            return pool.submit(_memory, path, seconds, threads).result()
    except BrokenProcessPool:
        raise MemoryError(f"{path}: the run on {seconds:g} s was killed, "
                          "probably for lack of memory") from None


def _memory(path: Path, seconds: float, threads: int) -> Memory | None:
    call, _ = _session(path, seconds, threads)
    return measure_memory(call)
