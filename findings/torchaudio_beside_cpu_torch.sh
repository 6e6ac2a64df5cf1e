#!/usr/bin/env bash
# WHAT: torchaudio from PyPI does not import beside a CPU build of torch.
# GUESS: it has no kernels for a GPU that the CPU build would call: the package imports, and what
#   needs CUDA raises when called.
# SEEN: torchaudio 2.11.1 beside torch 2.13.0+cpu, Linux x86-64: import torchaudio raises OSError
#   (could not load _torchaudio.so), since the extension is linked to libraries of CUDA. Where
#   only a CUDA build of torch can be had the script stops with that message and code 0.
# WHY IT MATTERS: everything that imports torchaudio (SpeechBrain, distillmos, asteroid) fails on
#   a machine without a GPU. torch's own index has a matching CPU build; a mirror of PyPI alone
#   has not.
# SOURCE: found by installing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
# The CPU build of torch by uv; where its index cannot be reached, what pip brings.
venv/bin/python -m pip install --quiet 'uv==0.13.9'
venv/bin/uv pip install --quiet --python venv/bin/python --torch-backend cpu \
    'torch==2.13.0' 2>/dev/null ||
    venv/bin/python -m pip install --quiet 'torch==2.13.0'
venv/bin/python -m pip install --quiet --no-deps 'torchaudio==2.11.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import torch

print("torch", torch.__version__, "torchaudio", version("torchaudio"))
if torch.version.cuda or sys.platform != "linux":
    sys.exit(print("no CPU build of torch for Linux could be installed here: nothing to see"))
print("expected: it imports")
try:
    import torchaudio
    seen = f"imported {torchaudio.__version__}"
except OSError as error:
    seen = f"OSError: {str(error).rsplit('/', 1)[-1]}"
print("seen:", seen)
sys.exit(0 if seen.startswith("OSError") else "CHANGED: see the line above")
EOF
