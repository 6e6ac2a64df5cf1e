#!/usr/bin/env bash
# WHAT: spafe's spectral centroid is twice what it should be below a quarter of the sample rate, and
#   falls where the sound rises above it; its rolloff is no frequency, its RMS a complex number.
# GUESS: the centroid of a tone is its frequency, within a bin or two; the rolloff is just above it;
#   RMS, mean and entropy are real, and the entropy is not negative. (Written as 'by the
#   definitions' for the features of the package.)
# SEEN: spafe 0.3.3, extract_feats() at 16 kHz, DFT of 512: tones of 500, 1000, 2000 and 3000 Hz
#   have a centroid of 996, 1992, 3984 and 5977 Hz, those of 5000 and 7000 Hz 6039 and 2054. The
#   tones fall on bins. spectral_rolloff is an array of 257 complex numbers, the spectrum times the
#   sample rate; of the tone of 1 kHz spectral_rms is 15.97j and spectral_entropy -256.
# WHY IT MATTERS: brightness is among the first features of emotion and voice quality: sibilants (5
#   to 7 kHz) get a lower centroid than some vowels.
# SOURCE: found by tones; in the code, the 257 bins of an rfft get the frequencies of an fft.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'numpy==2.2.6' 'scipy==1.17.1' 'spafe==0.3.3'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from spafe.features.spfeats import extract_feats

RATE = 16000
print("spafe", version("spafe"))
times = np.arange(RATE) / RATE
TONES = (500, 1000, 2000, 3000, 5000, 7000)
found = {tone: extract_feats(np.sin(2 * np.pi * tone * times), RATE) for tone in TONES}
seen = {tone: round(float(features["spectral_centroid"])) for tone, features in found.items()}
print("expected:", {tone: tone for tone in TONES})
print("seen:    ", seen)
one = found[1000]
rolloff = np.asarray(one["spectral_rolloff"])
print("seen: rolloff of 1 kHz has", rolloff.shape, rolloff.dtype, "numbers, up to",
      f"{np.abs(rolloff).max():.0f}")
print("seen: of 1 kHz, RMS", np.round(one["spectral_rms"], 2), "mean",
      np.round(one["spectral_mean"], 2), "entropy", round(float(one["spectral_entropy"])))
known = dict(zip(TONES, (996, 1992, 3984, 5977, 6039, 2055)))
same = (all(abs(seen[tone] - known[tone]) < 15 for tone in TONES)
        and rolloff.shape == (257,) and np.iscomplexobj(rolloff)
        and abs(one["spectral_rms"].imag) > 1 and one["spectral_entropy"] < -1)
sys.exit(0 if same else "CHANGED: see the lines above")
END
