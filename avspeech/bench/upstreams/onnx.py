"""Any ONNX file that maps sound to frames."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avspeech.bench.upstreams.base import Upstream
from avspeech.errors import InputError


class Onnx(Upstream):
    """One input [B, N] float32, both sizes free; its outputs are layers: each [B, T, D], or [B, D] for one
    vector an utterance, or a single output [L, B, T, D].

    sample_rate: of its input, in hertz. How many samples make a frame is found by trying. Sound shorter than
    minimum samples is padded with silence. It is not known whether the file minds padding, so it is run in
    groups of equal length, by onnxruntime; the file's own bytes are its identity.
    """

    family = "onnx"

    def __init__(self, path: Path, *, sample_rate: int = 16_000, minimum: int = 400, **options: Any) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise InputError(f"{path}: running it takes onnxruntime, which is not installed; "
                             "pip install onnxruntime") from None
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        super().__init__(None, file=digest, minimum=minimum, **options)
        self.sample_rate, self.minimum = int(sample_rate), int(minimum)
        wanted = ["CUDAExecutionProvider"] if self.device.type == "cuda" else []
        try:
            self.session = onnxruntime.InferenceSession(
                data, providers=[p for p in (*wanted, "CPUExecutionProvider")
                                 if p in onnxruntime.get_available_providers()])
        except Exception as error:  # onnxruntime's own kinds have no common ancestor
            raise InputError(f"{path}: onnxruntime does not load it ({' '.join(str(error).split())[:200]})"
                             ) from None
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 2 or inputs[0].type != "tensor(float)":
            raise InputError(f"{path}: expected one input [B, N] float32, it has "
                             + ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs))
        self.input = inputs[0].name
        self._probe(path)

    def _probe(self, path: Path) -> None:
        """Layers, dimensions and samples a frame, from what sounds of several lengths give."""
        lengths = [self.minimum, self.sample_rate, 3 * self.sample_rate]
        try:
            shapes = [self._run(np.zeros((2, n), np.float32)).shape for n in lengths]
        except Exception as error:
            raise InputError(f"{path}: does not run on [2, N] samples ({' '.join(str(error).split())[:200]})"
                             ) from None
        (self.layers, batch, few, self.dim), many = shapes[1], shapes[2][2]
        if batch != 2 or any((s[0], s[1], s[3]) != (self.layers, 2, self.dim) for s in shapes):
            raise InputError(f"{path}: expected outputs [B, T, D], got shapes {shapes}")
        self._frames: dict[int, int] = {}
        if many == few == 1:
            self.hop = 0
        else:
            self.hop = round((lengths[2] - lengths[1]) / (many - few))

    def _run(self, wave: np.ndarray) -> np.ndarray:
        """[L, B, T, D]."""
        out = [np.asarray(x, np.float32) for x in self.session.run(None, {self.input: wave})]
        if len(out) == 1 and out[0].ndim == 4:
            return out[0]
        out = [x[:, None] if x.ndim == 2 else x for x in out]
        if len({x.shape for x in out}) != 1 or out[0].ndim != 3:
            raise ValueError(f"outputs of shapes {[x.shape for x in out]}; expected [B, T, D]")
        return np.stack(out)

    @property
    def parameters(self) -> int:
        """Not told by the file in a way that could be relied on: 0."""
        return 0

    def frames(self, samples: int) -> int:
        if not self.hop:
            return 1
        if samples not in self._frames:  # its rounding at the ends is its own
            self._frames[samples] = self._run(np.zeros((1, samples), np.float32)).shape[2]
        return self._frames[samples]

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        hidden = self._run(wave.cpu().numpy())
        self._frames[wave.shape[1]] = hidden.shape[2]
        return torch.from_numpy(hidden).to(self.device)
