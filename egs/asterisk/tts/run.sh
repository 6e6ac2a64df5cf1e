#!/usr/bin/env bash
# Text to speech on the Asterisk prompts, which are downloaded, with more data from LibriSpeech and Kokoro:
#   bash tools/fetch_kokoro.sh DIR2
#   ./run.sh data.corpora.librispeech.source=DIR data.corpora.voices.source=DIR \
#            data.corpora.kokoro.source=DIR2      (--help lists the stages)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
