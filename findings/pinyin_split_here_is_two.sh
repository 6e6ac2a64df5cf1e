#!/usr/bin/env bash
# WHAT: The npm package pinyin-split takes the vowel of a syllable with the suffix -r for the
#   syllable 'er': 'zhèr' (here) is 'èr' (two), and 'gēr' (brother) 'ēr'. From other words it takes
#   the -r.
# GUESS: text that is Pinyin throughout is split without a loss: 'zhèr' is one syllable, or 'zhè'
#   and 'r'. (Written as 'each syllable is kept', for the suffix, for ü, and for apostrophes.)
# SEEN: pinyin-split 1.170.0: split('zhèr') is ['èr'], with everything=true ['zh', 'èr']; 'gēr' is
#   ['ēr'], 'huār' (flower) ['huā'], 'wánr' (to play) ['wán'], 'zhèr lái' (come here) ['èr',
#   'lái'], which is 'two come'. Numbers do not help: 'zher4' is ['er4']. 'fāng'àn', 'nǚ'ér' and
#   'Běijīng' are right. Its README says that other text than Pinyin is left out, and has no word
#   on the -r.
# WHY IT MATTERS: the suffix is in the most frequent words of northern speech (here, there, where,
#   a little): a lexicon, a count of syllables or the labels for a tone recognizer have another
#   word with another tone shape, and nothing is missing that one would see.
# SOURCE: found by a list of words; its README; the rules of Hanyu Pinyin on the suffix. Needs Node
#   18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    pinyin-split@1.170.0
cat > find.cjs <<'END'
const { split } = require("pinyin-split");

console.log("pinyin-split", require("./node_modules/pinyin-split/package.json").version);
const texts = {
  "zhèr": ["zhèr", "èr"],
  "zher4": ["zher4", "er4"],
  "zhèr lái": ["zhèr lái", "èr lái"],
  "gēr": ["gēr", "ēr"],
  "huār": ["huār", "huā"],
  "wánr": ["wánr", "wán"],
  "fāng'àn": ["fāng àn", "fāng àn"],
  "Běijīng": ["Běi jīng", "Běi jīng"],
};
let same = true;
for (const [text, [right, known]] of Object.entries(texts)) {
  const seen = split(text).join(" ");
  console.log(`expected: ${text}: ${right}; seen: ${seen}`);
  same = same && seen === known;
}
const all = split("zhèr", true).join(" ");
console.log(`seen: zhèr with everything: ${all}`);
if (!same || all !== "zh èr") {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
