#!/usr/bin/env bash
# WHAT: pyloudnorm's loudness_range gives a steady sound of a few seconds a range of up to 2.6 LU:
#   it puts silence behind the sound and counts its own fade-out.
# GUESS: a tone that does not change has a loudness range of 0, however long it is. (Before
#   the first run only 10 LU for two levels of 20 s each was written, where it holds; 1.0 for a tone
#   of 10 s was seen before this guess.)
# SEEN: pyloudnorm 0.2.0, tone of 997 Hz at 16 kHz: 2.56 LU for 3 s, 2.12 for 5 s, 1.00 for 10 s,
#   0.22 for 15 s, and 0.00 from 20 s on. It appends 1.5 s of silence, into which the last windows
#   of 3 s reach. The docstring names Tech 3342 and no silence; a comment in the code asks for it.
#   pyebur128 0.1.1 has 0.00 for all. For 5 s at -20 and 5 s at -30 dB they have 11.0 and 10.0.
# WHY IT MATTERS: utterances last 3 to 10 s: as a feature of how lively a voice is, the range of
#   such clips is mostly their length, and longer clips look flatter.
# SOURCE: EBU Tech 3342; found beside other meters.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'numpy==2.2.6' 'scipy==1.17.1' 'pyloudnorm==0.2.0' 'pyebur128==0.1.1'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
import pyebur128
import pyloudnorm

RATE = 16000
print("pyloudnorm", version("pyloudnorm"), "pyebur128", version("pyebur128"))
meter = pyloudnorm.Meter(RATE)


def tone(seconds: float, level: float) -> np.ndarray:
    times = np.arange(int(RATE * seconds)) / RATE
    return 10 ** (level / 20) * np.sin(2 * np.pi * 997 * times)


def other(sound: np.ndarray) -> float:
    state = pyebur128.R128State(1, RATE, pyebur128.MeasurementMode.MODE_LRA)
    state.add_frames(np.ascontiguousarray(sound), len(sound))
    return float(pyebur128.get_loudness_range(state))


known = {3: 2.56, 5: 2.12, 10: 1.00, 15: 0.22, 20: 0.0, 30: 0.0}
print("expected: 0 LU for each length; by pyebur128:", [other(tone(s, -23)) for s in known])
seen = {seconds: round(float(meter.loudness_range(tone(seconds, -23))), 2) for seconds in known}
print("seen:", seen)
steps = np.concatenate([tone(5, -20), tone(5, -30)])
print(f"two levels: {meter.loudness_range(steps):.2f} LU, by pyebur128 {other(steps):.2f}")
same = (all(abs(seen[seconds] - value) < 0.03 for seconds, value in known.items())
        and all(other(tone(seconds, -23)) < 0.05 for seconds in known))
sys.exit(0 if same else "CHANGED: see the lines above")
END
