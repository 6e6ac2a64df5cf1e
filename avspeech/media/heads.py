"""Where a head is in a picture: its pose as a 3-D similarity, from landmarks or from a box alone.

The pose is fitted in three dimensions to points that speech does not move (eyes, nose, temples), so
that a turned head, whose eyes draw together in the picture, keeps its size. docs/extraction.md says
how well that works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

# Points of the face mesh that stay put while one speaks, and their places on a plain head: x to the
# picture's right, y down, z away from the camera, from the middle of the lips; unit: the distance
# of the outer eye corners.
STABLE = {
    33: (-0.50, -0.80, 0.25),
    133: (-0.19, -0.79, 0.20),
    362: (0.19, -0.79, 0.20),
    263: (0.50, -0.80, 0.25),
    168: (0.0, -0.87, 0.02),
    6: (0.0, -0.78, -0.04),
    197: (0.0, -0.70, -0.10),
    195: (0.0, -0.63, -0.17),
    5: (0.0, -0.55, -0.24),
    4: (0.0, -0.45, -0.27),
    98: (-0.20, -0.29, 0.01),
    327: (0.20, -0.29, 0.01),
    10: (0.0, -1.41, 0.11),
    151: (0.0, -1.24, 0.05),
    127: (-0.78, -0.70, 0.80),
    356: (0.78, -0.70, 0.80),
}  # eyes; bridge of the nose; tip and wings of the nose; forehead and temples
LIPS = (61, 291, 0, 17, 13, 14)  # corners, outer and inner middle of both lips
BOX_SPAN = 1.7  # width of a detection box, in outer eye distances
EYE_SPAN = 0.7  # distance of a detection's two eye points in a frontal face, likewise

_STABLE = list(STABLE)
_HEAD = np.array(list(STABLE.values()))
# Center x, y, side (pixels), angle (radians, clockwise) of a square
Region = tuple[float, float, float, float]


@dataclass
class Face:
    """A detected face.

    Attributes:
        box: `[4]`, x0, y0, x1, y1 in pixels.
        points: `[6, 2]`, eyes, nose tip, mouth and ears in pixels.
        score: 0 to 1.
    """

    box: np.ndarray
    points: np.ndarray
    score: float


@dataclass
class Pose:
    """A head in a picture: pixels = scale * rotation @ head + shift, head coordinates as in STABLE.

    Attributes:
        scale: pixels of one outer eye distance.
        rotation: `[3, 3]`.
        shift: `[3]`, where the middle of the plain head's lips is.
        lips: `[3]`, where this head's lips are, in head coordinates.
        box: `[4]`, pixels.
        misfit: mean distance of the measured points from the plain head's, in eye distances.
        presence: of a face, as the landmark network says, 0 to 1.
    """

    scale: float
    rotation: np.ndarray
    shift: np.ndarray
    lips: np.ndarray
    box: np.ndarray
    misfit: float = 0.0
    presence: float = 1.0

    @property
    def yaw(self) -> float:
        """Degrees by which the head is turned; above 0 its nose points to the picture's left."""
        return math.degrees(math.atan2(self.rotation[0, 2], self.rotation[2, 2]))

    @property
    def roll(self) -> float:
        """Radians, clockwise in the picture.

        From the head's upward axis, which turning left or right does not tilt as it tilts the line
        between the eyes.
        """
        return math.atan2(-self.rotation[0, 1], self.rotation[1, 1])

    def towards(self, other: Pose, share: float) -> Pose:
        """The pose between this one (`share` 0) and a similar one (1)."""
        def mixed(one: Any, two: Any) -> Any:
            return one + share * (two - one)

        return Pose(mixed(self.scale, other.scale), mixed(self.rotation, other.rotation),
                    mixed(self.shift, other.shift), mixed(self.lips, other.lips),
                    mixed(self.box, other.box), mixed(self.misfit, other.misfit),
                    mixed(self.presence, other.presence))


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The similarity nearest to two sets of points in the least squares sense (Umeyama, 1991).

    Args:
        source: `[N, D]`.
        target: `[N, D]`.

    Returns:
        (scale, rotation `[D, D]`, shift `[D]`) that take source to target.
    """
    mean_s, mean_t = source.mean(0), target.mean(0)
    a, b = source - mean_s, target - mean_t
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.ones(len(values))
    sign[-1] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * sign) @ vt
    scale = float((values * sign).sum() / (a**2).sum())
    return scale, rotation, mean_t - scale * rotation @ mean_s


def pose_of_points(points: np.ndarray) -> Pose:
    """The pose of landmarks `[468, 3]`."""
    scale, rotation, shift = similarity(_HEAD, points[_STABLE])
    lips = (points[list(LIPS)].mean(0) - shift) @ rotation / scale
    misfit = float(np.abs(points[_STABLE] - scale * _HEAD @ rotation.T - shift).mean() / scale)
    box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])
    return Pose(scale, rotation, shift, lips, box, misfit)


def _roll_of_face(face: Face) -> float:
    """Radians. Known from the eyes of a face seen from the front; in profile they fall together
    and 0 is returned.
    """
    eyes = face.points[1] - face.points[0]
    apart = float(np.hypot(*eyes)) / (
        EYE_SPAN / BOX_SPAN * max(float(face.box[2] - face.box[0]), 1.0)
    )
    return math.atan2(float(eyes[1]), float(eyes[0])) * min(1.0, max(0.0, 2.0 * apart - 0.6))


def pose_of_face(face: Face) -> Pose:
    """A rough pose from a detection alone, for a face in which the landmark network sees none.

    It is turned only in the picture's plane, its mouth is that of the detector, its size that of
    the box.
    """
    angle = _roll_of_face(face)
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    scale = float(face.box[2] - face.box[0]) / BOX_SPAN
    return Pose(scale, rotation, np.append(face.points[3], 0.0), np.zeros(3), face.box)


def region_of_face(face: Face) -> Region:
    """The square in which the landmark network expects a detected face."""
    return region_of_box(face.box, _roll_of_face(face))


def region_of_pose(pose: Pose) -> Region:
    """The square for the next frame, from the pose in this one."""
    return region_of_box(pose.box, pose.roll)


def region_of_box(box: np.ndarray, angle: float) -> Region:
    """The square for landmarks around a box `[4]` that is turned by an angle (radians)."""
    x0, y0, x1, y1 = (float(v) for v in box)
    return (x0 + x1) / 2, (y0 + y1) / 2, 1.5 * max(x1 - x0, y1 - y0), angle
