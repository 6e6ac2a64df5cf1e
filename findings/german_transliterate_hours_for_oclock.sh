#!/usr/bin/env bash
# WHAT: german-transliterate says '14:30 Uhr' as a duration ('vierzehn stunden dreißig minuten
#   uhr'), the second time of a sentence overwrites the text behind it, and '2.5' is a time of day.
# GUESS: '14:30 Uhr' is 'vierzehn Uhr dreißig', each of two times in a sentence is read as the one
#   alone is, and every other word stays. (There was a suspicion on reading the code: it cuts the
#   text at the positions that the times had before the first one became longer.)
# SEEN: german-transliterate 0.1.3, as its README makes it (no arguments): 'Der Zug fährt um 14:30
#   Uhr ab.' has 'vierzehn stunden dreißig minuten uhr'. 'Sie trafen sich um 9:15 und um 17:45 Uhr.'
#   has 'um neun stunden eintausendfünfhundertsiebzehn stunden fünfundvierzig minutenten und um
#   siebzehn uhr fünfundvierzig': the 'minu' of the first is lost, and 15 and 17 are one number.
#   'Version 2.5' is 'version zwei uhr fünf'. No message.
# WHY IT MATTERS: it is the text normalizer of German voices. Timetables and results of games have
#   such pairs in each sentence; the text looks like German words, so a training set of it teaches
#   wrong words, and a voice says them.
# SOURCE: found by reading and trying; its README ("particularly for TTS", the default operations).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps \
    'german-transliterate==0.1.3' 'num2words==0.5.14' 'docopt==0.6.2'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
from german_transliterate.core import GermanTransliterate

print({name: version(name) for name in ("german-transliterate", "num2words")})
say = GermanTransliterate().transliterate
cases = [  # the text, what it should have, what it has
    ("Der Zug fährt um 14:30 Uhr ab.", "um vierzehn uhr dreißig",
     "um vierzehn stunden dreißig minuten uhr"),
    ("Sie trafen sich um 9:15 und um 17:45 Uhr.", "um neun uhr fünfzehn und um siebzehn uhr "
     "fünfundvierzig", "um neun stunden eintausendfünfhundertsiebzehn stunden fünfundvierzig "
     "minutenten und um siebzehn uhr fünfundvierzig"),
    ("Version 2.5 ist da.", "version zwei punkt fünf", "version zwei uhr fünf"),
]
same = True
for text, right, known in cases:
    seen = say(text)
    print(f"expected: {text} -> ... {right} ...; seen: {seen}")
    same &= known in seen and right not in seen
sys.exit(0 if same else "CHANGED: see the lines above")
END
