#!/usr/bin/env bash
# WHAT: tgt cuts a label of a long TextGrid that has ' = ' in it, often to nothing: then the
#   interval is gone.
# GUESS: a label is the text between its quotation marks: each label of a list is read as Praat
#   wrote it, from the long and from the short format. (Written for labels in general; the sign was
#   found by one label of the list, and tried in others afterwards.)
# SEEN: tgt 1.5, long format: 'a = b' and 'x = y = z' are the empty label, which read_textgrid
#   leaves out, so that five intervals remain of seven; 'tone = high' is 'ton', 'say "a" = b' is
#   'say "a"'. Without spaces ('clitic=PL') and in the short format all labels are right. It looks
#   as if the line were split at each ' = ' and a character taken off each side. No warning. praatio
#   6.2.2 reads all of them right.
# WHY IT MATTERS: labels such as 'F0 = max', 'she = mother' or a gloss with spaces around '=' are
#   what people write into notes and gloss tiers: tiers have other numbers of intervals than each
#   other, and counting words by interval puts each label to the word before.
# SOURCE: found by a list of labels; Praat's manual, 'TextGrid file formats', for the formats.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'tgt==1.5' 'praatio==6.2.2'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import tgt
from praatio import textgrid

print("tgt", version("tgt"), "praatio", version("praatio"))
LABELS = ["one", "a = b", "tone = high", "x = y = z", "clitic=PL", 'say "a" = b', "two"]
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 
xmax = {n} 
tiers? <exists> 
size = 1 
item []: 
    item [1]:
        class = "IntervalTier" 
        name = "notes" 
        xmin = 0 
        xmax = {n} 
        intervals: size = {n} 
"""
INTERVAL = """        intervals [{k}]:
            xmin = {at} 
            xmax = {k} 
            text = "{label}" 
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
{n}
<exists>
1
"IntervalTier"
"notes"
0
{n}
{n}
"""
seen = {}
for name, head, part in (("long", LONG, INTERVAL), ("short", SHORT, '{at}\n{k}\n"{label}"\n')):
    text = head.format(n=len(LABELS)) + "".join(
        part.format(at=at, k=at + 1, label=label.replace('"', '""'))
        for at, label in enumerate(LABELS))
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    tier = tgt.read_textgrid(name).tiers[0]
    seen["tgt", name] = [(float(part.start_time), part.text) for part in tier]
    tier = textgrid.openTextgrid(name, includeEmptyIntervals=False).getTier("notes")
    seen["praatio", name] = [(part.start, part.label) for part in tier.entries]
right = [(float(at), label) for at, label in enumerate(LABELS)]
print("expected:", right)
for key, value in seen.items():
    print("seen:", *key, value)
known = [(0.0, "one"), (2.0, "ton"), (4.0, "clitic=PL"), (5.0, 'say "a"'), (6.0, "two")]
same = seen["tgt", "long"] == known and all(
    value == right for key, value in seen.items() if key != ("tgt", "long"))
sys.exit(0 if same else "CHANGED: see the lines above")
END
