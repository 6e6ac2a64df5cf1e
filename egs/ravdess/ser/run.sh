#!/usr/bin/env bash
# Emotions of RAVDESS, eight classes, six folds of actors. Give the corpus: corpus.source=/path/to/ravdess
# Other experiments: --config conf/controls.yaml, graphs.yaml, backbones.yaml. ./run.sh --help lists the stages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=$root/.venv/bin/python
if [ ! -x "$python" ]; then
    printf 'avspeech: error: nothing is set up yet; run this once: bash %q\n' "$root/tools/setup.sh" >&2
    exit 2
fi
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that spin stall one another on a busy machine
exec "$python" "$root/recipes/ser/run.py" --config "$here/conf/train.yaml" "$@"
