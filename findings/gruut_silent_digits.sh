#!/usr/bin/env bash
# WHAT: gruut says nothing for fractions, decades and digits beside letters.
# GUESS: '1/2' is one half or at least 'one two', '1990s' the nineteen nineties, 'A4' a letter and a
#   number: something is said for each, as for '1,000', '10:30' and '$2.50', which are right.
#   (Written for phones when a first look had shown that '1/2' and '1990s' stay as they are.)
# SEEN: gruut 2.4.0 with gruut-lang-en 2.0.1: '1/2', '3/4', '24/7' and '#1' have no phone at all,
#   without a warning: 'Take 1/2 cup' is 'Take cup'. '1990s' is one syllable without a number, 'A4'
#   is 'a', 'CO2' is 'ko', '$5m' is 'm'.
# WHY IT MATTERS: voices and aligners that take gruut's phones leave out doses, dates and names, the
#   words that a listener needs; in training the recording says them and the phones do not.
# SOURCE: its readme lists numbers, times, dates and currency among what it reads; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'gruut==2.4.0' \
    'gruut-lang-en==2.0.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from gruut import sentences

print({name: version(name) for name in ("gruut", "gruut-lang-en")})
print("expected: phones for every number")


def phones(text):
    words = [word for sentence in sentences(text, lang="en-us") for word in sentence]
    return " ".join("".join(word.phonemes or []) for word in words if word.is_spoken)


seen = {text: phones(text) for text in
        ("1/2", "3/4", "24/7", "#1", "1990s", "A4", "CO2", "$5m", "1,000", "10:30", "$2.50")}
print("seen:", seen)
whole, without = phones("Take 1/2 cup"), phones("Take cup")
print("seen, 'Take 1/2 cup' and 'Take cup':", [whole.split(), without.split()])
same = all(seen[text] == "" for text in ("1/2", "3/4", "24/7", "#1"))
same = same and all(0 < len(seen[text]) < 6 for text in ("1990s", "A4", "CO2", "$5m"))
same = same and all(len(seen[text]) > 6 for text in ("1,000", "10:30", "$2.50"))
same = same and whole.split() == without.split()
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
