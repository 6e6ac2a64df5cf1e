#!/usr/bin/env bash
# WHAT: The npm package n2words writes Ukrainian numbers with a Latin i in the middle of Cyrillic
#   words, and the Serbian 200 with a Latin o: they look right and are other words.
# GUESS: toCardinal() of a language that is written in Cyrillic gives Cyrillic letters alone: seven
#   is 'сім' as in a dictionary. (Written as 'the known words' for a list of languages; the letter
#   was noticed in the output of the list, and looked for in all languages then.)
# SEEN: n2words 4.0.0: of the numbers from 0 to 1300 in Ukrainian (uk-UA) 908 have words of two
#   scripts, 13 different ones: 'шiсть', 'сiм', 'вiсiм', their tens and hundreds, and 200; above
#   them 'мiльйон' too. None of them equals the word of the dictionary. In Serbian (sr-Cyrl-RS) it
#   is 'девестo', in 100 numbers. The other languages in scripts of their own have none. No message.
# WHY IT MATTERS: a lexicon does not have the words, a phonemizer reads the letter as a Latin one or
#   drops it, a recognizer that says the right thing gets a word error for seven, eight and each
#   million, and nobody sees why on the screen.
# SOURCE: found by a list of languages; Unicode's property Script. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" n2words@4.0.0
cat > find.mjs <<'END'
import { readFileSync, readdirSync } from "node:fs";

console.log("n2words", JSON.parse(readFileSync("node_modules/n2words/package.json")).version);
const scripts = ["Latin", "Cyrillic", "Greek", "Hebrew", "Arabic", "Devanagari", "Bengali", "Tamil",
  "Telugu", "Kannada", "Gujarati", "Gurmukhi", "Georgian", "Ethiopic", "Thai"]
  .map((name) => new RegExp(`\\p{Script=${name}}`, "u"));
const isMixed = (word) => scripts.filter((script) => script.test(word)).length > 1;

const known = { "uk-UA": [908, 13], "sr-Cyrl-RS": [100, 1] };
const languages = readdirSync("node_modules/n2words/src")
  .filter((name) => /^[a-z]+-.*\.js$/.test(name)).map((name) => name.slice(0, -3));
let same = languages.length > 60;
for (const language of languages) {
  const { toCardinal } = await import(`n2words/${language}`);
  const words = new Set();
  let numbers = 0;
  for (let number = 0; number <= 1300; number++) {
    const mixed = toCardinal(number).split(/[\s-]+/).filter(isMixed);
    mixed.forEach((word) => words.add(word));
    numbers += mixed.length > 0;
  }
  const [right, different] = known[language] ?? [0, 0];
  if (numbers || right) {
    console.log(`expected: ${language}: one script in each word; seen: two in ${numbers} of 1301`,
      `numbers, ${words.size} words: ${[...words].slice(0, 6).join(", ")}`);
  }
  same = same && numbers === right && words.size === different;
}
// The words of the dictionary, with U+0456 for the letter that looks like a Latin i.
const { toCardinal } = await import("n2words/uk-UA");
const dictionary = {
  6: "ш\u0456сть", 7: "с\u0456м", 8: "в\u0456с\u0456м", 200: "дв\u0456ст\u0456",
};
for (const [number, right] of Object.entries(dictionary)) {
  const seen = toCardinal(Number(number));
  console.log(`expected: ${number}: ${right}; seen: ${seen}, which is`,
    seen === right ? "the same" : "another word");
  same = same && seen !== right && seen.replaceAll("i", "\u0456") === right;
}
if (!same) console.error("CHANGED: see the lines above");
process.exit(same ? 0 : 1);
END
node find.mjs
