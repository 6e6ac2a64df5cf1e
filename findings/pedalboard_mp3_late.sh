#!/usr/bin/env bash
# WHAT: pedalboard gives MP3 files with the encoder's delay, where other decoders take it off.
# GUESS: an MP3 with a LAME header starts at the same sample in pedalboard, soundfile and
#   miniaudio: the header says how much to drop.
# SEEN: pedalboard 0.9.26: at 16 kHz the sound begins 1105 samples (69 ms) late and is 1280
#   samples longer; soundfile 0.14.0 and miniaudio 1.71 give the original length and no lag.
# WHY IT MATTERS: 69 ms is almost two video frames: lips and voice, word times and SI-SDR against
#   a reference read by another library are off.
# SOURCE: found by comparing decoders.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0' 'miniaudio==1.71' \
    'pedalboard==0.9.26'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import miniaudio
import numpy as np
import soundfile
from pedalboard.io import AudioFile

print({name: version(name) for name in ("soundfile", "miniaudio", "pedalboard")})
print("expected: the same 80000 samples, no lag, from all three")
rate = 16000
noise = np.random.default_rng(0).standard_normal(5 * rate)
sound = (0.1 * np.convolve(noise, np.ones(4) / 4, "same")).astype(np.float32)
soundfile.write("a.mp3", sound, rate)


def lag(decoded):
    part, reach = sound[rate: 3 * rate], 4000
    match = np.correlate(decoded[rate - reach: 3 * rate + reach], part, "valid")
    return int(np.argmax(match)) - reach


decoded = {"soundfile": soundfile.read("a.mp3", dtype="float32")[0]}
raw = miniaudio.decode_file("a.mp3", output_format=miniaudio.SampleFormat.FLOAT32, nchannels=1,
                            sample_rate=rate)
decoded["miniaudio"] = np.asarray(raw.samples, np.float32)
with AudioFile("a.mp3") as file:
    decoded["pedalboard"] = file.read(file.frames)[0]
seen = {name: (len(samples), lag(samples)) for name, samples in decoded.items()}
print("seen (samples, lag):", seen)
same = seen["soundfile"] == seen["miniaudio"] == (80000, 0)
same = same and seen["pedalboard"][0] > 80000 and seen["pedalboard"][1] == 1105
sys.exit(0 if same else "CHANGED: see the line above")
EOF
