"""The cost of a model: size, operations, and time and memory of a forward pass on the CPU.

    profile = profile_model(functools.partial(models.build, "mvtf-small"), name="mvtf-small")
    print_profile(profile)
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from avspeech.core import pools
from avspeech.core.hardware import cpu_name
from avspeech.report.memory import Memory, measure_memory
from avspeech.report.onnx_profile import OnnxProfile, Timed

Inputs = Callable[[float], Sequence[Tensor]]


@dataclass(frozen=True)
class Profile(Timed):
    """The cost of one forward pass with a batch of one."""

    name: str
    parameters: int  # number of values
    trainable: int  # number of values that require gradients
    size: int  # bytes of parameters and buffers
    seconds: float  # length of the audio
    macs: float  # multiply-accumulates per second of audio
    breakdown: dict[str, float]  # `macs` by part of the model, see `count_macs`
    threads: int  # of PyTorch
    times: tuple[float, ...]  # seconds of each timed forward pass
    memory: Memory | None  # None where the system does not report it
    # Whether memory was measured in a separate process. In a process that ran things before, memory
    # kept for reuse hides a part of what the forward pass takes.
    separate: bool
    cpu: str  # name of the processor
    load: float  # 1-minute load average of the machine before the first forward pass


def count_macs(model: nn.Module, *inputs: Tensor) -> tuple[int, dict[str, int]]:
    """Multiply-accumulates (MACs) of one forward pass.

    Counted are the operators that run: convolutions (also transposed, grouped), linear layers,
    every matrix product (matmul, einsum, bmm, F.bilinear), scaled dot-product attention (the full
    matrix, also where it is masked), LSTM, GRU, RNN. One multiplication and one addition are one
    MAC. Not counted, as is usual, are element-wise products, norms, activations, biases, pooling,
    interpolation and FFT. The model is run once, in evaluation mode, without gradients.

    Args:
        model: the module.
        inputs: the arguments of its forward.

    Returns:
        (total, {part: MACs}). The parts are the model's children and their children ("cue.lips"); a
        ModuleList counts as one part. "" and "cue" are what the model and its child compute outside
        their own children. The parts add up to the total.
    """
    counter = FlopCounterMode(display=False, custom_mapping=_COUNTS)
    with _evaluating(model), _exact_operators(), counter:
        model(*inputs)
    root = type(model).__name__
    counts = {name: sum(ops.values()) // 2 for name, ops in counter.get_flop_counts().items()}
    counts = {name[len(root) + 1 :]: n for name, n in counts.items()
              if f"{name}.".startswith(root + ".")}

    def of(path: str) -> int:
        names = [n for n in counts if n == path or n.startswith(path + ".")]
        # A ModuleList is never called itself, so sum over the outermost modules that were called.
        return sum(counts[n] for n in names
                   if not any(n.startswith(other + ".") for other in names))

    total = counts.get("", 0)
    parts: dict[str, int] = {}
    for name, child in model.named_children():
        whole = isinstance(child, nn.ModuleList) or name not in counts
        inner = {} if whole else dict(child.named_children())
        parts.update({f"{name}.{i}": of(f"{name}.{i}") for i in inner})
        parts[name] = of(name) - sum(parts[f"{name}.{i}"] for i in inner)
    parts[""] = total - sum(parts.values())
    return total, {name: count for name, count in parts.items() if count}


def _attention(query: Sequence[int], key: Sequence[int], value: Sequence[int], *_: Any,
               **__: Any) -> int:
    return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _rnn_layer(x: Sequence[int], w_in: Sequence[int], w_hidden: Sequence[int], *_: Any,
               **__: Any) -> int:
    return 2 * math.prod(x[:-1]) * (math.prod(w_in) + math.prod(w_hidden))


# Operators that PyTorch's counter leaves out on a CPU: oneDNN's LSTM (one call for each layer and
# direction), attention, and products with a vector. GRU, RNN and the other LSTM are decomposed into
# matrix products, which it counts.
_COUNTS: dict[Any, Any] = {
    torch.ops.aten.mkldnn_rnn_layer: _rnn_layer,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.mv: lambda matrix, vector, **_: 2 * math.prod(matrix),
    torch.ops.aten.addmv: lambda bias, matrix, vector, **_: 2 * math.prod(matrix),
    torch.ops.aten.dot: lambda a, b, **_: 2 * math.prod(a),
    # F.bilinear, called as _trilinear(x1 [N, i], W [o, i, j], x2 [N, j]): its first product, x1
    # with W.
    torch.ops.aten._trilinear: lambda x1, weight, x2, *_, **__: 2 * x1[0] * math.prod(weight),
}


@contextlib.contextmanager
def _exact_operators() -> Iterator[None]:
    """Turns off the fused Transformer layers of evaluation mode, which the counter cannot look
    into."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


@contextlib.contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _forward(model: nn.Module, inputs: Sequence[Tensor]) -> Callable[[], object]:
    def call() -> object:
        with torch.inference_mode():
            return model(*inputs)

    return call


def _build_and_measure(
    build: Callable[[], nn.Module], inputs: Inputs | None, seconds: float, threads: int
) -> Memory | None:
    torch.set_num_threads(threads)
    model = build().eval()
    return measure_memory(_forward(model, _example(model, inputs, seconds)))


def _example(model: nn.Module, inputs: Inputs | None, seconds: float) -> Sequence[Tensor]:
    if inputs is None:
        inputs = getattr(model, "example_inputs", None)
        if inputs is None:
            raise TypeError(f"{type(model).__name__} has no example_inputs(seconds); give `inputs`")
    return inputs(seconds)


def profile_model(
    model: nn.Module | Callable[[], nn.Module],
    seconds: float = 10.0,
    threads: int = 1,
    repeats: int = 5,
    inputs: Inputs | None = None,
    name: str = "",
) -> Profile:
    """Counts the operations of one forward pass on the CPU, times it and measures its memory.

    Args:
        model: a module, or a function without arguments that builds one. With a function, memory is
            measured in a separate process; a new process must be able to import the function (the
            top level of a module, or a functools.partial), and a script that calls this needs
            `if __name__ == "__main__":`.
        seconds: length of the audio.
        threads: threads of PyTorch, for time and memory.
        repeats: forward passes that are timed, after two that are not.
        inputs: `inputs(seconds)` gives the arguments of the forward, batch of one; None: the
            model's own `example_inputs(seconds)`.
        name: name of the result; default the class of the model.

    Raises:
        TypeError: no `inputs`, and the model has no `example_inputs`.
        MemoryError: the process that measured memory was killed.
    """
    memory = None
    build = None if isinstance(model, nn.Module) else model
    module = model if isinstance(model, nn.Module) else model()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    if build is not None:
        try:
            with pools.pool(1) as pool:
                memory = pool.submit(_build_and_measure, build, inputs, seconds, threads).result()
        except BrokenProcessPool:
            what = f"{name or build}: the forward on {seconds:g} s"
            raise MemoryError(f"{what} was killed, probably for lack of memory") from None
    arguments = _example(module, inputs, seconds)
    call = _forward(module, arguments)
    times = []
    with _evaluating(module), _threads(threads):
        if build is None:
            memory = measure_memory(call)
        else:
            call()
        total, breakdown = count_macs(module, *arguments)
        for _ in range(repeats):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
    parameters = list(module.parameters())
    tensors = parameters + list(module.buffers())
    return Profile(
        name=name or type(module).__name__,
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        size=sum(t.numel() * t.element_size() for t in tensors),
        seconds=seconds,
        macs=total / seconds,
        breakdown={child: count / seconds for child, count in breakdown.items()},
        threads=threads,
        times=tuple(times),
        memory=memory,
        separate=build is not None,
        cpu=cpu_name(),
        load=load,
    )


def profile_rows(profile: Profile) -> list[tuple[str, str]]:
    """All values of a profile for a table.

    Args:
        profile: a profile of `profile_model`.

    Returns:
        Pairs (name, value with unit).
    """
    rows = [
        ("parameters", f"{profile.parameters:,}"
         + (f" ({profile.trainable:,} trainable)" if profile.trainable != profile.parameters
            else "")),
        ("size", f"{profile.size / 1e6:.2f} MB"),
        ("MACs per second of audio", _macs_text(profile.macs)),
    ]
    for child, macs in sorted(profile.breakdown.items(), key=lambda item: -item[1]):
        rows.append((f"  {child or '(itself)'}", _macs_text(macs)))
    rows += _cost_rows(profile)
    if profile.memory is not None and not profile.separate:
        rows.append(("", "(memory in a process used before)"))
    return [*rows, ("processor", f"{profile.cpu}; load {profile.load:.1f} before")]


def onnx_rows(profile: OnnxProfile) -> list[tuple[str, str]]:
    """As `profile_rows`, for an exported model, without the processor.

    Args:
        profile: a profile of `profile_onnx`.
    """
    constants = ("not counted" if profile.constants is None
                 else f"{profile.constants:,} with constants")
    return [("parameters", constants), ("size", f"{profile.size / 1e6:.2f} MB"),
            ("MACs per second of audio", _macs_text(profile.macs)), *_cost_rows(profile)]


def _cost_rows(profile: Profile | OnnxProfile) -> list[tuple[str, str]]:
    times = f"p50 {_ms(profile.p50)}, p90 {_ms(profile.p90)} of {len(profile.times)}"
    threads = f"{profile.threads} thread{'s' * (profile.threads > 1)}"
    rows = [(f"forward on {profile.seconds:g} s of audio", times),
            (f"real-time factor, {threads}", f"{profile.rtf:.{3 if profile.rtf >= 0.01 else 5}f}")]
    if profile.memory is not None:
        rows += [("peak memory of the forward", f"{profile.memory.forward / 2**20:.0f} MiB"),
                 ("peak memory of the process", f"{profile.memory.peak / 2**20:.0f} MiB")]
    return rows


def _macs_text(macs: float) -> str:
    return f"{macs / 1e9:.3f} G" if macs >= 1e8 else f"{macs / 1e6:.2f} M"


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms" if seconds >= 0.1 else f"{1e3 * seconds:.1f} ms"


def print_profile(profile: Profile | None, onnx: OnnxProfile | None = None) -> None:
    """Prints a table of a torch model, of an exported model, or of both side by side.

    Args:
        profile: of the torch model, or None.
        onnx: of the exported model, or None.
    """
    from rich.console import Console
    from rich.table import Table

    columns: dict[str, dict[str, str]] = {}
    if profile is not None:
        columns["torch"] = dict(profile_rows(profile))
    if onnx is not None:
        # The processor is the same for both, so it is shown in the first column only.
        columns["onnxruntime"] = dict(onnx_rows(onnx))
        if profile is None:
            columns["onnxruntime"]["processor"] = f"{cpu_name()}; load {onnx.load:.1f} before"
    title = profile.name if profile is not None else onnx.name if onnx is not None else ""
    table = Table("", *columns, title=title, show_header=len(columns) > 1 or profile is None,
                  title_justify="left")
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        table.add_row(name, *(column.get(name, "") for column in columns.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
