#!/usr/bin/env bash
# WHAT: Where scores are equal, pyeer's area under the curve is too small, and its equal error rate
#   may be 100 % for a system that is better than chance.
# GUESS: equal scores of a target and an impostor count half: a system with one score for all has an
#   area of 0.5 and an equal error rate (EER) of 50 %; 90 % against 50 % of 'yes' an area of 0.7.
# SEEN: pyeer 0.5.6: one score for all has an area of 0 and an EER of 1; yes for 90 % of the targets
#   and 50 % of the impostors 0.475 and an EER of 1 (between the two points of its curve it is
#   0.357); yes for 70 % and 30 % has 0.595, three grades 0.795, where they are 0.7 and 0.825. With
#   scores that are all different both measures are right. A warning asks whether the scores are
#   distances.
# WHY IT MATTERS: decisions, votes, opinions in grades and scores rounded for a table have equal
#   ones. A verifier or a detector of false lips is then reported as worse than it is.
# SOURCE: the area under the curve is the Mann-Whitney statistic, where ties count half (Hanley and
#   McNeil, 1982); scikit-learn 1.7.2 for comparison; found by trying a constant.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'scikit-learn==1.7.2' 'pyeer==0.5.6'
venv/bin/python -W ignore - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
from pyeer.eer_info import get_eer_stats
from sklearn.metrics import roc_auc_score, roc_curve


def reference(targets, impostors):
    """EER where the curve, with straight lines between its points, meets the diagonal; area."""
    truth = [1] * len(targets) + [0] * len(impostors)
    scores = [*targets, *impostors]
    false, true, _ = roc_curve(truth, scores)
    grid = np.linspace(0, 1, 100001)
    rate = grid[np.abs(np.interp(grid, false, 1 - true) - grid).argmin()]
    return round(float(rate), 3), round(float(roc_auc_score(truth, scores)), 3)


def grades(*counts):
    return [float(grade) for grade, count in enumerate(counts) for _ in range(count)]


draw = np.random.default_rng(0)
CASES = {
    "one score for all": (grades(100), grades(100)),
    "yes for 90 % and 50 %": (grades(10, 90), grades(50, 50)),
    "yes for 70 % and 30 %": (grades(30, 70), grades(70, 30)),
    "three grades": (grades(10, 30, 60), grades(60, 30, 10)),
    "all different": (list(draw.normal(2, 1, 1000)), list(draw.normal(0, 1, 1000))),
}
print({name: version(name) for name in ("pyeer", "scikit-learn", "numpy")})
seen = {}
for name, (targets, impostors) in CASES.items():
    stats = get_eer_stats(targets, impostors)
    seen[name] = round(float(stats.eer), 3), round(float(stats.auc), 3)
    print(name, "| expected (EER, area):", reference(targets, impostors), "| seen:", seen[name])
known = {"one score for all": (1.0, 0.0), "yes for 90 % and 50 %": (1.0, 0.475),
         "yes for 70 % and 30 %": (0.3, 0.595), "three grades": (0.25, 0.795)}
same = all(seen[name] == numbers for name, numbers in known.items())
apart = np.abs(np.subtract(seen["all different"], reference(*CASES["all different"]))).max()
sys.exit(0 if same and apart < 0.005 else "CHANGED: see the lines above")
EOF
