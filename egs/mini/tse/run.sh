#!/usr/bin/env bash
# Target speaker extraction on the generated mini corpus; nothing to download. ./run.sh --help lists the stages.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
