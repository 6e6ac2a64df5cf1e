#!/usr/bin/env bash
# WHAT: inflect reads a fraction, a time of day, a score or a date as one number made of all digits.
# GUESS: number_to_words takes text and a sign or a point in it; for '2-3', '24/7' and '1.2.2024'
#   it says the parts, or raises an exception, but no single number. ('1/2' and '10:30' were seen
#   before this was written.)
# SEEN: inflect 7.6.0: '1/2' is 'twelve', '10:30' 'one thousand and thirty', '2-3' 'twenty-three',
#   '24/7' 'two hundred and forty-seven', '12,5' 'one hundred and twenty-five', '1e3' 'thirteen',
#   '1.2.2024' 'one point two two zero two four'. No exception, no warning.
# WHY IT MATTERS: the text front ends of many voices hand tokens with digits to this function: 'take
#   1/2 a cup' is said as 'take twelve', and texts for recognition and alignment hold words that
#   nobody says. A check that the result has no digits passes.
# SOURCE: found by trying; its page names ordinals, decimals and groups, not what is left out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'inflect==7.6.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import inflect

KNOWN = {
    "1/2": "twelve",
    "10:30": "one thousand and thirty",
    "2-3": "twenty-three",
    "24/7": "two hundred and forty-seven",
    "12,5": "one hundred and twenty-five",
    "1e3": "thirteen",
    "1.2.2024": "one point two two zero two four",
}
print("inflect", version("inflect"))
print("expected: the parts of each, or an exception")
seen = {}
for text in KNOWN:
    try:
        seen[text] = inflect.engine().number_to_words(text)
    except Exception as error:
        seen[text] = f"{type(error).__name__}: {error}"
print("seen:", seen)
sys.exit(0 if seen == KNOWN else "CHANGED: see the line above")
EOF
