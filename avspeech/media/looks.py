"""What a face looks like in a few numbers: enough to distinguish the people of one video.

No recognition network is at hand, and none is needed for this: within one video the same face,
brought upright and to one size, keeps its pattern of light and dark (hair, brows, beard, glasses)
and its colors. Of seven talking people, the nearest frames of the two halves of one person's clip
had a likeness of 0.97 or more, those of two people 0.36 or less. People who look alike, or one
person in another light, may be mistaken.
"""

from __future__ import annotations

import math

import numpy as np

from avspeech.media import warping
from avspeech.media.heads import Pose

# side of the square that is looked at, in outer eye distances: from the hair to the chin
SPAN = 2.4
ABOVE = 0.55  # its center above the lips, likewise
GREY = 12  # cells a side of the pattern
COLORS = 4  # cells a side of the colors
CAST = 0.02  # likeness lost for each unit of difference in color (a, b of CIE Lab, 8 bits)
MOST_CAST = 0.3  # at most: a camera may change its white balance, or lose its color, at a cut


def look(image: np.ndarray, pose: Pose) -> np.ndarray:
    """The looks of a face.

    Args:
        image: uint8 `[H, W, 3]` RGB.
        pose: of the face in it.

    Returns:
        float32 `[GREY * GREY + 2 * COLORS * COLORS]`: a pattern with mean 0 and norm 1, then the
        colors.
    """
    side = 4 * GREY
    x, y = pose.scale * (pose.rotation @ np.array([0.0, -ABOVE, 0.0]))[:2] + pose.shift[:2]
    zoom = side / max(SPAN * pose.scale, 1.0)
    cos, sin = math.cos(pose.roll) * zoom, math.sin(pose.roll) * zoom
    there = np.array(
        [[cos, sin, side / 2 - cos * x - sin * y], [-sin, cos, side / 2 + sin * x - cos * y]]
    )
    lab = warping.lab(warping.warp(image, there, (side, side), edges=True))
    pattern = warping.resize(lab[..., 0], (GREY, GREY)).astype(np.float32)
    pattern -= pattern.mean()
    pattern /= max(float(np.linalg.norm(pattern)), 1.0)
    colors = warping.resize(lab[..., 1:], (COLORS, COLORS))
    return np.concatenate([pattern.ravel(), colors.astype(np.float32).ravel()])


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How alike looks `[..., D]` are: 1 for the same; people differ below 0.5 or so."""
    cells = GREY * GREY
    one, two = a[..., :cells], b[..., :cells]
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    alike = np.where(norms > 1e-6, (one * two).sum(-1) / np.maximum(norms, 1e-6), 1.0)
    colors = (a[..., cells:] - b[..., cells:]).reshape(
        *np.broadcast(a[..., 0], b[..., 0]).shape, -1, 2
    )
    return alike - np.minimum(CAST * np.linalg.norm(colors, axis=-1).mean(-1), MOST_CAST)


def middle_likeness(a: np.ndarray, b: np.ndarray) -> float:
    """How alike the middles of two looks `[D]` are, from the brows to the mouth: what a caption or
    a frame around a face does not cover. More alike between people than `likeness`."""
    side = slice(GREY // 4, GREY - GREY // 4)
    one, two = (x[: GREY * GREY].reshape(GREY, GREY)[side, side] for x in (a, b))
    one, two = one - one.mean(), two - two.mean()
    return float((one * two).sum() / max(np.linalg.norm(one) * np.linalg.norm(two), 1e-6))


class Album:
    """At most `SIZE` looks of one face, spread evenly over the frames in which it was seen."""

    SIZE = 16

    def __init__(self) -> None:
        self._looks: list[np.ndarray] = []
        self._step = 1
        self._count = 0

    def add(self, looks: np.ndarray) -> None:
        """Takes in the looks of one more frame, or leaves them out."""
        if self._count % self._step == 0:
            if len(self._looks) == self.SIZE:
                self._looks = self._looks[::2]
                self._step *= 2
            if self._count % self._step == 0:
                self._looks.append(looks)
        self._count += 1

    def join(self, other: Album) -> None:
        """Takes in the looks of another album."""
        both = [*self._looks, *other._looks]
        picked = np.linspace(0, len(both) - 1, min(self.SIZE, len(both))).round().astype(int)
        self._looks = [both[k] for k in picked]

    def array(self) -> np.ndarray:
        """The looks, `[N, D]`."""
        return np.stack(self._looks)


def nearest(a: np.ndarray, b: np.ndarray) -> float:
    """The greatest likeness of one of the looks `[N, D]` to one of `[M, D]`."""
    return float(likeness(a[:, None], b[None]).max())
