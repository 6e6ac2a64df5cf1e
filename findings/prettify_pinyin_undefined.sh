#!/usr/bin/env bash
# WHAT: The npm package prettify-pinyin writes 'undefined' into syllables without a number: 'ma',
#   the particle of questions, is 'mundefine'.
# GUESS: a syllable of the neutral tone has no mark, with the number 5 and without a number: 'ma5'
#   and 'ma' are both 'ma'. (Written for neutral tones and other spellings, before a run.)
# SEEN: prettify-pinyin 0.1.5: 'ni3 hao3 ma' is 'nǐ hǎo mundefine', 'ta1 de' is 'tā dundefine',
#   'xue2 sheng' is 'xué shundefinedn', 'er' is 'undefined'. With a 5 all are right. The last
#   character is taken off as if it were the number, and what no table has is written as a word,
#   with no exception. Its README has examples with numbers only and does not say that all need
#   one.
# WHY IT MATTERS: word lists, textbooks and the output of other tools leave the neutral tone
#   without a number: texts that are shown, or spoken by a voice that reads Pinyin, have such words
#   at every particle.
# SOURCE: found by a list of spellings; its README. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    prettify-pinyin@0.1.5
cat > find.cjs <<'END'
const { prettify } = require("prettify-pinyin");

console.log("prettify-pinyin", require("./node_modules/prettify-pinyin/package.json").version);
const texts = {
  "ni3 hao3 ma5": ["nǐ hǎo ma", "nǐ hǎo ma"],
  "ni3 hao3 ma": ["nǐ hǎo ma", "nǐ hǎo mundefine"],
  "ta1 de": ["tā de", "tā dundefine"],
  "xue2 sheng": ["xué sheng", "xué shundefinedn"],
  "lü4": ["lǜ", "lǜ"],
};
let same = true;
for (const [text, [right, known]] of Object.entries(texts)) {
  const seen = prettify(text);
  console.log(`expected: ${text}: ${right}; seen: ${seen}`);
  same = same && seen === known;
}
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
