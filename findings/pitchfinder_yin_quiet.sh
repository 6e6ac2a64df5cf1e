#!/usr/bin/env bash
# WHAT: The YIN of the npm package pitchfinder gives 6 to 18 kHz as the pitch of quiet voices.
# GUESS: a harmonic sound of 100 to 200 Hz has its pitch within 2 %, at any level, or null where the
#   frame is too short for it. (6.8 kHz for 80 Hz was seen first, while octave errors were looked
#   for; that it hangs on the level was guessed from the code then.)
# SEEN: pitchfinder 2.3.4, frames of 2048 samples of eight harmonics with peaks of 1, 0.1 and 0.01:
#   at 44.1 kHz 120 Hz is 120, 17921 and 17643, 200 Hz is 200, 18360 and 17648; at 16 kHz 100 Hz is
#   100, 6852 and 6406. Never null. Its AMDF is right at all three levels. The sum of differences
#   that YIN divides by begins with a 1, not with the first difference, and does not shrink with the
#   sound.
# WHY IT MATTERS: microphones in a browser give peaks of 0.01 to 0.3: a pitch contour jumps to the
#   top of the spectrum where somebody speaks softly, and a test at full level does not show it.
# SOURCE: lib/detectors/yin.js; equation 8 of de Cheveigné and Kawahara's "YIN" (2002) has no such
#   term. Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    pitchfinder@2.3.4
cat > find.cjs <<'EOF'
const { AMDF, YIN } = require("pitchfinder");

/** Eight harmonics of a pitch in Hz, with this peak. */
function voice(pitch, rate, peak) {
  const sound = new Float32Array(2048);
  for (let at = 0; at < sound.length; at += 1) {
    for (let k = 1; k <= 8; k += 1) {
      sound[at] += Math.sin((2 * Math.PI * pitch * k * at) / rate) / k;
    }
  }
  const loudest = Math.max(...sound);
  return sound.map((sample) => (sample * peak) / loudest);
}

console.log("pitchfinder", require("./node_modules/pitchfinder/package.json").version);
console.log("expected: the pitch within 2 %, or null, at each peak");
let same = true;
for (const [pitch, rate] of [[120, 44100], [200, 44100], [100, 16000]]) {
  for (const [name, make] of [["YIN", YIN], ["AMDF", AMDF]]) {
    const detect = make({ sampleRate: rate, minFrequency: 60, maxFrequency: 500 });
    const found = [1, 0.1, 0.01].map((peak) => Math.round(detect(voice(pitch, rate, peak)) ?? 0));
    console.log(`seen by ${name} of ${pitch} Hz, peaks of 1, 0.1 and 0.01:`, found.join(", "));
    const right = found.map((value) => Math.abs(value / pitch - 1) < 0.02);
    same = same && right[0] && right[1] === (name === "AMDF") && right[2] === (name === "AMDF");
    same = same && (name === "AMDF" || (found[1] > 6000 && found[2] > 6000));
  }
}
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
EOF
node find.cjs
