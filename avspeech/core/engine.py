"""Models without torch: the graphs of a model folder, run by onnxruntime on NumPy arrays.

A pipeline calls an engine: a few functions of NumPy arrays, which the `engine.py` of each wing
defines twice: by torch, and by the graphs of a folder that has them (a released one, or one of
`avspeech export --to runtime`). A graph is a file NAME.onnx beside the weights. It holds no large
weight: it names tensors of model.safetensors, so weights are stored once, and 8 or 16 bits become
float32 as a graph is loaded.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from avspeech.core import exporting
from avspeech.errors import InputError, telling

SUFFIX = ".onnx"
Choice = Literal["auto", "onnx", "torch"]
CHOICES = ("auto", "onnx", "torch")
# Suffix of the tensor that holds the scale of each row of an int8 weight. No name of torch contains
# a colon, so the suffix cannot collide with the name of a weight.
SCALE = ":scale"
PRODUCTS = "products"  # metadata of a graph whose matrix products are of whole numbers
_TYPES = {"F32": np.float32, "F16": np.float16, "I8": np.int8}


class Graphs:
    """The graphs of a model. Each is loaded when it is first used, and runs on one thread.

    Threads may share them; a copy, also in another process, loads its own.

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

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sessions": {}}  # a session can neither be copied nor pickled

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
            InputError: the folder has no such graph, it cannot be loaded, or asks for more.
        """
        session = self._session(name)
        asked = [i.name for i in session.get_inputs()]
        absent = sorted({*asked} - {*inputs})
        if absent:
            raise InputError(f"{self.folder / name}{SUFFIX}: asks for '{absent[0]}', as those of "
                             "another version do; make the folder again (avspeech export --to "
                             "runtime)")
        found: list[np.ndarray] = session.run(None, {key: inputs[key] for key in asked})
        return found

    def about(self, name: str) -> dict[str, str]:
        """The metadata of a graph."""
        found: dict[str, str] = self._session(name).get_modelmeta().custom_metadata_map
        return found

    def _session(self, name: str) -> Any:
        if name not in self._sessions:
            give_back()
            self._sessions[name] = self._loaded(name)
            give_back()
        return self._sessions[name]

    def _loaded(self, name: str) -> Any:
        if name not in self._graphs:
            raise InputError(f"{self.folder}: {name}{SUFFIX} is missing; make the folder again "
                             "(avspeech export --to runtime)")
        # A map of the file, not a copy: what was read of it is given back afterwards.
        with self._weights.open("rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            with telling(f"{self.folder / name}{SUFFIX}"):
                try:
                    session = exporting.onnx_session(self._graphs[name], self.threads,
                                                     weights_of(self._graphs[name],
                                                                Stored(content)))
                except InputError:
                    raise
                except Exception as error:  # onnxruntime has many kinds
                    reason = " ".join(str(error).split())[:200]
                    raise InputError(f"cannot be loaded ({reason})") from None
            with contextlib.suppress(OSError, AttributeError):
                content.madvise(mmap.MADV_DONTNEED)
        return session


class Stored:
    """The tensors of a safetensors file, and what the names of references say is made of them.

    Args:
        content: of the file, any buffer.
    """

    def __init__(self, content: Any) -> None:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8: 8 + size])
        header.pop("__metadata__", None)
        self._content, self._start, self._header = content, 8 + size, header

    @property
    def names(self) -> list[str]:
        """The weights in floating point, without the scales of those in 8 bits."""
        return [name for name, about in self._header.items()
                if about["dtype"] in _TYPES and not name.endswith(SCALE)]

    def _read(self, name: str) -> np.ndarray:
        about = self._header[name]
        begin, end = (self._start + offset for offset in about["data_offsets"])
        return np.frombuffer(self._content[begin:end],
                             _TYPES[about["dtype"]]).reshape(about["shape"])

    def exact(self, name: str) -> np.ndarray:
        """A weight in float32, as a model has it."""
        value, scale = self._read(name).astype(np.float32), self.scale(name)
        return value if scale is None else value * scale

    def scale(self, name: str) -> np.ndarray | None:
        """The scale of each row of a weight that is stored in 8 bits, None of others."""
        return self._read(name + SCALE) if name + SCALE in self._header else None

    def made(self, recipe: dict[str, Any]) -> np.ndarray:
        """The array that a recipe describes.

        Args:
            recipe: {"of": names, "shape": of the result, and "order": of dimensions, or "gates":
                true, for the directions of an LSTM; "raw": true, for 8 bits without their scale}.
        """
        parts = [(self._read if recipe.get("raw") else self.exact)(name) for name in recipe["of"]]
        if recipe.get("gates"):
            return np.stack([in_onnx_order(part) for part in parts])
        return np.ascontiguousarray(parts[0].transpose(recipe["order"])).reshape(recipe["shape"])


def in_onnx_order(weight: Any) -> Any:
    """An LSTM's weight `[4 H, ...]`, an array or a tensor, with its gates as ONNX has them: torch
    has input, forget, cell, output; ONNX input, output, forget, cell."""
    gates = weight.reshape(4, -1, *weight.shape[1:])[[0, 3, 1, 2]]
    return gates.reshape(weight.shape)


def reference(recipe: dict[str, Any]) -> str:
    """The name of a weight that a graph leaves to `Stored.made`."""
    return f"stored:{json.dumps(recipe)};"


def weights_of(graph: bytes, stored: Stored) -> dict[str, np.ndarray]:
    """The weights that a graph leaves to a file.

    Args:
        graph: an ONNX model.
        stored: the file's tensors.

    Returns:
        {name of the reference: value}.

    Raises:
        InputError: a reference does not fit the file.
    """
    found = {}
    for name in {name.decode() for name in re.findall(rb"stored:[^;]{1,1000};", graph)}:
        try:
            found[name] = stored.made(json.loads(name[len("stored:"): -1]))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(f"does not fit the weights ({name}: {error})") from None
    return found


def tolerance(wing: Any, graphs: Graphs) -> float:
    """The greatest difference from torch that a wing allows graphs: its `ROUNDED` where one of them
    makes matrix products of whole numbers, else its `TOLERANCE`.

    Args:
        wing: the wing's module `engine`.
        graphs: of a model.
    """
    rounded = any(PRODUCTS in graphs.about(name) for name in graphs.names)
    return float(wing.ROUNDED if rounded else wing.TOLERANCE)


def keep() -> None:
    """Lets the C library, where it is glibc, keep up to 64 MiB of freed memory and take blocks of
    up to 32 MiB from it. Otherwise the memory that a graph frees goes back to the system at the end
    of each run, and getting it again costs a voice 3 % of its time."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        library.mallopt(-1, 64 << 20)  # M_TRIM_THRESHOLD


def give_back() -> None:
    """Gives freed memory back to the system, where the C library is glibc. It would keep what the
    weights took while a session was made, which is as much as the model itself."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


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
