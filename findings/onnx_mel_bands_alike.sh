#!/usr/bin/env bash
# WHAT: ONNX's MelWeightMatrix has bands of one bin, some of them twice, where speech models have
#   triangles.
# GUESS: 80 bands of a DFT of 512 at 16 kHz are the triangles of HTK's mel scale within rounding, as
#   in librosa (htk=True, norm=None) and torchaudio, and no two bands are alike. (There was a
#   suspicion, from memory of the definition, that edges are rounded to bins.)
# SEEN: onnxruntime 1.32.0 with onnx 1.23.2: 14 bands hold a single bin, with weight 1, and bands 2
#   and 3 as well as 7 and 8 are the same numbers. The matrix differs from the triangles by up to
#   0.99. Of a tone of 70 Hz the log energy of one band is off by more than 10 dB. At the upper edge
#   of a band the weight falls to 0 one bin early. With 40 bands none are alike, and the edges are
#   still on whole bins.
# WHY IT MATTERS: a front end that was put into the ONNX file, so that the device needs no code for
#   features, gives the model other features than those of its training, most where the pitch and
#   its first harmonics are; two of 80 features say nothing of their own.
# SOURCE: onnx/docs/Operators.md, MelWeightMatrix, speaks of "weights" and not of rounding; its
#   reference implementation rounds down.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'onnx==1.23.2' \
    'onnxruntime==1.32.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

print({name: version(name) for name in ("onnx", "onnxruntime")})
print("expected: no two bands alike, and the triangles within 0.01")


def weights(bands):
    """MelWeightMatrix for a DFT of 512 at 16 kHz, from 20 to 8000 Hz: bins x bands."""
    values = {"bands": np.int64(bands), "size": np.int64(512), "rate": np.int64(16000),
              "low": np.float32(20), "high": np.float32(8000)}
    graph = helper.make_graph(
        [helper.make_node("MelWeightMatrix", list(values), ["w"])], "mel", [],
        [helper.make_tensor_value_info("w", TensorProto.FLOAT, ["bins", "bands"])],
        [numpy_helper.from_array(np.array(value), name) for name, value in values.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return InferenceSession(model.SerializeToString()).run(None, {})[0]


def triangles(bands):
    """The same by HTK's mel scale, with edges where they are."""
    mel = np.linspace(*(2595 * np.log10(1 + np.array([20, 8000]) / 700)), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(257)[:, None] * 16000 / 512
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rise, fall))


def voice(matrix, pitch):
    """Bands in dB of a voice of that pitch: harmonics that fall by 6 dB an octave."""
    time, wave = np.arange(512) / 16000, np.zeros(512)
    for k in range(1, 8000 // pitch):
        wave += np.cos(2 * np.pi * k * pitch * time) / k
    return 10 * np.log10(np.abs(np.fft.rfft(wave * np.hanning(512))) ** 2 @ matrix)


seen = {}
for bands in (40, 80):
    matrix, other = weights(bands), triangles(bands)
    alike = [i for i in range(bands - 1) if (matrix[:, i] == matrix[:, i + 1]).all()]
    single = int(((matrix > 0).sum(0) == 1).sum()), int(((other > 0).sum(0) == 1).sum())
    gap = np.abs([voice(matrix, pitch) - voice(other, pitch) for pitch in (100, 150, 200)])
    seen[bands] = (alike, single, round(float(np.abs(matrix - other).max()), 2),
                   round(float(np.median(gap)), 1), round(float(gap.max()), 1))
print("seen, bands: (as the next band, bands of one bin here and in the triangles, largest")
print("  difference of weights, of a voice by median and most in dB):", seen)
same = (seen[80][0] == [1, 6] and seen[40][0] == [] and seen[80][2] > 0.5
        and seen[80][4] > 5)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
