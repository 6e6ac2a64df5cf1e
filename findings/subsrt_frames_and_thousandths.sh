#!/usr/bin/env bash
# WHAT: The npm package subsrt takes the frames of MicroDVD subtitles for thousands of frames, and
#   the thousandths of a second of LRC for hundredths.
# GUESS: {25}{50} at 25 frames a second is 1.0 to 2.0 s, and 1.0 s is written as frame 25;
#   [00:14.500] of LRC is 14.5 s, as [00:12.50] is 12.5 s. (Frame 25000 was seen first, in a round
#   trip that was meant for line breaks.)
# SEEN: subsrt 1.1.1, whose times are in milliseconds: {25}{50} with fps: 25 is 1 to 2 ms, an SRT
#   cue from 1.0 to 2.5 s becomes {25000}{62500}, which a player shows after 16 minutes 40 seconds,
#   and {1}{1}25.000, the line with the frame rate, is a caption. [00:14.500] is 19 s, later than
#   the line after it, [00:16.000], which is 16 s. Read back by itself, its MicroDVD is as it was.
# WHY IT MATTERS: converted captions are never seen, or all at once; a test that converts there and
#   back passes. Lyrics and transcripts with thousandths are up to 9 s late, each line by another
#   time.
# SOURCE: lib/format/sub.js and lrc.js; wikipedia.org/wiki/MicroDVD, which the former names. Needs
#   Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    subsrt@1.1.1
cat > find.cjs <<'EOF'
const subsrt = require("subsrt");

/** Begin and end of all captions, in the package's milliseconds. */
function times(text, options) {
  const captions = subsrt.parse(text, options).filter((one) => one.type === "caption");
  return captions.map((one) => [one.start, one.end]);
}

console.log("subsrt", require("./node_modules/subsrt/package.json").version);
console.log("expected: [1000, 2000], [3000, 4000]; {25}{63}; 12500, 14500, 16000");
const srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n\r\n";
const seen = {
  frames: times("{25}{50}Hello\n{75}{100}Bye\n", { fps: 25 }),
  "with a rate": times("{1}{1}25.000\n{25}{50}Hello\n", {}),
  written: subsrt.convert(srt, { format: "sub", fps: 25 }).trim(),
  lrc: times("[00:12.50]one\n[00:14.500]two\n[00:16.000]three\n").map(([start]) => start),
  srt: times(srt),
};
console.log("seen:", JSON.stringify(seen));
const known = {
  frames: [[1, 2], [3, 4]],
  "with a rate": [[0, 0], [1, 2]],
  written: "{25000}{62500}Hello",
  lrc: [12500, 19000, 16000],
  srt: [[1000, 2500]],
};
if (JSON.stringify(seen) !== JSON.stringify(known)) {
  console.error("CHANGED: see the line above");
  process.exit(1);
}
EOF
node find.cjs
