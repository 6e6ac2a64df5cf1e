#!/usr/bin/env bash
# WHAT: pyasstosrt drops captions whose text is a number, and, asked to leave out drawings, what is
#   said with two numbers and begins with a small m or l.
# GUESS: of an SRT file all captions come out with all their lines, '42.' or '42';
#   removing_effects=True removes drawings and tags of an ASS file, and no speech. (There was a
#   suspicion on reading the code.)
# SEEN: pyasstosrt 1.5.0: of four captions of an SRT file the one that says '42' is gone, and of one
#   with three lines, 'Room', '7' and 'please.', only 'Room' is left; '42.' stays. Of an ASS file
#   with removing_effects=True, 'let us meet at 10:30 or 11', 'more than 20 of 30 came' and 'my
#   number is 5, not 6.' are gone, 'Let us meet at 10:30 or 11' stays. Real drawings are dropped
#   too. Times are right to a hundredth of a second, captions are numbered anew, so that no gap is
#   seen. No message; the README has 'remove effects from text' and no more.
# WHY IT MATTERS: ages, dates, scores and counting are captions of a number, and a caption that goes
#   on in the middle of a sentence begins small: transcripts made of the output lack just the
#   numbers, and pairs of sound and text for training have a hole there.
# SOURCE: found by reading and trying; the README of pyasstosrt.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'pyasstosrt==1.5.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
from pathlib import Path
from pyasstosrt import Subtitle

print("pyasstosrt", version("pyasstosrt"))
HEAD = """[Script Info]
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def converted(name, text, **options):
    Path(name).write_text(text, encoding="utf-8")
    subtitle = Subtitle(name, **options)
    subtitle.convert()
    return [line.text for line in subtitle.dialogues]


captions = ["How old is she?", "42", "42.", "Room\n7\nplease."]
srt = "".join(f"{k}\n00:00:{2 * k:02},000 --> 00:00:{2 * k + 1:02},000\n{caption}\n\n"
              for k, caption in enumerate(captions, 1))
seen_srt = converted("a.srt", srt)
print("expected: SRT", captions)
print("seen:        ", seen_srt)

said = ["Let us meet at 10:30 or 11", "let us meet at 10:30 or 11", "more than 20 of 30 came",
        "my number is 5, not 6.", "look at all of them", "at 5 or at 6"]
drawing = "{\\p1}m 0 0 l 100 0 100 100 0 100{\\p0}"
ass = HEAD + "".join(
    f"Dialogue: 0,0:00:{2 * k:02}.00,0:00:{2 * k + 1:02}.00,Default,,0,0,0,,{line}\n"
    for k, line in enumerate([*said, drawing]))
plain, without = converted("a.ass", ass), converted("a.ass", ass, removing_effects=True)
print("expected: ASS", said)
print("seen:        ", without)
same = seen_srt == ["How old is she?", "42.", "Room"] and len(plain) == len(said) + 1
same &= plain[:-1] == said and without == [said[0], *said[4:]]
sys.exit(0 if same else "CHANGED: see the lines above")
END
