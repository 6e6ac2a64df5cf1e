#!/usr/bin/env bash
# Target speaker extraction on MEAD: ./run.sh data.corpora.mead.source=/path/to/mead   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
