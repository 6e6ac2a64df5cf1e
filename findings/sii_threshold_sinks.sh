#!/usr/bin/env bash
# WHAT: speech-intelligibility-index lowers the hearing thresholds that it is given by 1.7 dB at
#   each call for two ears: in a loop the listener hears better each time.
# GUESS: input_5p1() of the same arrays gives the same each time and leaves the arrays as they are;
#   with num_channels=2 the threshold that it returns is 1.7 dB below the one given, once. (There
#   was a suspicion on reading the code, which subtracts in place.)
# SEEN: speech-intelligibility-index 1.0.2, normal speech, a loss of 40 dB in all bands: six calls
#   with one NumPy array give 0.436, 0.489, 0.543, 0.597, 0.652 and 0.708, and the array holds 29.8
#   in the end. After 24 calls the index is 0.996, that of no loss at all. Thresholds in a list, and
#   one ear, give the same each time. No warning.
# WHY IT MATTERS: an audiogram is read once and used for all sentences, noises and rooms: each
#   condition of a loop looks better than the one before it, so that an order becomes a finding, and
#   a listener with a loss of 40 dB hears normally after two dozen of them.
# SOURCE: the docstring of input_5p1() and section 5.1.5 of ANSI S3.5-1997 that it names; found by
#   reading and trying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'numpy==2.2.6' \
    'speech-intelligibility-index==1.0.2'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from speech_intelligibility_index.sii import input_5p1, sii

print({name: version(name) for name in ("speech-intelligibility-index", "numpy")})


def indices(threshold, ears, times):
    """The index of normal speech in quiet, as often as asked, for one array of thresholds."""
    return [float(sii(*input_5p1("normal", None, hearing_threshold=threshold, num_channels=ears)))
            for _ in range(times)]


loss = np.full(18, 40.0)
fresh = indices(np.full(18, 40.0), 2, 1) * 6
two = indices(loss, 2, 6)
print("expected: two ears, 40 dB HL:", np.round(fresh, 3).tolist())
print("seen:                        ", np.round(two, 3).tolist(),
      f"and an array that is at {loss[0]:.1f} dB now")
listed = indices([40.0] * 18, 2, 6)
print("seen, of a list:             ", np.round(listed, 3).tolist())
one_loss = np.full(18, 40.0)
one = indices(one_loss, 1, 6)
print("seen, one ear:               ", np.round(one, 3).tolist(),
      f"and an array that is at {one_loss[0]:.1f} dB now")
many = np.full(18, 40.0)
last = indices(many, 2, 24)[-1]
print(f"seen: after 24 calls the index is {last:.3f}, the threshold {many[0]:.1f} dB HL;",
      f"of a threshold of 0 it is {indices(np.zeros(18), 2, 1)[0]:.3f}")
same = abs(loss[0] - (40 - 6 * 1.7)) < 1e-9 and one_loss[0] == 40 and np.ptp(one) == 0
same &= np.ptp(listed) == 0 and two[0] == fresh[0] == listed[0]
same &= bool((np.diff(two) > 0.03).all()) and abs(many[0] - (40 - 24 * 1.7)) < 1e-9
sys.exit(0 if same else "CHANGED: see the lines above")
END
