#!/usr/bin/env bash
# Text to speech on texts that a teacher reads, at 24 kHz:
#   bash tools/fetch_kokoro.sh DIR texts
#   ./run.sh data.corpora.kokoro.source=DIR      (--help lists the stages)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
