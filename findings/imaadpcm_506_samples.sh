#!/usr/bin/env bash
# WHAT: The npm package imaadpcm gives one sample too many for each block of ADPCM, so that the
#   sound gets later and later, and loses the end.
# GUESS: a block of 256 bytes has 505 samples, one in its head and two in each other byte, and what
#   was encoded comes back in time, to the end, with an error 20 dB below it.
# SEEN: imaadpcm 5.0.0: a block decodes to 506 samples, the first one twice; of 16000 samples
#   encoded and decoded, those at 3000 are 5 samples late, those at 15000 are 29, 1.9 ms in each
#   second at 16 kHz, and the error of the whole is as loud as the sound. The result has 17272
#   samples, zeros from 15686 on: the last block of the file is never decoded, and what is left of a
#   block never encoded.
# WHY IT MATTERS: after a minute the voice is 0.12 s behind the picture and the labels, and each 32
#   ms has a doubled sample, a buzz of 31 Hz. The package wavefile has its ADPCM from this one.
# SOURCE: index.js, decodeBlock and decode; IMA's "Recommended Practices" (1992) and the WAVE
#   format's "samples per block" of 505. Found by a round trip. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    imaadpcm@5.0.0
cat > find.cjs <<'EOF'
const adpcm = require("imaadpcm");

const COUNT = 16000;
const sound = Int16Array.from({ length: COUNT }, (_, at) => {
  const time = at / 16000;
  return Math.round(8000 * Math.sin(2 * Math.PI * 200 * time)
    + 3000 * Math.sin(2 * Math.PI * (300 + 320 * time) * time));
});

/** The error in the samples from..from + count that come this much later, in dB of the sound. */
function error(decoded, from, count, late) {
  let off = 0;
  let power = 0;
  for (let at = from; at < from + count; at += 1) {
    off += (decoded[at + late] - sound[at]) ** 2;
    power += sound[at] ** 2;
  }
  return 10 * Math.log10(off / power);
}

/** How many samples late the part is. */
function lag(decoded, from) {
  const lags = Array.from({ length: 60 }, (_, late) => [error(decoded, from, 400, late), late]);
  return lags.sort((one, other) => one[0] - other[0])[0][1];
}

console.log("imaadpcm", require("./node_modules/imaadpcm/package.json").version);
console.log("expected: 505 samples a block, 0 late, an error below -20 dB, sound to the end");
const encoded = adpcm.encode(sound);
const decoded = adpcm.decode(encoded);
const block = adpcm.decode(encoded.slice(0, 512));
const ends = (samples) => samples.length - [...samples].reverse().findIndex((one) => one !== 0);
const seen = {
  "samples of a block": ends(block),
  late: [3000, 6000, 9000, 12000, 15000].map((from) => lag(decoded, from)),
  "error in dB": Math.round(error(decoded, 0, 15000, 0)),
  samples: decoded.length,
  "zeros from": ends(decoded),
};
console.log("seen:", JSON.stringify(seen));
const late = seen.late.every((one, at) => one === [5, 11, 17, 23, 29][at]);
if (!late || seen["samples of a block"] !== 506 || seen["error in dB"] < -3
    || seen.samples !== 17272 || seen["zeros from"] > 15700) {
  console.error("CHANGED: see the line above");
  process.exit(1);
}
EOF
node find.cjs
