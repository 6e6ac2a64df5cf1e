#!/usr/bin/env bash
# WHAT: The converters of ARPAbet and IPA arpabetandipaconvertor (PyPI) and
#   arpabet-and-ipa-convertor-ts (npm) make EY of EH on the way to IPA and back: 'bed' is 'bade'.
# GUESS: each of the 39 phones of the CMU dictionary comes back from IPA as itself, and an
#   unstressed AH is a schwa in between. (Written after a first look at eleven words had shown a
#   changed EH.)
# SEEN: versions 1.0.2 and 1.0.3: 38 phones come back, and EH does not, whatever its stress: it is
#   written [e], and [e] is read as EY, so that 'B EH1 D' is 'bed' and then 'B EY1 D'. (The sign
#   U+025B, which other tools write for EH, is read as EH.) AH0 is written like AH1, with the vowel
#   of 'cut', and a schwa is read as AX, which the CMU dictionary does not have. By
#   convert_to_american_phonetic_alphabet, of the Python package, all come back.
# WHY IT MATTERS: EH is a frequent vowel of English: a lexicon that went through IPA has the vowel
#   of 'late' in 'let', and a phone error rate between a tool that writes IPA and one that writes
#   ARPAbet counts an error in each such word.
# SOURCE: found by converting each phone there and back. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'arpabetandipaconvertor==1.0.2'
cat > find.py <<'END'
import json
from arpabetandipaconvertor.arpabet2phoneticalphabet import ARPAbet2PhoneticAlphabetConvertor
from arpabetandipaconvertor.phoneticarphabet2arpabet import PhoneticAlphabet2ARPAbetConvertor

there, back = ARPAbet2PhoneticAlphabetConvertor(), PhoneticAlphabet2ARPAbetConvertor()
with open("words.json", encoding="utf-8") as file:
    words = json.load(file)
ipa = [there.convert_to_international_phonetic_alphabet(word) for word in words]
american = [there.convert_to_american_phonetic_alphabet(word) for word in words]
returned = [[back.convert(word) for word in words] for words in (ipa, american)]
print(json.dumps([ipa, *returned]))
END
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    arpabet-and-ipa-convertor-ts@1.0.3
cat > find.cjs <<'END'
const { execFileSync } = require("node:child_process");
const { writeFileSync } = require("node:fs");
const { toIPA, toArpabet } = require("arpabet-and-ipa-convertor-ts");

const consonants = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split(" ");
const vowels = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split(" ");
const words = [
  ...consonants.map((phone) => `${phone} IY1`),
  ...vowels.map((phone) => `B ${phone}1 D`),
  ...vowels.map((phone) => `B ${phone}0 D IY1`),
];
writeFileSync("words.json", JSON.stringify(words));
const [ipa, python, american] = JSON.parse(execFileSync("venv/bin/python", ["find.py"]));
const typescript = words.map((word) => toArpabet(toIPA(word)));
const differ = (list) => words.flatMap(
  (word, at) => (list[at] === word ? [] : [`${word}: ${list[at]}`]));
const version = require("./node_modules/arpabet-and-ipa-convertor-ts/package.json").version;
console.log("arpabetandipaconvertor 1.0.2, arpabet-and-ipa-convertor-ts", version);
console.log("expected: no word differs after the way to IPA and back");
const cut = words.indexOf("B AH1 D");
const schwa = words.indexOf("B AH0 D IY1");
const seen = {
  python: differ(python), typescript: differ(typescript), american: differ(american),
  "AH1 and AH0": [ipa[cut], ipa[schwa]], "a schwa": [toArpabet("\u0259\u02c8b\u028ct")],
};
for (const [name, list] of Object.entries(seen)) console.log("seen:", name, JSON.stringify(list));
const changed = ["B EH1 D: B EY1 D", "B EH0 D IY1: B EY0 D IY1"];
const known = [
  changed, changed, [], ["b\u028cd", "b\u028c\u02c8di:"], ["AX0 B AH1 T"]];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(known)) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
