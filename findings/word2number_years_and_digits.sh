#!/usr/bin/env bash
# WHAT: word2number adds or multiplies numbers that stand side by side, and forgets the millions
#   of a decimal number: years, digits said one by one and amounts become other numbers.
# GUESS: 'nineteen ninety nine' is 1999 or an exception, 'one two three' is 123 or an exception,
#   'two point five million' is 2500000, 'minus five' is -5. (Written before a run for 'one two
#   three'; the others were tried with it, without a guess.)
# SEEN: word2number 1.1: 1719 (19 times 90, and 9), 5, 2 and 5. 'hundred and twenty' is 2000 and
#   'two million one thousand' 2002001. No warning; numbers such as 'three hundred and forty two'
#   are right.
# WHY IT MATTERS: it turns the number words of transcripts and of spoken answers into digits:
#   years, telephone numbers, ages and amounts are wrong in a way that no longer shows what was
#   said.
# SOURCE: github.com/akshaynagpal/w2n/issues/66 (years), 38 and 44 (hundreds, millions), open.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'word2number==1.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from word2number import w2n

CASES = {  # words: (expected, seen)
    "three hundred and forty two": (342, 342),
    "nineteen ninety nine": (1999, 1719),
    "one two three": (123, 5),
    "two point five million": (2500000, 2),
    "minus five": (-5, 5),
    "hundred and twenty": (120, 2000),
    "two million one thousand": (2001000, 2002001),
}
print("word2number", version("word2number"))
print("expected:", {words: right for words, (right, _) in CASES.items()}, "or exceptions")
seen = {}
for words in CASES:
    try:
        seen[words] = w2n.word_to_num(words)
    except ValueError as error:
        seen[words] = f"ValueError: {error}"
print("seen:", seen)
same = all(seen[words] == other for words, (_, other) in CASES.items())
sys.exit(0 if same else "CHANGED: see the line above")
EOF
