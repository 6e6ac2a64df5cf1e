#!/usr/bin/env bash
# WHAT: The standardizePronunciation() of the npm package es-hangul tenses the sound behind ㄴ and ㅁ
#   in every word: '친구' (friend) is '친꾸', '감사' (thanks) '감싸', '한국' (Korea) '한꾹'.
# GUESS: it follows the standard pronunciation of Korean, as its name and docstring say, where only
#   stems of verbs and adjectives tense what follows ('신고' of a shoe put on is '신꼬', '닮고' '담꼬');
#   nouns are said as they are spelled. (Written after '한국어' and '감사합니다' had come out tensed from a
#   list of 55 words.)
# SEEN: es-hangul 2.4.0: 19 of 19 everyday words whose pronunciation in the standard dictionary is
#   their spelling come out tensed: '남자' (man) as '남짜', '선생님' (teacher) as '선쌩님', '언제' (when) as
#   '언쩨', '사람들' (people) as '사람뜰'. '신고', '앉고' and '닮고' are right, and so is what has ㅇ there ('공기').
#   With hardConversion: false the nouns are right and the verbs are not, with other tensing that
#   the standard has ('학교' is '학교', not '학꾜').
# WHY IT MATTERS: it is the front end of a voice, a rhyme or a lexicon for an aligner: lax and tense
#   are two phonemes of Korean, and the wrong one is in words that nearly each sentence has.
# SOURCE: found by a list of words; Standard Pronunciation of Korean, rules 23 to 25 (24 is of
#   stems); the Standard Korean Language Dictionary. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" es-hangul@2.4.0
cat > find.mjs <<'END'
import { readFileSync } from "node:fs";
import { standardizePronunciation } from "es-hangul";

console.log("es-hangul", JSON.parse(readFileSync("node_modules/es-hangul/package.json")).version);
// Friend, cold, electricity, glasses, teacher, man, research, when, Korea, thanks, problem, noon,
// ring, health, movement, food, people, human being, jar.
const nouns = ["친구", "감기", "전기", "안경", "선생님", "남자", "연구", "언제", "한국", "감사", "문제", "점심",
  "반지", "건강", "운동", "음식", "사람들", "인간", "단지"];
nouns.push("준비", "공기");  // no consonant that could be tensed; ㅇ in its place
const right = { "신고": "신꼬", "앉고": "안꼬", "닮고": "담꼬", "학교": "학꾜", "준비": "준비", "공기": "공기" };
let tensed = 0, plain = 0;
for (const word of nouns) {
  const seen = standardizePronunciation(word);
  tensed += seen !== word;
  plain += standardizePronunciation(word, { hardConversion: false }) === word;
  if (seen !== word) console.log(`expected: ${word}; seen: ${seen}`);
}
console.log(`expected: 0 of ${nouns.length} nouns tensed; seen: ${tensed};`,
  `without hardConversion ${nouns.length - plain}`);
let same = tensed === nouns.length - 2 && plain === nouns.length;
for (const [word, standard] of Object.entries(right)) {
  const seen = standardizePronunciation(word);
  console.log(`expected: ${word}: ${standard}; seen: ${seen}, without hardConversion`,
    standardizePronunciation(word, { hardConversion: false }));
  same = same && seen === standard;
}
if (!same) console.error("CHANGED: see the lines above");
process.exit(same ? 0 : 1);
END
node find.mjs
