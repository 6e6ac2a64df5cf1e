#!/usr/bin/env bash
# WHAT: OpenCV asked for the beginning of an MPEG-TS file gives a picture of 2 s later, and counts
#   it as the first.
# GUESS: set(CAP_PROP_POS_MSEC, t) or set(CAP_PROP_POS_FRAMES, n) and read() give the picture at t,
#   or number n, up to a frame, and POS_FRAMES and POS_MSEC afterwards are of the same picture.
# SEEN: OpenCV 4.14.0.94, H.264 with B-frames at 25 frames a second, a key frame each 2 s: in .ts
#   the picture for 0 s is number 48 (1.96 s by POS_MSEC, 1 by POS_FRAMES), for 0.5 and 1 s number
#   50; so it is for frames 10 and 25. From the second key frame on it is right, and so is reading
#   without seeking. In MP4, and in .ts without B-frames, pictures are right up to one frame.
# WHY IT MATTERS: broadcast, streams and camcorders write .ts with B-frames. A loader that goes back
#   to the start, samples frames by number or cuts at word times gets pictures up to a whole
#   interval of key frames late, with numbers that say otherwise: lips beside other words.
# SOURCE: found by trying; PyAV 18.1.0 gives picture 0 after seek(0) for the same file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0' \
    'opencv-python-headless==4.14.0.94'
venv/bin/python - 2>errors <<'EOF' || { cat errors; exit 1; }
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import cv2
import numpy as np

print({name: version(name) for name in ("opencv-python-headless", "av")})
print("expected: the number asked for, up to one")


def write(name, kind, between):
    """A video of 4 s whose pictures tell their number by how bright they are."""
    with av.open(name, "w", format=kind) as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt, stream.options = "yuv420p", {"bf": str(between), "g": "50"}
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(100):
            frame = av.VideoFrame.from_ndarray(
                np.full((64, 64, 3), 20 + 2 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def number(picture):
    return round((float(picture.mean()) - 20) / 2)


seen = {}
for name, kind, between in (("a.ts", "mpegts", 2), ("b.ts", "mpegts", 0), ("a.mp4", "mp4", 2)):
    write(name, kind, between)
    capture = cv2.VideoCapture(name)
    for prop, asked in ((cv2.CAP_PROP_POS_MSEC, (0, 500, 1000, 2000, 3000)),
                        (cv2.CAP_PROP_POS_FRAMES, (0, 10, 25, 60))):
        for value in asked:
            capture.set(prop, value)
            found, picture = capture.read()
            right = round(value / 40) if prop == cv2.CAP_PROP_POS_MSEC else value
            seen.setdefault(name, []).append(
                (right, number(picture) if found else None,
                 int(capture.get(cv2.CAP_PROP_POS_FRAMES)),
                 round(capture.get(cv2.CAP_PROP_POS_MSEC))))
print("seen (number asked for, number got, POS_FRAMES, POS_MSEC):")
for name, rows in seen.items():
    print(" ", name, rows)
with av.open("a.ts") as file:
    file.seek(0, stream=file.streams.video[0])
    print("PyAV after seek(0):", number(next(file.decode(video=0)).to_ndarray(format="rgb24")))
wrong = {name: [row[0] for row in rows if abs(row[1] - row[0]) > 1] for name, rows in seen.items()}
same = wrong == {"a.ts": [0, 12, 25, 0, 10, 25], "b.ts": [], "a.mp4": []}
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
