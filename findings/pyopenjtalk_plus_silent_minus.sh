#!/usr/bin/env bash
# WHAT: pyopenjtalk-plus says nothing for a minus sign and for '$' before a number, and takes '1st'
#   for a short ton.
# GUESS: '-5' is 'mainasu go', as '+5' is 'tasu go'; '$5' is 'go doru' as '5$' is, or the sign is
#   named; '1st' is an ordinal or letters. (Written before a run for '-5' in a list of numbers; '$'
#   and '1st' were tried after it.)
# SEEN: pyopenjtalk-plus 0.4.1.post10: '-5' and U+2212 before 5 have the phones of '5', 'g o', while
#   '+5' is 't a s u g o' and the word for minus is read; '-3.5' with the sign of degrees is 3.5;
#   '$5' is 'g o' and '5$' 'g o d o r u'; U+20AC (euro) before 5 'g o'; '1st' is 'i ch i sh o o t o
#   t o N', one short ton. With kana=True the signs stay in the text. No warning.
# WHY IT MATTERS: temperatures below zero are said as above zero, and prices without a currency, in
#   Japanese speech made by all that use this front end; in a training corpus the phones are not
#   those that were spoken.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' \
    'pyopenjtalk-plus==0.4.1.post10'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import pyopenjtalk

CASES = {  # a text: what was expected, and what was seen
    "5": ("g o", "g o"),
    "+5": ("t a s u g o", "t a s u g o"),
    "-5": ("m a i n a s u g o", "g o"),
    "\u22125": ("m a i n a s u g o", "g o"),
    "\u30de\u30a4\u30ca\u30b95": ("m a i n a s u g o", "m a i n a s u g o"),
    "-3.5\u5ea6": ("m a i n a s u s a N t e N g o d o", "s a N t e N g o d o"),
    "5$": ("g o d o r u", "g o d o r u"),
    "$5": ("g o d o r u", "g o"),
    "\u20ac5": ("g o y u u r o", "g o"),
    "1st": ("f a a s u t o", "i ch i sh o o t o t o N"),
}
print("pyopenjtalk-plus", version("pyopenjtalk-plus"))
same = True
for text, (expected, known) in CASES.items():
    got = pyopenjtalk.g2p(text)
    print(ascii(text), "| expected:", expected, "| seen:", got)
    same = same and got == known
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
