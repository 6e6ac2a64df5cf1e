#!/usr/bin/env bash
# Emotions of RAVDESS, eight classes, six folds of actors. Give the corpus: corpus.source=/path/to/ravdess
# Other experiments: --config conf/controls.yaml, graphs.yaml, backbones.yaml. ./run.sh --help lists the stages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
bash "$root/tools/setup.sh"
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that spin stall one another on a busy machine
exec "$root/.venv/bin/python" "$root/recipes/ser/run.py" --config "$here/conf/train.yaml" "$@"
