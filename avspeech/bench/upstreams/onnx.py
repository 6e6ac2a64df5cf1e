"""Any ONNX file that maps sound to frames."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avspeech.bench.upstreams.base import Upstream
from avspeech.core.exporting import make_exact
from avspeech.core.storage import file_hash
from avspeech.errors import InputError

LARGEST_MODEL = 2**31  # bytes: what a protobuf can hold; larger weights lie in files beside it
ROOM = 2**32  # bytes that loading and trying a model may take, beside four times its files


class Onnx(Upstream):
    """One input [B, N] float32 and its outputs as layers.

    N has to be free; B may be free or 1. Each output is [B, T, D], or [B, D] for one vector an
    utterance; or there is a single output [L, B, T, D]. How many samples make a frame is found by
    trying. It is not known whether the file minds padding, so it is run by onnxruntime in groups of
    equal length, or one utterance at a time where B is 1. Weights may lie in other files (external
    data, as torch writes them), in the model's folder or below it. The identity covers the bytes of
    all of these files.

    Args:
        path: the .onnx file.
        sample_rate: of its input, in hertz.
        minimum: shorter sound is padded with silence to this number of samples.
        options: of `Upstream`.
    """

    family = "onnx"
    packages = ("onnxruntime",)

    def __init__(self, path: Path, *, sample_rate: int = 16_000, minimum: int = 400,
                 **options: Any) -> None:
        try:
            import onnx
            import onnxruntime
        except ImportError as error:
            raise InputError(f"{path}: running it takes {error.name}, which is not installed; "
                             "pip install 'avspeech[edge]'") from None
        if not (1000 <= sample_rate <= 384_000 and 1 <= minimum <= 60 * sample_rate):
            raise InputError(f"{path}: sample_rate {sample_rate}, minimum {minimum}; expected "
                             "1,000 to 384,000 Hz, and 1 sample to 60 s")
        files = _files(path, onnx)
        digests = {name: file_hash(file) for name, file in files.items()}
        super().__init__(None, files=digests, minimum=minimum, **options)
        self.sample_rate, self.minimum = int(sample_rate), int(minimum)
        wanted = ["CUDAExecutionProvider"] if self.device.type == "cuda" else []
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 4  # its errors are raised as well
        make_exact(settings)
        room = ROOM + 4 * sum(file.stat().st_size for file in files.values())
        with _bounded(0 if wanted else room):
            try:
                self.session = onnxruntime.InferenceSession(
                    str(path), settings, providers=[p for p in (*wanted, "CPUExecutionProvider")
                                                    if p in onnxruntime.get_available_providers()])
            except Exception as error:  # onnxruntime's own kinds have no common ancestor
                raise InputError(f"{path}: onnxruntime does not load it ({_line(error)})") from None
            self._check_input(path)
            self._probe(path)

    def _check_input(self, path: Path) -> None:
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 2 or inputs[0].type != "tensor(float)":
            raise InputError(f"{path}: expected one input [B, N] float32, it has "
                             + ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs))
        batch, samples = inputs[0].shape
        if isinstance(samples, int) or (isinstance(batch, int) and batch != 1):
            raise InputError(f"{path}: its input is {inputs[0].shape}; expected [B, N] with N "
                             "free, and B free or 1; export it with dynamic axes")
        self.input, self.single = inputs[0].name, batch == 1

    def _probe(self, path: Path) -> None:
        """Finds the layers, dimensions and hop from the outputs for sounds of several lengths."""
        lengths = [self.minimum, self.sample_rate, 3 * self.sample_rate]
        try:
            shapes = [self._run(np.zeros((2, n), np.float32)).shape for n in lengths]
        except Exception as error:
            raise InputError(f"{path}: does not run on [{1 if self.single else 2}, N] samples "
                             f"({_line(error)})") from None
        (self.layers, batch, few, self.dim), many = shapes[1], shapes[2][2]
        if batch != 2 or any((s[0], s[1], s[3]) != (self.layers, 2, self.dim) for s in shapes):
            raise InputError(f"{path}: expected outputs [B, T, D], got shapes {shapes}")
        self._frames: dict[int, int] = {}
        if many == few == 1:
            self.hop = 0
        elif many > few:
            self.hop = round((lengths[2] - lengths[1]) / (many - few))
        else:
            raise InputError(f"{path}: 1 s of sound gives {few} frames and 3 s give {many}; "
                             "expected one vector, or frames whose number grows with the length")

    def _run(self, wave: np.ndarray) -> np.ndarray:
        """The outputs as hidden states [L, B, T, D]."""
        if self.single and len(wave) > 1:
            return np.concatenate([self._run(row[None]) for row in wave], 1)
        out = [np.asarray(x) for x in self.session.run(None, {self.input: wave})]
        if any(x.dtype.kind not in "fiu" for x in out):
            raise ValueError(f"outputs of types {[str(x.dtype) for x in out]}; expected numbers")
        out = [np.asarray(x, np.float32) for x in out]
        if len(out) == 1 and out[0].ndim == 4:
            return out[0]
        out = [x[:, None] if x.ndim == 2 else x for x in out]
        if len({x.shape for x in out}) != 1 or out[0].ndim != 3:
            raise ValueError(f"outputs of shapes {[x.shape for x in out]}; expected [B, T, D]")
        return np.stack(out)

    @property
    def parameters(self) -> int:
        """0: the file does not state it in a way that can be relied on."""
        return 0

    def frames(self, samples: int) -> int:
        if not self.hop:
            return 1
        if samples not in self._frames:  # a model rounds at the ends in its own way
            self._frames[samples] = self._run(np.zeros((1, samples), np.float32)).shape[2]
        return self._frames[samples]

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        hidden = self._run(wave.cpu().numpy())
        self._frames[wave.shape[1]] = hidden.shape[2]
        return torch.from_numpy(hidden).to(self.device)


@contextmanager
def _bounded(room: int) -> Iterator[None]:
    """Lets this process take at most `room` further bytes; 0: no bound (a GPU maps far more)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        pages = 0  # not Linux: no bound
    limit = pages * os.sysconf("SC_PAGE_SIZE") + room
    allowed = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
    if not room or not pages or any(limit > bound for bound in allowed):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _files(path: Path, onnx: Any) -> dict[str, Path]:
    """The model ("") and every file that holds tensors of it, by the name that the model uses."""
    try:
        size = path.stat().st_size
        if size > LARGEST_MODEL:
            raise InputError(f"{path}: {size:,} bytes; an ONNX file has at most {LARGEST_MODEL:,}")
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except InputError:
        raise
    except Exception as error:  # protobuf's errors differ between its versions
        raise InputError(f"{path}: not an ONNX file ({_line(error)})") from None
    files = {"": path}
    for place in sorted(_external(model)):
        parts = PurePosixPath(place.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise InputError(f"{path}: its weights lie in '{place}'; expected a file in the "
                             "model's own folder")
        files[place] = path.parent / parts
    for file in files.values():
        if not file.is_file():
            raise InputError(f"{file}: no such file, which holds weights of {path.name}; put it "
                             "beside the model")
    return files


def _external(message: Any) -> set[str]:
    """The files that the tensors of a model name, also those in graphs within nodes."""
    found, waiting = set(), [message]
    while waiting:
        part = waiting.pop()
        if part.DESCRIPTOR.name == "TensorProto":
            found |= {entry.value for entry in part.external_data if entry.key == "location"}
            continue
        for field, value in part.ListFields():
            if field.type == field.TYPE_MESSAGE:
                waiting += value if hasattr(value, "extend") else [value]
    return found


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
