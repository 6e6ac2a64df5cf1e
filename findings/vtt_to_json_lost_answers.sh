#!/usr/bin/env bash
# WHAT: The npm packages vtt-to-json and vtt-2-json leave out a caption that says what the one
#   before it says; vtt-to-json also the last caption of a file that ends with a line break.
# GUESS: five captions give five entries with all their words, also where two say 'No.', whether or
#   not the file ends with a line break. (Written as 'the same captions and full text' for a list of
#   readers; the repeated line was suspected on reading the code, when the last caption was gone.)
# SEEN: vtt-to-json 0.1.1: of five captions the last is missing; the second 'No.' is an entry
#   without words; the first caption is there twice, the second time without words. Without the line
#   break at the end the last one is there. vtt-2-json 1.1.4 has the last, not the second 'No.', and
#   makes one word of the end of a line and the beginning of the next: 'boatsare'. In both, a number
#   or a name above a caption is spoken text of the one before.
# WHY IT MATTERS: 'Yes.' after 'Yes.', 'No.' after 'No.' are what dialogs are full of: pairs of
#   speech and text have speech without words, and counts of words and of errors are wrong at each.
#   Any editor ends the file with a line break.
# SOURCE: index.js of both; W3C, WebVTT, for the identifier of a cue. Needs Node 18 or later with
#   npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$work/cache" \
    vtt-to-json@0.1.1 vtt-2-json@1.1.4
cat > find.cjs <<'END'
const readers = { "vtt-to-json": require("vtt-to-json"), "vtt-2-json": require("vtt-2-json") };
const captions = ["Are you there?", "No.", "No.", "The new boats\nare here.", "Good night."];
const page = "WEBVTT\n\n" + captions
  .map((text, at) => `00:00:0${2 * at + 1}.000 --> 00:00:0${2 * at + 2}.000\n${text}\n`).join("\n");
const named = "WEBVTT\n\n1\n00:01.000 --> 00:02.000\nHello.\n\n2\n00:03.000 --> 00:04.000\nBye.\n\n"
  + "3\n00:05.000 --> 00:06.000\nBye now.";

async function main() {
  const seen = {};
  console.log("expected:", captions.length, "captions:", JSON.stringify(captions));
  for (const [name, read] of Object.entries(readers)) {
    console.log(name, require(`./node_modules/${name}/package.json`).version);
    const words = (list) => list.map(
      (entry) => `${entry.start / 1000} ${entry.words.map((word) => word.word).join(" ")}`.trim());
    seen[`${name}, line break at the end`] = words(await read(page));
    seen[`${name}, none`] = words(await read(page.trimEnd()));
    seen[`${name}, numbers`] = words(await read(named));
  }
  for (const [name, list] of Object.entries(seen)) console.log("seen:", name, JSON.stringify(list));
  const first = ["1 are you there", "1", "3 no", "5", "7 the new boats are here"];
  const second = ["1 are you there", "3 no", "5", "7 the new boatsare here", "9 good night"];
  const known = [
    first, [...first, "9 good night"], ["1 hello", "1 2", "3 bye 3", "5 bye now"],
    second, second, ["1 hello2", "3 bye3", "5 bye now"]];
  if (JSON.stringify(Object.values(seen)) !== JSON.stringify(known)) {
    console.error("CHANGED: see the lines above");
    process.exit(1);
  }
}

main();
END
node find.cjs
