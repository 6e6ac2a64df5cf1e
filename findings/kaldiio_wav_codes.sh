#!/usr/bin/env bash
# WHAT: kaldiio gives the codes of a mu-law or A-law WAV file as samples, and refuses 24 and 32 bits.
# GUESS: WAV of 16 bits is read, as Kaldi reads it. What other formats do was seen before a guess; a
#   reader would decode them or name the format that it does not know.
# SEEN: kaldiio 2.18.1: load_mat of a mu-law file gives uint8 codes, without a word: silence is 127 or
#   255 by its sign, so each change of sign is a jump by half of the range (correlation with the
#   sound 0.75). Its copy of Python's wave module has the check of the format tag taken out. PCM of
#   24 and 32 bits and floats raise "bytes_per_sample must be 1, 2, 4 or 8", though 4 is refused.
# WHY IT MATTERS: telephone corpora come in mu-law. Features made through a wav.scp are then those of
#   a badly distorted sound, with no error to be seen.
# SOURCE: kaldiio/wavio.py and kaldiio/python_wave.py of the release.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.13.1' 'kaldiio==2.18.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version

import kaldiio
import numpy as np
import soundfile

rng = np.random.default_rng(0)
sound = np.convolve(rng.standard_normal(16000), np.hanning(20), "same")
sound *= 0.9 / np.abs(sound).max()
print("kaldiio", version("kaldiio"))
print("expected: correlation 1.00 with the sound, or an error that names the format")
seen = {}
for kind in ("PCM_16", "ULAW", "ALAW", "PCM_24", "PCM_32", "FLOAT"):
    soundfile.write("a.wav", sound, 8000, subtype=kind)
    try:
        rate, samples = kaldiio.load_mat("a.wav")
        seen[kind] = round(float(np.corrcoef(sound, samples)[0, 1]), 2)
        print(f"seen: {kind}: {samples.dtype}, correlation {seen[kind]:.2f}")
    except ValueError as error:
        seen[kind] = str(error)
        print(f"seen: {kind}: {error}")
same = seen["PCM_16"] == 1 and all(isinstance(seen[k], float) and abs(seen[k]) < 0.9
                                   for k in ("ULAW", "ALAW"))
same = same and all("bytes_per_sample must be 1, 2, 4 or 8" in str(seen[k])
                    for k in ("PCM_24", "PCM_32", "FLOAT"))
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
