#!/usr/bin/env bash
# WHAT: The colored noise of torch-audiomentations falls twice as steeply as named: its 'pink' falls
#   by 6 dB an octave, which is brown, and its 'brown' by 12.
# GUESS: AddColoredNoise with f_decay=1 adds pink noise, whose power falls by 3.0 dB an octave, with
#   2 brown noise (6.0), with -1 and -2 blue and violet, as the docstring has it ('frequency power
#   decay'). (There was a suspicion, from memory that it is the amplitude that decays so.)
# SEEN: torch-audiomentations 0.12.0 at 16 kHz, between 200 and 6400 Hz: f_decay of -2, -1, 0, 1 and
#   2 gives +11.3, +5.6, 0.0, -5.6 and -11.4 dB an octave. The ratio of signal to noise is right.
#   audiomentations 0.43.1, by the same authors, says decibels an octave and is right within 1 dB.
#   No warning.
# WHY IT MATTERS: at the same ratio of signal to noise, brown noise leaves the consonants alone that
#   pink noise covers (at 4 kHz it is 13 dB weaker, when both are as strong at 200 Hz): models are
#   trained on easier noise than the paper says, and tests on real pink noise come as a surprise.
# SOURCE: the docstring of AddColoredNoise; found by trying. A power of 1 / f falls by 10 lg 2 =
#   3.01 dB an octave.
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
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3'
venv/bin/python -m pip install --quiet --no-compile --no-deps 'torchaudio==2.11.0' \
    'torch-audiomentations==0.12.0' 'torch-pitch-shift==1.2.5' 'julius==0.2.8' 'primepy==1.3' \
    'packaging==25.0'
venv/bin/python -W ignore - <<'END'
import sys
import types
from importlib.metadata import version

# PyPI's extension of torchaudio asks for CUDA; nothing here needs it.
door = types.ModuleType("torchaudio._extension")
door._IS_TORCHAUDIO_EXT_AVAILABLE = door._IS_ALIGN_AVAILABLE = False
door.fail_if_no_align = lambda function: function
door._check_cuda_version = lambda: None
sys.modules[door.__name__] = door

import numpy as np
import torch
from scipy.signal import welch
from torch_audiomentations import AddColoredNoise

print({name: version(name) for name in ("torch-audiomentations", "torch", "numpy")})
RATE = 16000


def slope(noise):
    """The slope of a power spectrum in dB an octave."""
    frequencies, power = welch(noise, RATE, nperseg=4096)
    inside = (frequencies > 200) & (frequencies < 6400)
    return np.polyfit(np.log2(frequencies[inside]), 10 * np.log10(power[inside]), 1)[0]


# The measure itself: white noise whose power is divided by f, in the spectrum.
draw = np.random.default_rng(0)
spectrum = np.fft.rfft(draw.standard_normal(4 * RATE))
spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
own = slope(np.fft.irfft(spectrum))
print(f"expected: noise whose power is 1 / f: -3.0; seen: {own:.1f} dB an octave")
same = abs(own + 3.01) < 0.3
torch.manual_seed(0)
sound = 0.1 * torch.sin(2 * np.pi * 3 * torch.arange(4 * RATE) / RATE)[None, None]
for decay in (-2, -1, 0, 1, 2):
    augment = AddColoredNoise(min_snr_in_db=0, max_snr_in_db=0, min_f_decay=decay,
                              max_f_decay=decay, p=1, output_type="dict")
    noise = (augment(samples=sound, sample_rate=RATE).samples - sound)[0, 0].numpy()
    seen, ratio = slope(noise), 20 * np.log10(float(sound.std()) / noise.std())
    print(f"expected: f_decay={decay}: {-3.01 * decay:+.1f} dB an octave; seen: {seen:+.1f},",
          f"SNR {ratio:.1f} dB")
    same &= abs(seen + 5.6 * decay) < 0.6 and abs(ratio) < 0.2
sys.exit(0 if same else "CHANGED: see the lines above")
END
