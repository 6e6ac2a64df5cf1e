#!/usr/bin/env bash
# WHAT: openSMILE's Python package gives samples of full scale and beyond the other sign.
# GUESS: process_signal takes floats: a peak of exactly 1.0 gives what 0.999 gives, and a peak of
#   1.05 nearly what the same sound gives when it is clipped at 1.0. (Written after a traceback of
#   the package had shown a multiplication by 32768 and a cast to 16 bits.)
# SEEN: opensmile 2.6.0, eGeMAPSv02, a vowel of 3 s whose peak is positive: with a peak of 1.05 (182
#   of 48000 samples beyond 1) the mean of MFCC 1 is 36.2 in place of 43.8, spectral flux 0.523 in
#   place of 0.315, the variation of loudness 0.434 in place of 0.289, and HNR falls by 0.6 dB.
#   With a peak of exactly 1.0 one sample becomes -1.0, and flux and MFCC 1 move as well. No
#   warning.
# WHY IT MATTERS: decoded MP3, AAC and Opus, resampling and augmentation go above 1, and bringing
#   the peak to 1.0 is a usual step: clicks that nobody hears in the file. Loud, shouted speech is
#   concerned most, so the label of a clip changes how its features are spoiled.
# SOURCE: opensmile/core/smile.py, _extract; found by reading an error message about 16-bit arrays.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pandas==2.3.3' \
    'opensmile==2.6.0'
venv/bin/python - <<'EOF'
import sys
import warnings
from importlib.metadata import version
import numpy as np
import opensmile

warnings.simplefilter("ignore")
print("opensmile", version("opensmile"))
print("expected: 1.0 as 0.999, and 1.05 nearly as when clipped")
time = np.arange(48000) / 16000
phase = 2 * np.pi * np.cumsum(150 * (1 + 0.02 * np.sin(2 * np.pi * 3 * time))) / 16000
voice = sum(np.sin(k * phase) / k for k in range(1, 15)) * (0.6 + 0.4 * np.sin(3 * np.pi * time))
voice += 0.01 * np.random.default_rng(0).standard_normal(48000)
voice *= np.sign(voice[np.abs(voice).argmax()]) / np.abs(voice).max()
smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
names = ["mfcc1_sma3_amean", "spectralFlux_sma3_amean", "loudness_sma3_stddevNorm",
         "HNRdBACF_sma3nz_amean"]
sounds = {"0.999": 0.999 * voice, "1.0": voice, "1.05": 1.05 * voice,
          "1.05, clipped": np.clip(1.05 * voice, -1, 0.9999)}
seen = {name: [round(float(value), 3) for value in
               smile.process_signal(sound.astype(np.float32), 16000)[names].values[0]]
        for name, sound in sounds.items()}
print("seen (MFCC 1, flux, variation of loudness, HNR):", seen)
print("samples beyond 1 where the peak is 1.05:", int((np.abs(1.05 * voice) > 1).sum()))
same = abs(seen["1.05, clipped"][0] - seen["0.999"][0]) < 1
same = same and seen["1.05"][0] < seen["1.05, clipped"][0] - 5
same = same and seen["1.05"][1] > 1.4 * seen["1.05, clipped"][1]
same = same and seen["1.0"][0] < seen["0.999"][0] - 0.1
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
