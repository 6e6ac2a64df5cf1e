#!/usr/bin/env bash
# WHAT: onnxslim, and the fold_constants() of onnx-graphsurgeon, replace the noise of a model by
#   what it happened to be once: a voice that draws noise says a sentence the same way each time.
# GUESS: a tool that makes a graph smaller keeps what is random: two runs differ before and behind
#   it. (Written for five tools before a run; there was a suspicion that one of them does not.)
# SEEN: onnxslim 0.1.98 and onnx-graphsurgeon 0.6.1, default options: of a graph that adds
#   RandomNormal or RandomNormalLike of a known shape to its input, one Add is left, with numbers
#   as an initializer; so with Multinomial and Bernoulli. No message. onnxscript 0.7.2 does so with
#   Bernoulli alone, onnxsim 0.8.1 and onnxoptimizer 0.4.2 not. Where the shape is only known when
#   the model runs, all keep the noise. Both call it constant folding in their help and docstrings,
#   which make no exception of random operators; onnxslim can be told to skip the folding.
# WHY IT MATTERS: voices by VITS, diffusion or flow matching draw noise; exported for a fixed
#   length, and slimmed for a phone, they have one rendering for each text, test-time dropout has
#   no spread, and a noise that is bad stays. The shape of the output is the same.
# SOURCE: found by trying; onnxslim --help; the docstring of onnx-graphsurgeon's fold_constants().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'onnx==1.23.2' \
    'onnxruntime==1.32.0' 'onnxslim==0.1.98' 'onnx-graphsurgeon==0.6.1'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
import onnx_graphsurgeon
import onnxruntime
import onnxslim
from onnx import TensorProto, helper

for name in ("onnxslim", "onnx-graphsurgeon", "onnxruntime"):
    print(name, version(name))


def model(size):
    """x + noise; the noise has the shape of x, which is known or not."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size]) for name in "xy"]
    nodes = [helper.make_node("RandomNormalLike", ["x"], ["noise"]),
             helper.make_node("Add", ["x", "noise"], ["y"])]
    if size != "T":
        nodes[0] = helper.make_node("RandomNormal", [], ["noise"], shape=[size])
    graph = helper.make_graph(nodes, "voice", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def surgeon(one):
    graph = onnx_graphsurgeon.import_onnx(one)
    return onnx_graphsurgeon.export_onnx(graph.fold_constants().cleanup())


TOOLS = {"nothing": lambda one: one, "onnxslim": onnxslim.slim, "onnx-graphsurgeon": surgeon}
seen = {}
for size in (80, "T"):
    for name, tool in TOOLS.items():
        small = tool(model(size))
        session = onnxruntime.InferenceSession(small.SerializeToString())
        one, other = (session.run(None, {"x": np.zeros(80, np.float32)})[0] for _ in range(2))
        seen[size, name] = bool(np.array_equal(one, other))
        print(f"expected: shape {size}, {name}: two runs differ; seen:",
              "the same" if seen[size, name] else "differ",
              [node.op_type for node in small.graph.node])
frozen = {(80, "onnxslim"), (80, "onnx-graphsurgeon")}
same = {key for key, value in seen.items() if value} == frozen
sys.exit(0 if same else "CHANGED: see the lines above")
END
