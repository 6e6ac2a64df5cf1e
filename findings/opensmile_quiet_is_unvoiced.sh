#!/usr/bin/env bash
# WHAT: openSMILE's eGeMAPS finds no voice in a quiet recording: F0, jitter, shimmer, HNR and
#   formant features depend on the gain.
# GUESS: the gain changes loudness and the features named after level; F0 and voice quality stay,
#   within a few per cent.
# SEEN: opensmile 2.6.0, eGeMAPSv02 functionals: a vowel with noise 40 dB below it has a mean F0
#   of 25.5 semitones with a peak of 0.3 and with a peak of 0.03; with a peak of 0.003 the mean
#   F0, jitter, shimmer and HNR are all exactly 0.
# WHY IT MATTERS: corpora differ by more than that in gain: a classifier of emotions sees in these
#   0s which microphone it was, and a speaker far from it has no pitch. Bring recordings to one
#   level first.
# SOURCE: found by scaling the input.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'pandas==2.3.3' 'opensmile==2.6.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
import opensmile

print("opensmile", version("opensmile"))
print("expected: the same F0, jitter, shimmer and HNR at each gain")
rate = 16000
time = np.arange(3 * rate) / rate
cycles = np.cumsum(120 * (1 + 0.01 * np.sin(2 * np.pi * 5 * time))) / rate
vowel = sum(np.sin(2 * np.pi * k * cycles) / k for k in range(1, 20))
vowel = 0.3 * vowel / np.abs(vowel).max()
vowel += 1e-3 * np.random.default_rng(0).standard_normal(len(time))
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
names = ["F0semitoneFrom27.5Hz_sma3nz_amean", "jitterLocal_sma3nz_amean",
         "shimmerLocaldB_sma3nz_amean", "HNRdBACF_sma3nz_amean"]
seen = {}
for gain in (0, -20, -40):
    row = smile.process_signal(vowel * 10 ** (gain / 20), rate).iloc[0]
    seen[gain] = [round(float(row[name]), 4) for name in names]
    print("seen at", gain, "dB:", seen[gain])
same = abs(seen[0][0] - 25.5) < 0.5 and abs(seen[-20][0] - seen[0][0]) < 0.1
same = same and seen[-40] == [0, 0, 0, 0]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
