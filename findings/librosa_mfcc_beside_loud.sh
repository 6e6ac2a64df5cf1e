#!/usr/bin/env bash
# WHAT: librosa's MFCC of clips in one array: a quiet clip's numbers depend on the loudest clip
#   beside it.
# GUESS: librosa takes the first axis for independent channels: mfcc(y=np.stack([a, b]))[0] is
#   mfcc(y=a). (There was a suspicion, from memory, that top_db counts from the loudest number of
#   the whole array.)
# SEEN: librosa 0.11.0: for a clip of weak noise whose second half is 40 dB weaker, beside noise
#   that is 54 dB stronger, MFCC differ by up to 264: coefficient 0 of a frame of the second half is
#   -911 alone and -676 beside it. Beside a copy of itself all are equal, and melspectrogram and rms
#   beside either. What is 80 dB below the loudest band of any clip is cut off there.
# WHY IT MATTERS: features computed in batches, or of a call with a loud and a far speaker on its
#   channels, are others than those of one clip at a time: whispers and pauses have another floor in
#   training than in use, and the numbers change with the order of the files.
# SOURCE: power_to_db's documentation has the threshold as one below the maximum; found by
#   comparing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'librosa==0.11.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import librosa
import numpy as np

print("librosa", version("librosa"))
print("expected: differences of 0")
rng = np.random.default_rng(0)
quiet, loud = 0.001 * rng.standard_normal(16000), 0.5 * rng.standard_normal(16000)
quiet[8000:] *= 0.01
rows = {
    "mfcc": lambda sound: librosa.feature.mfcc(y=sound, sr=16000),
    "melspectrogram": lambda sound: librosa.feature.melspectrogram(y=sound, sr=16000),
    "rms": lambda sound: librosa.feature.rms(y=sound)}
seen = {name: [round(float(np.abs(row(np.stack([quiet, other]))[0] - row(quiet)).max()), 6)
               for other in (quiet, loud)] for name, row in rows.items()}
print("seen, largest difference beside a copy and beside the loud clip:", seen)
first = [np.round(row[0, [5, 25]]) for row in (
    rows["mfcc"](quiet), rows["mfcc"](np.stack([quiet, loud]))[0])]
print("coefficient 0 of a frame of each half, alone and beside it:", *first)
same = (seen["mfcc"][0] < 0.001 and seen["mfcc"][1] > 100
        and max(*seen["melspectrogram"], *seen["rms"]) < 1e-6)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
