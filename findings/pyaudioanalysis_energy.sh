#!/usr/bin/env bash
# WHAT: pyAudioAnalysis' energy does not know how loud a recording is, and one click lowers that
#   of all its frames.
# GUESS: energy is the mean square of a frame's samples: 20 dB less sound has a hundredth of it,
#   and a click changes the frame that it is in. (Written after a first run had shown energies
#   that did not change.)
# SEEN: pyAudioAnalysis 0.3.14: the same noise 20 dB quieter has the same energy in each frame,
#   and with one sample of full scale in the last second every frame before it loses 16.8 dB; the
#   first MFCC moves with it. The signal is divided by its own peak before anything is measured.
# WHY IT MATTERS: energy is the plainest cue of arousal: shouting and speaking under the breath,
#   in two files, have the same. A bump against the microphone makes a whole answer quiet, and the
#   features of a segment depend on the file that it was cut from.
# SOURCE: the docstring of energy, "signal energy of frame"; that of dc_normalize in
#   ShortTermFeatures, "normalizes to -1, 1 range".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
# Only what the features need. The module imports matplotlib for plots that are not drawn here: an
# empty one stands in for it, which saves half of the time.
mkdir matplotlib
touch matplotlib/__init__.py matplotlib/pyplot.py
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' 'tqdm==4.67.1'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'pyAudioAnalysis==0.3.14'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
from pyAudioAnalysis.ShortTermFeatures import feature_extraction

RATE, FRAME = 16000, 800
noise = 1000 * np.random.default_rng(0).standard_normal(3 * RATE)
clicked = noise.copy()
clicked[-RATE // 2] = 32767
print("pyAudioAnalysis", version("pyAudioAnalysis"))
print("expected: energy -20 dB for a tenth of the amplitude, 0 dB in frames before a click")
features = {}
for name, sound in (("noise", noise), ("a tenth", noise / 10), ("click", clicked)):
    values, names = feature_extraction(sound.round().astype(np.int16), RATE, FRAME, FRAME)
    features[name] = dict(zip(names, values[:, :2 * RATE // FRAME]))  # the first two seconds
change = {name: 10 * np.log10(features[name]["energy"] / features["noise"]["energy"])
          for name in ("a tenth", "click")}
mfcc = float(np.median(features["click"]["mfcc_1"] - features["noise"]["mfcc_1"]))
print("seen, dB (least and most of 40 frames):",
      {name: (round(float(values.min()), 2), round(float(values.max()), 2))
       for name, values in change.items()}, "; first MFCC with the click:", round(mfcc, 1))
same = np.abs(change["a tenth"]).max() < 0.1 and np.abs(change["click"] + 16.81).max() < 0.1
same = same and mfcc < -3
sys.exit(0 if same else "CHANGED: see the line above")
EOF
