#!/usr/bin/env bash
# WHAT: The npm package rita says each plural and third person with one z behind the word: 'cats' is
#   K AE T Z, and 'houses', 'horses' and 'prices' have one syllable.
# GUESS: the ending is s behind voiceless sounds, z behind voiced ones, and a syllable of its own
#   behind s, z, sh, ch and j, as in the CMU dictionary. (Written after 'cats' had shown a z in a
#   list of words that was meant for other endings; the syllables were not seen yet.)
# SEEN: rita 3.2.16: of 34 words that its hasWord() knows the CMU dictionary agrees with phones()
#   for none of the 12 with s and none of the 12 with a syllable more ('boxes' is B AA K S Z,
#   'phrases' F R EY Z Z), and for all 10 with z. syllables() and stresses() have one part too few
#   for each of the 12. No message, where it gives one for words whose phones it has to make up.
# WHY IT MATTERS: the ending is the most frequent one of English. Counts of syllables, and meter and
#   rate of speech by them, are too low, and labels of phones for a voice or an aligner are wrong in
#   words that the lexicon is said to have.
# SOURCE: found by a list of words; the README of rita (phones of the words, syllables, stresses);
#   cmu-pronouncing-dictionary 3.0.0. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    rita@3.2.16 riscript@1.1.9 @ungap/structured-clone@1.2.0 cmu-pronouncing-dictionary@3.0.0
cat > find.mjs <<'END'
import { readFileSync } from "node:fs";
import { RiTa } from "rita";
import { dictionary } from "cmu-pronouncing-dictionary";

for (const name of ["rita", "cmu-pronouncing-dictionary"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
}
const groups = {
  s: "cats cups books laughs months maps nights students texts weeks walks looks",
  z: "kings days beds names tunes legs cars calls hands plays",
  "a syllable more":
    "horses boxes dishes houses judges churches prices voices noises phrases races bridges",
};
let same = true;
for (const [ending, words] of Object.entries(groups)) {
  let phones = 0, syllables = 0, known = 0;
  const list = words.split(" ");
  for (const word of list) {
    const right = dictionary[word].toLowerCase();
    const made = RiTa.phones(word);
    phones += made === right.replaceAll(/\d/g, "").replaceAll(" ", "-");
    syllables += RiTa.stresses(word).split("/").length === right.match(/\d/g).length;
    known += RiTa.hasWord(word);
    if (word === list[0] || word === "houses") {
      console.log(`expected: ${word}: ${right}; seen: ${made}, ${RiTa.syllables(word)}`);
    }
  }
  console.log(`expected: with ${ending}: all ${list.length} right; seen: phones of ${phones},`,
    `number of syllables of ${syllables}; ${known} are in its lexicon`);
  same = same && known === list.length && phones === (ending === "z" ? list.length : 0)
    && syllables === (ending === "a syllable more" ? 0 : list.length);
}
if (!same) console.error("CHANGED: see the lines above");
process.exit(same ? 0 : 1);
END
node find.mjs
