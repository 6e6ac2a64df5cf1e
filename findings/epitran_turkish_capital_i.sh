#!/usr/bin/env bash
# WHAT: Epitran reads the capital I of Turkish as the vowel of the other letter.
# GUESS: a word sounds the same with a capital: I is the capital of the dotless letter (U+0131, an
#   unrounded back vowel), and the dotted capital (U+0130) that of i.
# SEEN: epitran 1.35.3, tur-Latn: 'Isparta' (a city) begins with [i] where the same word in small
#   letters begins with [U+026F]; 'Istanbul' with its dotted capital has a loose combining dot
#   (U+0307) between its phones.
# WHY IT MATTERS: the first word of each sentence and all names: voices say and aligners look for
#   another vowel, and a phone set gets a symbol that is no phone.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'setuptools==80.9.0' \
    'epitran==1.35.3'
venv/bin/python - <<'EOF'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import epitran  # noqa: E402

print("epitran", version("epitran"))
turkish = epitran.Epitran("tur-Latn")
pairs = [("Isparta", "\u0131sparta"), ("\u0130stanbul", "istanbul")]
print("expected: both words of a pair sound the same")
seen = [tuple(turkish.transliterate(word) for word in pair) for pair in pairs]
print("seen:", ascii(seen))
same = [(pair[0][0], pair[1][0]) for pair in seen] == [("i", "\u026f"), ("i", "i")]
same = same and seen[1][0] == seen[1][1].replace("i", "i\u0307", 1)
sys.exit(0 if same else "CHANGED: see the line above")
EOF
