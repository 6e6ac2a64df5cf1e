#!/usr/bin/env bash
# WHAT: The npm packages subtitle and @deepgram/captions begin again at 0 hours where a caption is
#   24 hours or more behind the start; subtitle writes times there that it can not read.
# GUESS: 24 h and 0.25 s is 24:00:00,250, as both formats allow more than two figures of hours, or
#   an exception says that a day is the end. (Written after a list of times had shown something
#   else.)
# SEEN: subtitle 4.2.2: formatTimestamp(86400250) is '00:00:00,86400250' (all milliseconds behind
#   the comma), 90061001 ms '01:01:01,86400001'; parseTimestamp() raises an exception for both.
#   @deepgram/captions 1.2.0: secondsToTimestamp(86400.25) is '00:00:00.250' and 90061.001
#   '01:01:01.001', right as a form. 23:59:59,999 is right in both, and '25:01:01,001' is read
#   rightly by subtitle. A cue across midnight ends so in a file that stringifySync() writes.
#   vtt-creator 1.1.1 writes '24:00:00.250'.
# WHY IT MATTERS: broadcast channels and recorders that are worn for days make files of more than 24
#   hours: captions of the second day lie over those of the first, or a file has lines that no
#   reader takes.
# SOURCE: found by a list of times; W3C, WebVTT timestamp: two or more figures of hours. Needs Node
#   18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    subtitle@4.2.2 @deepgram/captions@1.2.0 vtt-creator@1.1.1
cat > find.cjs <<'END'
const { readFileSync } = require("node:fs");
const { secondsToTimestamp } = require("@deepgram/captions");
const subtitle = require("subtitle");
const Creator = require("vtt-creator");

for (const name of ["subtitle", "@deepgram/captions", "vtt-creator"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
}
const seen = {};
for (const time of [86399999, 86400250, 90061001]) {
  const creator = new Creator();
  creator.add(time / 1000, time / 1000, "Hello.");
  const text = subtitle.formatTimestamp(time);
  let back = "an exception";
  try {
    back = subtitle.parseTimestamp(text);
  } catch {
    // What is said of it is in "back".
  }
  seen[time] = [text, back, secondsToTimestamp(time / 1000)];
  console.log("expected:", time, "ms is", creator.toString().split("\r\n")[3].slice(0, 12));
  console.log("seen:    ", JSON.stringify(seen[time]));
}
seen.read = subtitle.parseTimestamp("25:01:01,001");
const late = [{ type: "cue", data: { start: 86399000, end: 86400500, text: "Midnight." } }];
seen.line = subtitle.stringifySync(late, { format: "SRT" }).split("\n")[1];
console.log("seen: 25:01:01,001 is read as", seen.read, "ms; a cue across midnight:", seen.line);
const known = {
  86399999: ["23:59:59,999", 86399999, "23:59:59.999"],
  86400250: ["00:00:00,86400250", "an exception", "00:00:00.250"],
  90061001: ["01:01:01,86400001", "an exception", "01:01:01.001"],
  read: 90061001,
  line: "23:59:59,000 --> 00:00:00,86400500",
};
if (JSON.stringify(seen) !== JSON.stringify(known)) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
