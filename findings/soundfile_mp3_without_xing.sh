#!/usr/bin/env bash
# WHAT: soundfile reads only a part of an MP3 of variable bit rate that has no Xing header.
# GUESS: soundfile.read gives all samples, as FFmpeg does: MP3 frames can be walked through.
# SEEN: soundfile 0.14.0 with libsndfile 1.2.2: the number of frames is estimated from the bit
#   rate at the beginning; a file that begins loud and goes on quiet is longer than that, and
#   read() stops at the estimate, 10.1 s of 20 s here, without a warning. PyAV decodes all of it.
# WHY IT MATTERS: broadcast streams, radio archives and cut files have no such header: the end of
#   a recording is missing, and the transcript beside it no longer fits.
# SOURCE: found by comparing decoders; libmpg123, which libsndfile uses, calls its length an
#   estimate until the file has been scanned.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'soundfile==0.14.0' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
import av
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__, "av", av.__version__)
print("expected: both decoders give 20 s")
rate = 16000
rng = np.random.default_rng(0)
sound = 0.1 * np.convolve(rng.standard_normal(20 * rate), np.ones(4) / 4, "same")
sound[: 10 * rate] *= 1e-3
sound = sound.astype(np.float32)
with av.open("a.mp3", "w", container_options={"write_xing": "0"}) as out:
    stream = out.add_stream("libmp3lame", rate=rate)
    stream.layout = "mono"
    stream.codec_context.qscale = True
    stream.codec_context.options = {"global_quality": str(4 * 118)}
    step = 576
    for at in range(0, len(sound), step):
        frame = av.AudioFrame.from_ndarray(sound[None, at: at + step], format="fltp", layout="mono")
        frame.rate, frame.pts = rate, at
        for packet in stream.encode(frame):
            out.mux(packet)
    for packet in stream.encode(None):
        out.mux(packet)
with av.open("a.mp3") as file:
    decoded = sum(frame.samples for frame in file.decode(audio=0)) / rate
read = len(soundfile.read("a.mp3")[0]) / rate
print(f"seen: soundfile {read:.2f} s, PyAV {decoded:.2f} s")
same = read < 0.9 * 20 and decoded >= 20
sys.exit(0 if same else "CHANGED: see the line above")
EOF
