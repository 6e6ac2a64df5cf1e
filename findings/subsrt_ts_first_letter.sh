#!/usr/bin/env bash
# WHAT: The npm package subsrt-ts takes the first letter off each caption of an ASS or SSA file:
#   'Hello.' is 'ello.', '1984' is '984'.
# GUESS: five captions come back with their times and texts from each format that it reads and
#   writes.
# SEEN: subsrt-ts 2.1.2: parse() of an ASS file as Aegisub writes it, without a space behind the
#   last comma: 'ello.', 'ell, yes, I am.', '984'; of what its own build() has written as ASS and
#   SSA: the same. In convert() from ASS to SRT the letters are gone as well. The times are right,
#   and SRT, WebVTT, SBV and MicroDVD come back as they were. No message.
# WHY IT MATTERS: subtitles are made into transcripts and training text this way. A word list takes
#   'ello' for a rare word, 'and' is 'nd', 'a' is nothing, and a year is another number; every
#   caption is wrong, and none is missing.
# SOURCE: found by a round trip; the README of subsrt-ts (ASS and SSA are among its formats); the
#   specification of ASS (the text is all behind the last comma). Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" subsrt-ts@2.1.2
cat > find.mjs <<'END'
import { readFileSync } from "node:fs";
import { build, convert, parse } from "subsrt-ts";

console.log("subsrt-ts", JSON.parse(readFileSync("node_modules/subsrt-ts/package.json")).version);
const right = ["Hello.", "Well, yes, I am.", "1984"];
const ass = `[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,20,&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,2,2,2,\
10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,${right[0]}
Dialogue: 0,0:00:03.04,0:00:04.00,Default,Ann,0,0,0,,${right[1]}
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,${right[2]}
`;
const captions = right.map((text, k) => (
  { type: "caption", index: k + 1, start: 1000 * k, end: 1000 * k + 900, duration: 900,
    content: text, text }));
const texts = (list) => list.filter((one) => one.type === "caption").map((one) => one.text.trim());
const cut = right.map((text) => text.slice(1));
const cases = {
  "an ASS file": [texts(parse(ass)), cut],
  "ASS converted to SRT": [texts(parse(convert(ass, { format: "srt" }))), cut],
};
for (const [format, known] of
  Object.entries({ ass: cut, ssa: cut, srt: right, vtt: right, sbv: right, sub: right })) {
  cases[`its own ${format}`] = [texts(parse(build(captions, { format }), { format })), known];
}
let same = true;
for (const [name, [seen, known]] of Object.entries(cases)) {
  console.log(`expected: ${name}: ${right.join(" | ")}; seen: ${seen.join(" | ")}`);
  same = same && seen.join("|") === known.join("|");
}
if (!same) console.error("CHANGED: see the lines above");
process.exit(same ? 0 : 1);
END
node find.mjs
