#!/usr/bin/env bash
# The benchmark on generated voices: thirteen traits, five upstreams; nothing to download. ./run.sh --help lists the stages.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
