#!/usr/bin/env bash
# Target speaker extraction on VoxCeleb2: ./run.sh data.corpora.voxceleb2.source=/path/to/voxceleb2   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
