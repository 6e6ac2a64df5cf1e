#!/usr/bin/env bash
# WHAT: praatio reads the times of a TextGrid in the long format as unsigned decimals: the sign is
#   lost, an exponent refused.
# GUESS: a file that Praat saved reads the same in the long and in the short format.
# SEEN: praatio 6.2.2: a point at -1.5 s is read as +1.5 s from the long format, in silence, and
#   as -1.5 s from the short one; a boundary at 0.000061 s, which Praat writes as 6.1e-05, raises
#   ParsingError in the long format alone.
# WHY IT MATTERS: times before zero come with epochs cut around an event (EEG, eye and
#   articulography recordings); a boundary in the first 0.1 ms comes with forced aligners and
#   rounding.
# SOURCE: found by reading files that Praat itself (through parselmouth 0.4.7) saved.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'praatio==6.2.2' \
    'praat-parselmouth==0.4.7'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from parselmouth.praat import call
from praatio import textgrid

print({name: version(name) for name in ("praatio", "praat-parselmouth")})
print("expected: -1.5 and 6.1e-05 from both formats")
points = call("Create TextGrid", -2.0, 1.0, "events", "events")
call(points, "Insert point", 1, -1.5, "beep")
words = call("Create TextGrid", 0.0, 1.0, "words", "")
call(words, "Insert boundary", 1, 6.1e-05)


def first_time(grid, save):
    call(grid, save, "a.TextGrid")
    try:
        entry = textgrid.openTextgrid("a.TextGrid", includeEmptyIntervals=True).tiers[0].entries[0]
    except Exception as error:
        return type(error).__name__
    return entry.time if grid is points else entry.end


seen = {save: (first_time(points, save), first_time(words, save))
        for save in ("Save as text file...", "Save as short text file...")}
print("seen:", seen)
same = list(seen.values()) == [(1.5, "ParsingError"), (-1.5, 6.1e-05)]
sys.exit(0 if same else "CHANGED: see the line above")
EOF
