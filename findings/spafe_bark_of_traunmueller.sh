#!/usr/bin/env bash
# WHAT: spafe's Bark scale "Traunmueller" has no curve: 1 kHz is 12.9 Bark and 4 kHz 53, and back in
#   hertz they are other frequencies, one of them negative; "Terhardt" comes back 3 to 21 % high.
# GUESS: bark2hz(hz2bark(f)) is f for each of the approaches, and 1 kHz is about 8.5 Bark by
#   Traunmueller's formula, 26.81 f / (1960 + f) - 0.53. (Written for the package as a whole: 'by
#   the definitions'; the round trip was in the first program that ran.)
# SEEN: spafe 0.3.3: hz2bark(f, "Traunmueller") of 500, 1000 and 4000 Hz is 6.17, 12.87 and 53.08
#   (4.92, 8.53 and 17.46 by the formula), and bark2hz() of these 653, 1959 and -4480 Hz. The code
#   divides by 1 + 1960, which does not hang on f, as the docstring has it too. bark2hz() alone is
#   right: 8.527 Bark is 1000 Hz. "Terhardt" gives 512.6, 1031 and 4421 Hz back, and 8460 of 7000.
#   "Wang" (the default), "Tjomov", "Schroeder" and "Zwicker" come back exactly, and so do mel
#   and ERB.
# WHY IT MATTERS: vowel charts and distances in Bark are usual in phonetics, and Traunmueller's is
#   a formula that many papers cite: second formants of 1 and 2 kHz are 13 Bark apart in place of
#   4.5, and nothing beyond the scale's end at 24 is refused.
# SOURCE: Traunmueller 1990, JASA 88(1), which the docstring cites; found by a round trip.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps \
    'numpy==2.2.6' 'typing-extensions==4.15.0' 'spafe==0.3.3'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from spafe.utils.converters import bark2hz, hz2bark

print("spafe", version("spafe"))
FREQUENCIES = (500, 1000, 4000, 7000)
right = [26.81 * f / (1960 + f) - 0.53 for f in FREQUENCIES]
bark = [float(hz2bark(f, "Traunmueller")) for f in FREQUENCIES]
print("expected:", np.round(right, 2).tolist(), "Bark of", FREQUENCIES, "Hz by Traunmueller")
print("seen:    ", np.round(bark, 2).tolist())
back = {name: [float(bark2hz(hz2bark(f, name), name)) for f in FREQUENCIES]
        for name in ("Traunmueller", "Terhardt", "Wang", "Tjomov", "Schroeder", "Zwicker")}
for name, values in back.items():
    print("expected:", list(map(float, FREQUENCIES)), "seen:", name, np.round(values, 1).tolist())
alone = [float(bark2hz(value, "Traunmueller")) for value in right]
print("seen: bark2hz of the right Bark:", np.round(alone, 1).tolist())
same = (np.allclose(bark[:3], [6.17, 12.87, 53.08], atol=0.01)
        and np.allclose(back["Traunmueller"][:3], [653.1, 1958.9, -4480.4], atol=0.2)
        and np.allclose(back["Terhardt"], [512.6, 1031.3, 4420.8, 8460.2], atol=0.2)
        and np.allclose(alone[:3], FREQUENCIES[:3], rtol=0.01)
        and all(np.allclose(back[name], FREQUENCIES, rtol=1e-6)
                for name in ("Wang", "Tjomov", "Schroeder", "Zwicker")))
sys.exit(0 if same else "CHANGED: see the lines above")
END
