#!/usr/bin/env bash
# WHAT: moviepy shows pictures of another second where frames come at uneven times, and imageio
#   leaves such frames out.
# GUESS: get_frame(3.0) is the picture that is seen at 3 s, and reading a video gives all its
#   frames. (The former written after imageio had been seen.)
# SEEN: moviepy 2.2.1 and imageio 2.38.1 with imageio-ffmpeg 0.8.1, for 40 frames at 10 and then
#   60 at 30 a second: moviepy's picture at 2.0 s is that of 3.2 s and at 3.0 s that of 4.7 s,
#   without a warning; imageio counts 100 frames and gives 61. FFmpeg passes on 10 frames a second
#   here, and both take the mean rate (16.7) for its rate. PyAV 18.1.0 wrote the file and reads
#   100.
# WHY IT MATTERS: phones and meeting software record in this way: a subclip has the sound of one
#   sentence and the lips of another, faces and cuts are found at the wrong time, and of 100
#   shapes of the mouth 39 are missing.
# SOURCE: github.com/Zulko/moviepy/issues/1660 tells of sound and pictures that drift apart.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pillow==11.3.0' 'av==18.1.0' \
    'imageio==2.38.1' 'imageio-ffmpeg==0.8.1' 'moviepy==2.2.1'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import imageio
import moviepy
import numpy as np

print({name: version(name) for name in ("moviepy", "imageio", "imageio-ffmpeg", "av")})
print("expected: pictures of 1.0, 2.0 and 3.0 s, and 100 frames read")
times = [i * 100 for i in range(40)] + [4000 + i * 33 for i in range(60)]
with av.open("a.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=30)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, 1000)
    for number, at in enumerate(times):  # the brightness tells which frame it is
        picture = np.full((64, 64, 3), 20 + 2 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = at, Fraction(1, 1000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())
with av.open("a.mp4") as file:
    frames = sum(1 for _ in file.decode(video=0))
with moviepy.VideoFileClip("a.mp4") as clip:
    numbers = {at: round((clip.get_frame(at).mean() - 20) / 2) for at in (1.0, 2.0, 3.0)}
shown = {at: times[number] / 1000 for at, number in numbers.items()}
with imageio.get_reader("a.mp4", "ffmpeg") as reader:
    counted, read = reader.count_frames(), sum(1 for _ in reader)
print("seen: moviepy shows at (s) pictures of (s)", shown)
print("imageio counts", counted, "and reads", read, "; PyAV reads", frames)
same = shown[1.0] > 1.4 and shown[2.0] > 3 and shown[3.0] > 4.5
same = same and frames == counted == 100 and read < 70
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
