#!/usr/bin/env bash
# WHAT: soundfile writes 16-bit integers into a float file without scaling them, and reads a float
#   file as 16-bit integers without scaling either.
# GUESS: as everywhere else in soundfile, 32768 stands for 1.0, so that a round trip through a
#   float file keeps the level.
# SEEN: soundfile 0.14.0 with libsndfile 1.2.2: integers up to 9830 written with subtype FLOAT
#   come back as floats up to 9830.0; floats up to 0.3 read with dtype int16 are all 0. Both in
#   silence. (Integers into a 16-bit or 24-bit file and back are scaled, as guessed.)
# WHY IT MATTERS: float WAV files 90 dB too loud, which clip in whatever plays or converts them,
#   and whole data sets of zeros.
# SOURCE: the note on dtype in the documentation of soundfile.read, which speaks of reading;
#   nothing is said for writing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0'
venv/bin/python - <<'EOF'
import sys
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
print("expected: 0.3 as float, 9830 as integer, in both directions")
tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
soundfile.write("a.wav", np.round(tone * 32768).astype(np.int16), 16000, subtype="FLOAT")
as_float = np.abs(soundfile.read("a.wav")[0]).max()
soundfile.write("b.wav", tone, 16000, subtype="FLOAT")
as_integer = int(np.abs(soundfile.read("b.wav", dtype="int16")[0]).max())
print("seen: largest float", as_float, "| largest integer", as_integer)
same = 9829 <= as_float <= 9831 and as_integer == 0
sys.exit(0 if same else "CHANGED: see the line above")
EOF
