#!/usr/bin/env bash
# WHAT: noisereduce takes the noise of a recording with several channels from their mean: with eight
#   microphones most of the noise stays, and a talker whose neighbor is louder is cut away.
# GUESS: reduce_noise(..., stationary=True) of an array (channels, samples) treats each channel as
#   it treats that channel alone, as its non-stationary method does. (Written after a first stereo
#   file had come out differently from its two halves.)
# SEEN: noisereduce 3.0.3, noise that is equally loud and independent in all channels: 1 channel -28
#   dB in the pauses, 2 channels -16, 4 channels -9, 8 channels -5; each channel alone -28. Two
#   channels of two talkers in turn, the second one 20 dB louder: the speech of the first one falls
#   by 21 dB, and by 8 dB without the neighbor's channel. No message.
# WHY IT MATTERS: the mean of independent noises is quieter, so the threshold falls by 3 dB with
#   each doubling: the more microphones, the less is cleaned, which looks like a property of the
#   array. Interviews with a lapel microphone for each talker, recorded at unlike gains, lose one
#   talker.
# SOURCE: found by trying; its README and docstring have y of shape (# channels, # frames), and say
#   nothing of a mean over channels.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'numpy==2.4.6' 'scipy==1.17.1' \
    'joblib==1.5.3' 'tqdm==4.67.1' 'noisereduce==3.0.3'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import noisereduce
import numpy as np

print({name: version(name) for name in ("noisereduce", "numpy", "scipy")})
RATE = 16000
draw = np.random.default_rng(0)
time = np.arange(4 * RATE) / RATE
talking, pause = time % 1 > 0.8, time % 1 < 0.7
phase = 2 * np.pi * np.cumsum(150 + 60 * np.sin(2 * np.pi * 1.3 * time)) / RATE
voice = 0.1 * talking * sum(np.sin(k * phase) / k for k in range(1, 10))


def noise(count):
    return 0.01 * draw.standard_normal((count, time.size))


def change(after, before, part):
    """The change of level of a part in dB."""
    return 20 * np.log10((after[part].std() + 1e-12) / before[part].std())


def cleaned(sound):
    return noisereduce.reduce_noise(y=sound, sr=RATE, stationary=True)


same = True
for count, known in ((1, -28), (2, -16), (4, -9), (8, -5)):
    sound = voice + noise(count)
    alone = change(cleaned(sound[0]), sound[0], pause)
    seen = change(cleaned(sound)[0], sound[0], pause)
    print(f"expected: noise of a channel among {count}: {alone:.1f} dB, as alone; "
          f"seen: {seen:.1f} dB")
    same &= abs(seen - known) < 2 and abs(alone + 28) < 2
first = voice + noise(1)[0]
second = 10 * (np.roll(voice, RATE // 2) + noise(1)[0])
alone = change(cleaned(first), first, talking)
seen = change(cleaned(np.stack([first, second]))[0], first, talking)
print(f"expected: speech beside a louder channel: {alone:.1f} dB, as alone; seen: {seen:.1f} dB")
same &= abs(alone + 8) < 2 and abs(seen + 21) < 2
sys.exit(0 if same else "CHANGED: see the lines above")
END
