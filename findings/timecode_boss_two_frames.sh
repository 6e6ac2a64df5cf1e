#!/usr/bin/env bash
# WHAT: The npm package timecode-boss gives the last two frames of a minute the drop-frame timecode
#   of the next two frames.
# GUESS: with drop frames at 29.97, as SMPTE ST 12 counts them, each number of a frame has its own
#   timecode, and comes back from it: frame 1798 is 00:00:59;28. (Written for a list of packages.)
# SEEN: timecode-boss 6.2.0: new Timecode(1798, 29.97) is 00:01:00;02, which frame 1800 is too, and
#   1799 is 00:01:00;03, as 1801; so it is at the end of each minute, 120 times in an hour. Before a
#   tenth minute 17980 is 00:10:00;00, as 17982. At 59.94 it is the last four, and frames 3596 and
#   3597 get timecodes that SMPTE drops. From timecode to frame all are right, and at 23.976, 24,
#   25, 30 and 50 both ways. smpte-timecode 1.3.6 is right for all of them.
# WHY IT MATTERS: a cut, a caption or a word that begins just before a full minute is two frames (67
#   ms) late in the list, and behind one that begins after it; a table by timecode loses two rows.
# SOURCE: found by counting all frames of an hour. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    timecode-boss@6.2.0 smpte-timecode@1.3.6
cat > find.cjs <<'END'
const { readFileSync } = require("node:fs");
const boss = require("timecode-boss");
const Smpte = require("smpte-timecode");
const Boss = boss.default ?? boss;

for (const name of ["timecode-boss", "smpte-timecode"]) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version);
}

/** The drop-frame timecode of a frame, counted minute by minute as SMPTE ST 12 says. */
function counted(frames, nominal) {
  const dropped = nominal / 15;
  const table = [];
  for (let minute = 0; table.length < frames; minute++) {
    for (let at = minute % 10 ? dropped : 0; at < 60 * nominal; at++) {
      const parts = [Math.floor(minute / 60), minute % 60, Math.floor(at / nominal), at % nominal];
      table.push(parts.map((part) => String(part).padStart(2, "0")).join(":"));
    }
  }
  return table.slice(0, frames);
}

const plain = (timecode) => String(timecode).replace(/[;.]/g, ":");
const seen = {};
for (const [rate, nominal, frames] of [[29.97, 30, 107892], [59.94, 60, 36000]]) {
  const right = counted(frames, nominal);
  const wrong = [];
  let back = 0;
  let other = 0;
  right.forEach((timecode, frame) => {
    if (plain(new Boss(frame, rate)) !== timecode) wrong.push(frame);
    const text = timecode.replace(/:(\d\d)$/, ";$1");
    if (new Boss(text, rate).frameCount() !== frame) back += 1;
    if (plain(new Smpte(frame, rate, true)) !== timecode) other += 1;
  });
  const first = wrong[0];
  console.log(`expected at ${rate}: frame ${first} is`, right[first], "and all come back");
  console.log(`seen at ${rate}:     frame ${first} is`, plain(new Boss(first, rate)), "and",
    wrong.length, "of", frames, "differ; from timecode to frame", back, "; smpte-timecode", other);
  seen[rate] = [first, plain(new Boss(first, rate)), wrong.length, back, other];
}
const known = { 29.97: [1798, "00:01:00:02", 120, 0, 0], 59.94: [3596, "00:01:00:02", 40, 0, 0] };
if (JSON.stringify(seen) !== JSON.stringify(known)) {
  console.error("CHANGED: see the lines above", JSON.stringify(seen));
  process.exit(1);
}
END
node find.cjs
