#!/usr/bin/env bash
# WHAT: The ARPAbet of the npm package phonemize has 'SAW' for the vowel of 'law' and EL, a
#   syllable, for each L: 'all' is 'SAW1 EL'. The number of the stress is on the first sound, not
#   on the vowel.
# GUESS: toARPABET() gives the symbols of the CMU dictionary for plain words: 'all' is AO1 L,
#   'four' F AO1 R. (Written as 'words are as in the CMU dictionary'.)
# SEEN: phonemize 2.0.1: 'all' is 'SAW1 EL', 'four' 'F1 SAW R', 'law' 'EL1 SAW', 'cats' 'K1 AE TS',
#   'it's' 'IH1 TS'. No ARPAbet has SAW, and TS is no symbol of the CMU dictionary. The IPA of the
#   same words is right ('ˈɔɫ', 'ˈfɔɹ', 'ˈkæts'), so that the table from IPA seems to be at fault.
#   One example of its README has EL for L too, another has L and the stress on the vowel (OW1);
#   SAW is nowhere in it.
# WHY IT MATTERS: AO and L are frequent: lexicons for aligners and voices that are made so have
#   phones that no model knows, which are left out or refused, and syllables counted by the numbers
#   or by vowels are wrong for each word with L or AO.
# SOURCE: found by a list of words; the README of phonemize; the symbols of the CMU dictionary.
#   Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    phonemize@2.0.1 number-to-words@1.2.4 pinyin-pro@3.29.4
cat > find.cjs <<'END'
const { toARPABET, toIPA } = require("phonemize");

console.log("phonemize", require("./node_modules/phonemize/package.json").version);
// What the CMU dictionary has, and what is known to be said.
const words = {
  all: ["AO1 L", "SAW1 EL"],
  four: ["F AO1 R", "F1 SAW R"],
  law: ["L AO1", "EL1 SAW"],
  light: ["L AY1 T", "EL1 AY T"],
  cats: ["K AE1 T S", "K1 AE TS"],
  boy: ["B OY1", "B1 OY"],
  judge: ["JH AH1 JH", "JH1 AH JH"],
};
let same = true;
for (const [word, [right, known]] of Object.entries(words)) {
  const seen = toARPABET(word);
  console.log(`expected: ${word}: ${right}; seen: ${seen} (IPA ${toIPA(word)})`);
  same = same && seen === known;
}
if (!same || toIPA("all") !== "ˈɔɫ") {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
