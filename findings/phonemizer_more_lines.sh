#!/usr/bin/env bash
# WHAT: phonemizer with preserve_punctuation=True gives more texts than it was given, where one of
#   them has a decimal number and another mark.
# GUESS: each text has its phones, in its place of the list, and '3.5' is 'three point five', with
#   punctuation kept or not. (Written before a run for the numbers; that the list grows was seen
#   then.)
# SEEN: phonemizer 3.4.0 with espeak-ng: 'It is 3.5 km away.' becomes two texts, 'it is three.' and
#   'five k m away'; of four texts seven come back. '3.5' alone is right, so is 'It is 3.5 km away'
#   without a full stop, and so is all of it without preserve_punctuation. The full stop is looked
#   for, and the first one in the text is taken, which is that of the number.
# WHY IT MATTERS: preserve_punctuation is how voices are trained: from the first decimal number on
#   each recording gets the phones of the sentence before it (zip() cuts the surplus off in
#   silence), and 'point' is not said.
# SOURCE: github.com/bootphon/phonemizer/pull/216 (July 2026), by which a mark in a number does not
#   split it any more; found by counting.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'phonemizer==3.4.0' \
    'espeakng-loader==0.2.4'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
print({name: version(name) for name in ("phonemizer", "espeakng-loader")})
texts = ["It is 3.5 km away.", "It costs $2.50.", "The score was 1.5.", "Good night."]
print("expected:", len(texts), "texts of", len(texts), "and 'point' in the first")
plain = EspeakBackend("en-us").phonemize(texts)
kept = EspeakBackend("en-us", preserve_punctuation=True).phonemize(texts)
bare = EspeakBackend("en-us", preserve_punctuation=True).phonemize(["3.5", texts[0][:-1]])
point = EspeakBackend("en-us").phonemize(["point"])[0].strip()
print("seen without punctuation:", plain)
print("seen with punctuation:", kept, "; number alone, and no full stop:", bare)
same = len(plain) == 4 and len(kept) == 7 and len(bare) == 2
same = same and point in plain[0] and all(point in one for one in bare) and point not in kept[0]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
