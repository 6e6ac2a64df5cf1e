#!/usr/bin/env bash
# WHAT: The npm package x-law resamples all 32-bit sound to one number, the lowest sample, and takes
#   8-bit silence for the loudest sound there is.
# GUESS: resample() of 32-bit samples at the same rate gives them back, as it does with 16 and 24
#   bits; half of full scale is -9 dB in each of the four formats, and silence very low. (Written as
#   'a tone is kept, and its level right'; then the code was read before anything ran, and the
#   shifts in resample() were suspected.)
# SEEN: x-law 0.3.1: utils.resample([0, 1000, -1000, ...], 16000, 16000, 32) is -2147483648 each
#   time; with 16 and 24 bits the samples come back. JavaScript's 1 << 31 is negative, so that the
#   limit of the highest sample is below all samples. In 8 bits, as WAV files have them, 128 to 255
#   become 127: half of each wave is gone. utils.calculateLoudness() of a tone of half of full scale
#   is -9.0 dB with 16, 24 and 32 bits, and -2.9 with 8; 8-bit silence (128) is +0.07 dB, while
#   createWavHeader() writes headers for 8 bits, in which files have unsigned samples.
# WHY IT MATTERS: 32 bits are what recorders and float pipelines hand on, and 8 bits are telephone
#   speech: a recognizer gets a constant, or waves cut in half, and a test for silence by level is
#   never true.
# SOURCE: found by reading and by a list of formats. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" x-law@0.3.1
cat > find.cjs <<'END'
const { utils } = require("x-law");

console.log("x-law", require("./node_modules/x-law/package.json").version);
const seen = {};
for (const bits of [16, 24, 32]) {
  seen[`${bits} bits`] = utils.resample([0, 1000, -1000, 20000], 16000, 16000, bits).join(" ");
}
seen["8 bits"] = utils.resample([128, 200, 255, 60], 8000, 8000, 8).join(" ");
console.log("expected: 0 1000 -1000 20000, and 128 200 255 60 with 8 bits");
for (const [name, samples] of Object.entries(seen)) console.log("seen: resample,", name, samples);

/** A tone of half of full scale, as a WAV file holds it. */
function tone(bits) {
  const data = Buffer.alloc(1600 * (bits / 8));
  for (let at = 0; at < 1600; at++) {
    const value = Math.round((2 ** (bits - 1) - 1) * 0.5 * Math.sin((2 * Math.PI * at) / 16));
    if (bits === 8) data.writeUInt8(128 + value, at);
    else data.writeIntLE(value, at * (bits / 8), bits / 8);
  }
  return data;
}

const levels = [8, 16, 24, 32].map((bits) => utils.calculateLoudness(tone(bits), bits));
const silence = utils.calculateLoudness(Buffer.alloc(1600, 128), 8);
console.log("expected: -9.0 dB for half of full scale in 8, 16, 24 and 32 bits; silence is low");
console.log("seen:", levels.map((level) => level.toFixed(1)).join(" "), "and", silence.toFixed(2));
const same = seen["32 bits"] === new Array(4).fill(-2147483648).join(" ")
  && seen["16 bits"] === "0 1000 -1000 20000" && seen["24 bits"] === seen["16 bits"]
  && seen["8 bits"] === "127 127 127 60" && levels[0] > -4 && silence > 0
  && levels.slice(1).every((level) => Math.abs(level + 9.03) < 0.02);
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
