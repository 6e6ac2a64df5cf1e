#!/usr/bin/env bash
# WHAT: OpenCV 5 has no cascade classifier and no cascade files, and still a folder for them.
# GUESS: cv2.CascadeClassifier loads a file of cv2.data.haarcascades, as in 4.
# SEEN: opencv-python-headless 5.0.0.93: the class is missing; cv2.data.haarcascades names a
#   folder without a single XML file. FaceDetectorYN is there, without its model.
# WHY IT MATTERS: the usual fallback for finding a face with nothing but a wheel is gone: code
#   written for 4 fails, and code that looks into the folder finds no face at all.
# SOURCE: OpenCV's notes on version 5, by which the class moved to the contributed modules.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'opencv-python-headless==5.0.0.93'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pathlib import Path
import cv2

print("opencv-python-headless", version("opencv-python-headless"))
print("expected: the class and its files")
cascades = sorted(path.name for path in Path(cv2.data.haarcascades).glob("*.xml"))
has_class = hasattr(cv2, "CascadeClassifier")
print("seen: class", has_class, "| files", cascades)
print("seen: FaceDetectorYN", hasattr(cv2, "FaceDetectorYN"))
same = not has_class and not cascades and Path(cv2.data.haarcascades).is_dir()
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
