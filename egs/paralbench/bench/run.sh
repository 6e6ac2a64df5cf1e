#!/usr/bin/env bash
# The benchmark on published corpora: ./run.sh corpora.ravdess.source=/path/to/ravdess   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
