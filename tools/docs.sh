#!/usr/bin/env bash
# Builds the docs site into docs/_build/html: bash tools/docs.sh. The build needs no network. A broken link between pages is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup.sh
.venv/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
echo "docs/_build/html/index.html"
