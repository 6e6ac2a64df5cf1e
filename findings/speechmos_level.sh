#!/usr/bin/env bash
# WHAT: The overall score of DNSMOS falls by a whole point when the same speech is quieter.
# GUESS: a predictor of opinions of noise suppression does not depend on gain: the model or its
#   front end scales its input.
# SEEN: speechmos 0.0.1.1: synthetic speech with a peak of 0.3 scores 3.2, 30 dB quieter 1.8
#   (recordings fell by 1.1 over 40 dB), while the P.808 score, whose input is scaled, stays.
# WHY IT MATTERS: two enhancers, or two voices, are compared by their output level. Bring all to
#   one level first, and say which.
# SOURCE: github.com/microsoft/DNS-Challenge/issues/172 asks for the level that is required.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'librosa==0.11.0' \
    'onnxruntime==1.23.2' 'requests==2.32.5' 'soxr==1.0.0' 'espeakng-loader==0.2.4' \
    'speechmos==0.0.1.1'
venv/bin/python - <<'EOF'
import ctypes
import sys
from importlib.metadata import version
import espeakng_loader
import numpy as np
import soxr
from speechmos import dnsmos


def speak(text):
    """(samples, rate) of a text, by espeak-ng."""
    library, parts = ctypes.CDLL(espeakng_loader.get_library_path()), []
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    @kind
    def take(samples, count, _):
        if samples and count > 0:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    rate = library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetSynthCallback(take)
    library.espeak_SetVoiceByName(b"en-us")
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 0, 0, 1, None, None)
    return np.concatenate(parts).astype(np.float32) / 32768, rate


TEXT = ("The weather was fine in the morning, so we took the boat across the lake. My brother "
        "forgot his jacket on the pier and had to borrow one. When we came back in the evening, "
        "somebody had hung it on the door of the little shop.")
voice, rate = speak(TEXT)
voice = soxr.resample(voice, rate, 16000)
voice *= 0.3 / np.abs(voice).max()
voice += 1e-3 * np.random.default_rng(0).standard_normal(len(voice)).astype(np.float32)

print("speechmos", version("speechmos"))
print("expected: the same scores at each gain, within 0.1")
overall, p808 = [], []
for gain in (0, -10, -20, -30):
    scores = dnsmos.run(voice * 10 ** (gain / 20), 16000)
    overall.append(round(float(scores["ovrl_mos"]), 2))
    p808.append(round(float(scores["p808_mos"]), 2))
print("seen at 0, -10, -20, -30 dB: overall", overall, "P.808", p808)
same = overall == sorted(overall, reverse=True) and overall[0] - overall[-1] > 0.7
same = same and max(p808) - min(p808) < 0.1
sys.exit(0 if same else "CHANGED: see the line above")
EOF
