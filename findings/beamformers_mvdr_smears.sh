#!/usr/bin/env bash
# WHAT: The MVDR ('distortionless') and MSNR of the package beamformers distort the target:
#   each frequency has the phase of another microphone, and the level grows with their number.
# GUESS: the target comes out as it is in one of the microphones (ref_mic=0, as the signature has
#   it): with noise 26 dB below it, its SI-SDR is 20 dB or better, at the level of a microphone.
#   (There was a suspicion on reading the code, which never uses ref_mic.)
# SEEN: beamformers 0.5.2, a target of colored noise at 2, 4 and 8 microphones, each of them later:
#   MVDR, told the target alone for its statistics, gives it with an SI-SDR of 5.3, 0.9 and -7.9 dB
#   against the first microphone (-1.6 dB against the best of the 8), where an untouched microphone
#   has 26 dB; the level is 2.6, 5.0 and 6.9 dB higher. MSNR does the same. SDW_MWF of the same
#   package takes the first microphone as it should: 29.2 to 35.4 dB, though 14.3 dB too quiet here.
#   ref_mic is not used. No warning.
# WHY IT MATTERS: who takes it before a recognizer, or compares beamformers by SI-SDR, finds that
#   MVDR is worse than doing nothing, the more so the more microphones there are, and blames the
#   room. A gain that hangs on the number of microphones breaks levels and thresholds behind it.
# SOURCE: the docstrings ('Minimum Variance Distortionless Response'; Sarradj 2010 for the leading
#   eigenvector, which has any phase and the norm 1); found by reading and trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==2.2.6' 'scipy==1.15.3' \
    'soundfile==0.13.1' 'beamformers==0.5.2'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from beamformers.beamformers import MSNR, MVDR, SDW_MWF
from scipy.signal import lfilter

print({name: version(name) for name in ("beamformers", "numpy", "scipy")})
LENGTH, LATE = 32000, (0, 3, 5, 8, 11, 13, 17, 19)  # the target's delays in samples


def against(sound, reference):
    """SI-SDR in dB, and the level of a sound over that of a reference in dB."""
    scaled = sound @ reference / (reference @ reference) * reference
    rest = sound - scaled
    return (10 * np.log10(scaled @ scaled / (rest @ rest)),
            10 * np.log10(sound @ sound / (reference @ reference)))


same = True
for microphones in (2, 4, 8):
    draw = np.random.default_rng(0)
    source = lfilter([1], [1, -0.9], draw.standard_normal(LENGTH))
    target = np.array([np.roll(source, late) for late in LATE[:microphones]])
    noise = 0.05 * source.std() * draw.standard_normal((microphones, LENGTH))
    before = against(target[0] + noise[0], target[0])[0]
    print(f"expected: {microphones} microphones: {before:.0f} dB or more, as one has, at 0 dB")
    for function in (MVDR, MSNR, SDW_MWF):
        output = function(target + noise, noise, target)[:LENGTH]
        each = [against(output, channel) for channel in target]
        best, level = max(each)
        print(f"seen: {function.__name__}: SI-SDR {each[0][0]:.1f} dB against microphone 0,",
              f"{best:.1f} against the best; level {level:.1f} dB")
        if function is SDW_MWF:
            same &= each[0][0] > before
        else:
            same &= best < 8 and level > 7 * np.log10(microphones)
            same &= microphones < 8 or best < 1
sys.exit(0 if same else "CHANGED: see the lines above")
END
