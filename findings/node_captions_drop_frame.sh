#!/usr/bin/env bash
# WHAT: The npm package node-captions reads drop-frame times of an SCC file as if no number of a
#   frame were left out: after an hour captions are 3.6 s late. Its WebVTT of SCC has no words.
# GUESS: a caption at 01:00:00;00 is shown 3600 s after the start, up to the frames that sending it
#   takes, and one at 01:00:00:00 3603.6 s after it: a semicolon says that numbers of frames are
#   left out, so that they keep to the clock. In WebVTT and SRT the words stand below the times.
#   (There was a suspicion of the semicolon on reading the code; the WebVTT was seen in the first
#   run.)
# SEEN: node-captions 0.4.6: both are at 3604.00 s, where 3600.40 and 3604.00 s are right. In
#   toJSON() each text begins with '{break}', which becomes a line break, so that in WebVTT an empty
#   line follows the times and ends the cue: webvtt-parser 2.2.0 finds all cues, and each is empty.
#   SRT has the words. No message.
# WHY IT MATTERS: SCC is how American television and streaming services hand over captions, mostly
#   with a semicolon: times drift by 60 ms each minute, so that after a while sound cut by them
#   begins a word late, then a sentence late, and players show nothing of the WebVTT.
# SOURCE: found by reading and trying; SMPTE ST 12-1 (drop-frame time code); the README of
#   node-captions; WebVTT (an empty line ends a cue). Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    node-captions@0.4.6 webvtt-parser@2.2.0
cat > find.mjs <<'END'
import { readFileSync, writeFileSync } from "node:fs";
import captions from "node-captions";
import webvtt from "webvtt-parser";

for (const name of ["node-captions", "webvtt-parser"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
}

/** A letter as a byte of odd parity, in hexadecimal. */
function byte(letter) {
  const code = letter.charCodeAt(0);
  const ones = code.toString(2).replaceAll("0", "").length;
  return (ones % 2 ? code : code + 128).toString(16).padStart(2, "0");
}

/** A pop-on caption in the lowest row from one time to another; an even number of letters. */
function shown(from, to, text) {
  const words = text.match(/../g).map((pair) => byte(pair[0]) + byte(pair[1])).join(" ");
  return `${from}\t94ae 94ae 9420 9420 9470 9470 ${words} 942f 942f\n\n${to}\t942c 942c\n\n`;
}

const files = {};
for (const [kind, mark] of [["drop-frame", ";"], ["non-drop", ":"]]) {
  const at = (time) => `${time}${mark}00`;
  files[kind] = "Scenarist_SCC V1.0\n\n" + shown(at("00:00:01"), at("00:00:03"), "hello.")
    + shown(at("01:00:00"), at("01:00:02"), "good night");
  writeFileSync(`${kind}.scc`, files[kind]);
}
const read = (name) => new Promise((resolve, reject) => {
  captions.scc.read(name, {}, (error, lines) => error ? reject(error) : resolve(lines));
});
// Frames of 1001/30000 s: drop-frame time leaves 108 numbers an hour out. Twelve words are sent.
const frames = { "drop-frame": 108000 - 108 + 12, "non-drop": 108000 + 12 };
let same = true;
for (const [kind, count] of Object.entries(frames)) {
  const list = captions.scc.toJSON(await read(`${kind}.scc`));
  const start = list[1].startTimeMicro / 1e6;
  console.log(`expected: ${kind}: about ${(count * 1001 / 30000).toFixed(2)} s;`,
    `seen: ${start.toFixed(2)} s`);
  same = same && Math.abs(start - 3604.0004) < 0.01;
  const cues = new webvtt.WebVTTParser().parse(captions.vtt.generate(list), "metadata").cues;
  const texts = cues.map((cue) => cue.text);
  const srt = captions.srt.generate(list).split("\n").filter((line) => /[a-z]/.test(line));
  console.log(`expected: WebVTT ["hello.","good night"]; seen: ${JSON.stringify(texts)};`,
    `SRT: ${JSON.stringify(srt)}`);
  same = same && texts.join("|") === "|" && srt.join("|") === "hello.|good night";
}
if (!same) console.error("CHANGED: see the lines above");
process.exit(same ? 0 : 1);
END
node find.mjs 2> errors || { cat errors >&2; exit 1; }
