#!/usr/bin/env bash
# Target speaker extraction on GRID: ./run.sh data.corpora.grid.source=/path/to/grid   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
