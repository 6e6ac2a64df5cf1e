#!/usr/bin/env bash
# WHAT: acoustic-toolbox's t60_millington is t60_eyring: it takes the logarithm of the mean
#   absorption where Millington and Sette take the mean of the logarithms, so that one absorbing
#   wall counts half.
# GUESS: the formula of Millington: T = 24 ln 10 / c * V / -sum(S_i ln(1 - a_i)). It is the same as
#   Eyring's where all walls are alike, and shorter where they differ. (Written down after the code
#   had been read.)
# SEEN: acoustic-toolbox 0.2.2: a room of 60 m3, five hard walls and a ceiling of absorption 0.9:
#   Eyring 0.380 s, t60_millington 0.380 s (equal but for rounding), by Millington's formula
#   0.191 s. With other walls it is Eyring's as well. No warning.
# WHY IT MATTERS: the two are offered side by side to choose from for rooms with uneven walls, which
#   is where they differ; a simulated room for training is made twice as reverberant as meant, and a
#   comparison of formulas says that they agree.
# SOURCE: found by reading and trying; G. Millington, JASA 4 (1932); Kuttruff, Room Acoustics. The
#   docstring gives the formulas of Sabine and Eyring, and none for Millington.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'pandas==2.2.3' 'matplotlib==3.10.3'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'tabulate==0.9.0' \
    'pyoctaveband==2.0.0' 'acoustic-toolbox==0.2.2'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from acoustic_toolbox.room import t60_eyring, t60_millington

print({name: version(name) for name in ("acoustic-toolbox", "numpy")})
surfaces = np.array([20.0, 20.0, 15.0, 15.0, 12.0, 12.0])
volume, speed = 60.0, 343.0
same = True
for name, alpha in (
    ("one wall of 0.9", np.array([0.02, 0.9, 0.05, 0.05, 0.1, 0.1])),
    ("two walls of 0.6", np.array([0.6, 0.05, 0.6, 0.05, 0.05, 0.05])),
    ("all walls of 0.2", np.full(6, 0.2)),
):
    right = 24 * np.log(10) * volume / speed / -np.sum(surfaces * np.log(1 - alpha))
    eyring = float(t60_eyring(surfaces, alpha, volume, speed))
    seen = float(np.squeeze(t60_millington(surfaces, alpha, volume, speed)))
    print(f"expected: {name}: {right:.3f} s by Millington, {eyring:.3f} s by Eyring; "
          f"seen: {seen:.3f} s by t60_millington")
    same &= abs(seen - eyring) < 1e-9 and (np.ptp(alpha) == 0 or seen > 1.2 * right)
sys.exit(0 if same else "CHANGED: see the lines above")
END
