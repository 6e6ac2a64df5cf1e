#!/usr/bin/env bash
# WHAT: The npm package @plussub/srt-vtt-parser takes a setting behind a WebVTT time without hours
#   for a part of that time: the cue ends minutes later, or has no end.
# GUESS: hours may be left out and settings may follow ('00:01.000 --> 00:02.000 position:10%'): the
#   cue ends at 2 s, or an exception names the line. (Written for cues with settings in general;
#   that it depends on the hours was found by trying.)
# SEEN: @plussub/srt-vtt-parser 2.0.5: with position:10% the cue ends at 120.01 s, with line:0 at
#   120 s, with line:90% at 120.09 s, with align:start 'to' is null. No warning. With hours in the
#   times (00:00:02.000) each ends at 2 s.
# WHY IT MATTERS: most captions of the first hour have no hours, and positions are usual: sound cut
#   by such a cue holds two minutes of other people's words for a label of one line.
# SOURCE: W3C, WebVTT, "WebVTT timestamp" and "WebVTT cue settings list"; found by trying. Needs
#   Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    @plussub/srt-vtt-parser@2.0.5
cat > find.mjs <<'EOF'
import { readFileSync } from "node:fs";
import * as plus from "@plussub/srt-vtt-parser";

const page = readFileSync("node_modules/@plussub/srt-vtt-parser/package.json", "utf8");
console.log("@plussub/srt-vtt-parser", JSON.parse(page).version);
console.log("expected: each cue ends at 2000 ms");
const end = (hours, settings) => plus.parse(
  `WEBVTT\n\n${hours}00:01.000 --> ${hours}00:02.000 ${settings}\nOne.\n`).entries[0].to;
const settings = ["position:10%", "line:0", "line:90% align:center", "align:start"];
const short = settings.map((text) => end("", text));
const long = settings.map((text) => end("00:", text));
console.log("settings:", settings.join(" | "));
console.log("seen without hours:", JSON.stringify(short));
console.log("seen with hours:", JSON.stringify(long));
const known = "[[120010,120000,120090,null],[2000,2000,2000,2000]]";
if (JSON.stringify([short, long]) !== known) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
EOF
node find.mjs
