#!/usr/bin/env bash
# WHAT: The apply_gain() of pydiogment makes a square wave of a 16-bit recording, the same for each
#   gain; its shift_time() shifts the other way round, and its noise is 28 dB too low.
# GUESS: apply_gain(file, -6) halves the amplitude; shift_time(file, 0.125, "left") brings a click
#   that is at 0.5 s to 0.375 s, with zeros where no sound is left; add_noise(file, 10) has a
#   signal-to-noise ratio of 10 dB. (For the first two there was a suspicion on reading the code.)
# SEEN: pydiogment 0.1.0, a sine of 200 Hz with a peak of 3000 in a 16-bit WAV file: after gains of
#   -6 and of +6 dB the same file comes out, of the three values -1.37, 0 and 1.37, since samples
#   are cut to [-1, 1] and then divided by their mean. "left" brings the click to 0.625 s, "right"
#   to 0.375 s, and what goes out at one end comes in at the other, where its docstring promises
#   zeros. The ratio of 10 dB is 37.6 dB, as the squares of 16-bit numbers run over. With a file of
#   floats the ratio is right, but -6 and +6 dB still give the same file. No warning.
# WHY IT MATTERS: 16 bits are what speech corpora have, and the package is for augmenting them: the
#   copies with a gain are square waves of one loudness, those with noise are clean, and labels that
#   are moved with the shift are off by twice of it.
# SOURCE: found by reading and trying; the docstrings of pydiogment, and the example with -100 and
#   -50 dB in its README.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'pydiogment==0.1.0'
venv/bin/python - <<'END'
import contextlib
import io
import sys
from importlib.metadata import version
import numpy as np
from scipy.io import wavfile
from pydiogment.auga import add_noise, apply_gain
from pydiogment.augt import shift_time

print({name: version(name) for name in ("pydiogment", "numpy", "scipy")})
RATE = 16000
np.random.seed(0)


def made(function, sound, *options):
    """What a function makes of a sound: it reads a file and writes another beside it."""
    with open("a.wav", "wb") as file:
        wavfile.write(file, RATE, sound)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        function("a.wav", *options)
    name = said.getvalue().split()[-1].rstrip(".")
    return wavfile.read(name)[1].astype(float)


sine = 3000 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
same = True
for kind, sound in (("16 bits", sine.astype(np.int16)),
                    ("floats", (sine / 32768).astype(np.float32))):
    quiet, loud = (made(apply_gain, sound, gain) for gain in (-6, 6))
    values = len(np.unique(quiet.round(3)))
    alike = bool(np.allclose(quiet, loud, rtol=1e-4))
    print(f"expected: {kind}, gains of -6 and 6 dB: others, of many values; seen:",
          "the same" if alike else "others", f"of {values} values")
    same &= alike and (values == 3) == (kind == "16 bits")
    noisy = made(add_noise, sound, 10)
    noise = noisy - sound.astype(float)
    ratio = 10 * np.log10(np.mean(sound.astype(float) ** 2) / np.mean(noise ** 2))
    print(f"expected: {kind}, noise at 10 dB; seen: {ratio:.1f} dB")
    same &= 36 < ratio < 39 if kind == "16 bits" else abs(ratio - 10) < 0.5
click = np.zeros(RATE, np.int16)
click[RATE // 2] = 20000
click[-1] = 100
for way, right, known in (("left", 0.375, 0.625), ("right", 0.625, 0.375)):
    shifted = made(shift_time, click, 0.125, way)
    place = int(np.argmax(shifted)) / RATE
    round_about = bool(100 in shifted)
    print(f"expected: {way}: a click at {right} s; seen: {place} s,",
          "the last sample is still there" if round_about else "the last sample is gone")
    same &= place == known and round_about
sys.exit(0 if same else "CHANGED: see the lines above")
END
