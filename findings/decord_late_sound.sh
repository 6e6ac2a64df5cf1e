#!/usr/bin/env bash
# WHAT: decord and moviepy move sound that begins later than the picture to the beginning.
# GUESS: a file says when each stream begins; a click and a white picture that are shown together,
#   1 s after the start, are both at 1 s in what a loader gives, with silence where no sound was.
# SEEN: decord 0.6.0 and moviepy 2.2.1, for Matroska and MP4 whose sound begins at 0.5 s: the
#   picture is at 1.0 s, the click at 0.5 s (0.52 in MP4), by decord's AudioReader and by
#   moviepy's audio.get_frame. No warning. By the times that PyAV 18.1.0 reads both are at 1.0 s;
#   where the sound begins with the picture, all three give 1.0 s.
# WHY IT MATTERS: recorders of calls and meetings write such files, where the camera is on before
#   the microphone: in the whole clip the lips come half a second after the words. A model of both
#   learns it so, and speech is given to whoever moves at the wrong moment.
# SOURCE: found by trying; the format of Matroska gives each block its own time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pillow==11.3.0' 'av==18.1.0' \
    'decord==0.6.0' 'imageio==2.38.1' 'imageio-ffmpeg==0.8.1' 'moviepy==2.2.1'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import decord
import numpy as np
from moviepy import VideoFileClip

RATE, SECONDS = 44100, 3


def write(path, begin):
    """Pictures of 3 s, black but for one at 1 s, and sound from begin on, with a click at 1 s."""
    with av.open(path, "w") as file:
        pictures = file.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = file.add_stream("pcm_s16le" if path.endswith("mkv") else "aac", rate=RATE,
                                layout="mono")
        for at in range(SECONDS * 25):
            color = np.full((64, 64, 3), 255 if at == 25 else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(color, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 25)
            file.mux(pictures.encode(frame))
        file.mux(pictures.encode())
        first = int(begin * RATE)
        samples = np.zeros(SECONDS * RATE, np.int16)
        samples[RATE:RATE + 441] = 20000
        for at in range(first, len(samples), 1024):
            part = np.ascontiguousarray(samples[None, at:at + 1024])
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            file.mux(sound.encode(frame))
        file.mux(sound.encode())


def click(samples, first=0.0):
    """The time of the first loud sample."""
    return round(first + int(np.argmax(np.abs(samples) > 0.2)) / RATE, 2)


def times(path):
    """The times of the white picture and of the click, by reader."""
    found = {}
    with av.open(path) as file:
        shown = [frame.time for frame in file.decode(video=0)
                 if frame.to_ndarray(format="gray").mean() > 128]
    with av.open(path) as file:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        heard = [click(part.to_ndarray()[0], frame.time) for frame in file.decode(audio=0)
                 for part in resampler.resample(frame) if np.abs(part.to_ndarray()).max() > 0.2]
    found["PyAV"] = round(shown[0], 2), heard[0]
    reader = decord.VideoReader(path)
    shown = [reader.get_frame_timestamp(at)[0] for at in range(len(reader))
             if reader[at].asnumpy().mean() > 128]
    samples = decord.AudioReader(path, sample_rate=RATE, mono=True)[:].asnumpy()[0]
    found["decord"] = round(float(shown[0]), 2), click(samples)
    with VideoFileClip(path) as clip:
        shown = [at / 25 for at in range(SECONDS * 25 - 1)
                 if clip.get_frame(at / 25 + 0.001).mean() > 128]
        samples = np.array([clip.audio.get_frame(at)[0] for at in np.arange(0, 2.4, 0.005)])
    found["moviepy"] = round(shown[0], 2), round(int(np.argmax(np.abs(samples) > 0.2)) * 0.005, 2)
    return found


print("decord", version("decord"), "| moviepy", version("moviepy"), "| PyAV", version("av"))
print("expected: (picture, click) at (1.0, 1.0) s, by each")
same = True
for kind in ("mkv", "mp4"):
    for begin in (0.0, 0.5):
        write(f"talk.{kind}", begin)
        seen = times(f"talk.{kind}")
        print(f"seen: {kind}, sound from {begin} s:", seen)
        for name, (shown, heard) in seen.items():
            late = 0.0 if name == "PyAV" else begin
            same = same and abs(shown - 1) < 0.03 and abs(heard - (1 - late)) < 0.06
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
