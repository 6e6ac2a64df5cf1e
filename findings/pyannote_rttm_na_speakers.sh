#!/usr/bin/env bash
# WHAT: pyannote.database's load_rttm makes one nameless speaker of all whose names look like a
#   missing value.
# GUESS: a speaker's name is text: NA, null and None stay three speakers.
# SEEN: pyannote.database 6.1.1: the file is read with pandas' list of missing values switched on;
#   NA, null, None and nan all become the float nan. Two speakers merge into one, in silence.
# WHY IT MATTERS: initials and codes such as NA occur in meeting corpora; the diarization error
#   rate of a perfect system is then wrong, and the labels are no longer strings.
# SOURCE: github.com/pyannote/pyannote-database/issues/27 (mended in 2019) and pull request 115
#   (open).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'pandas==2.3.3' 'pyannote.database==6.1.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pyannote.database.util import load_rttm

print("pyannote.database", version("pyannote.database"))
names = ["NA", "null", "None", "007"]
print("expected labels:", names)
with open("a.rttm", "w") as file:
    for at, name in enumerate(names):
        file.write(f"SPEAKER talk 1 {at}.0 1.0 <NA> <NA> {name} <NA> <NA>\n")
labels = load_rttm("a.rttm")["talk"].labels()
print("seen:", labels)
nameless = [label for label in labels if isinstance(label, float) and label != label]
same = len(labels) == 2 and len(nameless) == 1 and "007" in labels
sys.exit(0 if same else "CHANGED: see the line above")
EOF
