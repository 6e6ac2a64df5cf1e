#!/usr/bin/env bash
# WHAT: The boersma() of biosonic, Praat's method by its docstring, finds a pitch in each frame of
#   noise: it divides the strengths of the candidates by the strongest one.
# GUESS: the frames of white noise are unvoiced (pitch 0) for the most part, as the strength of
#   their candidates is below voicing_thresh, 0.45, and those of a voice are voiced. (There was a
#   suspicion on reading the code.)
# SEEN: biosonic 0.1.8, a quarter of a second: white noise is voiced in all frames, with a pitch of
#   80 to 208 Hz (5 to 95 %), and the strength of its best candidate is 1.00 in each of them, as it
#   is for a voice of 120 Hz. By hand, from the same windows, the strength is 0.16 for noise and
#   1.00 for the voice. No warning. (In sound below the threshold of silence frames are unvoiced.)
# WHY IT MATTERS: the decision between voiced and unvoiced is what Boersma's method is taken for.
#   Wind, fricatives, breath and clicks get pitch, and means and ranges of F0 are those of noise;
#   voicing_thresh, which one would raise against it, does nothing below 1.
# SOURCE: the docstring and the paper that it names (Boersma 1993: the strength of a voiced
#   candidate is the height of the autocorrelation less a cost); found by reading and trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'numpy==2.4.0' 'scipy==1.16.3' \
    'biosonic==0.1.8'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from biosonic.compute.pitch import boersma

print({name: version(name) for name in ("biosonic", "numpy", "scipy")})
RATE = 16000
times = np.arange(RATE // 4) / RATE
voice = sum(np.cos(2 * np.pi * 120 * k * times) / k for k in range(1, 20)) * 0.15
noise = 0.1 * np.random.default_rng(0).standard_normal(len(times))


def by_hand(sound, middle):
    """The highest peak of the autocorrelation of a frame, over that of its window."""
    frame = sound[middle - 320:middle + 320]
    frame, window = frame - frame.mean(), np.hanning(640)
    own, of_window = (np.correlate(x, x, "full")[639:] for x in (frame * window, window))
    ratio = own[:320] / own[0] / (of_window[:320] / of_window[0])
    return float(ratio[RATE // 600:RATE // 75].max())


same = True
for name, sound in (("a voice of 120 Hz", voice), ("white noise", noise)):
    height = np.mean([by_hand(sound, middle) for middle in range(640, 3360, 160)])
    _, pitch, candidates, _ = boersma(sound, RATE)
    pitch, candidates = pitch[3:-3], candidates[3:-3]  # whole windows
    voiced = np.mean(pitch > 0)
    strengths = [max(strength for hertz, strength in frame if hertz) for frame in candidates]
    low, middle, high = np.percentile(pitch[pitch > 0], (5, 50, 95))
    print(f"expected: {name}: strength {height:.2f},",
          f"{'voiced' if height > 0.45 else 'unvoiced for the most part'}; seen: strength",
          f"{min(strengths):.2f} to {max(strengths):.2f}, {100 * voiced:.0f} % voiced,",
          f"{low:.0f}, {middle:.0f}, {high:.0f} Hz (5, 50 and 95 %)")
    same &= min(strengths) == max(strengths) == 1 and voiced > 0.9
    same &= height > 0.9 if sound is voice else height < 0.4
sys.exit(0 if same else "CHANGED: see the lines above")
END
