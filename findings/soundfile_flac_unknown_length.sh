#!/usr/bin/env bash
# WHAT: soundfile cannot read a FLAC file whose header leaves the number of samples open.
# GUESS: the format allows 0 for 'unknown', which every encoder writes into a pipe: soundfile.read
#   reads to the end, and info().frames is 0, -1 or the true count.
# SEEN: soundfile 0.14.0 with libsndfile 1.2.2: info().frames is 9223372036854775807; read()
#   raises ValueError (array is too big); blocks() gives the sound without its last block and then
#   raises LibsndfileError. A count that stays short of the end can be read.
# WHY IT MATTERS: recordings streamed to FLAC (ffmpeg or flac to a pipe, segment recorders) look
#   damaged, or last 18 billion years in a manifest; code that catches LibsndfileError and goes on
#   to another decoder in the middle of blocks() gets a part of the sound twice.
# SOURCE: github.com/libsndfile/libsndfile/issues/1038,
#   github.com/bastibe/python-soundfile/issues/361.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0'
venv/bin/python - <<'EOF'
import io
import sys
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
print("expected: 48000 samples by read() and by blocks()")
sound = 0.1 * np.random.default_rng(0).standard_normal(48000)
buffer = io.BytesIO()
soundfile.write(buffer, sound, 16000, format="FLAC")
data = bytearray(buffer.getvalue())
# STREAMINFO begins at byte 8; its bytes 13 to 17 end in the 36 bits of the number of samples.
field = int.from_bytes(data[21:26], "big")
assert field & (2**36 - 1) == len(sound)
data[21:26] = (field >> 36 << 36).to_bytes(5, "big")
with open("open.flac", "wb") as file:
    file.write(data)
frames = soundfile.info("open.flac").frames
try:
    whole = len(soundfile.read("open.flac")[0])
except ValueError as error:
    whole = f"ValueError: {str(error)[:16]}"
got, end = 0, "the end"
try:
    for block in soundfile.blocks("open.flac", blocksize=10000):
        got += len(block)
except soundfile.LibsndfileError as error:
    end = type(error).__name__
with soundfile.SoundFile("open.flac") as file:
    counted = len(file.read(16000))
print("seen: frames", frames, "| read:", whole, "| blocks:", got, "then", end)
print("seen: read(16000):", counted)
same = frames == 2**63 - 1 and str(whole).startswith("ValueError: array is too big")
same = same and got < 48000 and end == "LibsndfileError" and counted == 16000
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
