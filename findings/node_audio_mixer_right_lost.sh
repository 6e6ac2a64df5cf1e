#!/usr/bin/env bash
# WHAT: The npm package node-audio-mixer makes mono of stereo by taking the left channel alone:
#   whoever is on the right is not heard, and of four channels all but the first are gone.
# GUESS: a stereo input of a mono mixer is mixed as two mono inputs are: by their mean. (For mixing
#   the guess was 'inputs are added'; the channels came by a first look at a tone on one side.)
# SEEN: node-audio-mixer 1.3.7: two mono inputs of 100 and 900 are 500 each, their mean. A stereo
#   input with 100 on the left and 900 on the right is 100 in a mono mixer; an input of four
#   channels, 100 to 400, is 100 on both sides of a stereo mixer. Stereo in stereo and mono in
#   stereo are right. No message; its README says that streams with other parameters can be mixed,
#   and not how.
# WHY IT MATTERS: calls and interviews are recorded with a speaker on each channel, and meeting
#   devices with a microphone on each: the mix for a recognizer has one speaker of two, with
#   silence at the turns of the other, and it sounds clean.
# SOURCE: found by a list of formats; the README of node-audio-mixer. Needs Node 18 or later with
#   npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    node-audio-mixer@1.3.7
cat > find.cjs <<'END'
const { AudioMixer } = require("node-audio-mixer");
const { version } = require("./node_modules/node-audio-mixer/package.json");

console.log("node-audio-mixer", version);
const format = { sampleRate: 16000, bitDepth: 16, autoClose: true };

/** The first two samples of a mix; each input is a list of the levels of its channels. */
function mixed(channels, inputs) {
  return new Promise((resolve) => {
    const mixer = new AudioMixer({ ...format, channels });
    const parts = [];
    mixer.on("data", (part) => parts.push(part));
    mixer.on("end", () => {
      const data = Buffer.concat(parts);
      resolve([data.readInt16LE(0), data.readInt16LE(2)].join(" "));
    });
    const ends = inputs.map((levels) =>
      mixer.createAudioInput({ ...format, channels: levels.length }));
    inputs.forEach((levels, at) => {
      const data = Buffer.alloc(2 * 800 * levels.length);
      for (let k = 0; k < 800 * levels.length; k++) {
        data.writeInt16LE(levels[k % levels.length], 2 * k);
      }
      ends[at].write(data);
      ends[at].end();
    });
  });
}

// The channels of the mixer, its inputs, what is right, and what is known to be made.
const cases = [
  [1, [[100], [900]], "500 500", "500 500"],
  [1, [[100, 900]], "500 500", "100 100"],
  [2, [[100, 900]], "100 900", "100 900"],
  [2, [[900]], "900 900", "900 900"],
  [2, [[100, 200, 300, 400]], "others than 100 100", "100 100"],
];
(async () => {
  let same = true;
  for (const [channels, inputs, right, known] of cases) {
    const seen = await mixed(channels, inputs);
    console.log(`expected: ${JSON.stringify(inputs)} in ${channels}: ${right}; seen: ${seen}`);
    same = same && seen === known;
  }
  if (!same) console.error("CHANGED: see the lines above");
  process.exit(same ? 0 : 1);
})();
END
timeout 60 node find.cjs
