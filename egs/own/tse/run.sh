#!/usr/bin/env bash
# Target speaker extraction on videos of your own: ./run.sh data.corpora.own.source=/path/to/videos   (--help lists the stages; README.md)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=$root/.venv/bin/python
if [ ! -x "$python" ]; then
    printf 'avspeech: error: nothing is set up yet; run this once: bash %q\n' "$root/tools/setup.sh" >&2
    exit 2
fi
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that spin stall one another on a busy machine
exec "$python" "$root/recipes/tse/run.py" --config "$here/conf/train.yaml" "$@"
