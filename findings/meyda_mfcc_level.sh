#!/usr/bin/env bash
# WHAT: All MFCC of Meyda shrink toward 0 when a sound gets quieter, not the first alone.
# GUESS: the logarithm turns a gain into a constant: 20 dB less moves coefficient 0 and leaves the
#   others as they are. (Written after a first look at two levels of one sound.)
# SEEN: Meyda 5.6.3 (npm), a vowel-like sound of 150 Hz, 512 samples at 16 kHz: the length of the
#   vector of coefficients 1 to 12 is 75 at a peak near 0.5, 23 at 20 dB below and 0.9 at 40 dB
#   below; the directions differ as well (cosine with the loud one 0.83 and 0.65). The logarithm is
#   that of 1 + x, so the scale that is a logarithm for loud sounds is a line for quiet ones.
# WHY IT MATTERS: vowels, speakers and keywords are told apart by the other coefficients: a step
#   back from the microphone is a change of the sound. Models trained on loud recordings see
#   near-zeros in a browser, mean subtraction does not mend it, and features of other libraries
#   are not comparable.
# SOURCE: found by trying two levels; meyda/src/extractors/mfcc. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps --cache "$work/cache" \
    meyda@5.6.3
cat > find.cjs <<'EOF'
const Meyda = require("meyda");

Meyda.sampleRate = 16000;
Meyda.bufferSize = 512;
const sound = Float32Array.from({ length: 512 }, (_, at) => {
  let value = 0;
  for (let k = 1; k < 26; k++) value += Math.sin((2 * Math.PI * 150 * k * at) / 16000) / k;
  return 0.3 * value;
});
const shape = (gain) => Meyda.extract("mfcc", sound.map((value) => gain * value)).slice(1);
const size = (x) => Math.hypot(...x);
const cosine = (x, y) => x.reduce((sum, v, at) => sum + v * y[at], 0) / size(x) / size(y);

console.log("meyda", require("./node_modules/meyda/package.json").version);
console.log("expected: the same coefficients 1 to 12 at each level: one size, cosine 1");
const loud = shape(1);
const seen = [1, 0.1, 0.01].map((gain) => [size(shape(gain)), cosine(shape(gain), loud)]);
for (const [at, name] of ["0 dB", "-20 dB", "-40 dB"].entries()) {
  console.log(`seen at ${name}: size ${seen[at][0].toFixed(2)}, cosine ${seen[at][1].toFixed(2)}`);
}
const same = seen[0][0] > 2.5 * seen[1][0] && seen[1][0] > 15 * seen[2][0] && seen[1][1] < 0.9;
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
EOF
node find.cjs
