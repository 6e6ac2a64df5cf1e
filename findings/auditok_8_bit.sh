#!/usr/bin/env bash
# WHAT: auditok finds no sound at all in 8-bit recordings, however loud.
# GUESS: the threshold is one of loudness: the same sound in 8 and in 16 bits has the same parts.
#   8-bit WAV is a format that auditok 0.5.2 reads, as its message about others says. (Written
#   after a first try had found nothing in 8 bits.)
# SEEN: auditok 0.5.2: split() finds two parts in 16 bits, with a peak of full scale and 30 dB
#   below, and none in 8 bits with either. Energy is in decibels of the numbers in the file, at
#   most 42 in 8 bits, and the threshold is 50.
# WHY IT MATTERS: telephone speech and old recordings have 8 bits: a corpus is silent, in silence,
#   or lacks just those files.
# SOURCE: the threshold is in its documentation; found by trying formats.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'auditok==0.5.2'
venv/bin/python - <<'EOF'
import sys
import wave
from importlib.metadata import version
import auditok
import numpy as np

print("auditok", version("auditok"))
print("expected: two parts in each")
sound = np.random.default_rng(0).uniform(-1, 1, 64000)
sound[:16000] = sound[32000:40000] = sound[48000:] = 0
seen = {}
for bits, level in ((16, 1), (16, 0.03), (8, 1), (8, 0.03)):
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, bits // 8, 16000, 0, "NONE", ""))
        samples = (np.round(sound * level * 32767).astype("<i2") if bits == 16 else
                   np.round(128 + sound * level * 127).astype("u1"))
        file.writeframes(samples.tobytes())
    seen[bits, level] = len(list(auditok.split("a.wav")))
print("seen (bits, level: parts):", seen)
sys.exit(0 if list(seen.values()) == [2, 2, 0, 0] else "CHANGED: see the line above")
EOF
