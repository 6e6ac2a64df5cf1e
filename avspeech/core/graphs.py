"""Writes the graphs of a model folder: ONNX models whose weights stay in model.safetensors.

An exporter puts weights into the graph: as they are, with dimensions exchanged, or with the gates
of an LSTM in ONNX's order. `without_weights` finds each of them among the tensors of the file by
its values and puts in its place a reference to the bytes of the file and the operators that make it
of them, which onnxruntime computes once, as it loads the graph.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import exporting
from avspeech.core.pretrained import SCALE, WEIGHTS

OPSET = 18
LEAST = 256  # values; smaller weights stay in the graph
GATES = (0, 3, 1, 2)  # torch's input, forget, cell, output in ONNX's order: input, output, ...
_TYPES = {"F32": ("float32", 1), "F16": ("float16", 10), "I8": ("int8", 3), "I64": ("int64", 7)}


@dataclass(frozen=True)
class Stored:
    """A tensor of a safetensors file."""

    name: str
    kind: int  # as ONNX numbers types
    shape: tuple[int, ...]
    begin: int  # in bytes, of the file
    end: int
    value: np.ndarray  # as it is stored


def stored(content: bytes) -> dict[str, Stored]:
    """The tensors of a safetensors file, by name."""
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8: 8 + size])
    header.pop("__metadata__", None)
    found = {}
    for name, about in header.items():
        if about["dtype"] not in _TYPES:
            continue
        dtype, kind = _TYPES[about["dtype"]]
        begin, end = (8 + size + offset for offset in about["data_offsets"])
        value = np.frombuffer(content[begin:end], dtype).reshape(about["shape"])
        found[name] = Stored(name, kind, tuple(about["shape"]), begin, end, value)
    return found


def exported(module: Any, inputs: Sequence[Any], shapes: Sequence[Any], outputs: Sequence[str],
             content: bytes) -> bytes:
    """A torch module as a graph without weights.

    Args:
        module: an `nn.Module`; the graph's inputs have the names of its forward's arguments.
        inputs: examples of them.
        shapes: their dynamic dimensions, as `torch.export` takes them.
        outputs: names.
        content: of model.safetensors.

    Returns:
        The ONNX model.
    """
    return finished(exporting.torch_to_onnx(module, inputs, shapes, outputs, OPSET), content)


def finished(proto: Any, content: bytes, about: Mapping[str, str] | None = None) -> bytes:
    """An exported graph as it stands in a model folder.

    Args:
        proto: an `onnx.ModelProto`, changed in place.
        content: of model.safetensors, whose weights the graph has.
        about: metadata, for `Graphs.about`.
    """
    import onnx

    without_weights(proto, content)
    onnx.helper.set_model_props(proto, {"producer": exporting.PRODUCER, **(about or {})})
    data: bytes = proto.SerializeToString()
    return data


def without_weights(proto: Any, content: bytes) -> int:
    """Puts references to a file of weights in place of a graph's large weights.

    Args:
        proto: an `onnx.ModelProto`, changed in place.
        content: of model.safetensors, whose weights the graph has.

    Returns:
        Bytes of weights that are still in the graph.
    """
    import onnx

    tensors = stored(content)
    exact = {name: _exact(tensor, tensors) for name, tensor in tensors.items()
             if not name.endswith(SCALE) and tensor.kind != 7}
    graph = proto.graph
    nodes: list[Any] = []
    kept: list[Any] = []
    named: dict[str, Any] = {}  # references, by name
    for weight in graph.initializer:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            kept.append(weight)
            continue
        value = onnx.numpy_helper.to_array(weight)
        made = None
        if value.size >= LEAST and value.dtype == np.float32:
            made = _made(weight.name, value, exact, tensors, nodes, named)
        if not made:
            kept.append(weight)
    # A tensor that is stored as it is used needs no operator: the reference has the weight's name.
    del graph.initializer[:]
    graph.initializer.extend([*kept, *named.values()])
    old = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *old])
    return sum(len(weight.raw_data) or 8 * sum(weight.dims) for weight in kept)


def _exact(tensor: Stored, tensors: dict[str, Stored]) -> np.ndarray:
    """The values in float32, as a model has them."""
    value = tensor.value.astype(np.float32)
    scale = tensors.get(tensor.name + SCALE)
    return value if scale is None else value * scale.value


def _reference(name: str, tensor: Stored) -> Any:
    import onnx

    made = onnx.TensorProto(name=name, data_type=tensor.kind, dims=tensor.shape,
                            data_location=onnx.TensorProto.EXTERNAL)
    for key, value in (("location", WEIGHTS), ("offset", tensor.begin),
                       ("length", tensor.end - tensor.begin)):
        made.external_data.add(key=key, value=str(value))
    return made


def _made(name: str, value: np.ndarray, exact: dict[str, np.ndarray], tensors: dict[str, Stored],
          nodes: list[Any], named: dict[str, Any]) -> bool:
    """Makes a weight of a graph of stored tensors; False where there are none of its values."""
    import onnx

    def op(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def const(label: str, numbers: Any) -> str:
        named[label] = onnx.numpy_helper.from_array(np.asarray(numbers, np.int64), label)
        return label

    def floats(stored_name: str) -> str:
        """The name of a tensor in float32."""
        tensor = tensors[stored_name]
        label = f"stored:{stored_name}"
        if label not in named:
            named[label] = _reference(label, tensor)
            if tensor.kind != 1:
                op("Cast", [label], f"{label}:float", to=1)
            scale = tensors.get(stored_name + SCALE)
            if scale is not None:
                named[f"{label}{SCALE}"] = _reference(f"{label}{SCALE}", scale)
                op("Mul", [f"{label}:float", f"{label}{SCALE}"], f"{label}:scaled")
        if stored_name + SCALE in tensors:
            return f"{label}:scaled"
        return label if tensors[stored_name].kind == 1 else f"{label}:float"

    for other, whole in exact.items():
        if whole.size != value.size:
            continue
        for order in itertools.permutations(range(whole.ndim)):
            turned = whole.transpose(order)
            if not np.array_equal(turned.ravel(), value.ravel()):
                continue
            found = floats(other)
            if order != tuple(range(whole.ndim)):
                found = op("Transpose", [found], f"{name}:turned", perm=list(order))
            if turned.shape != value.shape:
                found = op("Reshape", [found, const(f"{name}:shape", value.shape)],
                           f"{name}:shaped")
            op("Identity", [found], name)
            return True
    for other, whole in exact.items():
        if whole.shape != value.shape or value.ndim < 2:
            continue
        rows = (len(value), -1)
        share = np.sum(value * whole, tuple(range(1, value.ndim)), np.float64) / np.maximum(
            np.sum(np.square(whole), tuple(range(1, value.ndim)), np.float64), 1e-30)
        factor = share.astype(np.float32).reshape(-1, *[1] * (value.ndim - 1))
        error = np.abs(whole * factor - value).reshape(rows).max(1)
        if (error <= 1e-6 * np.abs(value).reshape(rows).max(1)).all():
            label = f"{name}:factor"  # of a normalization that the exporter has merged
            named[label] = onnx.numpy_helper.from_array(factor, label)
            op("Mul", [floats(other), label], name)
            return True
    if value.ndim != 3 or value.shape[1] % 4:
        return False
    parts = []  # the directions of an LSTM
    for way, wanted in enumerate(value):
        rows = (4, value.shape[1] // 4, value.shape[2])
        other = next((n for n, whole in exact.items() if whole.shape == wanted.shape and
                      np.array_equal(whole.reshape(rows)[list(GATES)].ravel(), wanted.ravel())), "")
        if not other:
            return False
        split = op("Reshape", [floats(other), const(f"{name}:rows", rows)], f"{name}:{way}:split")
        gates = op("Gather", [split, const(f"{name}:gates", GATES)], f"{name}:{way}:gates", axis=0)
        parts.append(op("Reshape", [gates, const(f"{name}:way", (1, *wanted.shape))],
                        f"{name}:{way}"))
    op("Concat", parts, name, axis=0)
    return True


class WholeLSTM(nn.Module):
    """An `nn.LSTM` that torch.onnx writes as one operator; otherwise it takes it apart, step by
    step, and the length becomes a constant. It computes nothing by itself.

    Args:
        lstm: batch first, of one or more layers.
    """

    def __init__(self, lstm: nn.LSTM):
        super().__init__()
        assert lstm.batch_first and lstm.bias and not lstm.proj_size
        self.hidden, self.layers = lstm.hidden_size, lstm.num_layers
        ways = self.ways = 2 if lstm.bidirectional else 1
        h = self.hidden
        # torch has the gates input, forget, cell, output; ONNX input, output, forget, cell
        order = torch.cat([torch.arange(h) + gate * h for gate in (0, 3, 1, 2)])
        weights = dict(lstm.named_parameters())
        for layer in range(self.layers):
            for kind in ("weight_ih", "weight_hh"):
                names = [f"{kind}_l{layer}{way}" for way in ("", "_reverse")[:ways]]
                value = torch.stack([weights[name].detach()[order] for name in names])
                self.register_buffer(f"{kind}_{layer}", value)
            both = []
            for way in ("", "_reverse")[:ways]:
                both.append(torch.cat([weights[f"{kind}_l{layer}{way}"].detach()[order]
                                       for kind in ("bias_ih", "bias_hh")]))
            self.register_buffer(f"bias_{layer}", torch.stack(both))

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Maps `[N, T, I]` to `[N, T, ways * hidden]`; the state is not given."""
        y = x.transpose(0, 1)
        for layer in range(self.layers):
            inputs = (y, *(getattr(self, f"{kind}_{layer}")
                           for kind in ("weight_ih", "weight_hh", "bias")))
            attributes: dict[str, Any] = {
                "hidden_size": self.hidden,
                "direction": "bidirectional" if self.ways == 2 else "forward"}
            shape = (y.shape[0], self.ways, y.shape[1], self.hidden)
            y = torch.onnx.ops.symbolic("LSTM", inputs, attributes, dtype=y.dtype, shape=shape,
                                        version=OPSET).transpose(1, 2).flatten(2)
        return y.transpose(0, 1), None


def whole_lstms(module: nn.Module) -> nn.Module:
    """Puts a `WholeLSTM` for each `nn.LSTM` of a module, in place."""
    for name, child in module.named_children():
        setattr(module, name, WholeLSTM(child) if isinstance(child, nn.LSTM) else whole_lstms(child))
    return module
