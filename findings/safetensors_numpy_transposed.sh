#!/usr/bin/env bash
# WHAT: safetensors 0.8 saves a transposed NumPy array with its numbers in another order.
# GUESS: load(save(x)) equals x, or save refuses what is not contiguous, as it does for torch
#   tensors.
# SEEN: safetensors 0.8.0: an array in Fortran order keeps its shape and comes back with its
#   values reordered, without a word; 0.7.0 gives it back right.
# WHY IT MATTERS: weights and feature matrices are often transposed when converted between
#   frameworks, and scikit-learn's are in Fortran order: a model that loads without an error and
#   gives noise.
# SOURCE: github.com/safetensors/safetensors/issues/825, found here on our own before it was
#   looked up.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'safetensors==0.8.0'
venv/bin/python - <<'EOF'
import sys
import numpy as np
import safetensors
from safetensors.numpy import load, save

print("safetensors", safetensors.__version__)
matrix = np.arange(6.0).reshape(2, 3).T
print("expected:", matrix.tolist())
back = load(save({"x": matrix}))["x"]
print("seen:", back.tolist())
same = back.shape == matrix.shape and back.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
sys.exit(0 if same else "CHANGED: see the line above")
EOF
