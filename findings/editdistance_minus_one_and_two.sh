#!/usr/bin/env bash
# WHAT: editdistance takes the labels -1 and -2 for the same, and rapidfuzz the number 97 and the
#   letter 'a'.
# GUESS: two sequences of hashable labels have a distance of 0 where all labels are equal, and -1
#   and -2 are not. (There was a suspicion: in Python hash(-1) is hash(-2). 97 against 'a' was no
#   guess; it was in the list of pairs.)
# SEEN: editdistance 0.8.1: eval([5, -1, 3], [5, -2, 3]) is 0, and [-1] against [-2] as well;
#   Levenshtein.distance of rapidfuzz 3.14.6 gives 1, but 0 for [97] against ['a'], where
#   editdistance gives 1.
# WHY IT MATTERS: error rates of phones, units and tokens are taken of lists of numbers, in which -1
#   and -2 are what is unknown, silent or ignored: all mix-ups of the two are missing from the error
#   rate, and a sequence of one is a perfect answer to a sequence of the other.
# SOURCE: Python's documentation of __hash__ says that equal objects have equal hashes, not the
#   reverse; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'editdistance==0.8.1' \
    'rapidfuzz==3.14.6'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import editdistance
from rapidfuzz.distance import Levenshtein

print({name: version(name) for name in ("editdistance", "rapidfuzz")})
print("expected: 1 for all")
pairs = ([-1], [-2]), ([5, -1, 3], [5, -2, 3]), ([0], [1]), ([97], ["a"])
seen = {"editdistance": [editdistance.eval(*pair) for pair in pairs],
        "rapidfuzz": [Levenshtein.distance(*pair) for pair in pairs]}
print("pairs:", pairs)
print("seen:", seen)
same = seen == {"editdistance": [0, 0, 1, 1], "rapidfuzz": [1, 1, 1, 0]}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
