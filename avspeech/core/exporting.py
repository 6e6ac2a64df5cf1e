"""Shared parts of the exports: package check, quiet exporters, an ONNX session on the CPU."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avspeech.errors import InputError
from avspeech.version import __version__

if TYPE_CHECKING:
    import numpy as np

ONNX = ("onnx", "onnxscript", "onnxruntime")
EDGE = "pip install 'avspeech[edge]'"
PRODUCER = f"avspeech {__version__}"  # what an exported file names as its maker
# An ONNX model that multiplies matrices: a (unsigned, 8 bits), b (signed, 8 bits), y (32 bits)
PRODUCT = (b'\x08\x08:>\n\x18\n\x01a\n\x01b\x12\x01y"\rMatMulInteger\x12\x01pZ\t\n\x01a\x12\x04'
           b'\n\x02\x08\x02Z\t\n\x01b\x12\x04\n\x02\x08\x03b\t\n\x01y\x12\x04\n\x02\x08\x06'
           b'B\x04\n\x00\x10\r')


def require(what: str, packages: Sequence[str] = ONNX, bring: str = EDGE) -> None:
    """Checks that packages are installed, without importing them.

    Args:
        what: the start of the message, e.g. "--to onnx".
        packages: import names.
        bring: the command that installs them, shown in the message.

    Raises:
        InputError: names the first package that is missing and the command.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{what}: needs the package {package}, which is not installed; "
                             f"{bring}")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hides the warnings and messages of exporters. They are not needed, because the exported file
    is compared with the torch model afterwards."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def strip(proto: Any) -> None:
    """Removes from an ONNX model what only its exporter needs, in place.

    The place in the source of each node takes more bytes than many weights, and names local
    folders.

    Args:
        proto: an `onnx.ModelProto`.
    """
    for part in (proto.graph, *proto.graph.node, *proto.functions):
        part.doc_string = ""
        del part.metadata_props[:]
    del proto.graph.value_info[:]


def torch_to_onnx(module: Any, inputs: Sequence[Any], shapes: Sequence[Any],
                  outputs: Sequence[str], opset: int, deferred: bool = False) -> Any:
    """A torch module as an `onnx.ModelProto` of plain operators.

    Args:
        module: an `nn.Module`; the model's inputs have the names of its forward's arguments.
        inputs: examples of them.
        shapes: their dynamic dimensions, as `torch.export` takes them.
        outputs: names.
        opset: version of ONNX's operators.
        deferred: leave the checks of lengths to the run, for modules that torch would refuse.
    """
    import inspect

    import onnx.inliner
    import torch

    with quiet(), torch.no_grad():
        given: dict[str, Any] = dict(dynamic_shapes=tuple(shapes))
        traced: Any = module.eval()
        if deferred:
            traced = torch.export.export(traced, tuple(inputs), **given, strict=False,
                                         prefer_deferred_runtime_asserts_over_guards=True)
            given = {}
        program = torch.onnx.export(traced, () if deferred else tuple(inputs), **given,
                                    dynamo=True, external_data=False, verbose=False,
                                    input_names=list(inspect.signature(module.forward).parameters),
                                    output_names=list(outputs), opset_version=opset)
    assert program is not None
    proto = onnx.inliner.inline_local_functions(program.model_proto)
    strip(proto)
    return proto


@functools.cache
def exact_products() -> bool:
    """Whether onnxruntime's products of 8 bits are exact on this processor.

    A processor without instructions for them (AVX2 without VNNI) saturates sums of two products at
    16 bits. This is tested with a product, since the list of instructions does not tell which of
    them are used.
    """
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(PRODUCT, options, providers=["CPUExecutionProvider"])
    a, b = np.full((1, 64), 255, np.uint8), np.full((64, 1), 127, np.int8)
    return int(session.run(None, {"a": a, "b": b})[0][0, 0]) == 64 * 255 * 127


def make_exact(options: Any) -> None:
    """Makes a session's products of 8 bits exact, where this processor's are not.

    They are then made another way. That way gives the same numbers on every processor, and takes
    more than twice the time on one whose own products are exact.

    Args:
        options: `onnxruntime.SessionOptions`.
    """
    if not exact_products():
        options.add_session_config_entry("session.x64quantprecision", "1")


def onnx_session(model: str | Path | bytes, threads: int = 1,
                 weights: Mapping[str, np.ndarray] | None = None) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU that logs errors only.

    Args:
        model: an .onnx file, or its bytes.
        threads: threads within one operator.
        weights: {name: value} of the weights that the model leaves to files.

    Raises:
        InputError: a file that is not there, or no model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # An arena keeps the most that any run has needed, for good; without one runs are no slower
    options.enable_cpu_mem_arena = False
    make_exact(options)
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
        options.add_external_initializers(list(weights), values)
    given = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own, which share no class
        if isinstance(model, bytes):
            raise
        reason = "no such file" if not Path(model).is_file() else type(error).__name__
        raise InputError(f"{model}: not a file of ONNX that onnxruntime can load "
                         f"({reason})") from None
