#!/usr/bin/env bash
# WHAT: The npm packages wav-decoder and node-wav read the lowest sample of a 24-bit WAV file as the
#   highest.
# GUESS: -8388608, the lowest of 24 bits, is -1, as -32768 is with 16 bits.
# SEEN: wav-decoder 1.3.0 and node-wav 0.0.2: -8388608 is +1.0000001, -8388607 is -0.9999999, and
#   the others are right, also with 8, 16 and 32 bits; wav-decoder's symmetric: true gives +1 too.
#   Both ask for a number above 0x800000, not from it on. wav-encoder 1.3.0 writes -1 as -8388608,
#   so that what it wrote comes back with the other sign.
# WHY IT MATTERS: clipped recordings and sound normalized to its peak have just this sample: each
#   clipped trough becomes a click of twice the full range, in a song, a plosive or a shout, and a
#   search for clipping in the negative half finds none.
# SOURCE: found by a round trip of a few samples; the line that compares is in both packages' code.
#   Needs Node 18 or later with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    wav-decoder@1.3.0 wav-encoder@1.3.0 node-wav@0.0.2
cat > find.cjs <<'EOF'
const decoder = require("wav-decoder");
const encoder = require("wav-encoder");
const nodeWav = require("node-wav");

/** A WAV file of one channel of whole numbers. */
function wav(bits, samples) {
  const bytes = bits / 8;
  const file = Buffer.alloc(44 + samples.length * bytes);
  file.write("RIFF", 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(16000, 24);
  file.writeUInt32LE(16000 * bytes, 28);
  file.writeUInt16LE(bytes, 32);
  file.writeUInt16LE(bits, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples.length * bytes, 40);
  samples.forEach((sample, at) => file.writeIntLE(sample, 44 + at * bytes, bytes));
  return file;
}

const plain = (file) => file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
const rounded = (samples) => [...samples].map((sample) => Number(sample.toFixed(4)));

async function main() {
  for (const name of ["wav-decoder", "wav-encoder", "node-wav"]) {
    console.log(name, require(`./node_modules/${name}/package.json`).version);
  }
  console.log("expected: -1, -1, 1, -0.5 each time (to four decimals)");
  const seen = {};
  for (const bits of [16, 24, 32]) {
    const top = 2 ** (bits - 1);
    const file = wav(bits, [-top, 1 - top, top - 1, -top / 2]);
    seen[`wav-decoder, ${bits}`] = rounded((await decoder.decode(plain(file))).channelData[0]);
    seen[`node-wav, ${bits}`] = rounded(nodeWav.decode(file).channelData[0]);
  }
  const sound = { sampleRate: 16000, channelData: [Float32Array.from([-1, -0.5, 0.5, 1])] };
  const file = await encoder.encode(sound, { bitDepth: 24 });
  seen["encoded -1, -0.5, 0.5, 1"] = rounded((await decoder.decode(file)).channelData[0]);
  for (const [name, samples] of Object.entries(seen)) console.log("seen:", name, samples.join(" "));
  const same = Object.entries(seen).every(([name, samples]) =>
    samples[0] === (name.includes("24") || name.includes("encoded") ? 1 : -1) && samples[1] < 0);
  if (!same) {
    console.error("CHANGED: see the lines above");
    process.exit(1);
  }
}

main();
EOF
node find.cjs
