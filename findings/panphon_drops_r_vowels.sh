#!/usr/bin/env bash
# WHAT: panphon leaves out phones that it does not know, among them the r-colored vowels of
#   American English.
# GUESS: every IPA segment counts in a phone distance, or an exception says which one is unknown.
# SEEN: panphon 0.22.2: U+025A and U+025D (the vowels of 'butter' and 'bird') and the ligature
#   U+02A7 vanish, so that 'bird' and 'bd' have the distance 0.
# WHY IT MATTERS: gruut and espeak-ng write American English with just these vowels: a recognizer
#   or a voice that leaves them all out gets a better phonetic error rate than one that says
#   another vowel.
# SOURCE: github.com/dmort27/panphon/issues/7 says where the known phones are listed; nothing says
#   what happens to others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'panphon==0.22.2'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import panphon
import panphon.distance

print("panphon", version("panphon"))
print("expected: all segments, and distances above 0")
table, distance = panphon.FeatureTable(), panphon.distance.Distance()
bird, butter, chat = "b\u025dd", "b\u028ct\u025a", "\u02a7\u00e6t"
segments = [table.ipa_segs(word) for word in (bird, butter, chat)]
left_out = distance.feature_edit_distance(bird, "bd")
other_vowel = distance.feature_edit_distance(bird, "b\u025bd")
print("seen:", segments, "| bird to bd:", left_out, "| bird to bed:", other_vowel)
same = segments == [["b", "d"], ["b", "\u028c", "t"], ["\u00e6", "t"]]
same = same and left_out == 0 and other_vowel > 0
sys.exit(0 if same else "CHANGED: see the line above")
EOF
