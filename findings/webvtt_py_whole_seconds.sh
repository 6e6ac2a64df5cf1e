#!/usr/bin/env bash
# WHAT: webvtt-py's start_in_seconds and end_in_seconds are whole seconds, cut off.
# GUESS: 00:00:01.900 is 1.9, as the times of WebVTT have three decimals.
# SEEN: webvtt-py 0.6.0: it is 1, and a cue from 1.900 to 1.990 has the length 0. The text of the
#   time (start) is kept.
# WHY IT MATTERS: sound cut by these times begins and ends up to a second early: each cue has the
#   end of the one before and lacks its own, so that pairs of speech and text for training, and
#   word error rates of cues, are wrong by a word or two each.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'webvtt-py==0.6.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import webvtt

print("webvtt-py", version("webvtt-py"))
print("expected: (1.9, 1.99), (59.999, 61.5)")
cues = webvtt.from_string("WEBVTT\n\n00:00:01.900 --> 00:00:01.990\nyes\n\n"
                          "00:00:59.999 --> 00:01:01.500\nI think so\n")
seen = [(cue.start_in_seconds, cue.end_in_seconds) for cue in cues]
print("seen:", seen, [cue.start for cue in cues])
same = seen == [(1, 1), (59, 61)] and cues[0].start == "00:00:01.900"
sys.exit(0 if same else "CHANGED: see the line above")
EOF
