#!/usr/bin/env bash
# WHAT: In slab, 1 - sound is sound - 1, and 1 / sound is the sound itself: a number on the left of
#   a minus or a division changes places.
# GUESS: with a number on the left, arithmetic is that of the samples, as on the right: 1 - sound is
#   one minus each sample, 2 / sound is two by each sample. (There was a suspicion on reading the
#   code of Signal.)
# SEEN: slab 1.8.2: of the samples 0.1, 0.2 and 0.5, 1 - sound is -0.9, -0.8, -0.5, and 2 / sound is
#   0.05, 0.1, 0.25 (sound / 2). 1 + sound, 2 * sound, sound - 1 and sound / 2 are right. A
#   crossfade sound * ramp + sound * (1 - ramp), which is the sound itself, has the level of the
#   sound at both ends, and is silent in the middle. No warning.
# WHY IT MATTERS: slab makes stimuli for hearing research, where one mixes by a ramp and its rest,
#   and divides by an envelope: the one leaves a hole in the middle or turns the sign of a part, the
#   other does nothing, and the waveform looks plausible.
# SOURCE: found by reading and trying; NumPy's arithmetic of the same numbers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'matplotlib==3.11.2'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'slab==1.8.2'
venv/bin/python -W ignore - <<'END'
import sys
from importlib.metadata import version
import numpy as np
import slab

print({name: version(name) for name in ("slab", "numpy")})
samples = np.array([0.1, 0.2, 0.5])
sound = slab.Sound(samples, samplerate=8000)
cases = {  # what is right, what slab makes of it, and what is known to come out
    "1 - sound": (1 - samples, 1 - sound, samples - 1),
    "2 / sound": (2 / samples, 2 / sound, samples / 2),
    "1 + sound": (1 + samples, 1 + sound, 1 + samples),
    "2 * sound": (2 * samples, 2 * sound, 2 * samples),
    "sound - 1": (samples - 1, sound - 1, samples - 1),
    "sound / 2": (samples / 2, sound / 2, samples / 2),
}
same = True
for name, (right, seen, known) in cases.items():
    seen = seen.data.ravel()
    print(f"expected: {name}: {np.round(right, 3)}; seen: {np.round(seen, 3)}")
    same &= np.allclose(seen, known)
noise = slab.Sound(np.random.default_rng(0).standard_normal(8000), samplerate=8000)
ramp = slab.Sound(np.linspace(0, 1, 8000), samplerate=8000)
mixed = noise * ramp + noise * (1 - ramp)
levels = []
for start in (0, 3900, 7800):
    part = slice(start, start + 200)
    levels.append(20 * np.log10(mixed.data[part].std() / noise.data[part].std()))
print("expected: a crossfade of a sound with itself: 0, 0 and 0 dB at the beginning, in the middle",
      "and at the end; seen:", *(f"{level:.1f}" for level in levels))
same &= abs(levels[0]) < 1 and levels[1] < -30 and abs(levels[2]) < 1
sys.exit(0 if same else "CHANGED: see the lines above")
END
