#!/usr/bin/env bash
# WHAT: The package audiogram grades hearing by another table than that of WHO 2021, whose name its
#   method has: of nine mean thresholds from 15 to 97 dB six get another grade.
# GUESS: severity() with its standard 'who2021' follows the World Report on Hearing (WHO, 2021):
#   normal below 20 dB, mild from 20, moderate from 35, moderately severe from 50, severe from 65,
#   profound from 80, complete from 95. (Written down after its table had been read.)
# SEEN: audiogram 0.1.0: 'normal' up to 25 dB, mild to 40, moderate to 55, moderately severe to 70,
#   severe to 90, profound above; 'complete' does not exist. 22 dB is normal (WHO: mild), 37 mild
#   (moderate), 52 moderate (moderately severe), 68 moderately severe (severe), 85 severe
#   (profound), 97 profound (complete). The README has the numbers, with the name "WHO 2021".
# WHY IT MATTERS: the 2021 report moved the onset of a hearing loss from 26 to 20 dB and made all
#   steps 15 dB wide. Listeners of a test of speech in noise who have a mild loss are 'normal', and
#   shares of grades are not those of any study that cites the same standard.
# SOURCE: WHO, World Report on Hearing (2021), table 1.3; the README of audiogram ("WHO 2021 hearing
#   loss grading"), where the limits are written out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'audiogram==0.1.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from audiogram import severity_from_thresholds

print({"audiogram": version("audiogram")})
GRADES = ((20, "normal"), (35, "mild"), (50, "moderate"), (65, "moderately_severe"),
          (80, "severe"), (95, "profound"), (float("inf"), "complete"))
known = {15: "normal", 22: "normal", 30: "mild", 37: "mild", 45: "moderate", 52: "moderate",
         68: "moderately_severe", 85: "severe", 97: "profound"}
same = True
for level, grade in known.items():
    right = next(name for limit, name in GRADES if level < limit)
    thresholds = {frequency: float(level) for frequency in (500, 1000, 2000, 4000)}
    seen = severity_from_thresholds(thresholds, standard="who2021")
    print(f"expected: {level} dB: {right}; seen: {seen}{'' if seen == right else ' (another)'}")
    same &= seen == grade
sys.exit(0 if same else "CHANGED: see the lines above")
END
