#!/usr/bin/env bash
# Builds the docs site into docs/_build/html: bash tools/docs.sh. Python packages are installed on the first run;
# the build itself needs no network. A broken link between pages is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup.sh
.venv/bin/python -c 'import furo, myst_parser, sphinx' 2>/dev/null ||
    .venv/bin/python -m pip install --quiet --editable '.[docs]'
.venv/bin/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
echo "docs/_build/html/index.html"
