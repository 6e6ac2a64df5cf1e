#!/usr/bin/env bash
# WHAT: pydub's set_frame_rate resamples without a low-pass filter.
# GUESS: as any resampler for sound: a tone of 10 kHz is gone at 16 kHz, or at least 40 dB down.
# SEEN: pydub 0.25.1 (with the audioop of Python up to 3.12): a 10 kHz tone at 44.1 kHz comes back
#   at 6 kHz, 1.5 dB below its level.
# WHY IT MATTERS: many preparation scripts bring corpora to 16 kHz in this way: the fricatives of
#   recordings at 44.1 and 48 kHz are folded into the band of speech, as in no recording made at
#   16 kHz.
# SOURCE: github.com/jiaaro/pydub/issues/817 asks which method it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'pydub==0.25.1' \
    "audioop-lts==0.2.1; python_version >= '3.13'"
venv/bin/python - <<'EOF'
import sys
import warnings
from importlib.metadata import version
import numpy as np

warnings.simplefilter("ignore")  # it looks for ffmpeg, which is not needed here
from pydub import AudioSegment

print("pydub", version("pydub"))
print("expected: below -40 dB")
tone = np.round(10000 * np.sin(2 * np.pi * 10000 * np.arange(44100) / 44100)).astype(np.int16)
sound = AudioSegment(tone.tobytes(), sample_width=2, frame_rate=44100, channels=1)
low = np.array(sound.set_frame_rate(16000).get_array_of_samples(), float)
level = 20 * np.log10(low.std() / tone.std())
spectrum = np.abs(np.fft.rfft(low * np.hanning(len(low))))
peak = spectrum.argmax() * 16000 / len(low)
print(f"seen: {level:.1f} dB at {peak:.0f} Hz")
sys.exit(0 if -3 < level < 0 and abs(peak - 6000) < 20 else "CHANGED: see the line above")
EOF
