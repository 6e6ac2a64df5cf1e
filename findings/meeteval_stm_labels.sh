#!/usr/bin/env bash
# WHAT: MeetEval counts the labels and the 'ignore' mark of an STM file as words of the reference.
# GUESS: its readme names NIST's STM as an input: <o,f0,male> is the optional label field, and a
#   segment marked IGNORE_TIME_SEGMENT_IN_SCORING is left out, as sclite does.
# SEEN: meeteval 0.4.3: a hypothesis with every word right gets a cpWER of 3 errors in 5 words
#   (0.6) in place of 0 in 2. (That alternatives in braces are not supported is said in the
#   readme.)
# WHY IT MATTERS: the STM files that come with TED-LIUM and the NIST tests have both: every
#   segment adds an error.
# SOURCE: NIST SCTK doc/infmts.htm for the format; the readme of meeteval for alternatives.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'meeteval==0.4.3'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import meeteval

print("meeteval", version("meeteval"))
print("expected: 0 errors in 2 words")
with open("ref.stm", "w") as file:
    file.write("talk 1 A 0.0 1.0 <o,f0,male> hello world\n")
    file.write("talk 1 A 1.0 2.0 <o,f0,male> IGNORE_TIME_SEGMENT_IN_SCORING\n")
with open("hyp.stm", "w") as file:
    file.write("talk 1 A 0.0 1.0 hello world\n")
rate = meeteval.wer.cpwer("ref.stm", "hyp.stm")["talk"]
print(f"seen: {rate.errors} errors in {rate.length} words")
sys.exit(0 if (rate.errors, rate.length) == (3, 5) else "CHANGED: see the line above")
EOF
