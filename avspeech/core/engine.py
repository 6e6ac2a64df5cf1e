"""Models without torch: the graphs of a model folder, run by onnxruntime on NumPy arrays.

A pipeline calls an engine: a few functions of NumPy arrays, which the `engine.py` of each wing
defines twice, by torch for a folder that a recipe wrote and by the graphs of a released one. A
graph is a file NAME.onnx beside the weights. It holds no large weight: it names the bytes of
model.safetensors, so weights are stored once, and 8 or 16 bits become float32 as a graph is loaded.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from avspeech.core import exporting
from avspeech.errors import InputError

SUFFIX = ".onnx"
Choice = Literal["auto", "onnx", "torch"]
CHOICES = ("auto", "onnx", "torch")


class Graphs:
    """The graphs of a model. Each is loaded when it is first used, and runs on one thread.

    Args:
        folder: of the model, for messages.
        graphs: {name: ONNX model as bytes}.
        weights: the file of weights that the graphs name.

    Raises:
        InputError: onnxruntime is not installed.
    """

    def __init__(self, folder: Path, graphs: Mapping[str, bytes], weights: Path) -> None:
        exporting.require(f"{folder}", ("onnxruntime",), "pip install onnxruntime")
        self.folder, self.threads = folder, 1
        self._graphs, self._weights = dict(graphs), weights
        self._sessions: dict[str, Any] = {}

    @property
    def names(self) -> list[str]:
        """The names of the graphs."""
        return sorted(self._graphs)

    def __call__(self, name: str, **inputs: np.ndarray) -> list[np.ndarray]:
        """Runs a graph.

        Args:
            name: of the graph.
            inputs: its inputs by name; those that it does not have are passed over.

        Returns:
            Its outputs, in order.

        Raises:
            InputError: the folder has no such graph, or it cannot be loaded.
        """
        session = self._session(name)
        found: list[np.ndarray] = session.run(None, {i.name: inputs[i.name]
                                                     for i in session.get_inputs()})
        return found

    def about(self, name: str) -> dict[str, str]:
        """The metadata of a graph."""
        found: dict[str, str] = self._session(name).get_modelmeta().custom_metadata_map
        return found

    def _session(self, name: str) -> Any:
        if name not in self._sessions:
            self._sessions[name] = self._loaded(name)
        return self._sessions[name]

    def _loaded(self, name: str) -> Any:
        if name not in self._graphs:
            raise InputError(f"{self.folder}: {name}{SUFFIX} is missing; make the folder again "
                             "(avspeech export --to runtime)")
        # A map of the file, not a copy: what was read of it is given back afterwards.
        with self._weights.open("rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                session = exporting.onnx_session(self._graphs.pop(name), self.threads,
                                                 {self._weights.name: content})
            except Exception as error:  # onnxruntime has many kinds
                reason = " ".join(str(error).split())[:200]
                raise InputError(f"{self.folder / name}{SUFFIX}: cannot be loaded "
                                 f"({reason})") from None
            with contextlib.suppress(OSError, AttributeError):
                content.madvise(mmap.MADV_DONTNEED)
        return session


def set_threads(model: Any, threads: int) -> None:
    """Sets how many threads a model runs on, before it is first used.

    Args:
        model: what `pretrained.open_model` gave.
        threads: of the CPU.
    """
    if isinstance(model, Graphs):
        model.threads = threads
        return
    import torch

    torch.set_num_threads(threads)
