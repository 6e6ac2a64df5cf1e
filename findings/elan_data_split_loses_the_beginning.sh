#!/usr/bin/env bash
# WHAT: elan-data splits an ELAN segment into pieces of no length and one last piece: what was
#   before the first cut belongs to none of them any more.
# GUESS: a segment from 0 to 1000 ms that is split at 300 and 600 ms becomes three, 0 to 300, 300 to
#   600 and 600 to 1000 ms, each with the whole text, as the docstring says. (There was a suspicion
#   on reading the code.)
# SEEN: elan-data 1.7.3: split_segment([300, 600], "a1") gives 300 to 300, 600 to 600 and 600 to
#   1000 ms; with one cut at 300 ms, 300 to 300 and 300 to 1000 ms. merge_segments() of all the
#   pieces is 300 to 1000 ms, not what it was, and the table of segments has 400 ms in all. No
#   message.
# WHY IT MATTERS: one splits long segments at pauses or at turns before training or scoring: the
#   sound up to the last cut has no annotation, so that speech is counted as silence and as false
#   alarms, and the text of three pieces stands beside the sound of one.
# SOURCE: found by reading and trying; the docstrings of elan-data.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pandas==2.3.3'
# Its third dependency, matplotlib, is for plots alone.
venv/bin/python -m pip install --quiet --no-compile --no-deps 'elan-data==1.7.3'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from elan_data import ELAN_Data

print("elan-data", version("elan-data"))


def spans(file):
    rows = file.init_dataframe()
    return list(zip(rows.START.tolist(), rows.STOP.tolist(), rows.TEXT.tolist()))


seen = {}
for cuts in ([300], [300, 600]):
    file = ELAN_Data.create_eaf("a.eaf", None, ["Ann"], remove_default=True)
    file.add_segment("Ann", 0, 1000, "good morning")
    ends = [0, *cuts, 1000]
    print(f"expected: cuts at {cuts}: {list(zip(ends, ends[1:]))}")
    file.split_segment(list(cuts), "a1")
    pieces = spans(file)
    speech = int(file.tier_data.DURATION.sum())
    file.merge_segments("Ann", file.tier_data.SEGMENT_ID.tolist())
    merged = [span[:2] for span in spans(file)]
    print(f"seen:     {pieces}, {speech} ms in all, merged again {merged}")
    seen[tuple(cuts)] = [span[:2] for span in pieces], speech, merged
known = {(300,): ([(300, 300), (300, 1000)], 700, [(300, 1000)]),
         (300, 600): ([(300, 300), (600, 600), (600, 1000)], 400, [(300, 1000)])}
sys.exit(0 if seen == known else "CHANGED: see the lines above")
END
