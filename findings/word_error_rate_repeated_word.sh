#!/usr/bin/env bash
# WHAT: The npm package word-error-rate divides by the longer of both texts, and counts no error
#   where the first word is left out of its repetitions.
# GUESS: wordErrorRate(hypothesis, reference) is the number of edits by the number of words of the
#   reference: 2.0 for four words too many beside two, 0.67 for 'no' in place of 'no no no'. (The
#   former was seen in a first look at a few pairs; of the latter there was a suspicion on reading.)
# SEEN: word-error-rate 0.0.7: 'a b c d e f' for 'a b' is 0.67; 'no' for 'no no no' is 0, and 'no no
#   no' for 'no' too; 'yes' for 'yes and then yes yes' has 2 edits in place of 4. Two empty texts
#   are 1. Other deletions and substitutions are counted rightly.
# WHY IT MATTERS: it is never above 1: a recognizer that makes up sentences in noise scores well,
#   and numbers of other tools can not be compared. Spoken 'no, no, no' and 'bye, bye' and stammered
#   first words, which recognizers leave out, are free.
# SOURCE: dist/app.js; its readme calls it the word error rate and names edit distance. Needs Node
#   18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    word-error-rate@0.0.7
cat > find.cjs <<'EOF'
const { calculateEditDistance, wordErrorRate } = require("word-error-rate");

// Hypothesis, reference, the usual number of edits.
const PAIRS = [
  ["a b c d e f", "a b", 4],
  ["no", "no no no", 2],
  ["no no no", "no", 2],
  ["yes", "yes and then yes yes", 4],
  ["the cat sat on mat", "the cat sat on the mat", 1],
  ["hello", "bye bye", 2],
];
console.log("word-error-rate", require("./node_modules/word-error-rate/package.json").version);
const seen = PAIRS.map(([hypothesis, reference, edits]) => {
  const rate = Number(wordErrorRate(hypothesis, reference).toFixed(2));
  const distance = calculateEditDistance(hypothesis, reference);
  const expected = (edits / reference.split(" ").length).toFixed(2);
  console.log(`'${hypothesis}' for '${reference}': expected ${edits} edits, ${expected};`,
    `seen ${distance}, ${rate}`);
  return [distance, rate];
});
console.log("seen for two empty texts:", wordErrorRate("", ""));
const known = [[4, 0.67], [0, 0], [0, 0], [2, 0.4], [1, 0.17], [2, 1]];
if (JSON.stringify(seen) !== JSON.stringify(known) || wordErrorRate("", "") !== 1) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
EOF
node find.cjs
