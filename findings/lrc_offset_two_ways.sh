#!/usr/bin/env bash
# WHAT: The offset of an LRC file makes its lines later in pylrc, and does nearly nothing in FFmpeg.
# GUESS: [offset:+500] is in milliseconds, and a positive one brings the lines sooner: 12.00 is read
#   as 11.5 s by both, or at least as the same time. (For FFmpeg this was written before a run; the
#   time of pylrc was seen before.)
# SEEN: pylrc 0.1.2 reads 12.5 s, and 11.5 s with -500; FFmpeg 8 in PyAV 18.1.0 reads 11.9995 s and
#   12.0005 s: the right direction, by a thousandth of the amount.
# WHY IT MATTERS: lyrics that were aligned by ear are moved by this tag alone: words for singing
#   recognition and alignment are a second apart from where they should be (500 ms the wrong way
#   where 500 ms the right way were asked for), or not moved at all, in silence.
# SOURCE: en.wikipedia.org/wiki/LRC_(file_format), "offset", for the direction; found by comparing
#   readers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'pylrc==0.1.2' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
from pathlib import Path
import av
import pylrc

print({name: version(name) for name in ("pylrc", "av")})
print("expected (offset: times): +500: 11.5 by both, -500: 12.5 by both, 0: 12.0")
seen = {}
for offset in ("+500", "-500", "0"):
    text = f"[ti:Song]\n[offset:{offset}]\n[00:12.00]First line\n[00:17.20]Second line\n"
    Path("song.lrc").write_text(text, encoding="utf-8")
    with av.open("song.lrc") as file:
        packet = next(packet for packet in file.demux() if packet.size)
        ffmpeg = round(float(packet.pts * packet.time_base), 4)
    seen[offset] = {"pylrc": pylrc.parse(text)[0].time, "FFmpeg": ffmpeg}
print("seen:", seen)
same = seen == {"+500": {"pylrc": 12.5, "FFmpeg": 11.9995},
                "-500": {"pylrc": 11.5, "FFmpeg": 12.0005}, "0": {"pylrc": 12.0, "FFmpeg": 12.0}}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
