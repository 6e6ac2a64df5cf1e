"""Shared parts of the exports: package check, quiet exporters, an ONNX session on the CPU."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from avspeech.errors import InputError
from avspeech.version import __version__

ONNX = ("onnx", "onnxscript", "onnxruntime")
EDGE = "pip install 'avspeech[edge]'"
PRODUCER = f"avspeech {__version__}"  # what an exported file names as its maker


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


def onnx_session(path: str | Path, threads: int = 1) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU that logs errors only.

    Args:
        path: an .onnx file.
        threads: threads within one operator.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
