#!/usr/bin/env bash
# WHAT: scikit-learn's weighted kappa counts the steps between the grades that were given, not
#   between their values: with a gap in the grades it is another number.
# GUESS: cohen_kappa_score(a, b, weights='quadratic') of grades 1 to 5 takes 2 and 5 as three
#   steps apart, whether or not anyone gave a 3 or a 4.
# SEEN: scikit-learn 1.7.2 (and 1.9.1): two raters who give 1, 2 and 5 have a kappa of 0.762; with
#   labels=[1, 2, 3, 4, 5] it is 0.678. In the first, 2 and 5 are neighbors. No warning.
# WHY IT MATTERS: agreement on opinion scores, valence and intensity is reported in this way, and
#   for a few clips of one speaker or one system some grade is easily unused: the same
#   disagreement then counts less than in the rest of the corpus.
# SOURCE: the documentation says that labels are those that occur, and nothing of distances.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'scikit-learn==1.7.2'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
from sklearn.metrics import cohen_kappa_score

print("scikit-learn", version("scikit-learn"))
one = np.array([1, 1, 2, 2, 5, 5, 5, 2, 1, 5])
two = np.array([1, 2, 2, 5, 5, 5, 2, 2, 1, 5])
apart = (one - two) ** 2
by_value = 1 - apart.mean() / ((one[:, None] - two[None]) ** 2).mean()
print("expected, by the values:", round(float(by_value), 3))
seen = round(float(cohen_kappa_score(one, two, weights="quadratic")), 3)
named = round(float(cohen_kappa_score(one, two, weights="quadratic", labels=[1, 2, 3, 4, 5])), 3)
print("seen:", seen, "; with labels=[1, 2, 3, 4, 5]:", named)
same = seen == 0.762 and named == round(float(by_value), 3) == 0.678
sys.exit(0 if same else "CHANGED: see the line above")
EOF
