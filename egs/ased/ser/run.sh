#!/usr/bin/env bash
# Speech emotion recognition on ASED: ./run.sh corpus.source=/path/to/ased   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
