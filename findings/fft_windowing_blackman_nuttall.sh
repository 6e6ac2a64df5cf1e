#!/usr/bin/env bash
# WHAT: The Blackman-Nuttall window of the npm package fft-windowing rises again toward its ends,
#   and its Lanczos window has no number in the middle of an odd length.
# GUESS: each window is that of the textbook: 1 in the middle, falling to its ends; Blackman-Nuttall
#   ends at 0.0004, and sinc(0) is 1. (Written for the list of all windows; at the ends 'about 0'.)
# SEEN: fft-windowing 0.1.4: blackman_nuttall is 0.126 at both ends and 0.874 in the middle, and
#   lowest between: it looks as if the sign of a term were turned. Its highest side lobe is 34 dB
#   below the main one, that of the textbook's 98 dB. lanczos of 9 numbers has NaN at the fifth, of
#   8 it is right. The other windows look right (blackman_harris has its side lobes at -92 dB).
# WHY IT MATTERS: this window is chosen to see weak sounds beside a strong one: breath noise or a
#   second voice 40 dB below a vowel is hidden behind side lobes, and no picture of the spectrum
#   tells that it is the window. With NaN all of a spectrum is NaN.
# SOURCE: found by a list of all windows; its README links each to Wikipedia, 'Window function'.
#   Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install fft-windowing@0.1.4 \
    --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache"
cat > find.cjs <<'END'
const windows = require("fft-windowing");

console.log("fft-windowing", require("./node_modules/fft-windowing/package.json").version);
const ones = (length) => new Array(length).fill(1);

/** A Blackman-Nuttall window by its four terms. */
function textbook(length) {
  const terms = [0.3635819, -0.4891775, 0.1365995, -0.0106411];
  return ones(length).map((one, at) => terms.reduce(
    (sum, term, k) => sum + term * Math.cos((2 * Math.PI * k * at) / (length - 1)), 0));
}

/** The highest side lobe, in dB: a window of four terms has its main lobe up to bin 4. */
function sideLobe(window) {
  const level = (bin) => {
    let real = 0;
    let imaginary = 0;
    window.forEach((value, at) => {
      real += value * Math.cos((2 * Math.PI * bin * at) / window.length);
      imaginary += value * Math.sin((2 * Math.PI * bin * at) / window.length);
    });
    return 20 * Math.log10(Math.hypot(real, imaginary));
  };
  let highest = -Infinity;
  for (let bin = 5; bin < window.length / 2; bin += 0.25) highest = Math.max(highest, level(bin));
  return highest - level(0);
}

const show = (window) => window.map((value) => value.toFixed(4)).join(" ");
const seen = windows.blackman_nuttall(ones(9));
const lobes = [textbook(256), windows.blackman_nuttall(ones(256)),
  windows.blackman_harris(ones(256))].map(sideLobe);
console.log("expected:", show(textbook(9)), "side lobes", lobes[0].toFixed(0), "dB");
console.log("seen:    ", show(seen), "side lobes", lobes[1].toFixed(0), "dB");
console.log("seen: blackman_harris has side lobes of", lobes[2].toFixed(0), "dB");
const middle = [windows.lanczos(ones(8))[4], windows.lanczos(ones(9))[4]];
console.log("seen: lanczos in the middle of 8:", middle[0].toFixed(4), "of 9:", middle[1]);
const same = Math.abs(seen[0] - 0.126) < 0.002 && Math.abs(seen[4] - 0.8744) < 0.002
  && seen[1] < seen[0] && lobes[0] < -90 && lobes[1] > -40 && lobes[2] < -85
  && Math.abs(middle[0] - 0.967) < 0.01 && Number.isNaN(middle[1]);
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
END
node find.cjs
