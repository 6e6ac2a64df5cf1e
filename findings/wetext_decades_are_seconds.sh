#!/usr/bin/env bash
# WHAT: WeText reads '1990s' as a number of seconds, '5 m' as minutes, and '1,000' as 'thousand'.
# GUESS: an English text normalizer says 'nineteen nineties', 'five meters' (it knows kg and cm) and
#   'one thousand'; '24/7' is 'twenty four seven', 'No. 5' 'number five'. (All but '5 m' were in the
#   list of the first trial; the guess in words was of '1990s'.)
# SEEN: wetext 0.1.8, lang="en", operator="tn": 'the 1990s' is 'the one thousand nine hundred and
#   ninety seconds', '5 m' 'five minutes', '1,000 people' 'thousand people', '24/7' 'twenty four
#   sevenths', 'No. 5' 'Number. five'. '1/2', '10:30', '5 kg', '5 cm' and '2,000' are right.
# WHY IT MATTERS: it stands in front of voices, and its grammars are those of WeTextProcessing:
#   decades and lengths come out as fluent wrong sentences, so that nothing shows that a reading was
#   missed, and texts for training and alignment hold words that nobody said.
# SOURCE: found by trying; its page on PyPI calls it the runtime of WeTextProcessing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'kaldifst==1.8.3' \
    'wetext==0.1.8'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from wetext import Normalizer

print({name: version(name) for name in ("wetext", "kaldifst")})
print("expected: nineties, meters, one thousand, twenty four seven, number five")
normalizer = Normalizer(lang="en", operator="tn")
wrong = {"in the 1990s": "in the one thousand nine hundred and ninety seconds",
         "It is 5 m long.": "It is five minutes long.", "1,000 people": "thousand people",
         "open 24/7": "open twenty four sevenths", "No. 5": "Number. five"}
right = {"Take 1/2 cup": "Take one half cup", "at 10:30": "at ten thirty",
         "It is 5 cm long.": "It is five centimeters long.", "5 kg": "five kilograms",
         "2,000 people": "two thousand people", "in 1984": "in nineteen eighty four"}
seen = {text: normalizer.normalize(text) for text in wrong | right}
print("seen:", seen)
sys.exit(0 if seen == wrong | right else "CHANGED: see the line above")
EOF
