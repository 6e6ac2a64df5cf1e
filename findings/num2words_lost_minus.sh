#!/usr/bin/env bash
# WHAT: num2words drops the sign of numbers between -1 and 0, in many languages.
# GUESS: -0.5 is 'minus zero point five', as -1.5 is 'minus one point five'.
# SEEN: num2words 0.5.14: -0.5 is 'zero point five', 'null Komma fuenf' (with its umlaut) in
#   German, and likewise in French and Spanish; Italian keeps the sign.
# WHY IT MATTERS: text to speech says the opposite of what is written (temperatures, changes in
#   per cent), and references for recognition are wrong, in silence.
# SOURCE: github.com/savoirfairelinux/num2words/issues/402 (open since 2021) and 644.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'num2words==0.5.14'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from num2words import num2words

print("num2words", version("num2words"))
print("expected: minus in each")
seen = {language: (num2words(-0.5, lang=language), num2words(-1.5, lang=language))
        for language in ("en", "de", "fr", "es", "it")}
print("seen:", seen)
lost = {language for language, (half, _) in seen.items() if half == num2words(0.5, lang=language)}
kept = {language for language, (_, more) in seen.items() if more != num2words(1.5, lang=language)}
same = lost == {"en", "de", "fr", "es"} and kept == set(seen)
sys.exit(0 if same else "CHANGED: see the line above")
EOF
