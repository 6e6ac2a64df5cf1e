#!/usr/bin/env bash
# WHAT: moviepy's to_soundarray gives one number, repeated, where speech is asked for at 16 kHz.
# GUESS: to_soundarray(fps=16000) is the sound of the file at 16 kHz, well or badly resampled.
#   (The behavior was seen while another question was tried, before this was written.)
# SEEN: moviepy 2.2.1: of a tone of 20 s in a WAV of 44.1 kHz, the file's own rate and fps=22050
#   give the tone; fps=16000 and fps=8000 give arrays of the right length in which every sample is
#   the same, that of second 1.0. Of 2 s fps=22050 is such an array too; files of a second or less
#   raise an exception. A request for more than half of the reader's buffer is split, and the
#   halves of the mask of valid times are passed on in the place of the times: True is read as 1
#   s. No warning. (write_audiofile, which asks for small parts, is not concerned.)
# WHY IT MATTERS: it is the way from a video to the 16 kHz of speech models without a file
#   between: recognizers, voice detectors and emotion models get a constant, which is no silence
#   in its bytes, has the right duration, and depends on one sample of the recording.
# SOURCE: AudioFileClip's reader, get_frame; github.com/Zulko/moviepy/issues/1044 (closed) shows
#   arrays of zeros from version 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'pillow==11.3.0' \
    'imageio==2.38.1' 'imageio-ffmpeg==0.8.1' 'moviepy==2.2.1'
venv/bin/python - <<'EOF'
import sys
import wave
from importlib.metadata import version
import numpy as np
from moviepy import AudioFileClip

RATE = 44100
print("moviepy", version("moviepy"))
print("expected: the tone in each: a standard deviation of 0.25 (0.354, and 3 dB less as stereo)")
seen = {}
for seconds, rate in ((20, None), (20, 22050), (20, 16000), (20, 8000), (2, None), (2, 22050)):
    tone = 0.5 * np.cos(2 * np.pi * 200 * np.arange(seconds * RATE) / RATE)
    with wave.open("tone.wav", "wb") as file:
        file.setparams((1, 2, RATE, len(tone), "NONE", ""))
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    clip = AudioFileClip("tone.wav")
    sound = clip.to_soundarray(fps=rate)[:, 0]
    clip.close()
    seen[seconds, rate] = length, spread, values = (
        len(sound), round(float(sound.std()), 3), len(np.unique(sound)))
    print(f"seen: {seconds} s, fps={rate}: {length} samples, standard deviation {spread}, "
          f"{values} different values")
same = all(length == seconds * (rate or RATE) for (seconds, rate), (length, _, _) in seen.items())
for case, (_, spread, values) in seen.items():
    constant = case in ((20, 16000), (20, 8000), (2, 22050))
    same = same and ((spread, values) == (0.0, 1) if constant else spread > 0.2)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
