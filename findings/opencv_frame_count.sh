#!/usr/bin/env bash
# WHAT: OpenCV's number of frames of a video is duration times rate: 3000 or 75 for a file of 55
#   frames.
# GUESS: CAP_PROP_FRAME_COUNT is the number of frames that can be read.
# SEEN: opencv-python-headless 4.14.0.94: for 55 frames at uneven times it says 55 in MP4, 75 in
#   Matroska and 3000 in AVI; 55 are read from each. PyAV 18.1.0 wrote the files.
# WHY IT MATTERS: phones and meeting software record at an uneven rate: code that takes the count
#   for the length allocates, pads or aligns lips to the wrong length, and only in some
#   containers.
# SOURCE: OpenCV's documentation gives the name of the property alone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'av==18.1.0' \
    'opencv-python-headless==4.14.0.94'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction
import av
import cv2
import numpy as np

print("cv2", cv2.__version__, "av", av.__version__)
times = [*range(0, 1000, 40), *range(1000, 2000, 200), *range(2000, 3000, 40)]  # milliseconds
print("expected:", len(times), "from each")
seen = {}
for path in ("a.mp4", "a.mkv", "a.avi"):
    with av.open(path, "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, time in enumerate(times):
            picture = np.full((64, 64, 3), index * 4, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    video = cv2.VideoCapture(path)
    count, read = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while video.read()[0]:
        read += 1
    seen[path] = (count, read)
print("seen (count, read):", seen)
same = seen == {"a.mp4": (55, 55), "a.mkv": (75, 55), "a.avi": (3000, 55)}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
