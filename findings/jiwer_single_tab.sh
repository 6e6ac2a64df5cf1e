#!/usr/bin/env bash
# WHAT: jiwer takes two words with one tab or line break between them as one word.
# GUESS: words are split at any white space, as str.split does.
# SEEN: jiwer 4.0.0: wer('a b c', 'a<TAB>b c') is 0.667 and with a line break the same, while two
#   tabs count as a space (0.0). The default transform joins runs of two and more white-space
#   characters and then splits at the plain space alone.
# WHY IT MATTERS: transcripts with line breaks (subtitles, Whisper segments joined by lines) raise
#   the word error rate of a perfect recognizer; torchmetrics gives 0 for the same pair.
# SOURCE: github.com/jitsi/jiwer/pull/129.
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
print("expected: 0.0 for each")
seen = {gap: jiwer.wer("a b c", f"a{gap}b c") for gap in (" ", "\t", "\n", "\t\t")}
print("seen:", {repr(gap): round(rate, 3) for gap, rate in seen.items()})
same = seen[" "] == seen["\t\t"] == 0 and seen["\t"] == seen["\n"]
same = same and abs(seen["\t"] - 2 / 3) < 1e-9
sys.exit(0 if same else "CHANGED: see the line above")
EOF
