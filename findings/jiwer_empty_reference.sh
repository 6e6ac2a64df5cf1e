#!/usr/bin/env bash
# WHAT: jiwer's word error rate of an empty reference is the number of words of the hypothesis.
# GUESS: a rate has no meaning there: an exception, NaN or infinity (torchmetrics gives infinity).
# SEEN: jiwer 4.0.0: wer('', 'hello world') is 2 and wer('', '') is 0.
# WHY IT MATTERS: segments without speech (the usual test for hallucinations) get a finite number
#   of another unit, and a mean over files mixes rates with counts: one silent file with 40
#   hallucinated words adds 4000 %.
# SOURCE: found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'jiwer==4.0.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import jiwer

print("jiwer", version("jiwer"))
print("expected: an exception, NaN or infinity")
seen = [jiwer.wer("", text) for text in ("hello world", "a b c d e", "")]
print("seen for 2, 5 and 0 words:", seen)
sys.exit(0 if seen == [2, 5, 0] else "CHANGED: see the line above")
EOF
