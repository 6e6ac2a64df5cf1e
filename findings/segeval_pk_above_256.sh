#!/usr/bin/env bash
# WHAT: segeval's Pk and WindowDiff of positions go to zero with the length of a recording: two
#   unrelated segmentations into 2,000 phrases differ by 7 %, where 49 % is right.
# GUESS: pk() and window_diff() give the same for a segmentation as masses (lengths of segments) and
#   as positions (the number of each unit's segment), for any number of segments. (There was a
#   suspicion on reading the code of pk(), which compares numbers of segments by 'is'.)
# SEEN: segeval 2.0.11, two random segmentations, about ten units a segment: for 1000 units, with 96
#   and 91 segments, both formats give 0.53 and 0.57. For 5000 units (512 and 491 segments) masses
#   give 0.48 and 0.54, positions 0.27 and 0.32; for 20,000 (2043 and 1972) 0.49 and 0.54 against
#   0.07 and 0.08. Python keeps one object for each whole number up to 256; above it two equal
#   numbers of a list are two objects, and not the same segment to segeval. Where a list has one
#   object for each segment, as those that segeval makes of masses, it is right. No warning.
# WHY IT MATTERS: positions are how one writes what each word or frame belongs to, read from a file
#   or made by a model: for a talk of half an hour a chance segmentation into phrases or topics
#   looks excellent, the better, the longer it is, and recordings of different length cannot be
#   compared.
# SOURCE: found by reading and trying; the paper by Beeferman et al. (1999) that pk() names.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'segeval==2.0.11'
venv/bin/python -W ignore - <<'END'
import json
import random
import sys
from importlib.metadata import version
import segeval
from segeval.format import BoundaryFormat, convert_positions_to_masses

print("segeval", version("segeval"))


def segmentation(units, seed):
    """The segment of each unit, counted from 1, as it comes out of a file."""
    draw, segment, positions = random.Random(seed), 1, []
    for _ in range(units):
        positions.append(segment)
        segment += draw.random() < 0.1
    return json.loads(json.dumps(positions))


def by_hand(one, other, width):
    """Pk: how often one of two segmentations, not both, has a boundary within a window."""
    spans = range(len(one) - width)
    return sum((one[k] == one[k + width]) != (other[k] == other[k + width])
               for k in spans) / len(spans)


seen = {}
for units in (1000, 5000, 20000):
    one, other = segmentation(units, 1), segmentation(units, 2)
    masses = [convert_positions_to_masses(positions) for positions in (one, other)]
    width = segeval.compute_window_size(masses[1])
    values = []
    for measure in (segeval.pk, segeval.window_diff):
        values.append(float(measure(*masses)))
        values.append(float(measure(one, other, boundary_format=BoundaryFormat.position)))
    seen[units] = values
    print(f"expected: {units} units, {len(masses[0])} and {len(masses[1])} segments:",
          f"Pk by hand {by_hand(one, other, width):.3f}; seen: of masses {values[0]:.3f},",
          f"of positions {values[1]:.3f}; WindowDiff {values[2]:.3f} and {values[3]:.3f}")
    if abs(values[0] - by_hand(one, other, width)) > 1e-9:
        sys.exit("CHANGED: Pk of masses is another number")
short, middle, long = seen.values()
same = short[0] == short[1] and short[2] == short[3]
same &= 0.2 < middle[1] < 0.35 and 0.25 < middle[3] < 0.4 and middle[0] > 0.45 and middle[2] > 0.45
same &= long[1] < 0.1 and long[3] < 0.12 and long[0] > 0.45 and long[2] > 0.45
sys.exit(0 if same else "CHANGED: see the lines above")
END
