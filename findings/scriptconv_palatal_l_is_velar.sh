#!/usr/bin/env bash
# WHAT: scriptconv swaps the two L of X-SAMPA, so that Italian 'figlio' has a velar l in place of a
#   palatal one, and takes the signs of six other sounds apart.
# GUESS: xsampa_to_ipa() follows the table of X-SAMPA, which the code names as its source: L is ʎ,
#   L\ is ʟ, & is ɶ, and s\, z\, n`, X\, J\ and l\ are ɕ, ʑ, ɳ, ħ, ɟ and ɺ. (There was a suspicion
#   on reading the table.)
# SEEN: scriptconv 0.0.3: 'fiLLo' is 'fiʟʟo', Spanish 'kaLe' (calle) 'kaʟe', and IPA 'kaʎe' becomes
#   'kaL\e'. 's\iN', Chinese for 'star', is 's\iŋ', X\ is 'χ\' and J\ 'ɲ\': the letter is read as
#   another sound, and the sign behind it stays. The way back, ɕ is 's\`', ɳ 'n\`' and ħ 'X\`',
#   which are no X-SAMPA. & is æ, which its README lists as an alias; it calls X-SAMPA exact for all
#   canonical symbols. phonecodes 2.0.0 reads all of them as the table has it.
# WHY IT MATTERS: lexicons, and the <phoneme> of some voices, are in X-SAMPA: a voice or an aligner
#   gets phones that its model never heard, or a backslash, in Italian, Spanish, Portuguese, Polish
#   and Chinese, and what it writes is misread by others. A round trip shows nothing of it.
# SOURCE: found by reading and trying; the chart of X-SAMPA by J. C. Wells; scriptconv's README.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'scriptconv==0.0.3' 'phonecodes==2.0.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from phonecodes import phonecodes
from scriptconv.notation import ipa_to_xsampa, xsampa_to_ipa

print({name: version(name) for name in ("scriptconv", "phonecodes")})
# X-SAMPA, the IPA of its table, what scriptconv is known to read, and to write for that IPA.
SOUNDS = [("L", "ʎ", "ʟ", "L\\"), ("L\\", "ʟ", "ʎ", "L"), ("&", "ɶ", "æ", "ɶ"),
          ("s\\", "ɕ", "s\\", "s\\`"), ("z\\", "ʑ", "z\\", "z\\`"), ("n`", "ɳ", "n`", "n\\`"),
          ("X\\", "ħ", "χ\\", "X\\`"), ("J\\", "ɟ", "ɲ\\", "J\\`"), ("l\\", "ɺ", "l\\", "l\\`"),
          ("K", "ɬ", "ɬ", "K"), ("J", "ɲ", "ɲ", "J"), ("h\\", "ɦ", "ɦ", "h\\")]
same = True
for symbol, ipa, known, written in SOUNDS:
    read, back = xsampa_to_ipa(symbol), ipa_to_xsampa(ipa)
    other = phonecodes.xsampa2ipa(symbol)
    print(f"expected: {symbol} {ipa}, {ipa} {symbol}; seen: {symbol} {read}, {ipa} {back};",
          f"phonecodes: {symbol} {other}")
    same &= (read, back, other) == (known, written, ipa)
for word, right, known in (("fiLLo", "fiʎʎo", "fiʟʟo"), ("s\\iN", "ɕiŋ", "s\\iŋ")):
    print(f"expected: {word} {right}; seen: {xsampa_to_ipa(word)}")
    same &= xsampa_to_ipa(word) == known
sys.exit(0 if same else "CHANGED: see the lines above")
END
