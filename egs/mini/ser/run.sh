#!/usr/bin/env bash
# Speech emotion recognition on generated voices; nothing to download. ./run.sh --help lists the stages.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
