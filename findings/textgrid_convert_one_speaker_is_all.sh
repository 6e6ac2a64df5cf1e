#!/usr/bin/env bash
# WHAT: textgrid-convert's to_darla_textgrid(speaker_id=...) keeps the words of all speakers of a
#   Rev.ai transcript, in one tier, where it is asked for those of one.
# GUESS: the TextGrid has the words of that speaker alone: the docstring has "ID of the speaker to
#   keep, will default to first found". (There was a suspicion on reading the code: a loop fills the
#   chosen words up with all others.)
# SEEN: textgrid-convert 1.2.0: of a talk of Ann (0) and Bob (1), speaker_id=0, speaker_id=1 and no
#   speaker give the same TextGrid, with 'Hello.' of Ann and 'Goodbye.' of Bob in the tier
#   'sentence'. An ID that is not there raises, so the argument is looked at. sbv and srt go the
#   same way by the code.
# WHY IT MATTERS: the file is made for DARLA, which aligns it and measures the vowels of one
#   speaker: the interviewer's vowels are in the speaker's means, and no name is left in the tier to
#   tell.
# SOURCE: found by reading and trying; Rev.ai's JSON of transcripts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'textgrid-convert==1.2.0' \
    'pytest==9.2.0' 'iniconfig==2.3.0' 'packaging==26.0' 'pluggy==1.6.0' 'pygments==2.20.0'
venv/bin/python - 2>/dev/null <<'END'
import json
import re
import sys
from importlib.metadata import version
from textgrid_convert import revParser

print({"textgrid-convert": version("textgrid-convert")})


def monologue(speaker, name, text, start, end):
    return {"speaker": speaker, "speaker_id": speaker, "speaker_name": name,
            "elements": [{"type": "text", "value": text, "timestamp": start,
                          "end_timestamp": end}]}


transcript = json.dumps({
    "speakers": [{"id": 0, "name": "Ann"}, {"id": 1, "name": "Bob"}],
    "monologues": [monologue(0, "Ann", "Hello.", "00:00:01,000", "00:00:01,500"),
                   monologue(1, "Bob", "Goodbye.", "00:00:02,000", "00:00:02,500")],
})
same = True
for speaker, right in ((0, ["Hello."]), (1, ["Goodbye."]), (None, ["Hello."])):
    grid = revParser(transcript).to_darla_textgrid(speaker_id=speaker)
    seen = re.findall(r'text = "(.*)"', grid)
    print(f"expected: speaker_id={speaker}: {right}; seen: {seen}, tier",
          *re.findall(r'name = "(.*)"', grid))
    same &= seen == ["Hello.", "Goodbye."]
if not same:
    print("CHANGED: see the lines above")
sys.exit(0 if same else 1)
END
