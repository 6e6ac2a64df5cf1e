#!/usr/bin/env bash
# WHAT: The npm package media-captions shows the comments of an ASS file to the viewers: a comment
#   line becomes a part of the caption above it, with its times and fields.
# GUESS: an event of the kind Comment is no caption, as the format has it; the text of each
#   Dialogue line is kept as it is. (Written as 'times exact, text kept' for several readers of
#   captions.)
# SEEN: media-captions 1.0.4: a Comment line right behind 'Hello.' makes the caption 'Hello.', a
#   line break, 'Comment: 0,0:00:01.00,0:00:09.00,Default,,0,0,0,,check the name'. So does a remark
#   that begins with ';'. Behind an empty line, or before the first Dialogue, a comment is left
#   out, and no error is reported in any case. ass-compiler 0.1.16 leaves comments out. Its README
#   has no word on comments.
# WHY IT MATTERS: translators and karaoke templates leave notes in Comment lines, between the
#   captions that they are about: notes that were not for viewers are on the screen, and
#   transcripts made of the captions for training or alignment have words that nobody said.
# SOURCE: found by a list of files; the README of media-captions on SSA and ASS; the specification
#   of the format: a Comment event is ignored. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    media-captions@1.0.4 ass-compiler@0.1.16
cat > find.mjs <<'END'
import { readFileSync } from "node:fs";
import { parse } from "ass-compiler";
import { parseText } from "media-captions";

for (const name of ["media-captions", "ass-compiler"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
}
const head = `[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
`;
const event = (kind, from, to, text) =>
  `${kind}: 0,0:00:0${from}.00,0:00:0${to}.00,Default,,0,0,0,,${text}\n`;
const note = event("Comment", 1, 9, "check the name");
const first = event("Dialogue", 1, 2, "Hello.");
const last = event("Dialogue", 3, 4, "Bye.");
const files = {
  "between the captions": first + note + last,
  "a remark": first + "; a remark\n" + last,
  "behind an empty line": first + "\n" + note + last,
  "before the first": note + first + last,
};
const seen = {};
let errors = 0;
for (const [place, events] of Object.entries(files)) {
  const result = await parseText(head + events, { type: "ass" });
  seen[place] = result.cues.map((cue) => cue.text);
  errors += result.errors.length;
  const right = parse(head + events).events.dialogue.map((line) => line.Text.combined);
  console.log("expected:", place, JSON.stringify(right));
  console.log("seen:    ", place, JSON.stringify(seen[place]));
}
const plain = ["Hello.", "Bye."];
const known = {
  "between the captions": [`Hello.\n${note.trim()}`, "Bye."],
  "a remark": ["Hello.\n; a remark", "Bye."],
  "behind an empty line": plain,
  "before the first": plain,
};
if (JSON.stringify(seen) !== JSON.stringify(known) || errors !== 0) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.mjs
