#!/usr/bin/env bash
# WHAT: YAAPT of AMFM_decompy finds no pitch in voices below about 92 Hz with its defaults, whose
#   range begins at 60 Hz, and gives 150 Hz where it takes them for voiced.
# GUESS: the pitch of a vowel from 75 to 200 Hz is right within 2 %, as Praat's is: the default of
#   f0_min is 60. (Written as 'within 2 %' for a list of trackers, and again for low vowels when one
#   of 90 Hz had failed.)
# SEEN: AMFM-decompy 1.0.12.2, vowel with formants, a vibrato of 5 % and pauses, at 16 kHz: for 75
#   Hz 1 % of its frames is voiced, for 85 and 90 Hz half of them, and the median of each is 150.0
#   Hz. From 96 Hz on all are voiced and right within 1 %. With f0_max=300 (the default is 400) 75
#   to 90 Hz are right too, with f0_min=50 nothing changes. The same at 8 and 44.1 kHz. Praat
#   (praat-parselmouth 0.4.7) is right for all.
# WHY IT MATTERS: the pitch of many men is 80 to 95 Hz, above all at the ends of sentences: a study
#   has no pitch for them or a level line at 150 Hz, which looks like a measurement; voice
#   conversion that is fed with it gives men the pitch of somebody else.
# SOURCE: found by a list of vowels.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'numpy==2.2.6' 'scipy==1.17.1' 'AMFM-decompy==1.0.12.2' 'praat-parselmouth==0.4.7'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import numpy as np
import parselmouth
from amfm_decompy import basic_tools, pYAAPT
from scipy.signal import lfilter

RATE = 16000
print("AMFM-decompy", version("AMFM-decompy"), "praat-parselmouth", version("praat-parselmouth"))
rng = np.random.default_rng(0)
times = np.arange(3 * RATE) / RATE
envelope = np.clip(3 * np.sin(2 * np.pi * times), 0, 1)


def vowel(pitch: float) -> np.ndarray:
    """Three syllables of 'a', half a second each."""
    turns = np.cumsum(pitch * (1 + 0.05 * np.sin(3 * np.pi * times))) / RATE
    sound = np.diff(np.floor(turns), prepend=0)
    sound = lfilter([1], [1, -0.95], sound)
    for center, width in ((700, 80), (1200, 90), (2600, 120), (3500, 150)):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * center / RATE), radius ** 2]
        sound = lfilter([1], poles, sound)
    return sound * envelope / np.abs(sound).max() / 2 + 1e-4 * rng.standard_normal(len(sound))


def yaapt(sound: np.ndarray, **options: float) -> tuple:
    """The part of the vowel that is voiced, and the median of its pitch."""
    found = pYAAPT.yaapt(basic_tools.SignalObj(sound, RATE), **options)
    inside = envelope[np.minimum(np.asarray(found.frames_pos).astype(int), len(times) - 1)] > 0.5
    values = found.samp_values[inside]
    voiced = values > 0
    return round(float(voiced.mean()), 2), round(float(np.median(values[voiced])), 1)


PITCHES = (75, 85, 90, 96, 120, 200)
seen, narrow, praat = {}, {}, {}
for pitch in PITCHES:
    sound = vowel(pitch)
    seen[pitch], narrow[pitch] = yaapt(sound), yaapt(sound, f0_max=300.0)
    track = parselmouth.Sound(sound, RATE).to_pitch(pitch_floor=60).selected_array["frequency"]
    praat[pitch] = round(float(np.median(track[track > 0])), 1)
print("expected: all voiced, within 2 %; by Praat", praat)
print("seen: voiced part and median", seen)
print("seen: with f0_max=300", narrow)
same = (all(seen[pitch][1] == 150 and seen[pitch][0] < 0.8 for pitch in (75, 85, 90))
        and all(abs(seen[pitch][1] / pitch - 1) < 0.02 for pitch in (96, 120, 200))
        and all(abs(narrow[pitch][1] / pitch - 1) < 0.02 and narrow[pitch][0] > 0.9
                for pitch in (75, 85, 90))
        and all(abs(praat[pitch] / pitch - 1) < 0.02 for pitch in PITCHES))
sys.exit(0 if same else "CHANGED: see the lines above")
END
