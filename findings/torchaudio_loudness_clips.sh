#!/usr/bin/env bash
# WHAT: torchaudio measures the loudness of loud sound too low, by 3.8 LU for a tone of 4 kHz at
#   full scale: its filters cut everything off at -1 and 1, also between two of them.
# GUESS: torchaudio.functional.loudness() is ITU-R BS.1770, as pyloudnorm's is: 6 dB more sound is 6
#   LU more, also for loud sound and for samples beyond 1. (There was a suspicion, from memory that
#   the filters clamp; for the tone of 997 Hz, it was seen in the run.)
# SEEN: torchaudio 2.11.0 against pyloudnorm 0.2.0, tones of half a second at 16 kHz: at -6 dB both
#   agree within 0.1 LU. At full scale 997 Hz is 0.2 LU too low, 2 kHz 2.0 and 4 kHz 3.8 LU (2.4 at
#   48 kHz): the first filter lifts what is above 1.5 kHz by 4 dB, and lfilter() cuts that off. At
#   20 dB beyond full scale (as after a gain, or of samples as integers) 4 kHz is 21 LU too low. No
#   warning; the docstring names the recommendation. lfilter() says that it clamps, and has an
#   argument for it; loudness() and the named filters (highpass_biquad, treble_biquad and others)
#   have none.
# WHY IT MATTERS: loud masters and clipped recordings are the ones that one measures to turn them
#   down, and are turned down too little. A float signal may go beyond 1 between two steps; behind a
#   high-pass it is then a clipped one.
# SOURCE: found by trying; ITU-R BS.1770; the docstrings of torchaudio.functional.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
# The CPU build of torch by uv; where its index cannot be reached, what pip brings.
venv/bin/python -m pip install --quiet 'uv==0.13.9'
venv/bin/uv pip install --quiet --python venv/bin/python --torch-backend cpu \
    'torch==2.13.0' 2>/dev/null ||
    venv/bin/python -m pip install --quiet --no-compile 'torch==2.13.0'
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' 'future==1.0.0'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'torchaudio==2.11.0' \
    'pyloudnorm==0.2.0'
venv/bin/python -W ignore - <<'END'
import sys
import types
from importlib.metadata import version

# PyPI's extension of torchaudio asks for CUDA; without it the filters run in torch, and slowly.
door = types.ModuleType("torchaudio._extension")
door._IS_TORCHAUDIO_EXT_AVAILABLE = door._IS_ALIGN_AVAILABLE = False
door.fail_if_no_align = lambda function: function
door._check_cuda_version = lambda: None
sys.modules[door.__name__] = door

import numpy as np
import pyloudnorm
import torch
import torchaudio

print({name: version(name) for name in ("torchaudio", "torch", "pyloudnorm", "numpy")})
RATE = 16000
torch.set_num_threads(1)
times = np.arange(RATE // 2) / RATE
same = True
known = {(997, -6): 0, (4000, -6): 0, (997, 0): -0.2, (2000, 0): -2.0, (4000, 0): -3.8,
         (4000, 20): -21.0}
for (frequency, level), difference in known.items():
    sound = 10 ** (level / 20) * np.sin(2 * np.pi * frequency * times)
    right = pyloudnorm.Meter(RATE).integrated_loudness(sound)
    seen = torchaudio.functional.loudness(torch.tensor(sound)[None], RATE).item()
    print(f"expected: {frequency} Hz at {level} dB: {right:.1f} LUFS; seen: {seen:.1f} LUFS,",
          f"{seen - right:+.1f}")
    same &= abs(seen - right - difference) < 0.3
loud = 10 * np.sin(2 * np.pi * 1000 * times)
passed = torchaudio.functional.highpass_biquad(torch.tensor(loud), RATE, 50).abs().max().item()
print(f"expected: a tone of 1 kHz with a peak of 10 behind a high-pass of 50 Hz: 10;",
      f"seen: {passed:.2f}")
same &= passed == 1
sys.exit(0 if same else "CHANGED: see the lines above")
END
