#!/usr/bin/env bash
# WHAT: The shift() of the npm package audio-buffer-utils makes sound later by leaving its
#   beginning in place: the beginning is heard twice, where its README promises zeros.
# GUESS: shift(buffer, 3) puts three zeros before the sound and cuts three samples off its end;
#   shift(buffer, -3) the other way round. (Written for no function in particular: the list of all
#   of them was tried on a ramp. The README was read afterwards.)
# SEEN: audio-buffer-utils 5.1.2: 1 2 3 4 5 6 shifted by 2 is 1 2 1 2 3 4, and by 6, which is all
#   of it, 1 2 3 4 5 6. Shifted by -2 it is 3 4 5 6 0 0, as it should be, and rotate() is right
#   both ways. The README says that the gap is filled with zeros.
# WHY IT MATTERS: one shifts a recording to align two microphones, to make a delayed copy for
#   training an echo canceller, or to augment by time: 100 ms of speech at the front are doubled
#   where silence belongs, in one direction only; a cross-correlation of the whole still finds the
#   right shift.
# SOURCE: found by a list of functions; the README of audio-buffer-utils, shift. Needs Node 18 or
#   later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    audio-buffer-utils@5.1.2 audio-buffer@4.0.4 audio-buffer-from@1.1.1 audio-context@1.0.3 \
    clamp@1.0.1 is-audio-buffer@1.1.0 is-browser@2.1.0
cat > find.cjs <<'END'
const util = require("audio-buffer-utils");
const { version } = require("./node_modules/audio-buffer-utils/package.json");

console.log("audio-buffer-utils", version);

/** What a function makes of six samples. */
function made(name, offset) {
  const buffer = util.create(6, 1, 16000);
  buffer.getChannelData(0).set([1, 2, 3, 4, 5, 6]);
  util[name](buffer, offset);
  return Array.from(buffer.getChannelData(0)).join(" ");
}

// What is right, and what is known to be made.
const cases = [
  ["shift", 2, "0 0 1 2 3 4", "1 2 1 2 3 4"],
  ["shift", 5, "0 0 0 0 0 1", "1 2 3 4 5 1"],
  ["shift", 6, "0 0 0 0 0 0", "1 2 3 4 5 6"],
  ["shift", -2, "3 4 5 6 0 0", "3 4 5 6 0 0"],
  ["rotate", 2, "5 6 1 2 3 4", "5 6 1 2 3 4"],
];
let same = true;
for (const [name, offset, right, known] of cases) {
  const seen = made(name, offset);
  console.log(`expected: ${name}(${offset}): ${right}; seen: ${seen}`);
  same = same && seen === known;
}
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
