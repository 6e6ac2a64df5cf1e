#!/usr/bin/env bash
# WHAT: FFmpeg puts sound that begins later than the pictures at their beginning when it writes AVI
#   or MXF, without a word: a film whose sound is 2 s late comes out with it 2 s early.
# GUESS: sound that begins 2.0 s behind the pictures in Matroska begins there in MP4, MOV, AVI and
#   MXF, too; or FFmpeg fills the gap with silence; or it warns. (Written before MXF was tried; AVI
#   had been seen with MP3.)
# SEEN: FFmpeg 9.0.2 of imageio-ffmpeg 0.8.1, from one Matroska file: the sound begins 2.0 s behind
#   the first picture in MP4, MOV and Matroska, 0.0 s in AVI (PCM and MP3) and MXF, and `-loglevel
#   warning` prints nothing. AVI with PCM and MXF have no times of their own, and the muxer writes
#   no silence; with MP3 it writes empty chunks into the AVI, which its own demuxer does not count.
#   `-af aresample=async=1:first_pts=0` fills the gap, but not with `-c copy`.
# WHY IT MATTERS: recordings of screens and calls, and cuts by `-ss -c copy`, begin with pictures
#   alone; corpora and lip reading tools take AVI, and sound that is seconds off its lips looks like
#   any other file. Broadcasters' MXF likewise.
# SOURCE: found by comparing containers. FFmpeg's manual names no such limit of these muxers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0' \
    'imageio-ffmpeg==0.8.1'
venv/bin/python - <<'EOF'
import subprocess
import sys
import wave
from importlib.metadata import version

import av
import imageio_ffmpeg
import numpy as np

tool = imageio_ffmpeg.get_ffmpeg_exe()
print("imageio-ffmpeg", version("imageio-ffmpeg"), "FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
print("expected: 2.0 s in all, or a warning")
noise = np.random.default_rng(0).normal(0, 3000, 3 * 48000)
with wave.open("a.wav", "wb") as out:
    out.setparams((1, 2, 48000, 0, "NONE", ""))
    out.writeframes(noise.astype("<i2").tobytes())


def ffmpeg(*words):
    """What FFmpeg warns of, but for the number of channels that a WAV has."""
    done = subprocess.run([tool, "-y", "-hide_banner", "-loglevel", "warning", *words],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stderr.splitlines() if "Guessed Channel Layout" not in line]


def behind(name):
    """By how many seconds the first loud sample lies behind the first picture."""
    with av.open(name) as file:
        picture = next(file.decode(video=0))
        shown = float(picture.pts * picture.time_base)
    convert = av.AudioResampler(format="flt", layout="mono")
    with av.open(name) as file:
        for frame in file.decode(audio=0):
            at = float(frame.pts * frame.time_base)
            for part in convert.resample(frame):
                loud = np.flatnonzero(np.abs(part.to_ndarray()[0]) > 0.02)
                if len(loud):
                    return round(at + int(loud[0]) / frame.sample_rate - shown, 1)
    return None


ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=6", "-itsoffset", "2", "-i",
       "a.wav", "-c:v", "mpeg4", "-c:a", "pcm_s16le", "late.mkv")
seen, told = {"late.mkv": behind("late.mkv")}, []
for name, codecs in (("b.mp4", "mpeg4 aac"), ("b.mov", "mpeg4 pcm_s16le"),
                     ("b.avi", "mpeg4 pcm_s16le"), ("mp3.avi", "mpeg4 libmp3lame"),
                     ("copy.avi", "copy copy"), ("b.mxf", "mpeg2video pcm_s16le")):
    picture, sound = codecs.split()
    told += ffmpeg("-i", "late.mkv", "-c:v", picture, "-c:a", sound, name)
    seen[name] = behind(name)
print("seen (seconds behind the first picture):", seen, "warnings:", told)
early = ("b.avi", "mp3.avi", "copy.avi", "b.mxf")
same = not told and all(at == (0.0 if name in early else 2.0) for name, at in seen.items())
sys.exit(0 if same else "CHANGED: see the line above")
EOF
