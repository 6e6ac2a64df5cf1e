#!/usr/bin/env bash
# WHAT: phonecodes reads CELEX's letter for 'ch' as the sound of Spanish 'ñ': 'cheap' is 'ɲiːp'. Its
#   linking r is a vowel.
# GUESS: disc2ipa(text, "eng") reads DISC, the alphabet of CELEX, which its README names: J as in
#   'cheap' is tʃ, _ as in 'jeep' is dʒ, and R, the r of 'father' that is only said before a vowel,
#   is an r or nothing; Dutch M as in 'koud' is ʌu. (There was a suspicion on reading the table.)
# SEEN: phonecodes 2.0.0: 'Jip' (cheap) is 'ɲiːp' and 'J3J' (church) 'ɲɜːɲ'; 'f#D@R' (father) ends
#   in two vowels, 'əɜ˞', and Dutch 'kMt' (koud) is 'kɯt'. _ is right, and so are other words. J and
#   M have the values that X-SAMPA gives to them. The other way IPA tʃ is written 'tS', two letters
#   where DISC has one for each phone, and ɲ is J. No warning.
# WHY IT MATTERS: phonecodes is made for reading whole lexicons of CELEX: each English word with
#   'ch' gets a phone that English does not have, which no model or aligner of English knows, and
#   counts of phones and distances of words are off.
# SOURCE: found by reading and trying; the tables of DISC in the guides to CELEX, as also given by
#   H. Quené and in the documentation of APLS: J is the sound of 'cheap'.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'phonecodes==2.0.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from phonecodes import phonecodes

print("phonecodes", version("phonecodes"))
# A word in DISC, its language, its IPA (with the r of phonecodes), and what is known to be read.
WORDS = [("Jip", "eng", "tʃiːp", "ɲiːp"), ("J3J", "eng", "tʃɜːtʃ", "ɲɜːɲ"),
         ("_ip", "eng", "dʒiːp", "dʒiːp"), ("T3d", "eng", "θɜːd", "θɜːd"),
         ("f#D@R", "eng", "fɑːðə or fɑːðəɻ", "fɑːðəɜ˞"), ("kMt", "nld", "kʌut", "kɯt")]
same = True
for word, language, right, known in WORDS:
    seen = phonecodes.disc2ipa(word, language)
    print(f"expected: {language} {word} {right}; seen: {seen}")
    same &= seen == known
written = [phonecodes.ipa2disc(sound) for sound in ("tʃ", "dʒ", "ɲ")]
print("expected: tʃ J, dʒ _; seen: tʃ, dʒ and ɲ are", *written)
same &= written == ["tS", "_", "J"]
sys.exit(0 if same else "CHANGED: see the lines above")
END
