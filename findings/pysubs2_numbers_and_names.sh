#!/usr/bin/env bash
# WHAT: pysubs2 deletes the last line of a WebVTT cue where it is a number, and puts the names and
#   notes of WebVTT into the text of the cue before.
# GUESS: a cue 'How many?' with a second line '42' keeps both lines, from SRT and from WebVTT, whose
#   cues need no number. (There was a suspicion, from memory of its code, that a number at the end
#   is taken for that of the next subtitle. Names of cues and notes were tried with it.)
# SEEN: pysubs2 1.8.1: from WebVTT 'How many?' alone is left, in each such cue; from SRT in the last
#   one of the file. The name 'second' of the next cue, and NOTE with its text, end up in the text
#   of the cue before. No warning. webvtt-py 0.6.0 reads all of it right.
# WHY IT MATTERS: years, prices and answers that are numbers stand on a line of their own in
#   captions: the word was spoken and is not in the transcript, which costs a recognizer an
#   insertion and teaches a model to leave it out. Names and notes are words that nobody said.
# SOURCE: W3C, WebVTT: a name before the times is optional, a block NOTE is a comment; the docstring
#   of WebVTTFormat says that it shares the reader of SRT.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'pysubs2==1.8.1' 'webvtt-py==0.6.0'
venv/bin/python - <<'EOF'
import io
import sys
from importlib.metadata import version
import pysubs2
import webvtt

VTT = """WEBVTT

00:00:01.000 --> 00:00:02.000
How many?
42

00:00:03.000 --> 00:00:04.000
I was born in
1984

00:00:05.000 --> 00:00:06.000
Good.

second
00:00:07.000 --> 00:00:08.000
Bye.

NOTE checked twice

00:00:09.000 --> 00:00:10.000
End.
"""
SRT = """1
00:00:01,000 --> 00:00:02,000
How many?
42

2
00:00:03,000 --> 00:00:04,000
I was born in
1984
"""
print({name: version(name) for name in ("pysubs2", "webvtt-py")})
print("expected: 42 and 1984 in the text, 'second' and the note not")


def texts(source):
    return [event.plaintext for event in pysubs2.SSAFile.from_string(source)]


vtt, srt = texts(VTT), texts(SRT)
other = [cue.text for cue in webvtt.from_buffer(io.StringIO(VTT))]
print("seen, pysubs2, WebVTT:", vtt)
print("seen, pysubs2, SRT:", srt)
print("seen, webvtt-py:", other)
same = vtt[:2] == ["How many?", "I was born in"] and "second" in vtt[2] and "NOTE" in vtt[3]
same = same and srt == ["How many?\n42", "I was born in"]
same = same and other == ["How many?\n42", "I was born in\n1984", "Good.", "Bye.", "End."]
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
