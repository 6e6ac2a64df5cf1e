#!/usr/bin/env bash
# Speech emotion recognition on M3ED: ./run.sh corpus.source=/path/to/m3ed   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
