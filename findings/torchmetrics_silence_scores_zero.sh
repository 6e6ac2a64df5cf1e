#!/usr/bin/env bash
# WHAT: torchmetrics gives silence an SI-SDR of 0 dB.
# GUESS: an estimate without any of the target has minus infinity or NaN, or a large negative
#   number where it is clamped.
# SEEN: torchmetrics 1.8.2: all zeros score 0.0 dB in SI-SDR and SI-SNR (SNR, where that is right,
#   as well); noise that has nothing of the target scores -40 dB.
# WHY IT MATTERS: 0 dB is what an untouched mixture of two equal talkers has: an extractor that
#   mutes everything counts as no worse than its input, and a mean over files hides files that
#   failed.
# SOURCE: found by trying.
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
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'torchmetrics==1.8.2'
venv/bin/python - <<'EOF'
import sys
import torch
import torchmetrics
from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio as si_sdr
from torchmetrics.functional.audio import scale_invariant_signal_noise_ratio as si_snr

print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__)
print("expected for silence: far below noise, -inf or NaN")
draw = torch.Generator().manual_seed(0)
target, noise = torch.randn(2, 16000, generator=draw)
silence = torch.zeros(16000)
seen = {name: (float(metric(silence, target)), round(float(metric(noise, target)), 1))
        for name, metric in (("SI-SDR", si_sdr), ("SI-SNR", si_snr))}
print("seen (silence, noise), dB:", seen)
same = all(quiet == 0.0 and other < -30 for quiet, other in seen.values())
sys.exit(0 if same else "CHANGED: see the line above")
EOF
