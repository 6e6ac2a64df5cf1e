#!/usr/bin/env bash
# WHAT: praat-textgrids reads a quotation mark of a TextGrid as two, and writes one that Praat can
#   not read; tgt can not read a label of two lines.
# GUESS: a long TextGrid doubles each quotation mark in a label and may break its lines, so a
#   reader gives the label itself, and what a writer makes is read by Praat.
# SEEN: praat-textgrids 1.4.0: the label 'say "hi" now' is read as 'say ""hi"" now'; set in Python
#   and written, Praat (parselmouth 0.4.7) refuses the file. tgt 1.5: IndexError on a label of two
#   lines, which textgrid 1.6.1 and Praat read.
# WHY IT MATTERS: quoted words get doubled marks in vocabularies and error rates, and one label
#   makes a corpus of annotations unreadable.
# SOURCE: Praat's manual, "TextGrid file formats" (quotes are doubled); found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'praat-textgrids==1.4.0' 'tgt==1.5' 'TextGrid==1.6.1' \
  'praat-parselmouth==0.4.7'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pathlib import Path

import parselmouth
import textgrid
import textgrids
import tgt

for name in ("praat-textgrids", "tgt", "TextGrid", "praat-parselmouth"):
    print(name, version(name))


def by_praat(path):
    try:
        return parselmouth.praat.call(parselmouth.read(path), "Get label of interval", 1, 1)
    except parselmouth.PraatError as error:
        return f"refused: {str(error).splitlines()[0]}"


def written(path, label):
    label = label.replace('"', '""')
    Path(path).write_text(f'''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2
            text = "{label}"
''')


print("expected: the label as Praat gives it, from each reader and after each writer")
written("quotes.TextGrid", 'say "hi" now')
grid = textgrids.TextGrid("quotes.TextGrid")
seen = [by_praat("quotes.TextGrid"), str(grid["words"][0].text)]
grid["words"][0].text = 'say "hi" now'
grid.write("again.TextGrid")
seen.append(by_praat("again.TextGrid"))
written("lines.TextGrid", "two\nlines")
seen.append(by_praat("lines.TextGrid"))
seen.append(textgrid.TextGrid.fromFile("lines.TextGrid")[0][0].mark)
try:
    seen.append(tgt.read_textgrid("lines.TextGrid").tiers[0][0].text)
except IndexError as error:
    seen.append(f"IndexError: {error}")
for name, value in zip(("Praat", "praat-textgrids", "Praat on what praat-textgrids wrote",
                        "Praat", "textgrid", "tgt"), seen):
    print(f"{name}: {value!r}")
good = (seen[:2] == ['say "hi" now', 'say ""hi"" now'] and seen[2].startswith("refused")
        and seen[3:5] == ["two\nlines", "two\nlines"] and seen[5].startswith("IndexError"))
sys.exit(0 if good else "CHANGED: see the lines above")
EOF
