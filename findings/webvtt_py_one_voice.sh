#!/usr/bin/env bash
# WHAT: webvtt-py gives all words of a cue to its first voice, or to nobody.
# GUESS: a cue may hold several voices ('<v Ann>Hi.</v> <v Bob>Hello.</v>'): both names and who says
#   what can be had, or an exception says that one voice is all it knows.
# SEEN: webvtt-py 0.6.0: voice is 'Ann' and text 'Hi. Hello.'; with one voice a line it is the same;
#   where a hyphen or a space comes before the tag ('- <v Cy>No.'), voice is None. No warning. The
#   names are left in raw_text alone.
# WHY IT MATTERS: captions of talk put two people in one cue, with a hyphen for each: Bob's words
#   become Ann's, so that error rates by speaker (cpWER), diarization references and voices cut
#   for training are wrong just where people take turns.
# SOURCE: W3C, WebVTT, "WebVTT voice span", of which a cue may have any number; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'webvtt-py==0.6.0'
venv/bin/python - <<'EOF'
import io
import sys
from importlib.metadata import version
import webvtt

FILE = """WEBVTT

00:01.000 --> 00:02.000
<v Ann>Hi.</v> <v Bob>Hello.</v>

00:03.000 --> 00:04.000
<v Bob>Where is it?
<v Ann>Here.

00:05.000 --> 00:06.000
- <v Cy>No.
- <v Ann>Yes.
"""
print("webvtt-py", version("webvtt-py"))
print("expected: the words of Ann, Bob and Cy each, or an exception")
seen = [(cue.voice, cue.text) for cue in webvtt.from_buffer(io.StringIO(FILE))]
print("seen (voice, text):", seen)
same = seen == [("Ann", "Hi. Hello."), ("Bob", "Where is it?\nHere."), (None, "- No.\n- Yes.")]
sys.exit(0 if same else "CHANGED: see the line above")
EOF
