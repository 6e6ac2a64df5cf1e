#!/usr/bin/env bash
# WHAT: audmetric's unweighted average recall falls by a whole class when one file is given a
#   class that nobody in the test set has.
# GUESS: the mean of the recalls of the classes that occur in the truth, as in
#   sklearn.metrics.balanced_accuracy_score: a class without cases has no recall.
# SEEN: audmetric 1.4.2: 19 of 20 right, in two classes, and one file taken for a third class:
#   0.633 (the third class counts with a recall of 0); balanced_accuracy_score of scikit-learn
#   1.7.2 says 0.95. scikit-learn's recall_score(average='macro') says 0.633 too, with a warning;
#   audmetric gives none.
# WHY IT MATTERS: tests of emotion recognition on one speaker at a time have speakers without fear
#   or disgust: the first such guess costs 37 points here, another wrong guess 5, and means over
#   speakers of two papers that both say UAR are not comparable.
# SOURCE: an example in audmetric's documentation shows 0.25 for [0, 0] and [0, 1].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'scikit-learn==1.7.2' 'audmetric==1.4.2'
venv/bin/python - <<'EOF'
import sys
import warnings
from importlib.metadata import version
import audmetric
from sklearn.metrics import balanced_accuracy_score

print({name: version(name) for name in ("audmetric", "scikit-learn")})
truth = ["anger"] * 10 + ["joy"] * 10
outside = ["anger"] * 9 + ["fear"] + ["joy"] * 10
inside = ["anger"] * 9 + ["joy"] + ["joy"] * 10
print("expected: 0.95 for both")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    seen = [round(float(audmetric.unweighted_average_recall(truth, guess)), 3)
            for guess in (outside, inside)]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    other = [round(float(balanced_accuracy_score(truth, guess)), 3) for guess in (outside, inside)]
print("seen (one file outside, inside the classes):", seen, "; scikit-learn:", other)
same = seen == [0.633, 0.95] and other == [0.95, 0.95] and not said
sys.exit(0 if same else "CHANGED: see the line above")
EOF
