"""What a face looks like in a few numbers: enough to tell the people of one video apart.

No recognition network is at hand, and none is needed for this: within one video the same face,
brought upright and to one size, keeps its pattern of light and dark (hair, brows, beard, glasses)
and its colours. Of seven people, halves of one person's clip had a likeness of 0.89 or more, with
other light, size and colour cast too; two people had 0.35 or less.
"""

from __future__ import annotations

import math

import numpy as np

from avspeech.media.face import Pose

SPAN = 2.4  # side of the square that is looked at, in outer eye distances: from the hair to the chin
ABOVE = 0.55  # its centre above the lips, likewise
GREY = 12  # cells a side of the pattern
COLOURS = 4  # cells a side of the colours
CAST = 0.02  # likeness lost for each unit of difference in colour (a, b of CIE Lab, 8 bits)


def look(image: np.ndarray, pose: Pose) -> np.ndarray:
    """The looks of a face.

    Args:
        image: uint8 `[H, W, 3]` RGB.
        pose: of the face in it.

    Returns:
        float32 `[GREY * GREY + 2 * COLOURS * COLOURS]`: a pattern with mean 0 and norm 1, then the
        colours. Means of looks are looks, but for the norm.
    """
    import cv2

    side = 4 * GREY
    x, y = pose.scale * (pose.rotation @ np.array([0.0, -ABOVE, 0.0]))[:2] + pose.shift[:2]
    zoom = side / max(SPAN * pose.scale, 1.0)
    cos, sin = math.cos(pose.roll) * zoom, math.sin(pose.roll) * zoom
    there = np.array([[cos, sin, side / 2 - cos * x - sin * y], [-sin, cos, side / 2 + sin * x - cos * y]])
    square = cv2.warpAffine(image, there, (side, side), flags=cv2.INTER_LINEAR,
                            borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.cvtColor(square, cv2.COLOR_RGB2LAB)
    pattern = cv2.resize(lab[..., 0], (GREY, GREY), interpolation=cv2.INTER_AREA).astype(np.float32)
    pattern -= pattern.mean()
    pattern /= max(float(np.linalg.norm(pattern)), 1.0)
    colours = cv2.resize(lab[..., 1:], (COLOURS, COLOURS), interpolation=cv2.INTER_AREA)
    return np.concatenate([pattern.ravel(), colours.astype(np.float32).ravel()])


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How alike looks `[..., D]` are: 1 for the same; people differ below 0.5 or so."""
    cells = GREY * GREY
    one, two = a[..., :cells], b[..., :cells]
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    alike = np.where(norms > 1e-6, (one * two).sum(-1) / np.maximum(norms, 1e-6), 1.0)
    colours = (a[..., cells:] - b[..., cells:]).reshape(*np.broadcast(a[..., 0], b[..., 0]).shape, -1, 2)
    return alike - CAST * np.linalg.norm(colours, axis=-1).mean(-1)
