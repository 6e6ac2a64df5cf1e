#!/usr/bin/env bash
# Two voices from one mixture, without video: ./run.sh data.corpora.librispeech.source=/path/to/librispeech   (--help lists the stages)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
