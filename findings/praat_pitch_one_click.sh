#!/usr/bin/env bash
# WHAT: One loud sample in a recording turns all quiet speech of it unvoiced in Praat's pitch
#   analysis.
# GUESS: the pitch of a frame depends on that frame: a click at the beginning changes the frames
#   around it and no others.
# SEEN: praat-parselmouth 0.4.7: of a steady vowel with a peak of 0.02 all frames are voiced; with
#   one sample of 1.0 at the beginning none is. The silence threshold (0.03) is relative to the
#   loudest sample of the whole sound.
# WHY IT MATTERS: a cough, a door or a digital click removes F0, jitter, shimmer and HNR of a
#   whole file, and cutting a recording into parts changes its F0. Statistics over corpora take
#   that for breathy or unvoiced speech.
# SOURCE: Praat's manual says so under 'silence threshold'; bindings and feature extractors that
#   call to_pitch() do not show it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'praat-parselmouth==0.4.7'
venv/bin/python - <<'EOF'
import sys
import numpy as np
import parselmouth

print("parselmouth", parselmouth.VERSION, "Praat", parselmouth.PRAAT_VERSION)
print("expected: all frames voiced, but for a few around the click")
time = np.arange(32000) / 16000
vowel = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
vowel *= 0.02 / np.abs(vowel).max()
clicked = vowel.copy()
clicked[100] = 1.0
share = []
for sound in (vowel, clicked):
    f0 = parselmouth.Sound(sound, 16000).to_pitch().selected_array["frequency"]
    share.append(float((f0 > 0).mean()))
print("seen: voiced frames", share[0], "without and", share[1], "with the click")
sys.exit(0 if share == [1.0, 0.0] else "CHANGED: see the line above")
EOF
