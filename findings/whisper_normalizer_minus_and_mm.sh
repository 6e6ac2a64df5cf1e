#!/usr/bin/env bash
# WHAT: whisper-normalizer's English normalizer deletes a minus sign and the unit mm, and writes
#   'one point five' as 'one.5'.
# GUESS: what it makes equal means the same: '-5 degrees' is as 'minus five degrees', '5 mm' stays,
#   'one point five' is '1.5' as 'two point five' is '2.5'. (Written before a run for the sign and
#   mm, of which there was a suspicion; 'one.5' was seen in the same run.)
# SEEN: whisper-normalizer 0.1.15 (Whisper's own rules): '-5 degrees' becomes '5 degrees', and
#   'minus five degrees' '-5 degrees', so that a wrong sign is no error and the right one is; '5 mm'
#   becomes '5', since 'mm' is deleted as the sound of hesitation (cm stays); 1.5 is 'one.5' in both
#   spellings, as is 'one and a half'; 'one two three' is '123' and '1 2 3' 'one 2 3', no word in
#   common; "the man's hat" is 'the man is hat'.
# WHY IT MATTERS: word error rates of most English speech recognition are counted behind it. For
#   temperatures, differences, sizes and digits said one by one they say nothing, or the contrary;
#   and as a cleaner of training text, for which the package is also used, it writes what nobody
#   says.
# SOURCE: whisper_normalizer/english.py (ignore_patterns; symbols go before numbers are read; digits
#   one are spelled); found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'whisper-normalizer==0.1.15'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from whisper_normalizer.english import EnglishTextNormalizer

normal = EnglishTextNormalizer()
print("whisper-normalizer", version("whisper-normalizer"))
print("expected: each pair equal where it means the same, unequal where not")
PAIRS = {  # a pair: whether both mean the same, and what was seen
    ("-5 degrees", "minus five degrees"): (True, "5 degrees", "-5 degrees"),
    ("-5 degrees", "five degrees"): (False, "5 degrees", "5 degrees"),
    ("a gap of 5 mm", "a gap of five"): (False, "a gap of 5", "a gap of 5"),
    ("a gap of 5 cm", "a gap of five"): (False, "a gap of 5 cm", "a gap of 5"),
    ("two point five", "2.5"): (True, "2.5", "2.5"),
    ("one point five", "one and a half"): (True, "one.5", "one.5"),
    ("one two three", "1 2 3"): (True, "123", "one 2 3"),
    ("the man's hat", "the man is hat"): (False, "the man is hat", "the man is hat"),
}
same = True
for (one, two), (alike, *known) in PAIRS.items():
    got = [normal(one), normal(two)]
    right = (got[0] == got[1]) == alike
    print("seen:", (one, two), "->", got, "" if right else "(not as expected)")
    same = same and got == known
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
