#!/usr/bin/env bash
# WHAT: The npm packages ttml2srt and lrc-kit write the first hundredths of a second as tenths: a
#   caption at 1.04 s is at 1.400 s in the file that they write.
# GUESS: 00:00:01:01 of TTML at 25 frames a second is 00:00:01,040 in SRT, as is 1.04s and
#   10400000t; of LRC, [01:00.05] is written as [01:00.05] again. (Of ttml2srt it was suspected on
#   reading its code; of lrc-kit seen in a first look at a list of lines.)
# SEEN: ttml2srt 1.2.4: 00:00:01,400 for all three, and 1.800 for frame 2; '1.9999s' is 1,100. A
#   caption from 00:00:01:02 to 00:00:01:12 goes from 1.800 to 1.480, so that it ends before it
#   begins. Times that have three decimals (00:00:01.040) are right. lrc-kit 1.2.1: what was read
#   as 60.05 s is written as [01:00.50], and timestampToString(1.999) is 00:01.100. Zeros are put
#   behind the number, not in front of it.
# WHY IT MATTERS: each tenth caption is late by up to 0.9 s, the others are right to the
#   millisecond, so that a look at a file shows nothing; sound cut by such times lacks its first
#   word, and words are aligned to other sound.
# SOURCE: main.js of ttml2srt (padEnd); W3C, TTML2, time expressions. Needs Node 18 or later with
#   npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    ttml2srt@1.2.4 lrc-kit@1.2.1
cat > find.cjs <<'END'
const { ttml2srt } = require("ttml2srt");
const { Lrc, timestampToString } = require("lrc-kit");

for (const name of ["ttml2srt", "lrc-kit"]) {
  console.log(name, require(`./node_modules/${name}/package.json`).version);
}

/** The times of the SRT file of one TTML caption. */
function times(begin, end) {
  const page = `<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" ttp:tickRate="10000000">
    <body><div><p begin="${begin}" end="${end}">Hello.</p></div></body></tt>`;
  const print = console.info;
  console.info = () => {};
  const srt = ttml2srt(page);
  console.info = print;
  return srt.split("\r\n")[1];
}

const seen = {
  frames: times("00:00:01:01", "00:00:02:24"),
  seconds: times("1.04s", "2.96s"),
  ticks: times("10400000t", "29600000t"),
  "hours to milliseconds": times("00:00:01.040", "00:00:02.960"),
  "frames 2 to 12": times("00:00:01:02", "00:00:01:12"),
  "four decimals": times("1.9999s", "2.5s"),
};
const song = Lrc.parse("[00:12.34]one\n[01:00.05]two\n");
seen["lrc-kit reads"] = song.lyrics.map((line) => line.timestamp).join(" ");
seen["lrc-kit writes"] = song.toString().trim().replace(/\s+/g, " ");
seen["lrc-kit, 1.999 s"] = timestampToString(1.999);
console.log("expected: the same times, to the hundredth");
for (const [name, value] of Object.entries(seen)) console.log("seen:", name, value);
const known = [
  "00:00:01,400 --> 00:00:02,960", "00:00:01,400 --> 00:00:02,960",
  "00:00:01,400 --> 00:00:02,960", "00:00:01,040 --> 00:00:02,960",
  "00:00:01,800 --> 00:00:01,480", "00:00:01,100 --> 00:00:02,500",
  "12.34 60.05", "[00:12.34]one [01:00.50]two", "00:01.100"];
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(known)) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
