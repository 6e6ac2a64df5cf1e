#!/usr/bin/env bash
# Pseudo-labels from few labels, on generated voices; nothing to download. ./run.sh --help lists the stages.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
