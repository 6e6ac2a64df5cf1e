#!/usr/bin/env bash
# Sets up .venv where needed, then runs ruff, mypy and pytest: bash tools/test.sh [arguments for pytest]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup.sh

# With many small tensors, one thread is faster than several that wait for each other.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
.venv/bin/python -m ruff check .

# mypy keeps one core busy for a minute, so the tests begin beside it; what it says stands at the end.
types=$(mktemp)
.venv/bin/python -m mypy >"$types" 2>&1 &
mypy=$!
trap 'kill "$mypy" 2>/dev/null || true; rm -f "$types"' EXIT

# A file's tests stay in one process, as they share what they prepare. -n 0 runs all in one. ("auto" would count two
# threads of a core as one.)
tested=0
.venv/bin/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@" || tested=$?
typed=0
wait "$mypy" || typed=$?
cat "$types"
exit $((tested ? tested : typed))
