"""What an 8-bit file of an emotion model needs beside the quantizer of onnxruntime: which nodes
have 8 bits, and a small file."""

from __future__ import annotations

from typing import Any

import numpy as np

LARGE = 1000  # values; float constants of so many have 16 bits in an 8-bit file


def make_small(proto: Any) -> None:
    """Makes an 8-bit file smaller: the large constants of its front end are made at loading, from
    the DFT of 20 points or from 16 bits, and values and nodes have short names. A runtime folds
    the former, and reads only the names of inputs and outputs."""
    import onnx

    graph, make = proto.graph, onnx.helper.make_node
    nodes, more = [], []
    for weight in graph.initializer:
        value = onnx.numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.size < LARGE:
            continue
        parts, own = _as_turns(value), weight.name
        if parts is None:
            scale = np.asarray(np.abs(value).max())  # 16 bits end at 65,504
            names = [f"{own}:{part}" for part in ("half", "wide", "scale")]
            nodes += [make("Cast", names[:1], names[1:2], to=onnx.TensorProto.FLOAT),
                      make("Mul", names[1:], [own])]
            more.append(onnx.numpy_helper.from_array(scale, names[2]))
            half = (value / max(float(scale), 1e-30)).astype(np.float16)
            weight.CopyFrom(onnx.numpy_helper.from_array(half, names[0]))
            continue
        names = [f"{own}:{part}" for part in ("cos", "sin", "re", "im")]
        more += map(onnx.numpy_helper.from_array, parts, names)
        cos, sin, re, im = names
        for k, (kind, pairs) in enumerate((("Add", ((cos, re), (sin, im))),
                                           ("Sub", ((cos, im), (sin, re))))):
            products = [f"{own}:{k}{i}" for i in range(2)]
            nodes += [make("Mul", pair, [to]) for pair, to in zip(pairs, products)]
            nodes.append(make(kind, products, [f"{own}:{k}"]))
        nodes.append(make("Concat", [f"{own}:0", f"{own}:1"], [own], axis=1))
        weight.Clear()
    kept_ones = [weight for weight in graph.initializer if weight.name] + more
    old = list(graph.node)
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept_ones)
    graph.node.extend([*nodes, *old])
    names_of = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}
    for weight in graph.initializer:
        weight.name = names_of.setdefault(weight.name, f"w{len(names_of)}")
    for node in graph.node:
        node.ClearField("name")
        for given in (node.input, node.output):
            given[:] = [names_of.setdefault(name, f"w{len(names_of)}") for name in given]


def _as_turns(value: np.ndarray) -> tuple[np.ndarray, ...] | None:
    """The matrices of `LogMel.second` as rotations (cosines and sines [K, N, 1]) of one DFT (its
    two rows of blocks [N, 2 N]); None for what is none."""
    if value.ndim != 3 or value.shape[1] != value.shape[2] or value.shape[1] % 2:
        return None
    half = value.shape[1] // 2
    re, im = value[0, :half], value[0, half:]
    # of the column of zero hertz, whose sum is that of the rotated inputs
    cos, sin = value[:, :half, :1], value[:, :half, half: half + 1]
    made = np.concatenate([cos * re + sin * im, cos * im - sin * re], 1)
    return (cos, sin, re, im) if np.abs(made - value).max() < 1e-6 else None


def with_weights(proto: Any) -> list[str]:
    """Names of the matrix products and convolutions with weights behind the logarithm. The power in
    front of it spans more than 8 bits, and products of two activations cost little."""
    graph = proto.graph
    makers = {output: node for node in graph.node for output in node.output}
    front, queue = set(), [node for node in graph.node if node.op_type == "Log"]
    while queue:
        node = queue.pop()
        if node.name not in front:
            front.add(node.name)
            queue += [makers[name] for name in node.input if name in makers]
    weights = {tensor.name for tensor in graph.initializer}
    return [node.name for node in graph.node if node.op_type in ("MatMul", "Gemm", "Conv")
            and node.name not in front and weights & set(node.input)]
