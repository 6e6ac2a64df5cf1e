#!/usr/bin/env bash
# WHAT: irrCAC's Krippendorff's alpha of ordinal ratings is another number than Krippendorff's.
# GUESS: two libraries agree on Krippendorff's alpha for the same ratings and level, up to
#   rounding. (Written after a first comparison.)
# SEEN: irrCAC 0.4.4 beside krippendorff 0.9.0, 200 clips by 3 raters from 1 to 5: nominal,
#   interval (weights='quadratic') and ratio agree within 0.0002, ordinal is 0.642 against 0.620.
#   Krippendorff counts how often the grades between two were given; irrCAC's ordinal weights are
#   by the ranks of the grades alone.
# WHY IT MATTERS: opinion scores, intensity, valence and arousal are ordinal, and 'alpha = 0.64'
#   is compared with that of other corpora. Which one it is hangs on the library, and the gap on
#   how unevenly the grades are used.
# SOURCE: Krippendorff's "Computing Krippendorff's Alpha-Reliability" (2011) has the ordinal
#   difference by counts; found by comparing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'pandas==2.3.3' 'krippendorff==0.9.0'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'irrCAC==0.4.4'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

LEVELS = {"nominal": "identity", "interval": "quadratic", "ratio": "ratio", "ordinal": "ordinal"}
draw = np.random.default_rng(0)
truth = draw.choice([1, 2, 3, 4, 5], 200, p=[0.05, 0.1, 0.15, 0.3, 0.4])
ratings = np.clip(truth + draw.integers(-1, 2, (3, 200)), 1, 5).astype(float)
table = pd.DataFrame(ratings.T, columns=["a", "b", "c"])
print("irrCAC", version("irrCAC"), "| krippendorff", version("krippendorff"))
print("expected: (irrCAC, krippendorff) within 0.001 of each other at each level")
seen = {}
for level, weights in LEVELS.items():
    ours = CAC(table, weights=weights).krippendorff()["est"]["coefficient_value"]
    theirs = krippendorff.alpha(ratings, level_of_measurement=level)
    seen[level] = round(float(ours), 4), round(float(theirs), 4)


def by_hand():
    """Alpha of complete ratings, with the ordinal difference by counts."""
    counts = np.array([(ratings == grade).sum() for grade in range(1, 6)])

    def apart(one, other):
        low, high = sorted((int(one), int(other)))
        return (counts[low - 1:high].sum() - (counts[low - 1] + counts[high - 1]) / 2) ** 2

    within = np.mean([apart(clip[one], clip[other]) for clip in ratings.T
                      for one in range(3) for other in range(3) if one != other])
    given, total = np.arange(1, 6), counts.sum()
    chance = sum(apart(one, other) * counts[one - 1] * counts[other - 1]
                 for one in given for other in given) / (total * (total - 1))
    return round(float(1 - within / chance), 4)


print("seen:", seen, "; ordinal by the formula of 2011:", by_hand())
same = all(abs(seen[level][0] - seen[level][1]) < 0.001 for level in LEVELS if level != "ordinal")
same = same and abs(seen["ordinal"][0] - 0.642) < 0.001 and abs(seen["ordinal"][1] - 0.620) < 0.001
same = same and abs(by_hand() - seen["ordinal"][1]) < 0.001
sys.exit(0 if same else "CHANGED: see the line above")
EOF
