#!/usr/bin/env bash
# WHAT: The TextGrids that pylangacq writes leave out the pauses; Praat says of each pause that it
#   belongs to the words after it.
# GUESS: the tier of a speaker runs from 0 to the end of the recording, with empty intervals between
#   utterances, and Praat finds no label at a moment of silence. (Of the pauses this was written
#   after the file had been seen, before Praat read it.)
# SEEN: pylangacq 0.23.0 beside praat-parselmouth 0.4.7: to_textgrid_strs() writes three intervals
#   for three utterances with pauses between them, and the tier of a speaker ends with its last
#   utterance, before the grid does. Praat reads that without a word. 'Get interval at time' in the
#   pause before the second utterance gives the second, 1 s before it begins; behind the last there
#   is none. With the empty intervals in it, each moment of silence has an empty label. The labels
#   hold the marks of CHAT ('[//]', '&-um', 'xxx'), which words() takes off.
# WHY IT MATTERS: scripts of Praat that ask for the label at the time of a pitch or formant count
#   silence, and what the other speaker says in it, as words of this one; turns and their gaps are
#   gone from the picture.
# SOURCE: Praat's manual, 'TextGrid': an interval tier is a connected sequence of intervals; found
#   by reading the export again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile \
    'numpy==2.2.6' 'pylangacq==0.23.0' 'praat-parselmouth==0.4.7'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import parselmouth
import pylangacq
from parselmouth.praat import call

print("pylangacq", version("pylangacq"), "praat-parselmouth", version("praat-parselmouth"))
CHAT = """@UTF8
@Begin
@Languages:\teng
@Participants:\tCHI Ann Target_Child, MOT Mother
@ID:\teng|x|CHI|2;06.|female|||Target_Child|||
@ID:\teng|x|MOT|||||Mother|||
*CHI:\tone . \x150_1500\x15
*MOT:\tyes . \x151600_2900\x15
*CHI:\ttwo <the dog> [//] the cat . \x153000_3500\x15
*CHI:\tthree . \x156000_9000\x15
*MOT:\tgood . \x159100_9900\x15
@End
"""
MOMENTS = (0.5, 2.0, 3.2, 5.0, 7.0, 9.5)


def labels(text: str) -> list:
    """What Praat has for the child at each moment; None where there is no interval."""
    with open("grid.TextGrid", "w", encoding="utf-8") as file:
        file.write(text)
    grid = parselmouth.read("grid.TextGrid")
    tier = 1 + ["CHI" == call(grid, "Get tier name", k) for k in (1, 2)].index(True)
    found = [int(call(grid, "Get interval at time", tier, moment)) for moment in MOMENTS]
    return [call(grid, "Get label of interval", tier, k) if k else None for k in found]


written = pylangacq.CHAT.from_strs([CHAT]).to_textgrid_strs()[0]
PARTS = [(0, 1.5, "one ."), (1.5, 3, ""), (3, 3.5, "two <the dog> [//] the cat ."), (3.5, 6, ""),
         (6, 9, "three ."), (9, 9.9, "")]
full = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "9.9", "<exists>", "2"]
for name, parts in (("CHI", PARTS), ("MOT", [(0, 9.9, "")])):
    full += ['"IntervalTier"', f'"{name}"', "0", "9.9", str(len(parts))]
    full += [line for start, end, label in parts for line in (str(start), str(end), f'"{label}"')]
seen, right = labels(written), labels("\n".join(full) + "\n")
print("expected:", dict(zip(MOMENTS, right)))
print("seen:    ", dict(zip(MOMENTS, seen)), "intervals written:", written.count("text ="))
one, two, three = PARTS[0][2], PARTS[2][2], PARTS[4][2]
same = (right == [one, "", two, "", three, ""] and seen == [one, two, two, three, three, None]
        and written.count("text =") == 5)
sys.exit(0 if same else "CHANGED: see the lines above")
END
