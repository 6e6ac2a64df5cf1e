#!/usr/bin/env bash
# Few labels, many pseudo-labels, on synthetic voices; nothing to download. ./run.sh --help lists the stages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
bash "$root/tools/setup.sh"
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that spin stall one another on a busy machine
exec "$root/.venv/bin/python" "$root/recipes/semi/run.py" --config "$here/conf/train.yaml" "$@"
