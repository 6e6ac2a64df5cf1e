#!/usr/bin/env bash
# WHAT: ovos-number-parser says decimals with zeros that nobody wrote, and in German and Danish
#   without the zero in front: 0.5 is 'Komma fünf null null'.
# GUESS: pronounce_number(0.5) is 'null Komma fünf', as it is 'zero point five' in English.
#   (Written for English; the other languages were run in the same list.)
# SEEN: ovos-number-parser 0.19.13: German ' Komma fünf null null' (and 'minus  Komma ...'), Danish
#   'komma fem nul nul', Swedish 'noll komma fem noll noll', Dutch 'nul komma vijf nul nul': always
#   three decimals, as many as places=3 allows; with places=1 German is ' Komma fünf'. English,
#   French, Italian, Spanish and Polish say one decimal. French has '100000.5' for that number.
# WHY IT MATTERS: a voice assistant says 'Komma fünf null null Liter'; listeners hear a precision of
#   thousandths, or 'five hundred', and a normalizer tested in English is trusted in German.
# SOURCE: its page on PyPI shows pronounce_number for English; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'ovos-number-parser==0.19.13'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from ovos_number_parser import pronounce_number

print("ovos-number-parser", version("ovos-number-parser"))
print("expected: a zero, a comma and a five in each")
seen = {lang: pronounce_number(0.5, lang) for lang in ("en", "fr", "pl", "de", "da", "sv", "nl")}
seen["de, places=1"] = pronounce_number(0.5, "de", places=1)
seen["de, -0.5"] = pronounce_number(-0.5, "de")
print("seen:", seen)
same = {name: said.split() for name, said in seen.items()} == {
    "en": ["zero", "point", "five"], "fr": ["zéro", "virgule", "cinq"],
    "pl": ["zero", "przecinek", "pięć"], "de": ["Komma", "fünf", "null", "null"],
    "da": ["komma", "fem", "nul", "nul"], "sv": ["noll", "komma", "fem", "noll", "noll"],
    "nl": ["nul", "komma", "vijf", "nul", "nul"], "de, places=1": ["Komma", "fünf"],
    "de, -0.5": ["minus", "Komma", "fünf", "null", "null"]}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
