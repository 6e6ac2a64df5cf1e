#!/usr/bin/env bash
# WHAT: dragonmapper gives 'r' for the Zhuyin syllable ㄦ, which is 'er': the word for two, 'èr', is
#   'r4' in Pinyin made of Zhuyin.
# GUESS: each syllable of its own table comes back from Zhuyin and from IPA as itself; 'er' is one
#   of them. (Written as 'er is right' in a list of syllables that spellings may break, before a
#   run.)
# SEEN: dragonmapper 0.3.0: pinyin_to_zhuyin('er4') is 'ㄦˋ', zhuyin_to_pinyin() of it 'r4', with
#   accents too, as no letter is left that could have one. So are 二 (two), 耳 (ear), 而 (and) and 兒
#   (child). The table has 'er' and 'r' (the suffix) with the same Zhuyin, and the later one seems
#   to win. By way of IPA 'er4' comes back right, and so do 'zhi4', 'lü4', 'yuan2' and 'xiong2' by
#   both ways.
# WHY IT MATTERS: dictionaries of Taiwan give Zhuyin: a lexicon for an aligner or a voice that is
#   made of one has 'r4' for some of the most frequent syllables, a phone without a vowel or an
#   unknown word, and no exception says so.
# SOURCE: found by sending each syllable there and back; its documentation names no exception.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'dragonmapper==0.3.0' 'zhon==2.1.1' 'hanzidentifier==1.3.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from dragonmapper import transcriptions

print("dragonmapper", version("dragonmapper"))
KNOWN = {"er4": ("r4", "er4"), "er2": ("r2", "er2"), "er3": ("r3", "er3")}
KNOWN |= {text: (text, text) for text in ("zhi4", "lü4", "yuan2", "xiong2", "ju3", "wo3")}
seen = {}
for syllable in KNOWN:
    zhuyin = transcriptions.pinyin_to_zhuyin(syllable)
    ipa = transcriptions.pinyin_to_ipa(syllable)
    seen[syllable] = (transcriptions.zhuyin_to_pinyin(zhuyin, accented=False),
                      transcriptions.ipa_to_pinyin(ipa, accented=False))
    print("expected:", syllable, "twice; seen:", *seen[syllable], "by way of", zhuyin, "and", ipa)
two = transcriptions.zhuyin_to_pinyin("ㄉㄧˋ ㄦˋ")
print("expected: dì èr (second); seen:", two)
sys.exit(0 if seen == KNOWN and two == "dì r4" else "CHANGED: see the lines above")
END
