#!/usr/bin/env bash
# WHAT: The npm package subsrt reads an SRT file with plain line feeds as one caption, a WebVTT file
#   as none, and leaves out WebVTT cues with settings.
# GUESS: a file has the same captions whether its lines end in LF or in CR and LF, and settings
#   behind the times ('align:start') are read or ignored.
# SEEN: subsrt 1.1.1: three cues of SRT are three with CR and LF, and with LF alone one, of the
#   first cue's times, whose text is the rest of the file with its numbers and times. Three cues of
#   WebVTT are none with LF, and two with CR and LF: that with 'align:start' is missing. Formats are
#   detected rightly, and there is no exception; verbose: true tells of the WebVTT cue.
# WHY IT MATTERS: whisper, FFmpeg and nearly all tools outside Windows write LF: a converted file
#   has one caption of the whole talk for the time of the first sentence, or nothing at all.
# SOURCE: lib/format/srt.js and vtt.js, which split at three line feeds or more; W3C's WebVTT, 4.1,
#   allows LF, CR, and CR with LF, and settings. Suspected on reading. Needs Node 18 or later with
#   npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    subsrt@1.1.1
cat > find.cjs <<'EOF'
const subsrt = require("subsrt");

const SRT = [
  "1", "00:00:01,000 --> 00:00:02,500", "How many?", "",
  "2", "00:00:03,000 --> 00:00:04,000", "Hello", "",
  "3", "00:00:05,000 --> 00:00:06,000", "Bye", "", "",
];
const VTT = [
  "WEBVTT", "", "00:01.000 --> 00:02.500", "How many?", "",
  "00:03.000 --> 00:04.000 align:start", "Hello", "", "00:05.000 --> 00:06.000", "Bye", "", "",
];
console.log("subsrt", require("./node_modules/subsrt/package.json").version);
console.log("expected: 1000, 3000, 5000 each time");
const seen = {};
for (const [name, lines] of [["srt", SRT], ["vtt", VTT]]) {
  for (const [ends, mark] of [["LF", "\n"], ["CR and LF", "\r\n"]]) {
    const text = lines.join(mark);
    const captions = subsrt.parse(text).filter((one) => one.type === "caption");
    seen[`${subsrt.detect(text)} with ${ends}`] = captions.map((one) => one.start);
    if (captions.length === 1) console.log("its text:", JSON.stringify(captions[0].text));
  }
}
console.log("seen:", JSON.stringify(seen));
const known = {
  "srt with LF": [1000], "srt with CR and LF": [1000, 3000, 5000],
  "vtt with LF": [], "vtt with CR and LF": [1000, 5000],
};
if (JSON.stringify(seen) !== JSON.stringify(known)) {
  console.error("CHANGED: see the line above");
  process.exit(1);
}
EOF
node find.cjs
