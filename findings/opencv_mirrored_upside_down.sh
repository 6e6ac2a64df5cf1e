#!/usr/bin/env bash
# WHAT: OpenCV and decord turn a mirrored video upside down.
# GUESS: an MP4 may say that its picture is shown mirrored, and OpenCV, which follows what a file
#   says of turning, mirrors it; decord does so too, or gives the picture as stored.
# SEEN: opencv-python-headless 4.14.0.94 (and 5.0.0.93) and decord 0.6.0: a picture marked as
#   mirrored left to right comes out turned by 180 degrees; one marked as mirrored top to bottom
#   comes as stored; the corners that are turned by 90 degrees and mirrored come turned alone.
#   FFmpeg 7.0.2, by imageio-ffmpeg 0.6.0, gives all four as they are shown.
# WHY IT MATTERS: front cameras of phones and recorders of calls write such a mark: the face is
#   upside down, so that a detector finds none, or finds it and crops the forehead for the mouth.
#   The same file plays right in every player.
# SOURCE: ISO/IEC 14496-12 (the matrix of a track); only its angle is read, and a mirror image has
#   one, too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0' \
    'opencv-python-headless==4.14.0.94' 'decord==0.6.0' 'imageio-ffmpeg==0.6.0'
venv/bin/python - <<'EOF'
import struct
import subprocess
import sys
from importlib.metadata import version
import av
import cv2
import decord
import imageio_ffmpeg
import numpy as np

WIDTH, HEIGHT, ONE = 128, 64, 1 << 16
# Upper row and lower row, seen from the front: red, green; blue, black.
picture = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
picture[:32, :64], picture[:32, 64:] = (220, 30, 30), (30, 220, 30)
picture[32:, :64] = (30, 30, 220)
with av.open("stored.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    for _ in range(10):
        file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    file.mux(stream.encode())
stored = open("stored.mp4", "rb").read()
place = stored.index(b"tkhd") + 44  # behind times, number, duration, layer and volume
assert struct.unpack(">9i", stored[place:place + 36]) == (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)


def corners(rgb):
    rows, columns = rgb.shape[:2]
    at = [rgb[y, x].astype(int) for y in (rows // 4, 3 * rows // 4)
          for x in (columns // 4, 3 * columns // 4)]
    return "".join("RGB"[p.argmax()] if p.max() > 120 else "-" for p in at)


def by_ffmpeg(name, turned):
    raw = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-frames:v",
                          "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True,
                         stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout
    rows, columns = (WIDTH, HEIGHT) if turned else (HEIGHT, WIDTH)
    return np.frombuffer(raw, np.uint8).reshape(rows, columns, 3)


print({name: version(name) for name in ("opencv-python-headless", "decord", "imageio-ffmpeg")},
      "FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
print("expected of all: GR-B mirrored, B-RG top to bottom, -BGR turned by 180, RBG- the diagonal")
matrices = {"mirrored": (-ONE, 0, 0, 0, ONE, 0, WIDTH * ONE, 0, 1 << 30),
            "top to bottom": (ONE, 0, 0, 0, -ONE, 0, 0, HEIGHT * ONE, 1 << 30),
            "turned": (-ONE, 0, 0, 0, -ONE, 0, WIDTH * ONE, HEIGHT * ONE, 1 << 30),
            "diagonal": (0, ONE, 0, ONE, 0, 0, 0, 0, 1 << 30)}
seen = {}
for name, matrix in matrices.items():
    with open("a.mp4", "wb") as file:
        file.write(stored[:place] + struct.pack(">9i", *matrix) + stored[place + 36:])
    _, bgr = cv2.VideoCapture("a.mp4").read()
    seen[name] = (corners(bgr[..., ::-1]), corners(decord.VideoReader("a.mp4")[0].asnumpy()),
                  corners(by_ffmpeg("a.mp4", name == "diagonal")))
print("seen (OpenCV, decord, FFmpeg):", seen)
same = seen == {"mirrored": ("-BGR", "-BGR", "GR-B"), "top to bottom": ("RGB-", "RGB-", "B-RG"),
                "turned": ("-BGR",) * 3, "diagonal": ("BR-G", "BR-G", "RBG-")}
sys.exit(0 if same else "CHANGED: see the line above")
EOF
