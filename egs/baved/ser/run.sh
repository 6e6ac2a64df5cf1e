#!/usr/bin/env bash
# Speech emotion recognition on BAVED: ./run.sh corpus.source=/path/to/baved   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
