#!/usr/bin/env bash
# Target speaker extraction on videos of your own: ./run.sh data.corpora.own.source=/path/to/videos   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
