#!/usr/bin/env bash
# WHAT: OpenCV up to 4.12 reads the colors of HD video by the matrix of SD video, whatever the
#   file says; from 4.13 on it follows the file, so that the same pictures have other numbers.
# GUESS: a video of one color, tagged as BT.709 (as cameras write HD), has that color within 3 of
#   255 in each reader and version. (Written before a run for one version; that 4.13 differs was
#   seen first.)
# SEEN: opencv-python-headless 4.12.0.88: (200, 40, 40) is read as (185, 23, 41), (40, 200, 40) as
#   (51, 227, 45) and a skin tone of (180, 130, 110) as (175, 125, 110): the numbers of BT.601.
#   4.13.0.92 and PyAV 18.1.0 give each color within 2. Tagged and made as BT.601, all three do.
# WHY IT MATTERS: face and lip crops of HD video that were cut with the older version have other
#   colors than those that the newer one, or a loader on PyAV, gives to the model that was trained
#   on them; and with the older one the same clip has other colors in HD than in SD.
# SOURCE: ITU-R BT.709 and BT.601 (the two matrices); found by comparing readers and versions.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0'
for release in 4.12.0.88 4.13.0.92; do
    venv/bin/python -m pip install --quiet --no-compile --no-deps --target "$release" \
        "opencv-python-headless==$release"
done
cat >read.py <<'EOF'
import json
import sys
import cv2

pictures = [cv2.VideoCapture(path).read()[1] for path in sys.argv[1:]]
print(json.dumps([picture[300, 300, ::-1].tolist() for picture in pictures]))
EOF
venv/bin/python - <<'EOF'
import json
import os
import subprocess
import sys
from importlib.metadata import version
import av
import numpy as np

WEIGHTS = {"BT.709": (0.2126, 0.0722), "BT.601": (0.299, 0.114)}  # of red and of blue
TAGS = {"BT.709": 1, "BT.601": 5}
COLORS = [(200, 40, 40), (40, 200, 40), (180, 130, 110)]


def write(path, color, matrix):
    """Five pictures of 1280 x 720 in one color, tagged as the matrix that they were made by."""
    red, green, blue = (value / 255 for value in color)
    of_red, of_blue = WEIGHTS[matrix]
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    planes = (16 + 219 * luma, 128 + 224 * (blue - luma) / (2 * (1 - of_blue)),
              128 + 224 * (red - luma) / (2 * (1 - of_red)))
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        coder = stream.codec_context
        coder.color_range = 1
        coder.colorspace = coder.color_primaries = coder.color_trc = TAGS[matrix]
        for at in range(5):
            frame = av.VideoFrame(1280, 720, "yuv420p")
            frame.colorspace, frame.color_range, frame.pts = TAGS[matrix], 1, at
            for plane, value in zip(frame.planes, planes):
                plane.update(bytes([round(value)]) * plane.buffer_size)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def by_av(path, tag):
    """The color in the middle of the first picture, by PyAV."""
    with av.open(path) as file:
        frame = next(file.decode(video=0))
        assert int(frame.colorspace) == tag
        return frame.to_ndarray(format="rgb24")[300, 300].tolist()


def by_opencv(paths, release):
    """The same of several files, by one release of OpenCV."""
    run = subprocess.run([sys.executable, "read.py", *paths], capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": release}, check=True)
    return json.loads(run.stdout)


print("OpenCV 4.12.0.88 and 4.13.0.92 | PyAV", version("av"))
print("expected: the color that was written, within 3, by each")
same = True
for matrix, tag in TAGS.items():
    paths = [f"{matrix}_{at}.mp4" for at in range(len(COLORS))]
    for path, color in zip(paths, COLORS):
        write(path, color, matrix)
    seen = {"PyAV": [by_av(path, tag) for path in paths]}
    for release in ("4.12.0.88", "4.13.0.92"):
        seen[release] = by_opencv(paths, release)
    print(f"seen: {matrix} {COLORS}: {seen}")
    off = {name: np.abs(np.subtract(values, COLORS)).max(axis=1) for name, values in seen.items()}
    same = same and off["PyAV"].max() <= 3 and off["4.13.0.92"].max() <= 3
    same = same and (off["4.12.0.88"].min() >= 4 if matrix == "BT.709"
                     else off["4.12.0.88"].max() <= 3)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
