#!/usr/bin/env bash
# Speech emotion recognition on CREMA-D: ./run.sh corpus.source=/path/to/crema_d   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
