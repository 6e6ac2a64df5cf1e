#!/usr/bin/env bash
# WHAT: korean-romanizer (PyPI) and hangul-romanization (npm) write Korean as it is spelled where
#   the Revised Romanization writes what is said: '종로' is 'jongro', '감사합니다' 'gamsahapnida'.
# GUESS: a romanizer that says it follows the Revised Romanization writes the sound changes that its
#   rule 3 lists: 신라 silla, 종로 jongno, 같이 gachi, 좋고 joko. (Written for a list of words, from
#   memory of the rule.)
# SEEN: korean-romanizer 0.28.0: 12 words with assimilation or palatalization, ten of them examples
#   of the rule, are as spelled ('sinra', 'baekma', 'gati'), though '좋고' is right ('joko'), and
#   '앉아' (anja) and '없다' (eopda) are: some of the rules are there. hangul-romanization 1.0.1: the
#   same 12 as spelled, and finals of two letters as neither: '없다' is 'eoptda', '값이' 'gapti',
#   '있다' 'ittda'. koroman 1.0.16 has all right.
# WHY IT MATTERS: the polite ending of most sentences (-습니다) is 'seupnida' in place of
#   'seumnida': an aligner or a recognizer of Latin letters looks for a p where an m is said, and
#   names (Jongno, Silla) match no map or lexicon.
# SOURCE: National Institute of Korean Language, Romanization of Korean, chapter 3, section 1; the
#   README of korean-romanizer says that it follows it. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > words.json <<'END'
{"백마": "baengma", "신문로": "sinmunno", "종로": "jongno", "왕십리": "wangsimni",
 "별내": "byeollae", "신라": "silla", "학여울": "hangnyeoul", "알약": "allyak",
 "해돋이": "haedoji", "같이": "gachi", "독립": "dongnip", "감사합니다": "gamsahamnida",
 "좋고": "joko", "앉아": "anja", "없다": "eopda", "한국": "hanguk"}
END
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    hangul-romanization@1.0.1
node -e '
const { convert } = require("hangul-romanization");
const words = Object.keys(JSON.parse(require("node:fs").readFileSync("words.json", "utf8")));
const version = JSON.parse(require("node:fs").readFileSync(
  "node_modules/hangul-romanization/package.json", "utf8")).version;
const said = [...words, "값이", "있다"].map((word) => [word, convert(word)]);
console.log(JSON.stringify({ version, said: Object.fromEntries(said) }));
' > npm.json
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'korean-romanizer==0.28.0' 'koroman==1.0.16'
venv/bin/python - <<'END'
import json
import sys
from importlib.metadata import version
import koroman
from korean_romanizer.romanizer import Romanizer

with open("words.json", encoding="utf-8") as file:
    right = json.load(file)
with open("npm.json", encoding="utf-8") as file:
    npm = json.load(file)
print("korean-romanizer", version("korean-romanizer"), "koroman", version("koroman"),
      "hangul-romanization", npm["version"])
seen = {word: Romanizer(word).romanize() for word in right}
other = {word: koroman.romanize(word) for word in right}
for word, text in right.items():
    print(word, "expected:", text, "seen:", seen[word], "and", npm["said"][word])
print("seen: hangul-romanization", npm["said"])
print("seen: koroman is right for", sum(other[word] == text for word, text in right.items()))
changed = list(right)[:12]
same = (all(seen[word] != right[word] for word in changed)
        and all(seen[word] == right[word] for word in list(right)[12:])
        and seen["종로"] == "jongro" and seen["감사합니다"] == "gamsahapnida"
        and all(npm["said"][word] != right[word] for word in changed)
        and npm["said"]["없다"] == "eoptda" and npm["said"]["값이"] == "gapti"
        and other == right)
sys.exit(0 if same else "CHANGED: see the lines above")
END
