#!/usr/bin/env bash
# WHAT: pyannote.metrics counts a speaker whose own turns overlap as two: a perfect answer has a
#   diarization error of 25 %.
# GUESS: the error is of speakers and time: turns of A from 0 to 2 s and from 1 to 3 s are 3 s of
#   A, as in simpleder.
# SEEN: pyannote.metrics 4.2.0: with A from 0 to 3 s as the answer the total is 4 s and 1 s is
#   missed (0.25); with the two changed round 1 s is a false alarm (0.333). simpleder 0.0.8 gives
#   0. Annotation.support() before scoring mends it.
# WHY IT MATTERS: sentences of one speaker overlap a little in many corpora (words cut by hand,
#   segments padded by half a second), and systems that work in overlapping windows give such
#   turns: the error depends on how turns are cut, not on who spoke when.
# SOURCE: github.com/pyannote/pyannote-metrics/issues/49, where total is explained as that of
#   turns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'pandas==2.3.3' 'simpleder==0.0.8' 'pyannote.metrics==4.2.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import simpleder
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

print({name: version(name) for name in ("pyannote.metrics", "simpleder")})
print("expected: 0 for all")
turns, whole = Annotation(), Annotation()
turns[Segment(0, 2), 0] = turns[Segment(1, 3), 1] = "A"
whole[Segment(0, 3)] = "A"
pairs = {"turns as the truth": (turns, whole), "whole as the truth": (whole, turns),
         "with support()": (turns.support(), whole)}
seen = {name: round(DiarizationErrorRate()(*pair, uem=Segment(0, 3)), 3)
        for name, pair in pairs.items()}
other = simpleder.DER([("A", 0.0, 2.0), ("A", 1.0, 3.0)], [("A", 0.0, 3.0)])
print("seen:", seen, "; simpleder:", other)
same = list(seen.values()) == [0.25, 0.333, 0.0] and other == 0
sys.exit(0 if same else "CHANGED: see the line above")
EOF
