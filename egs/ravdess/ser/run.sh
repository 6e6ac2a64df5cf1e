#!/usr/bin/env bash
# Emotions of RAVDESS, eight classes, six folds of actors. Give the corpus: corpus.source=/path/to/ravdess
# Other experiments: --config conf/controls.yaml, graphs.yaml, backbones.yaml. ./run.sh --help lists the stages.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../../../tools/run.sh" "$here" "$@"
