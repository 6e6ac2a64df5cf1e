#!/usr/bin/env bash
# WHAT: text2num writes 'two point five million' as '2.5 1000000', and in French, Spanish, Italian,
#   Dutch and Portuguese as '2,5000000'.
# GUESS: alpha2digit gives 2500000, '2.5 million' or '2.5 1000000' at worst in all languages alike;
#   'two million five hundred thousand' is 2500000. (Written before a run for the first; the worst
#   was seen in English before the other languages were tried.)
# SEEN: text2num 3.1.0: English and German '2.5 1000000' and '2,5 1000000'; in the five others the
#   zeros of the million are set behind the decimals: '2,5000000', which is two and a half. 'Two
#   million five hundred thousand' is right. numerizer 0.2.4 has '2 point 5000000', and '19 80 4'
#   for 'nineteen eighty four'.
# WHY IT MATTERS: it is run over what a speech recognizer has heard, to write its numbers in digits,
#   and news are full of 2.5 million. What is written is a number a million times too small, or two
#   numbers.
# SOURCE: the readme names decimals, and years as a limit; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'text2num==3.1.0' 'numerizer==0.2.4'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from numerizer import numerize
from text_to_num import alpha2digit

CASES = {  # language: the words, and what was seen
    "en": ("two point five million", "2.5 1000000"),
    "de": ("zwei komma fünf millionen", "2,5 1000000"),
    "fr": ("deux virgule cinq millions", "2,5000000"),
    "es": ("dos coma cinco millones", "2,5000000"),
    "it": ("due virgola cinque milioni", "2,5000000"),
    "nl": ("twee komma vijf miljoen", "2,5000000"),
    "pt": ("dois vírgula cinco milhões", "2,5000000"),
}
print({name: version(name) for name in ("text2num", "numerizer")})
print("expected: 2500000, or 2.5 and the word for a million")
same = True
for language, (words, known) in CASES.items():
    got = alpha2digit(words, language)
    print("seen:", language, words, "->", got)
    same = same and got == known
whole = alpha2digit("two million five hundred thousand", "en")
print("without a decimal point:", whole)
other = [numerize(words) for words in ("two point five million", "nineteen eighty four")]
print("expected of numerizer: 2500000 or 2.5 million; 1984 or 19 84; seen:", other)
same = same and whole == "2500000" and other == ["2 point 5000000", "19 80 4"]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
