#!/usr/bin/env bash
# WHAT: mediapipe 1 brings no face models and no mediapipe.solutions.
# GUESS: mediapipe.solutions.face_mesh runs from the wheel alone, as in version 0.10.
# SEEN: mediapipe 1.2.3: the wheel has no file ending in tflite, task or binarypb, and the
#   attribute solutions is gone; every task wants a model file that the user has to fetch.
# WHY IT MATTERS: pipelines that crop mouths offline stop working after an upgrade, and code that
#   pins nothing fails at its first call.
# SOURCE: github.com/google-ai-edge/mediapipe/issues/6192 for the missing attribute.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'mediapipe==1.2.3'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import files, version
import mediapipe

print("mediapipe", version("mediapipe"))
print("expected: face models in the wheel, and mediapipe.solutions")
endings = (".tflite", ".task", ".binarypb")
models = [str(path) for path in files("mediapipe") if path.suffix in endings]
print("seen: models", models, "| solutions:", hasattr(mediapipe, "solutions"))
same = not models and not hasattr(mediapipe, "solutions") and hasattr(mediapipe, "tasks")
sys.exit(0 if same else "CHANGED: see the line above")
EOF
