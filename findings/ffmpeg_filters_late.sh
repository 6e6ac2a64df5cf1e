#!/usr/bin/env bash
# WHAT: FFmpeg's filters against noise and its equalizer give the sound late, and lose its end.
# GUESS: a filter keeps the clock: a burst at 1 s is at 1 s behind it, or the times of its frames
#   say how much later it is. So does acompressor, as a compensated delay would.
# SEEN: FFmpeg 8 in PyAV 18.1.0, 48 kHz, default options: afftdn is 1200 samples (25 ms) late,
#   anlmdn 384 (8 ms), superequalizer 4095 (85 ms). The first frame still has time 0 and the number
#   of samples is that of the input, so as much is cut off at the end.
# WHY IT MATTERS: a video that is denoised so is out of step with its lips (85 ms are two pictures),
#   word times of a cleaned corpus no longer fit, and SI-SDR of the cleaned sound against the clean
#   one measures the delay more than the noise.
# SOURCE: ffmpeg.org/ffmpeg-filters.html names no delay for these (for alimiter it has an option,
#   'latency', that takes one off).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet 'numpy==2.2.6' 'av==18.1.0'
venv/bin/python - <<'EOF'
import sys
from fractions import Fraction

import av
import av.filter
import numpy as np

RATE, BURST = 48000, 1440
rng = np.random.default_rng(0)
sound = (1e-4 * rng.standard_normal(3 * RATE)).astype(np.float32)
for begin in (RATE, len(sound) - BURST):
    sound[begin:begin + BURST] += 0.5 * rng.standard_normal(BURST) * np.hanning(BURST)


def through(name):
    """The sound behind a filter, and the time of its first sample."""
    graph = av.filter.Graph()
    nodes = [graph.add_abuffer(sample_rate=RATE, format="fltp", layout="mono",
                               time_base=Fraction(1, RATE)),
             graph.add(name), graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")]
    for one, other in zip(nodes, nodes[1:]):
        one.link_to(other)
    graph.configure()
    parts, times = [], []
    for at in [*range(0, len(sound), 1024), None]:
        frame = None
        if at is not None:
            frame = av.AudioFrame.from_ndarray(sound[None, at:at + 1024].copy(), "fltp", "mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
        graph.push(frame)
        while True:
            try:
                got = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                break
            parts.append(got.to_ndarray()[0])
            times.append(got.pts)
    return np.concatenate(parts), times[0]


def lag(one, other):
    size = 2 * len(one)
    both = np.fft.rfft(other, size) * np.fft.rfft(one, size).conj()
    return int(np.fft.irfft(both).argmax())


print("av", av.__version__, "libavfilter", av.library_versions["libavfilter"])
print("expected: 0 samples late, or a first time that says so")
wanted = {"acompressor": 0, "afftdn": 1200, "anlmdn": 384, "superequalizer": 4095}
same = True
for name, late in wanted.items():
    out, first = through(name)
    near = slice(RATE - 4800, RATE + 9600)
    found = lag(sound[near], out[near])
    print(f"seen: {name}: {found} samples late ({1000 * found / RATE:.0f} ms), first time {first}, "
          f"{len(out)} of {len(sound)} samples")
    same = same and found == late and first == 0 and len(out) == len(sound)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
