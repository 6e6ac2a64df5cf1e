#!/usr/bin/env bash
# WHAT: word2number multiplies the parts of a year: 'nineteen eighty four' is 1524.
# GUESS: 1984, or a ValueError, which it raises for words that make no number.
# SEEN: word2number 1.1: 'nineteen eighty four' is 1524 (19 * 80 + 4), 'twenty twenty' is 40,
#   'minus five' is 5 and 'one point five million' is 1; 'two million three' is right.
# WHY IT MATTERS: spoken years, rooms and prices are numbers in every transcript: written forms
#   made with it are other numbers, and nothing tells them from right ones.
# SOURCE: github.com/akshaynagpal/w2n/issues/66 and 48 (open) for years; the rest by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'word2number==1.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from word2number import w2n

print("word2number", version("word2number"))
wanted = {"nineteen eighty four": 1984, "twenty twenty": 2020, "minus five": -5,
          "one point five million": 1500000, "two million three": 2000003}
print("expected, or ValueError:", wanted)
seen = {}
for text in wanted:
    try:
        seen[text] = w2n.word_to_num(text)
    except ValueError:
        seen[text] = "ValueError"
print("seen:", seen)
sys.exit(0 if list(seen.values()) == [1524, 40, 5, 1, 2000003] else "CHANGED: see the line above")
EOF
