#!/usr/bin/env bash
# WHAT: num2words and indic-numtowords have the same words for different numbers, in several
#   languages.
# GUESS: two numbers never have the same words: not among whole numbers from 0 to 2000 and some
#   larger ones, not 1.5 and 1.05, not two ordinals.
# SEEN: num2words 0.5.14: Azerbaijani 11000 is 10000 ('on min'), likewise 21000 and 101000; Bengali
#   1.05 and 1.005 are 1.5 and 0.05 is 0.5; Persian 1.05 is 'one and a half' and 0.05 'half'; Arabic
#   and Vietnamese 1.005 is 1; the Belarusian 80th is the 70th. indic-numtowords 1.1.0: Kannada 120
#   is 110, 83 is 82, and 128 numbers up to 2000 in all have words of a smaller one. No warning. In
#   the other languages of both no such pairs were found.
# WHY IT MATTERS: both make the text that is spoken, or on which speech models are trained: prices,
#   times and doses are said as another number, and no listener can tell.
# SOURCE: found by comparing the words of all numbers with each other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'num2words==0.5.14' 'indic-numtowords==1.1.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from indic_numtowords import num2words as indic
from num2words import num2words

WHOLE = [*range(2001), 10000, 11000, 20000, 21000, 100000, 101000, 110000, 10**6]
DECIMAL = [0, 0.5, 0.05, 1, 1.5, 1.05, 1.005]


def alike(numbers, say):
    """Pairs of numbers with the same words."""
    seen, pairs = {}, []
    for number in numbers:
        words = say(number)
        if words in seen:
            pairs.append((seen[words], number))
        seen.setdefault(words, number)
    return pairs


print({name: version(name) for name in ("num2words", "indic-numtowords")})
print("expected: no pairs")
found = {}
for language in ("az", "en", "de", "ru"):
    found[language] = alike(WHOLE, lambda number: num2words(number, lang=language))
for language in ("bn", "fa", "ar", "vi", "en", "de"):
    key = language + " decimals"
    found[key] = alike(DECIMAL, lambda number: num2words(number, lang=language))
found["be ordinals"] = alike(range(1, 100), lambda n: num2words(n, lang="be", to="ordinal"))
kannada = alike(range(2001), lambda number: indic(number, lang="kn"))
hindi = alike(range(2001), lambda number: indic(number, lang="hi"))
for key, pairs in found.items():
    print("seen, num2words:", key, pairs)
print("seen, indic-numtowords: Hindi", len(hindi), "| Kannada", len(kannada), kannada[:3])
known = {"az": [(10000, 11000), (20000, 21000), (100000, 101000)], "be ordinals": [(70, 80)],
         "bn decimals": [(0.5, 0.05), (1.5, 1.05), (1.5, 1.005)],
         "fa decimals": [(0.5, 0.05), (1.5, 1.05), (1.5, 1.005)],
         "ar decimals": [(1, 1.005)], "vi decimals": [(1, 1.005)]}
same = all(found[key] == pairs for key, pairs in known.items())
same = same and not hindi and len(kannada) == 128 and kannada[:2] == [(82, 83), (110, 120)]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
