#!/usr/bin/env bash
# WHAT: pose-format's normalize_hands_3d does not turn a hand but squeeze it: the same hand, seen
#   from the side, is five times as long in depth as seen from the front.
# GUESS: the same hand of 21 points, turned by any angle, is the same normalized hand, and all
#   distances are in the proportion of before: the code calls it a rotation and a scale. (There was
#   a suspicion on reading the code, whose axes are not brought to length 1.)
# SEEN: pose-format 0.15.0, distances between the points of a hand, by that from wrist to middle
#   finger: from the front they are right within 1 %. Turned by 30 degrees about the vertical axis
#   one is 1.12 times as long as it was, by 60 degrees 1.83 times, by 80 degrees 5.14 times. Turned
#   by 60 degrees about the two other axes they are right. No warning.
# WHY IT MATTERS: the function is meant to make hand shapes of sign language comparable from all
#   sides, and its output is appended as features: one and the same handshape becomes many, by the
#   direction of the palm, and a palm that faces the side has numbers that swamp the others.
# SOURCE: the docstrings of pose_format.utils.normalization_3d ('rotates to match normals'); found
#   by reading and trying. Distances are kept by any rotation.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --no-compile --no-deps 'numpy==2.2.6' 'scipy==1.15.3' \
    'tqdm==4.67.1' 'pose-format==0.15.0'
venv/bin/python - <<'END'
import sys
from importlib.metadata import version
import numpy as np
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions
from pose_format.utils.generic import normalize_hands_3d
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

print({name: version(name) for name in ("pose-format", "numpy", "scipy")})
FINGERS = ("THUMB", "INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")
NAMES = ["WRIST"] + [f"{finger}_{joint}" for finger in FINGERS
                     for joint in ("MCP", "PIP", "DIP", "TIP")]
# A right hand with half bent fingers, palm to the viewer, in centimeters.
points = [(0, 0, 0)]
for finger, (x, length) in enumerate(((-4, 5), (-2.5, 9), (0, 9.5), (2, 9), (4, 8))):
    for joint in range(4):
        points.append((x * (1 + 0.1 * joint), length + 2.2 * joint, -0.6 * joint ** 2))
HAND = np.array(points, dtype=float)


def normalized(hand):
    """A hand as normalize_hands_3d appends it."""
    components = [PoseHeaderComponent(f"{side}_HAND_LANDMARKS", NAMES, [], [], "XYZC")
                  for side in ("LEFT", "RIGHT")]
    header = PoseHeader(0.2, PoseHeaderDimensions(1, 1, 1), components)
    data = np.ma.masked_array(np.concatenate([hand, hand])[None, None],
                              mask=np.zeros((1, 1, 42, 3), bool))
    pose = Pose(header, NumPyPoseBody(25, data, np.ones((1, 1, 42))))
    normalize_hands_3d(pose, left_hand=False)
    return np.asarray(pose.body.data[0, 0, 42:], dtype=float)


def proportions(hand):
    return pdist(hand) / np.linalg.norm(hand[9] - hand[0])


same = True
known = {("y", 0): 1, ("y", 30): 1.12, ("y", 60): 1.83, ("y", 80): 5.14, ("x", 60): 1, ("z", 60): 1}
for (axis, angle), ratio in known.items():
    turned = HAND @ Rotation.from_euler(axis, angle, degrees=True).as_matrix().T
    assert np.allclose(pdist(turned), pdist(HAND))
    seen = (proportions(normalized(turned)) / proportions(HAND)).max()
    print(f"expected: turned by {angle} degrees about {axis}: 1.00 times the longest; "
          f"seen: {seen:.2f} times")
    same &= abs(seen / ratio - 1) < 0.03
sys.exit(0 if same else "CHANGED: see the lines above")
END
