#!/usr/bin/env bash
# Emotions of several corpora, one left out in turn: ./run.sh corpus.source=/path/to/folder   (README.md; --help lists the stages)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
