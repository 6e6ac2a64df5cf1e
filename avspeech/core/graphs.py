"""Writes the graphs of a model folder: ONNX models whose weights stay in model.safetensors.

An exporter puts weights into the graph: as they are, with dimensions exchanged, or with the gates
of an LSTM in ONNX's order. `without_weights` finds each of them among the tensors of the file by
its values and leaves a reference in its place, whose name says how the engine makes it of them
(`engine.Stored`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avspeech.core import exporting
from avspeech.core.engine import PRODUCTS, SCALE, Stored, in_onnx_order, reference
from avspeech.core.model_files import WEIGHTS

OPSET = 20  # the first with GELU as one operator
LEAST = 256  # values; smaller weights stay in the graph


def exported(module: Any, inputs: Sequence[Any], shapes: Sequence[Any], outputs: Sequence[str],
             content: bytes, whole: bool = False) -> bytes:
    """A torch module as a graph without weights.

    Args:
        module: an `nn.Module`; the graph's inputs have the names of its forward's arguments.
        inputs: examples of them.
        shapes: their dynamic dimensions, as `torch.export` takes them.
        outputs: names.
        content: of model.safetensors.
        whole: whether products with weights stored in 8 bits are made of whole numbers, see
            `in_whole_numbers`.

    Returns:
        The ONNX model.
    """
    proto = exporting.torch_to_onnx(module, inputs, shapes, outputs, OPSET)
    about = {PRODUCTS: "8 bits"} if whole and in_whole_numbers(proto, content) else None
    return finished(proto, content, about)


def in_whole_numbers(proto: Any, content: bytes) -> int:
    """Quantizes matrix products dynamically: where a file stores the weights in 8 bits, the other
    factor is rounded to 8 bits as well, by the range that it has in each call, and whole numbers
    are multiplied.

    A CPU with instructions for it (VNNI, dot product) is several times as fast.

    Args:
        proto: an `onnx.ModelProto`, changed in place.
        content: of model.safetensors.

    Returns:
        The number of products that were changed; 0 for a file without weights in 8 bits.
    """
    import onnx

    stored = Stored(content)
    exact = {name: stored.exact(name) for name in stored.names if stored.scale(name) is not None}
    graph = proto.graph
    values = {w.name: w for w in graph.initializer}
    nodes: list[Any] = []
    count = 0
    rounded: dict[str, list[str]] = {}  # inputs of products: 8 bits, scale, zero
    made: dict[str, Any] = {}

    def given(recipe: dict[str, Any], kind: int) -> str:
        label = reference(recipe)
        made[label] = onnx.TensorProto(name=label, data_type=kind, dims=recipe["shape"],
                                       data_location=onnx.TensorProto.EXTERNAL)
        made[label].external_data.add(key="location", value=WEIGHTS)
        return label

    def stored_as(weight: Any) -> tuple[str, np.ndarray] | None:
        """The stored matrix that a weight is, and the factor of each of its rows."""
        if weight is None or len(weight.dims) != 2:
            return None
        value = onnx.numpy_helper.to_array(weight).T
        return next(((name, share) for name, whole in exact.items()
                     if (share := row_factor(whole, value)) is not None), None)

    for node in graph.node:
        weight = values.get(node.input[1]) if node.op_type == "MatMul" else None
        if (same := stored_as(weight)) is None:
            nodes.append(node)
            continue
        found, factor = same
        count += 1
        left, out = node.input[0], node.output[0]
        if left not in rounded:
            rounded[left] = [f"{left}:{part}" for part in ("rounded", "scale", "zero")]
            nodes.append(onnx.helper.make_node("DynamicQuantizeLinear", [left], rounded[left]))
        eight, scale, zero = rounded[left]
        rows = list(values[node.input[1]].dims)
        raw = given({"of": [found], "order": [1, 0], "shape": rows, "raw": True},
                    onnx.TensorProto.INT8)
        if (factor == 1).all():
            scales = given({"of": [found + SCALE], "order": [0, 1], "shape": rows[1:]},
                           onnx.TensorProto.FLOAT)
        else:
            scales = f"{out}:scales"
            made[scales] = onnx.numpy_helper.from_array(
                (factor * stored.scale(found)).reshape(-1), scales)
        none = f"{out}:none"
        made[none] = onnx.numpy_helper.from_array(np.zeros((), np.int8), none)
        product, number, both = (f"{out}:{part}" for part in ("product", "number", "scale"))
        nodes += [onnx.helper.make_node("MatMulInteger", [eight, raw, zero, none], [product]),
                  onnx.helper.make_node("Cast", [product], [number], to=onnx.TensorProto.FLOAT),
                  onnx.helper.make_node("Mul", [scale, scales], [both]),
                  onnx.helper.make_node("Mul", [number, both], [out])]
    _put(graph, nodes, list(made.values()))
    return count


def _put(graph: Any, nodes: list[Any], weights: list[Any]) -> None:
    """Replaces the nodes of a graph, adds weights, and drops those that are not used any more."""
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [w for w in graph.initializer if w.name in used]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *weights])


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


def without_weights(proto: Any, content: bytes) -> None:
    """Puts references to a file of weights in place of a graph's large weights.

    Args:
        proto: an `onnx.ModelProto`, changed in place.
        content: of model.safetensors, whose weights the graph has.
    """
    import onnx

    stored = Stored(content)
    exact = {name: stored.exact(name) for name in stored.names}
    graph = proto.graph
    nodes: list[Any] = []
    names: dict[str, str] = {}  # references by the names of weights
    made: dict[str, Any] = {}  # initializers, by name
    for weight in graph.initializer:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            made[weight.name] = weight
            continue
        value = onnx.numpy_helper.to_array(weight)
        found = None
        if value.size >= LEAST and value.dtype == np.float32:
            found = _found(value, exact)
        if found is None:
            made[weight.name] = weight
            continue
        recipe, factor = found
        label = reference(recipe)
        made[label] = onnx.TensorProto(name=label, data_type=1, dims=stored.made(recipe).shape,
                                       data_location=onnx.TensorProto.EXTERNAL)
        made[label].external_data.add(key="location", value=WEIGHTS)
        if factor is None:
            names[weight.name] = label
        else:
            name = f"{weight.name}:factor"
            made[name] = onnx.numpy_helper.from_array(factor, name)
            nodes.append(onnx.helper.make_node("Mul", [label, name], [weight.name]))
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)
    old = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(made.values())
    graph.node.extend([*nodes, *old])


def _found(value: np.ndarray, exact: Mapping[str, np.ndarray]
           ) -> tuple[dict[str, Any], np.ndarray | None] | None:
    """How a weight is made of stored tensors, and a factor of its rows; None where it is not."""
    shape = list(value.shape)
    for name, whole in exact.items():
        if whole.size != value.size:
            continue
        for order in itertools.permutations(range(whole.ndim)):
            if np.array_equal(whole.transpose(order).ravel(), value.ravel()):
                return {"of": [name], "order": list(order), "shape": shape}, None
    if value.ndim == 3 and value.shape[1] % 4 == 0:
        ways = [next((name for name, whole in exact.items() if whole.shape == wanted.shape
                      and np.array_equal(in_onnx_order(whole), wanted)), "") for wanted in value]
        if all(ways):
            return {"of": ways, "gates": True, "shape": shape}, None
    for name, whole in exact.items():  # a normalization or a scale was merged with it
        if whole.size == value.size and len(whole) == len(value):
            factor = row_factor(whole.reshape(shape), value)
            if factor is not None:
                return {"of": [name], "order": list(range(whole.ndim)), "shape": shape}, factor
        factor = row_factor(whole, value.T) if value.ndim == 2 else None
        if factor is not None:
            return {"of": [name], "order": [1, 0], "shape": shape}, factor.T
    return None


def row_factor(whole: np.ndarray, value: np.ndarray) -> np.ndarray | None:
    """What each row of a weight has to be multiplied with to be that of another, all 1 where they
    are equal; None where there is no such factor."""
    if whole.shape != value.shape or value.ndim < 2:
        return None
    axes = tuple(range(1, value.ndim))
    if np.array_equal(whole, value):
        return np.ones((len(value), *[1] * len(axes)), np.float32)
    share = np.sum(value * whole, axes, np.float64) / np.maximum(
        np.sum(np.square(whole), axes, np.float64), 1e-30)
    factor = share.astype(np.float32).reshape(-1, *[1] * len(axes))
    near = np.abs(whole * factor - value).max(axes) <= 1e-6 * np.abs(value).max(axes)
    return factor if near.all() else None


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
        for layer in range(self.layers):
            found = {kind: torch.stack([
                in_onnx_order(lstm.get_parameter(f"{kind}_l{layer}{way}").detach())
                for way in ("", "_reverse")[:ways]])
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
            both = torch.cat([found.pop("bias_ih"), found.pop("bias_hh")], 1)
            for kind, value in {**found, "bias": both}.items():
                self.register_buffer(f"{kind}_{layer}", value)

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
        whole = WholeLSTM(child) if isinstance(child, nn.LSTM) else whole_lstms(child)
        setattr(module, name, whole)
    return module
