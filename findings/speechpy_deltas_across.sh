#!/usr/bin/env bash
# WHAT: speechpy's derivative features go along the coefficients of a frame, not along time.
# GUESS: of features that are the same in all frames the derivative is 0, of features that rise by 1
#   a frame it is 1, as by the usual regression formula. (There was a suspicion, from memory of its
#   code.)
# SEEN: speechpy 2.4 with NumPy 1.26.4: for 50 equal frames of the 13 numbers 0, 1, 4 ... 144 the
#   derivative is 0.9 to 43.2, for features that rise by 1 a frame it is 7.5 in every coefficient,
#   and frames in another order have the same derivatives, each at its frame. The weights are not
#   those of the formula either: the difference is 2 x[+2] - x[-2], without parentheses. Beside
#   NumPy 2 the function raises AttributeError (numpy.lib.pad).
# WHY IT MATTERS: '39 MFCC with deltas' of a speaker or emotion model hold nothing of how the sound
#   moves, which is what deltas are for, and a large part of the level three times. The shape of the
#   array (frames, coefficients, 3) is as expected, so nothing shows it.
# SOURCE: found by trying frames that do not move; speechpy/processing.py, derivative_extraction.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile 'numpy==1.26.4' 'scipy==1.15.3' \
    'speechpy==2.4'
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version
import numpy as np
import speechpy


def regression(frames, width=2):
    """Slope along time by the usual formula, with the first and last frame repeated."""
    padded = np.pad(frames, ((width, width), (0, 0)), "edge")
    total = sum(k * (padded[width + k:len(frames) + width + k]
                     - padded[width - k:len(frames) + width - k]) for k in range(1, width + 1))
    return total / (2 * sum(k * k for k in range(1, width + 1)))


def first(frames):
    """The first derivative by speechpy."""
    return speechpy.feature.extract_derivative_feature(frames)[:, :, 1]


print({name: version(name) for name in ("speechpy", "numpy")})
print("expected: 0 where nothing moves, 1 where all rises by 1 a frame")
still = np.tile(np.arange(13.0) ** 2, (50, 1))
rising = np.arange(50.0)[:, None] * np.ones((1, 13))
print("the usual formula:", regression(still)[25].max(), regression(rising)[25].max())
print("seen where nothing moves:", np.round(first(still)[25], 1).tolist())
print("seen where all rises by 1:", np.round(first(rising)[25], 1).tolist())
frames = np.random.default_rng(0).standard_normal((50, 13))
order = np.random.default_rng(1).permutation(50)
blind = np.allclose(first(frames[order]), first(frames)[order])
print("the same derivative in another order of the frames:", blind)
same = blind and first(still)[25].max() > 40 and np.allclose(first(rising)[25], 7.5)
sys.exit(0 if same else "CHANGED: see the lines above")
EOF
