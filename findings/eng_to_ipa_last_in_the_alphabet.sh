#!/usr/bin/env bash
# WHAT: Of the pronunciations of a word, eng-to-ipa takes the one that is last in the order of
#   character codes: 'to' is 'tɪ', 'just' is 'ʤɪst', 'our' is 'ɑr'.
# GUESS: convert() gives the first entry of the CMU dictionary, which is the usual one ('to' is T
#   UW1), or chooses by the sentence.
# SEEN: eng-to-ipa 0.0.2: of 14 common words with several entries, convert() gives the first one for
#   4. The entries go into a set, which is sorted by character codes, and the last one is taken:
#   'tɪ', 'fər', 'kən', 'ðət', 'wɪn', 'ʤɪst', 'jʊr', and 'ɑr' for 'our'; 'close' and 'use' are
#   always the verbs. The comment in its code says "only the first is used"; ipa_list() has all.
# WHY IT MATTERS: these words are a tenth of any text: lexicons, references of phone error rates and
#   the input of a voice have 'tɪ' for each 'to', at the end of a sentence too, and 'are' for 'our'.
# SOURCE: eng_to_ipa/transcribe.py (cmu_to_ipa, get_top), where the behavior was suspected before a
#   run; the first entries are those of cmudict-0.7b.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'eng-to-ipa==0.0.2'
venv/bin/python -W ignore - <<'EOF'
import sys
from importlib.metadata import version
import eng_to_ipa

# The first entry of the dictionary, in the package's own letters, and what was seen.
WORDS = {
    "to": ("tu", "tɪ"), "for": ("fɔr", "fər"), "can": ("kæn", "kən"), "that": ("ðæt", "ðət"),
    "when": ("wɛn", "wɪn"), "just": ("ʤəst", "ʤɪst"), "your": ("jɔr", "jʊr"),
    "our": ("aʊər", "ɑr"), "close": ("kloʊs", "kloʊz"), "use": ("jus", "juz"),
    "the": ("ðə", "ðə"), "and": ("ənd", "ənd"), "read": ("rɛd", "rɛd"), "what": ("wət", "wət"),
}
print("eng-to-ipa", version("eng-to-ipa"))
print("expected:", {word: first for word, (first, _) in WORDS.items()})
seen = {word: eng_to_ipa.convert(word) for word in WORDS}
entries = {word: eng_to_ipa.ipa_list(word)[0] for word in WORDS}
print("seen:", seen)
print("all entries:", entries)
print("in a sentence:", eng_to_ipa.convert("That is what we came to."))
same = all(seen[word] == last == max(entries[word]) and first in entries[word]
           for word, (first, last) in WORDS.items())
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
