#!/usr/bin/env bash
# WHAT: The npm package bitdepth makes the negative half of 8-bit sound positive when it converts
#   it to 24-bit integers or to floats.
# GUESS: each conversion keeps the value within a step of the coarser format: the lowest sample of 8
#   bits, 0, is -1 as a float and -8388608 in 24 bits, and the middle, 128, is 0. (Written for all
#   pairs of formats.)
# SEEN: bitdepth 9.0.0: from 8 bits to "32f" and "64" the samples 0, 64, 127, 128, 192, 255 are
#   1.0079, 1.5118, 2.0079, 0, 0.5039, 1, so that each negative number is about 2 too high; in 24
#   bits the sample 0 is 8454659, more than 24 bits hold. To 16 and 32 bits they are right within a
#   step. From 16, 24 and 32 bits and from floats all conversions are right. wavefile 11.0.0, of
#   the same author, has its own code and gives -1, -0.5, -0.0078, 0, 0.5039, 1.
# WHY IT MATTERS: telephone and old recordings have 8 bits, and floats are what a model gets: the
#   wave has a step of 2 at each zero crossing, silence with its dither (127 and 128) is noise of
#   twice the full scale, and a level or a peak is above 0 dB.
# SOURCE: found by a list of all pairs of formats; the package's README says that 8-bit samples go
#   from 0 to 255, and floats from -1 to 1. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install bitdepth@9.0.0 wavefile@11.0.0 \
    --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache"
cat > find.cjs <<'END'
const { changeBitDepth } = require("bitdepth");
const { WaveFile } = require("wavefile");

for (const name of ["bitdepth", "wavefile"]) {
  console.log(name, require(`./node_modules/${name}/package.json`).version);
}
const low = [0, 64, 127, 128, 192, 255];
const arrays = { 16: Int16Array, 24: Int32Array, 32: Int32Array, "32f": Float32Array,
  64: Float64Array };
const scales = { 16: 2 ** 15, 24: 2 ** 23, 32: 2 ** 31, "32f": 1, 64: 1 };
const show = (samples) => [...samples].map((sample) => Number(sample.toFixed(4))).join(" ");
const wave = new WaveFile();
wave.fromScratch(1, 8000, "8", low);
wave.toBitDepth("32f");
console.log("expected: (sample - 128) / 128, as", show(wave.getSamples(false, Float32Array)));
let same = true;
for (const [format, type] of Object.entries(arrays)) {
  const out = new type(low.length);
  changeBitDepth(Uint8Array.from(low), "8", out, format);
  const values = [...out].map((sample) => sample / scales[format]);
  const off = values.map((value, at) => value - (low[at] - 128) / 128);
  console.log("seen: 8 to", format, "is", show(out), "as a part of full scale:", show(values));
  const wrong = ["24", "32f", "64"].includes(format);
  same &&= off.every((error, at) =>
    Math.abs(error - (wrong && low[at] < 128 ? 2 : 0)) < 0.02);
}
for (const [format, value] of [["16", -16384], ["24", -4194304], ["32f", -0.5]]) {
  const out = new Float64Array(1);
  changeBitDepth([value], format, out, "64");
  console.log("seen:", value, "in", format, "to 64 is", out[0].toFixed(4));
  same &&= Math.abs(out[0] + 0.5) < 0.001;
}
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
