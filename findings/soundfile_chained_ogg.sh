#!/usr/bin/env bash
# WHAT: soundfile reads only the first part of an Ogg file that holds several, one after another.
# GUESS: Ogg may be chained, and 'cat a.ogg b.ogg' is a valid file: all of it is read, as FFmpeg
#   does.
# SEEN: soundfile 0.14.0 with libsndfile 1.2.2: of 2 s and 3 s, as Vorbis and as Opus, info() and
#   read() give 2.0 s, without a warning; PyAV 18.1.0 gives 5.0 s (Vorbis: 8 ms less).
# WHY IT MATTERS: Internet radio begins a new part with each title, and takes that were joined are
#   such files: the rest of the recording is not there, and neither are its words.
# SOURCE: github.com/libsndfile/libsndfile/issues/277 (Vorbis; open since 2017).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import av
import numpy as np
import soundfile

print({name: version(name) for name in ("soundfile", "av")}, soundfile.__libsndfile_version__)
print("expected: 5.0 s from each")
time = np.arange(48000) / 16000
seen = {}
for coding in ("VORBIS", "OPUS"):
    joined = b""
    for seconds, pitch in ((2, 200), (3, 700)):
        tone = 0.1 * np.sin(2 * np.pi * pitch * time[:seconds * 16000])
        soundfile.write("a.ogg", tone, 16000, format="OGG", subtype=coding)
        joined += open("a.ogg", "rb").read()
    with open("joined.ogg", "wb") as file:
        file.write(joined)
    samples, rate = soundfile.read("joined.ogg")
    with av.open("joined.ogg") as file:
        other = sum(frame.samples / frame.rate for frame in file.decode(audio=0))
    seen[coding] = (soundfile.info("joined.ogg").duration, len(samples) / rate, round(other, 2))
print("seen (info, read, PyAV):", seen)
same = all(found[:2] == (2.0, 2.0) and abs(found[2] - 5) < 0.05 for found in seen.values())
sys.exit(0 if same else "CHANGED: see the line above")
EOF
