#!/usr/bin/env bash
# Target speaker extraction on TCD-TIMIT: ./run.sh data.corpora.tcd_timit.source=/path/to/tcd_timit   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
