#!/usr/bin/env bash
# WHAT: kaldiio gives the bytes of a mu-law WAV file as if they were samples.
# GUESS: a mu-law WAV is decoded to 16 bits, as by soundfile, or refused.
# SEEN: kaldiio 2.18.1: load_scp gives the code bytes as uint8, without a word; their correlation
#   with the sound is 0.79, and 1.0 for what soundfile 0.14.0 decodes. (A WAV of 24 bits or of
#   floats is refused.)
# WHY IT MATTERS: telephone speech is kept in mu-law WAV, which wav.scp files then name: features
#   are computed from codes, which still look like speech, and a recognizer trained on them learns
#   something.
# SOURCE: found by trying formats.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0' 'kaldiio==2.18.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import kaldiio
import numpy as np
import soundfile

print({name: version(name) for name in ("kaldiio", "soundfile")})
print("expected: a correlation with the sound above 0.99, or an exception")
time = np.arange(16000) / 8000
sound = 0.15 * np.sin(2 * np.pi * 3 * time) * np.sin(2 * np.pi * 150 * time)
sound += 0.1 * np.sin(2 * np.pi * 600 * time)
soundfile.write("a.wav", sound, 8000, subtype="ULAW")
with open("wav.scp", "w") as file:
    file.write("call a.wav\n")
rate, codes = kaldiio.load_scp("wav.scp")["call"]
decoded = soundfile.read("a.wav")[0]
seen = {"type": str(codes.dtype), "rate": rate, "samples": len(codes),
        "kaldiio": round(float(np.corrcoef(codes, sound)[0, 1]), 3),
        "soundfile": round(float(np.corrcoef(decoded, sound)[0, 1]), 3)}
print("seen (correlations):", seen)
same = seen["type"] == "uint8" and seen["samples"] == 16000 and abs(seen["kaldiio"]) < 0.9
same = same and seen["soundfile"] > 0.99
sys.exit(0 if same else "CHANGED: see the line above")
EOF
