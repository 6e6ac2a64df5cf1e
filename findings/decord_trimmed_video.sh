#!/usr/bin/env bash
# WHAT: decord counts the pictures before the cut of a trimmed MP4: the video ends with as many
#   copies of its last picture, and its times begin below zero.
# GUESS: an MP4 that was trimmed without encoding it again holds the pictures from the key frame on,
#   and an edit list says where it begins: a reader gives 35 pictures, the first at 0 s.
# SEEN: decord 0.6.0: 50 pictures; the first is the one that is shown first, the 36th to 50th are
#   all the last one, and get_frame_timestamp(0) is -0.6 s. A line about 'corrupted' frames comes
#   where more than a few are missing. PyAV 18.1.0 gives 35 pictures from 0 to 1.36 s, and so does
#   OpenCV 4.14.0.94, which counts 50.
# WHY IT MATTERS: phones and 'ffmpeg -c copy' trim in this way: sampling evenly over len(reader),
#   as video models do, ends in frozen lips beside speech that goes on, and words put to pictures
#   by time are off by the length of what was cut.
# SOURCE: ISO/IEC 14496-12 (edit lists); github.com/dmlc/decord/issues/238 is of times that are
#   shifted in another way.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0' 'decord==0.6.0' \
    'opencv-python-headless==4.14.0.94'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import cv2
import decord
import numpy as np

print({name: version(name) for name in ("decord", "av", "opencv-python-headless")})
print("expected: 35 pictures, 65 to 99 of the whole video, the first at 0 s")
with av.open("whole.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=25, options={"g": "50", "sc_threshold": "0"})
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    for number in range(100):  # the brightness tells which picture it is
        picture = np.full((64, 64, 3), 20 + 2 * number, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    file.mux(stream.encode())
with av.open("whole.mp4") as whole, av.open("trimmed.mp4", "w") as trimmed:
    source = whole.streams.video[0]
    copy = trimmed.add_stream_from_template(source)
    key, cut = (int(Fraction(number, 25) / source.time_base) for number in (50, 65))
    for packet in whole.demux(source):
        if packet.dts is not None and packet.pts >= key:
            packet.pts, packet.dts, packet.stream = packet.pts - cut, packet.dts - cut, copy
            trimmed.mux(packet)


def which(picture):
    return round((float(picture.mean()) - 20) / 2)


with av.open("trimmed.mp4") as file:
    by_av = [(frame.time, which(frame.to_ndarray(format="rgb24")))
             for frame in file.decode(video=0)]
capture = cv2.VideoCapture("trimmed.mp4")
counted, by_cv2 = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
while capture.read()[0]:
    by_cv2 += 1
reader = decord.VideoReader("trimmed.mp4")
numbers = [which(reader[at].asnumpy()) for at in range(len(reader))]
first = round(float(reader.get_frame_timestamp(0)[0]), 3)
print("seen, PyAV:", len(by_av), by_av[0], by_av[-1])
print("seen, OpenCV counts", counted, "and reads", by_cv2)
print("seen, decord:", len(reader), "pictures, first time", first, "numbers", numbers)
same = len(by_av) == by_cv2 == 35 and by_av[0][0] == 0 and len(reader) == counted == 50
same = same and abs(numbers[0] - 65) < 2 and len(set(numbers[34:])) == 1 and first == -0.6
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
