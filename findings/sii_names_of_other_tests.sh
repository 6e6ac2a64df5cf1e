#!/usr/bin/env bash
# WHAT: speech-intelligibility-index takes the names of its band importance functions for those of
#   other tests: 'nns' is average speech, 'nu6' is CID-22, 'spin' the Diagnostic Rhyme Test.
# GUESS: sii(..., "nns") is sii(..., 2), and so on for each name, by the numbers that the docstring
#   gives: 2 nonsense syllables, 3 CID-22, 4 NU6, 5 DRT, 6 short passages, 7 SPIN, 8 CST. (There was
#   a suspicion on reading the code, whose list of names begins at 0.)
# SEEN: speech-intelligibility-index 1.0.2: 'nns' gives the weights of number 1, 'cid-22' of 2,
#   'nu6' of 3, 'drt' of 4 and 'spin' of 5; 'short' and 'cst' are right, as 'spin' is in the list
#   twice. Normal speech with noise of 35 dB a hertz from 1.25 kHz on has an index of 0.306 for
#   number 2 and of 0.390 by 'nns', of 0.449 for number 3 and of 0.306 by 'cid-22'. 'standard' is
#   refused with 'Test number must be between 1 and 8'; the other names give no warning.
# WHY IT MATTERS: a name is what one writes where a number says nothing. The index of a room or
#   a hearing aid that is compared with scores of one test has the weights of another, and nothing
#   looks wrong, as all indices are from 0 to 1 and near each other.
# SOURCE: the docstrings of band_importance() and sii(), whose table has the columns in the order of
#   the numbers; found by reading and trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'numpy==2.2.6' \
    'speech-intelligibility-index==1.0.2'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from speech_intelligibility_index.sii import band_importance, input_5p1, sii

print({name: version(name) for name in ("speech-intelligibility-index", "numpy")})
NUMBERS = {"nns": 2, "cid-22": 3, "nu6": 4, "drt": 5, "short": 6, "spin": 7, "cst": 8}
KNOWN = {"nns": 1, "cid-22": 2, "nu6": 3, "drt": 4, "short": 6, "spin": 5, "cst": 8}
low = np.arange(18) < 9  # the bands below 1.25 kHz
same = True
for name, number in NUMBERS.items():
    weights = band_importance(name)
    taken = [k for k in range(1, 9) if np.array_equal(weights, band_importance(k))]
    shown = []
    for noise in (np.where(low, 35.0, -50.0), np.where(low, -50.0, 35.0)):
        levels = input_5p1("normal", noise)
        shown.append((sii(*levels, number), sii(*levels, name)))
    print(f"expected: {name} is number {number}; seen: the weights of number {taken};",
          "SII in low noise {:.3f} as {:.3f},".format(*shown[0]),
          "in high noise {:.3f} as {:.3f}".format(*shown[1]))
    same &= taken == [KNOWN[name]]
    same &= all((abs(right - seen) > 0.015) == (number != KNOWN[name]) for right, seen in shown)
try:
    band_importance("standard")
    same = False
except ValueError as refused:
    print("expected: standard is number 1; seen: ValueError:", refused)
sys.exit(0 if same else "CHANGED: see the lines above")
END
