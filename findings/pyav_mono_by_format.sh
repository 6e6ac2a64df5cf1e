#!/usr/bin/env bash
# WHAT: PyAV's AudioResampler (FFmpeg's libswresample) makes mono of stereo 3 dB louder for float
#   samples than for integers.
# GUESS: mono is the mean of the two channels (0.5 and 0.5), whatever the sample format.
# SEEN: av 18.1.0: with format flt, fltp or dbl each channel is weighted 0.707, so that two equal
#   channels come out 1.414 times as large and can pass full scale; with s16 or s32 the weights
#   are 0.5. The matrix is scaled down to avoid overflow only where integers are involved.
# WHY IT MATTERS: the same file is read 3 dB louder by code that asks for floats than by code that
#   asks for 16 bits: levels, energy features and clipping differ between two readers of one
#   corpus.
# SOURCE: the option rematrix_maxval in FFmpeg's documentation of its resampler; hinted at in
#   github.com/Nevcairiel/LAVFilters/issues/519.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
import av
import numpy as np

print("av", av.__version__)
print("expected: a gain of 1.000 for two equal channels in every format")
tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
full_scale = {"s16": 32768, "s32": 2**31}
gains = {}
for name in ("flt", "fltp", "dbl", "s16", "s32"):
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
    frame.rate = 16000
    parts = av.AudioResampler(format=name, layout="mono").resample(frame)
    mono = np.concatenate([part.to_ndarray().ravel() for part in parts]).astype(np.float64)
    gains[name] = mono.std() / full_scale.get(name, 1) / tone.std()
print("seen:", {name: round(float(gain), 3) for name, gain in gains.items()})
same = all(abs(gains[n] - 2**0.5) < 0.01 for n in ("flt", "fltp", "dbl"))
same = same and all(abs(gains[n] - 1) < 0.01 for n in ("s16", "s32"))
sys.exit(0 if same else "CHANGED: the gains are not those of the header")
EOF
