#!/usr/bin/env bash
# Speech emotion recognition on EMOVO: ./run.sh corpus.source=/path/to/emovo   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
