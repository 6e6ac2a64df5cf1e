#!/usr/bin/env bash
# WHAT: The npm package subtitles-parser-vtt leaves out all WebVTT cues whose times have no hours,
#   as Whisper writes them for the first hour; what it writes itself is no WebVTT.
# GUESS: hours may be left out ('00:01.000 --> 00:02.500'): a file has the same cues with and
#   without them, and a file of four cues gives four. toVtt() writes a file that begins with WEBVTT.
#   (The first written for a list of readers of captions; the second seen with it.)
# SEEN: subtitles-parser-vtt 0.1.0: of cues at 1 s, 59:58, 1:00:01 and 1:00:03, the first two
#   without hours, the last two are left; of a file that is shorter than an hour nothing, an empty
#   list. Between cues with hours, one without them becomes text of the cue before, with its times,
#   and so does a NOTE. No exception. toVtt() has no line WEBVTT and a comma before the
#   milliseconds: SubRip, which readers of WebVTT such as node-webvtt 2.0.0 refuse.
# WHY IT MATTERS: openai-whisper's writer of WebVTT leaves out the hours below one: a folder of
#   transcripts is a folder without captions, or a long recording begins with its second hour.
# SOURCE: W3C, WebVTT timestamp: hours are optional below one; index.js. Needs Node 18 or later with
#   npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    subtitles-parser-vtt@0.1.0 node-webvtt@2.0.0
cat > find.cjs <<'END'
const other = require("node-webvtt");
const parser = require("subtitles-parser-vtt");

for (const name of ["subtitles-parser-vtt", "node-webvtt"]) {
  console.log(name, require(`./node_modules/${name}/package.json`).version);
}

/** A WebVTT file of cues, each of a time and a text. */
function page(cues) {
  return "WEBVTT\n\n" + cues.map(([times, text]) => `${times}\n${text}\n`).join("\n");
}

const long = [
  ["00:01.000 --> 00:02.500", "Good evening."],
  ["59:58.000 --> 59:59.500", "One hour is over."],
  ["01:00:01.000 --> 01:00:02.000", "The second hour begins."],
  ["01:00:03.000 --> 01:00:04.000", "It goes on."],
];
const mixed = [
  ["00:00:01.000 --> 00:00:02.500", "One."],
  ["00:03.000 --> 00:04.000", "Two."],
  ["00:00:05.000 --> 00:00:06.000", "Three."],
];
const read = (text) => parser.fromVtt(text, "s").map((cue) => `${cue.startTime} ${cue.text}`);
const right = (text) => other.parse(text).cues.map((cue) => `${cue.start} ${cue.text}`);
const seen = {};
for (const [name, cues] of [["long", long], ["short", long.slice(0, 2)], ["mixed", mixed]]) {
  console.log("expected:", name, JSON.stringify(right(page(cues))));
  seen[name] = read(page(cues));
  console.log("seen:    ", name, JSON.stringify(seen[name]));
}
const cues = [{ id: 1, startTime: 1000, endTime: 2500, text: "Hello." }];
seen.written = parser.toVtt(cues).split("\r\n").slice(0, 3);
let refused = false;
try {
  other.parse(seen.written.join("\n"));
} catch {
  refused = true;
}
console.log("seen:     written", JSON.stringify(seen.written), "refused by node-webvtt:", refused);
const known = {
  long: ["3601 The second hour begins.", "3603 It goes on."],
  short: [],
  mixed: ["1 One.\n\n00:03.000 --> 00:04.000\nTwo.", "5 Three."],
  written: ["1", "00:00:01,000 --> 00:00:02,500", "Hello."],
};
if (JSON.stringify(seen) !== JSON.stringify(known) || !refused) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
