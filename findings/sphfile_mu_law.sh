#!/usr/bin/env bash
# WHAT: sphfile writes mu-law SPHERE files as WAV of 8-bit linear samples.
# GUESS: sample_coding in the header is followed: mu-law is decoded, or refused.
# SEEN: sphfile 1.0.3: content is the raw bytes, and write_wav() calls them linear; the result is
#   5 times as loud as the sound and has a correlation of 0.79 with it. soundfile 0.14.0 decodes
#   the same SPHERE file (correlation above 0.999).
# WHY IT MATTERS: telephone corpora of the LDC (Switchboard, CallHome, Fisher) are mu-law SPHERE:
#   speech can still be made out in the result, so that it may well be trained on.
# SOURCE: NIST's SPHERE header fields; sphfile's readme names plain mu-law as the encoding that it
#   supports.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==1.26.4' 'soundfile==0.14.0' 'sphfile==1.0.3'
venv/bin/python - <<'EOF'
import io
import sys
from importlib.metadata import version
import numpy as np
import soundfile
from sphfile import SPHFile

print({name: version(name) for name in ("sphfile", "soundfile")})
print("expected: correlation with the sound above 0.99 and the same level, from both")
time = np.arange(16000) / 16000
sound = 0.15 * np.sin(2 * np.pi * 3 * time) * np.sin(2 * np.pi * 150 * time)
sound += 0.1 * np.sin(2 * np.pi * 600 * time)
law = io.BytesIO()
soundfile.write(law, sound, 16000, format="RAW", subtype="ULAW")
header = ("NIST_1A\n   1024\nchannel_count -i 1\nsample_count -i 16000\nsample_rate -i 16000\n"
          "sample_n_bytes -i 1\nsample_byte_format -s1 1\nsample_sig_bits -i 8\n"
          "sample_coding -s4 ulaw\nend_head\n")
with open("a.sph", "wb") as file:
    file.write(header.encode().ljust(1024) + law.getvalue())
SPHFile("a.sph").write_wav("a.wav")
seen = {}
for name, path in (("sphfile", "a.wav"), ("soundfile", "a.sph")):
    read = soundfile.read(path)[0]
    likeness, level = np.corrcoef(read, sound)[0, 1], read.std() / sound.std()
    seen[name] = (round(float(likeness), 3), round(float(level), 2))
print("seen (correlation, level):", seen)
same = seen["sphfile"][0] < 0.95 and seen["sphfile"][1] > 2
same = same and seen["soundfile"][0] > 0.99 and abs(seen["soundfile"][1] - 1) < 0.05
sys.exit(0 if same else "CHANGED: see the line above")
EOF
