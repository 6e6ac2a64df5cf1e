#!/usr/bin/env bash
# WHAT: pysubs2 and webvtt-py delete text between '<' and '>' from SRT subtitles, and leave the
#   escapes of WebVTT as they are.
# GUESS: SRT has no escapes, so text that is no known tag stays; in WebVTT &lt; and &amp; become <
#   and &, as the format says.
# SEEN: pysubs2 1.8.1 and webvtt-py 0.6.0: the SRT line 'a < b and c > d' is read as 'a d'; the
#   WebVTT line 'Tom &amp; I: 1 &lt; 2' keeps '&amp;' and '&lt;' as text in both. srt 3.5.3 keeps
#   the SRT line whole.
# WHY IT MATTERS: transcripts made from subtitles lose spoken words, and 'amp' and 'lt' get into
#   vocabularies and error rates.
# SOURCE: the section on cue text and its escapes in W3C's WebVTT; found by trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'pysubs2==1.8.1' 'webvtt-py==0.6.0' 'srt==3.5.3'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import pysubs2
import srt
import webvtt

print({name: version(name) for name in ("pysubs2", "webvtt-py", "srt")})
spoken, escaped = "a < b and c > d", "Tom &amp; I: 1 &lt; 2"
print("expected:", repr(spoken), "and", repr("Tom & I: 1 < 2"))
with open("a.srt", "w") as file:
    file.write(f"1\n00:00:01,000 --> 00:00:02,000\n{spoken}\n\n")
with open("a.vtt", "w") as file:
    file.write(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{escaped}\n\n")
from_srt = {"pysubs2": pysubs2.load("a.srt")[0].plaintext,
            "webvtt-py": webvtt.from_srt("a.srt")[0].text,
            "srt": next(srt.parse(open("a.srt").read())).content}
from_vtt = {"pysubs2": pysubs2.load("a.vtt")[0].plaintext,
            "webvtt-py": webvtt.read("a.vtt")[0].text}
print("seen in SRT:", from_srt)
print("seen in WebVTT:", from_vtt)
same = from_srt == {"pysubs2": "a  d", "webvtt-py": "a  d", "srt": spoken}
same = same and set(from_vtt.values()) == {escaped}
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
