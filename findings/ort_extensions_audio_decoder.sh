#!/usr/bin/env bash
# WHAT: The AudioDecoder of onnxruntime-extensions folds sound above 8 kHz back when it goes to
#   16 kHz, and gives stereo as one channel of twice the length.
# GUESS: with downsampling_rate=16000 a tone of 10 kHz is gone from a recording of 48 kHz, at least
#   40 dB down; of a stereo file come two channels, or their mean. (Written before a run for the
#   tone and the mean.)
# SEEN: onnxruntime-extensions 0.15.2: 9 kHz comes back at 7 kHz, 6.3 dB below its level, 10 kHz at
#   6 kHz 10.3 dB below, 12 kHz at 4 kHz 19.1 dB; soxr 1.1.0 leaves less than -100 dB. Without
#   stereo_to_mono a stereo file is an array of (1, 2 x samples), left and right in turn, and no
#   output says how many channels: played as mono it lasts twice as long, an octave lower.
# WHY IT MATTERS: it is the decoder in front of Whisper and other speech models in ONNX. The hiss of
#   's' and 'sh' of a 48 kHz camera falls on the consonants below 8 kHz, other than in the features
#   that the model was trained on.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export OMP_NUM_THREADS=1
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'soundfile==0.14.0' \
    'soxr==1.1.0' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'onnxruntime-extensions==0.15.2'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pathlib import Path
import numpy as np
import soundfile as sf
import soxr
from onnxruntime_extensions import OrtPyFunction

RATE = 48000


def decoded(name, **attributes):
    data = np.frombuffer(Path(name).read_bytes(), np.uint8)[None]
    return np.asarray(OrtPyFunction.from_customop("AudioDecoder", **attributes)(data))


def level(sound):
    return 10 * np.log10(np.mean(np.square(sound, dtype=float)) + 1e-20)


def strongest(sound):
    return int(np.abs(np.fft.rfft(sound[:16000])).argmax())


names = ("onnxruntime-extensions", "onnxruntime", "onnx", "soxr", "numpy")
print({name: version(name) for name in names})
print("expected at 16 kHz: 1 kHz as it was, 9 to 12 kHz at least 40 dB down")
seen = {}
for tone in (1000, 9000, 10000, 12000):
    sound = 0.5 * np.sin(2 * np.pi * tone * np.arange(2 * RATE) / RATE)
    sf.write("tone.wav", sound, RATE)
    got = decoded("tone.wav", downsampling_rate=16000, stereo_to_mono=1)[0, 2000:-2000]
    other = soxr.resample(sound, RATE, 16000)[2000:-2000]
    seen[tone] = strongest(got), round(float(level(got) - level(sound)), 1)
    print("seen, tone:", tone, "(Hz, dB):", seen[tone], "| soxr dB:",
          round(level(other) - level(sound)))
left, right = 0.1 * np.random.default_rng(0).standard_normal((2, RATE))
sf.write("two.wav", np.stack([left, right], 1), RATE, subtype="FLOAT")
two = decoded("two.wav")
in_turn = two.shape == (1, 2 * RATE) and np.allclose(two[0, ::2], left, atol=1e-4)
in_turn = in_turn and np.allclose(two[0, 1::2], right, atol=1e-4)
print("expected of a stereo file: two channels; seen:", two.shape, "in turn:", in_turn)
same = in_turn and seen[1000] == (1000, -0.0) and seen[9000][0] == 7000 and seen[10000][0] == 6000
same = same and abs(seen[9000][1] + 6.3) < 0.3 and abs(seen[10000][1] + 10.3) < 0.3
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
