#!/usr/bin/env bash
# WHAT: DNSMOS in speechmos never hears the last part of a recording.
# GUESS: windows of 9.01 s move on by 1 s until the end is reached, the last one padded or moved
#   back.
# SEEN: speechmos 0.0.1.1: the number of windows is int(whole seconds - 9.01) + 1, one too few, so
#   that the last 1.89 s of 10.9 s can be anything: with loud noise from 9.1 s on all four scores
#   stay the same to the last digit; with noise from 7.6 s on they do not.
# WHY IT MATTERS: a click, a cut or an enhancement that breaks down at the end costs nothing.
# SOURCE: found by replacing the end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'librosa==0.11.0' \
    'onnxruntime==1.23.2' 'requests==2.32.5' 'speechmos==0.0.1.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
from speechmos import dnsmos

print("speechmos", version("speechmos"))
print("expected: another score when the end is noise")
rate, rng = 16000, np.random.default_rng(0)
time = np.arange(int(10.9 * rate)) / rate
sound = 0.2 * np.sin(2 * np.pi * 150 * time) * (1 + np.sin(2 * np.pi * 4 * time)) / 2
sound += 0.001 * rng.standard_normal(len(time))
whole, equal = dnsmos.run(sound, rate), {}
for start in (7.6, 9.1):
    late = time >= start
    spoilt = np.where(late, rng.uniform(-0.9, 0.9, len(time)), sound)
    equal[start] = dnsmos.run(spoilt, rate) == whole
print("seen, are all scores equal with noise from that second on:", equal)
same = equal == {7.6: False, 9.1: True}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
