#!/usr/bin/env bash
# Runs the recipe of an example: bash tools/run.sh egs/CORPUS/TASK [arguments of the recipe]
# Each egs/CORPUS/TASK/run.sh calls it. It sets up .venv first where needed, and keeps the current folder.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
example=$(cd "$1" && pwd)
shift
bash "$root/tools/setup.sh"
# Threads that wait actively slow each other down on a busy machine.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
exec "$root/.venv/bin/python" "$root/recipes/$(basename "$example")/run.py" \
    --config "$example/conf/train.yaml" "$@"
