#!/usr/bin/env bash
# WHAT: fast_bss_eval has no SI-SDR of NumPy arrays where torch is not installed, and its sdr_loss of
#   arrays fails beside NumPy 2.
# GUESS: its README asks for NumPy and SciPy "at a minimum", and for torch only for its tensors: all
#   measures of NumPy arrays work without torch.
# SEEN: fast-bss-eval 0.1.4, NumPy 2.2.6: si_sdr, si_sdr_loss, si_bss_eval_sources, sdr_pit_loss and
#   si_sdr_pit_loss raise AttributeError, "type object 'torch' has no attribute ...": the stand-in
#   for torch holds three names of eight. sdr_loss raises ValueError in numpy.linalg.solve, which
#   takes a stack of vectors for a matrix since NumPy 2 (with 1.26.4 it works). sdr and
#   bss_eval_sources work. The error of NumPy 2 was seen before a guess.
# WHY IT MATTERS: SI-SDR is what separation is measured by. Code that was tested beside torch fails
#   on the machine that only scores, and the error speaks of torch where there is none.
# SOURCE: github.com/fakufaku/fast_bss_eval, issue 8 shows the stand-in; numpy.org/doc, release notes
#   of NumPy 2.0, on solve.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'scipy==1.15.3' 'fast-bss-eval==0.1.4'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version

import fast_bss_eval
import numpy as np

rng = np.random.default_rng(0)
clean = rng.standard_normal((2, 16000))
noisy = clean + 0.1 * rng.standard_normal(clean.shape)
print("fast-bss-eval", version("fast-bss-eval"))
print("expected: a number for each")
seen = {}
for name in ("sdr", "sdr_loss", "bss_eval_sources", "si_sdr", "si_sdr_loss", "si_bss_eval_sources",
             "sdr_pit_loss", "si_sdr_pit_loss"):
    try:
        getattr(fast_bss_eval, name)(clean, noisy)
        seen[name] = "works"
    except (AttributeError, ValueError) as error:
        seen[name] = type(error).__name__
    print("seen:", name, seen[name])
torch = ("si_sdr", "si_sdr_loss", "si_bss_eval_sources", "sdr_pit_loss", "si_sdr_pit_loss")
same = seen == {"sdr": "works", "bss_eval_sources": "works", "sdr_loss": "ValueError",
                **dict.fromkeys(torch, "AttributeError")}
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
