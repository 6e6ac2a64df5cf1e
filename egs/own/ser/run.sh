#!/usr/bin/env bash
# An emotion model for sounds and labels of your own: ./run.sh corpus.source=/path/to/sounds   (--help lists the stages; README.md)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
