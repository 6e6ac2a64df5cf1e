#!/usr/bin/env bash
# WHAT: sphn gives a part of an Ogg Vorbis file that begins later than asked, 32 ms at 16 kHz.
# GUESS: read(name, start_sec=1.0, duration_sec=0.5) is what read(name) has from 1.0 s on, to a
#   sample, in each format that it reads.
# SEEN: sphn 0.2.1: of WAV, FLAC and MP3 the part begins where it should; of Ogg Vorbis (written by
#   libsndfile 1.2.2) 512 samples later at 16 kHz (32 ms) and 1024 at 48 kHz (21 ms), at every
#   start. The length is as asked. The same part by soundfile is right.
# WHY IT MATTERS: sphn reads parts of long recordings for the training of speech models: each part
#   lacks its first 32 ms and has 32 ms behind its end, against labels, against the picture, and
#   against the same part of a WAV file.
# SOURCE: found by trying; it is half of the codec's long block (1024 samples at 16 kHz, 2048 at 48
#   kHz, by the head of the file).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'soundfile==0.14.0' 'sphn==0.2.1'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
import soundfile as sf
import sphn

STARTS = (0.5, 1.0, 1.5, 5.0, 7.5)


def late(whole, part, start):
    """How many samples behind the start the part begins in the whole."""
    begin = start - 3000
    match = np.correlate(whole[begin:start + 6000], part[:2000], "valid")
    return int(match.argmax()) + begin - start


def tried(rate, format, subtype, by_soundfile=False):
    sound = 0.1 * np.random.default_rng(0).standard_normal(10 * rate)
    sf.write("a." + format, sound, rate, subtype=subtype)
    whole = sphn.read("a." + format)[0][0]
    found = set()
    for start in STARTS:
        at = round(start * rate)
        if by_soundfile:
            part = sf.read("a." + format, start=at, frames=rate // 2)[0]
        else:
            part = sphn.read("a." + format, start_sec=start, duration_sec=0.5)[0][0]
        assert len(part) == rate // 2
        found.add(late(whole, part, at))
    return sorted(found)


print({name: version(name) for name in ("sphn", "soundfile", "numpy")}, sf.__libsndfile_version__)
print("expected: 0 samples late")
FORMATS = (("wav", "PCM_16"), ("flac", "PCM_16"), ("mp3", None), ("ogg", "VORBIS"))
seen = {(rate, name): tried(rate, name, subtype)
        for rate in (16000, 48000) for name, subtype in FORMATS}
print("seen, {(rate, format): samples late}:", seen)
right = tried(16000, "ogg", "VORBIS", by_soundfile=True)
print("soundfile, the same parts of the Vorbis file:", right)
known = {(16000, "ogg"): [512], (48000, "ogg"): [1024]}
same = right == [0] and all(found == known.get(case, [0]) for case, found in seen.items())
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
