#!/usr/bin/env bash
# Text to speech on LJSpeech: ./run.sh data.corpora.ljspeech.source=DIR   (--help lists the stages; ../README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
