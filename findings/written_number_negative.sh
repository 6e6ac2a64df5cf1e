#!/usr/bin/env bash
# WHAT: The npm package written-number has no word for negative numbers, rounds decimals, and writes
#   English where it does not know the language.
# GUESS: -5 is 'minus five' and 1.5 'one point five', or an exception says that whole numbers from 0
#   on are all it knows; for German, which it does not have, an exception. (German was tried with
#   the numbers, without a guess.)
# SEEN: written-number 0.11.1: -5 and -0.5 are the empty text, in English and Spanish; 1.5 is 'two',
#   2.4 is 'two' and 0.4 'zero'; with lang: 'de' 21 is 'twenty-one'. No exception, no warning. Its
#   page names no limit. to-words 5.7.0 says 'Minus Five' and 'One Point Five'.
# WHY IT MATTERS: read aloud, 'it is -5 degrees' is 'it is degrees' and 0.4 ml nothing; references
#   for recognition lack words, and German text gets English words in the middle.
# SOURCE: found by trying. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    written-number@0.11.1 to-words@5.7.0
cat > find.cjs <<'EOF'
const { ToWords } = require("to-words");
const written = require("written-number");

for (const name of ["written-number", "to-words"]) {
  console.log(name, require(`./node_modules/${name}/package.json`).version);
}
console.log("expected: minus five, minus zero point five, one point five ... or exceptions");
const numbers = [-5, -0.5, 1.5, 2.4, 0.4];
const words = new ToWords({ localeCode: "en-US" });
console.log("to-words:", JSON.stringify(numbers.map((value) => words.convert(value))));
const seen = JSON.stringify([
  numbers.map((value) => written(value)),
  numbers.map((value) => written(value, { lang: "es" })),
  written(21, { lang: "de" }),
]);
console.log("seen (English, Spanish, 21 in German):", seen);
const known = JSON.stringify([
  ["", "", "two", "two", "zero"], ["", "", "dos", "dos", "cero"], "twenty-one"]);
if (seen !== known) {
  console.error("CHANGED: see the line above");
  process.exit(1);
}
EOF
node find.cjs
