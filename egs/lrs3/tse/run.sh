#!/usr/bin/env bash
# Target speaker extraction on LRS3: ./run.sh data.corpora.lrs3.source=/path/to/lrs3   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
