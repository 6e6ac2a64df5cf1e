#!/usr/bin/env bash
# Target speaker extraction on LRS2: ./run.sh data.corpora.lrs2.source=/path/to/lrs2   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
