#!/usr/bin/env bash
# WHAT: The npm package wavefile takes the floats of a WAV file for integers where the header is
#   that of WAVE_FORMAT_EXTENSIBLE.
# GUESS: the header's subformat says float: the samples are those of a plain float WAV, or an
#   exception says that the subformat is not known.
# SEEN: wavefile 11.0.0: bitDepth is '32' in place of '32f', and the samples are the bits of the
#   floats as integers: 0.1 is 1036831949 and so 0.483 after toBitDepth('32f'); 0.001 is 0.457 and
#   1e-6 is 0.418: quiet and loud are nearly alike, a sine is close to a square wave. No warning.
#   A plain float WAV of the same samples is read right.
# WHY IT MATTERS: FFmpeg and many editors write this header for more than two channels, and
#   soundfile's WAVEX does for any: after conversion to 16 bits the sound is loud distortion with
#   the rhythm of speech.
# SOURCE: Microsoft's WAVEFORMATEXTENSIBLE, SubFormat; found by comparing readers. Needs Node 18 or
#   later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" wavefile@11.0.0
cat > find.cjs <<'EOF'
const { WaveFile } = require("wavefile");

const samples = [0.1, -0.1, 0.001, -0.001, 1e-6, 0.0, 0.5, -0.5];

function chunk(name, data) {
  const head = Buffer.alloc(8);
  head.write(name, 0, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data]);
}

function wave(extensible) {
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : 3, 0);
  format.writeUInt16LE(1, 2); // channels
  format.writeUInt32LE(16000, 4);
  format.writeUInt32LE(64000, 8); // bytes a second
  format.writeUInt16LE(4, 12);
  format.writeUInt16LE(32, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(32, 18); // valid bits
    format.writeUInt32LE(4, 20); // front center
    format.writeUInt16LE(3, 24); // float, then the fixed part of the identifier
    Buffer.from("000000001000800000aa00389b71", "hex").copy(format, 26);
  }
  const data = Buffer.alloc(4 * samples.length);
  samples.forEach((value, at) => data.writeFloatLE(value, 4 * at));
  const body = [Buffer.from("WAVE", "latin1"), chunk("fmt ", format), chunk("data", data)];
  return chunk("RIFF", Buffer.concat(body));
}

function read(extensible) {
  const file = new WaveFile(wave(extensible));
  const depth = file.bitDepth;
  file.toBitDepth("32f");
  return [depth, Array.from(file.getSamples(false, Float64Array), (v) => Number(v.toFixed(3)))];
}

console.log("wavefile", require("wavefile/package.json").version);
console.log("expected:", JSON.stringify(["32f", samples]));
const plain = read(false);
const seen = read(true);
console.log("seen, plain header:", JSON.stringify(plain));
console.log("seen, extensible header:", JSON.stringify(seen));
const same = plain[0] === "32f" && plain[1][0] === 0.1 && seen[0] === "32"
  && Math.abs(seen[1][0] - 0.483) < 0.01 && Math.abs(seen[1][2] - 0.457) < 0.01;
if (!same) {
  console.error("CHANGED: see the lines above");
  process.exit(1);
}
EOF
node find.cjs
