#!/usr/bin/env bash
# WHAT: aeidon, the library of the subtitle editor Gaupol, drops the hours when it writes LRC: a
#   line at 1 h 7 s is at [00:07.00], between those of the first minute.
# GUESS: each line is where it was, within the hundredth that LRC has; an hour is 60 minutes, so
#   that 1:00:07 is [60:07.00].
# SEEN: aeidon 2.0.1: lines at 1 s, 59:59, 1:00:07 and 1:15:30.5 of an SRT file are written as
#   [00:01.00], [59:59.00], [00:07.00] and [15:30.50]. Read again, the lines have another order:
#   one, three, four, two. aeidon reads [60:07.00] of other programs rightly, so the format can say
#   it. WebVTT and SubRip come back as they were. No message.
# WHY IT MATTERS: an LRC of a lecture or an opera is made from subtitles for a player or for
#   alignment of words and song. Everything behind the first hour lies on top of it, with plausible
#   times.
# SOURCE: found by a round trip over all of aeidon's formats; LRC has minutes that may go above 59.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'aeidon==2.0.1' 'charset-normalizer==3.4.4'
cat > lines.srt <<'END'
1
00:00:01,000 --> 00:00:02,500
One

2
00:59:59,000 --> 01:00:01,000
Two

3
01:00:07,000 --> 01:00:09,000
Three

4
01:15:30,500 --> 01:15:32,000
Four

END
printf '[59:59.00]Two\n[60:07.00]Three\n[75:30.50]Four\n' > other.lrc
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import aeidon

print({"aeidon": version("aeidon")})


def starts(name):
    project = aeidon.Project()
    project.open_main(name, "utf_8")
    return [subtitle.start_seconds for subtitle in project.subtitles]


right = [1.0, 3599.0, 3607.0, 4530.5]
same = starts("lines.srt") == right
for form, known in ((aeidon.formats.LRC, [1.0, 7.0, 930.5, 3599.0]),
                    (aeidon.formats.WEBVTT, right), (aeidon.formats.SUBRIP, right)):
    project = aeidon.Project()
    project.open_main("lines.srt", "utf_8")
    project.save_main(aeidon.files.new(form, "written" + form.extension, "utf_8"))
    seen = starts("written" + form.extension)
    print(f"expected: by way of {form.name}: {right}; seen: {seen}")
    same &= seen == known
seen = starts("other.lrc")
print(f"expected: the LRC of another program: {right[1:]}; seen: {seen}")
same &= seen == right[1:]
print("seen in the LRC file:", *(line[:10] for line in open("written.lrc", encoding="utf-8")))
sys.exit(0 if same else "CHANGED: see the lines above")
END
