#!/usr/bin/env bash
# WHAT: The same AAC sound is 1024 samples later in MPEG-TS, ADTS (.aac) and FLV than in MP4 and
#   Matroska, 64 ms at 16 kHz.
# GUESS: the click of a file that FFmpeg wrote is at 1.000 s in what it reads again, by the times of
#   its frames, whatever the container; by counting samples from the first within 1 ms.
# SEEN: FFmpeg 8 in PyAV 18.1.0, codec aac, a click at 1.000 s: MP4 and MKV give 1.000 s; .ts, .aac
#   and .flv 1.064 s at 16 kHz and 1.021 s at 48 kHz, both by counting samples and by the time
#   stamps; the first frame has time 0. The encoder puts a block in front: MP4 and Matroska tell of
#   it, and the others have no place for that. A copy without encoding from .ts to .m4a keeps the
#   delay.
# WHY IT MATTERS: streams and radio archives come as .ts and .aac: labels made on the .m4a do not
#   fit the same recording, SI-SDR or a subtraction of two 'same' files measures the delay, and at
#   16 kHz it is longer than a picture.
# SOURCE: found by comparing containers; ISO/IEC TR 14496-24 is on the delay of AAC in MP4.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction
from importlib.metadata import version
import av
import numpy as np

print("av", version("av"), "libavcodec", av.library_versions["libavcodec"])
print("expected: 1.0 in all")


def write(name, kind, rate):
    """Two seconds of silence with a click of 5 ms at 1 s, as AAC."""
    sound = np.zeros(2 * rate, np.float32)
    sound[rate:rate + rate // 200] = 0.8 * np.sin(0.8 * np.arange(rate // 200))
    with av.open(name, "w", format=kind) as out:
        stream = out.add_stream("aac", rate=rate)
        stream.layout, stream.bit_rate = "mono", 64000
        for start in range(0, len(sound), 1024):
            part = sound[None, start:start + 1024].copy()
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def copy(source, name, kind):
    """The same packets in another container."""
    with av.open(source) as old, av.open(name, "w", format=kind) as out:
        stream = out.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(old.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)


def click(name):
    """When the click begins, in seconds: by samples from the first, and by time stamps."""
    parts, times = [], []
    with av.open(name) as file:
        for frame in file.decode(audio=0):
            parts.append(frame.to_ndarray()[0])
            at = float(frame.pts * frame.time_base)
            times.append(at + np.arange(frame.samples) / frame.sample_rate)
            rate = frame.sample_rate
    sound, times = np.abs(np.concatenate(parts)), np.concatenate(times)
    first = int(np.argmax(sound > 0.3 * sound.max()))
    return round(first / rate, 3), round(float(times[first]), 3)


seen = {}
for rate in (16000, 48000):
    for end, kind in (("m4a", "mp4"), ("mkv", "matroska"), ("ts", "mpegts"), ("aac", "adts"),
                      ("flv", "flv")):
        write("click." + end, kind, rate)
        seen[rate, end] = click("click." + end)
    copy("click.ts", "copy.m4a", "mp4")
    seen[rate, "ts copied to m4a"] = click("copy.m4a")
print("seen (rate, container: by samples, by time stamps):", seen)
late = {16000: 0.064, 48000: 0.0213}
same = all(
    all(abs(at - 1 - (0 if end in ("m4a", "mkv") else late[rate])) < 0.0015 for at in both)
    for (rate, end), both in seen.items())
sys.exit(0 if same else "CHANGED: see the line above")
EOF
