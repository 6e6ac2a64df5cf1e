"""A 3-D mouth drawn with OpenCV from any side.

The lower face is a mesh of rings around the lips (millimeters; x to the speaker's left, y up, z
forward, origin between the resting lips). The parameters of `articulation` move it; a
weak-perspective camera projects it, and it is painted from far to near. What a camera sees follows
from the geometry alone: from the side, protrusion is visible and the far corner is hidden behind
the lips; from above, the upper lip hides the lower teeth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIZE = 96
_SCALE_UP = 2  # factor of the size of the drawing before it is averaged down
_COLUMNS = 24
_RINGS = 7
_LIP_GAPS = 3  # the first gaps between rings are lip, the others skin

# Angles around the mouth, which of them are on the upper and lower side, and the shape of the
# contour between the corners.
_THETA = np.arange(_COLUMNS) * 2 * np.pi / _COLUMNS
_S, _UP = np.cos(_THETA), np.sin(_THETA) > 1e-6
_LOW = np.sin(_THETA) < -1e-6
_ROUND = np.sqrt(np.maximum(1 - _S ** 2, 0.0))


@dataclass(frozen=True)
class Face:
    """The appearance of a speaker. Lengths are in mm, shades are 0..255."""

    half_width: float = 25.0  # of the resting lips
    upper: float = 7.0  # visible height of the resting upper lip
    lower: float = 9.0  # visible height of the resting lower lip
    depth: float = 4.0  # how far the lips stand out
    arc: float = 0.016  # curvature of the dental arch, 1/mm
    jaw: float = 19.0  # how far the chin moves down when the mouth is fully open
    nose: float = 1.0  # relative size
    chin: float = 1.0  # relative size
    scale: float = 1.05  # pixels per mm
    skin: float = 160.0  # shade
    lips: float = 110.0  # shade
    teeth: float = 215.0  # shade
    beard: float = 0.0  # darkening around the mouth, 0..1
    skew: float = 0.0  # by how much one corner of the mouth is higher

    @classmethod
    def random(cls, rng: np.random.Generator, male: bool) -> Face:
        """A random face. The ranges are wide, so that faces can be distinguished at 96 pixels.

        Args:
            rng: draws it.
            male: wider, with a larger jaw and perhaps a beard.
        """
        skin = rng.uniform(85, 205)
        return cls(half_width=rng.uniform(22, 27) + male, upper=rng.uniform(5, 8.5),
                   lower=rng.uniform(7, 11), depth=rng.uniform(3, 5.5),
                   arc=rng.uniform(0.013, 0.019),
                   jaw=rng.uniform(17, 21) + male, nose=rng.uniform(0.85, 1.15) + 0.1 * male,
                   chin=rng.uniform(0.9, 1.1) + 0.05 * male, scale=rng.uniform(0.98, 1.12),
                   skin=skin, lips=skin * rng.uniform(0.55, 0.78), teeth=rng.uniform(185, 235),
                   beard=float(male) * max(0.0, rng.uniform(-0.3, 0.45)), skew=rng.uniform(-1, 1))


@dataclass(frozen=True)
class Shape:
    """Vertices of the mouth in mm."""

    skin: np.ndarray  # [T, n, 3], rings, then nose
    upper_teeth: np.ndarray  # [T, m, 3]
    lower_teeth: np.ndarray  # [T, m, 3]
    tongue: np.ndarray  # [T, k, 3]


def _quads() -> tuple[np.ndarray, np.ndarray]:
    """(vertex numbers [Q, 4] of the mesh with the outer side counterclockwise, the gap between
    rings that each quad belongs to; nose: -1)."""
    quads, gaps = [], []
    for gap in range(_RINGS - 1):
        step = 2 if gap == _RINGS - 2 else 1
        for j in range(0, _COLUMNS, step):
            a, b = gap * _COLUMNS + j, gap * _COLUMNS + (j + step) % _COLUMNS
            quads.append((a, a + _COLUMNS, b + _COLUMNS, b))
            gaps.append(gap)
    first = _RINGS * _COLUMNS
    bridge, tip, base, left, right, cheek_left, cheek_right = range(first, first + 7)
    for quad in ((bridge, tip, left, cheek_left), (bridge, cheek_right, right, tip),
                 (tip, base, left, left), (tip, right, base, base)):
        quads.append(quad)
        gaps.append(-1)
    return np.array(quads), np.array(gaps)


_QUADS, _GAPS = _quads()


def shape(movement: np.ndarray, face: Face) -> Shape:
    """The mouth in 3-D.

    Args:
        movement: parameters [T, P], in the order of `articulation.PARAMETERS`.
        face: the speaker's appearance.

    Returns:
        The vertices of each frame.
    """
    moved = np.asarray(movement, np.float64).T[:, :, None]
    drop = face.jaw * np.maximum(moved[0], 0)
    upper, lower = _teeth(drop, face)
    return Shape(_skin(moved, drop, face), upper, lower, _tongue(moved[8], moved[9], drop, face))


def _skin(moved: np.ndarray, drop: np.ndarray, face: Face) -> np.ndarray:
    """Rings from the lips' inner edge to the edge of the face, then the nose: [T, n, 3].

    Args:
        moved: parameters [P, T, 1].
        drop: of the jaw, mm [T, 1].
        face: the speaker's appearance.
    """
    _, upper, lower, width, protrusion, closure, press, tuck, _, _ = moved
    half = face.half_width * (1 + np.where(width > 0, 0.16, 0.36) * width)
    forward = 9.0 * protrusion
    parted = (1 - np.clip(closure, 0, 1)) * (1 - 0.4 * np.clip(protrusion, 0, 1))
    over = np.maximum(6.0 * upper * parted + 0.3 * (1 - closure), 0)
    under = np.maximum((0.85 * drop + 5.0 * lower) * parted * (1 - 0.8 * tuck), 0) - 1.5 * tuck
    seat = drop * 0.8 * (1 - parted) * 0.25  # closed lips move down a little with the jaw
    high = face.upper * (1 - 0.55 * press)
    low = face.lower * (1 - 0.55 * press) * (1 - 0.45 * tuck)
    bow = _ROUND - 0.16 * np.exp(-((_S / 0.16) ** 2))  # Cupid's bow
    inner = _UP * over * _ROUND ** 0.8 - _LOW * under * _ROUND ** 0.7
    thick = _UP * high * bow - _LOW * low * _ROUND ** 0.8
    back = _LOW * tuck * 4.0 + _LOW * drop * 0.22

    def ring(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(x, y - seat * (_LOW | (_ROUND < 1e-6)), z), -1)

    x = half * _S
    arc = -face.arc * x ** 2
    bulge = face.depth * _ROUND ** 0.7 * (1 - 0.6 * press)
    rings = [ring(0.95 * x, inner, arc + 0.55 * forward - 1 - back),
             ring(0.97 * x, inner + 0.25 * thick, arc + forward + 0.75 * bulge - back),
             ring(0.99 * x, inner + 0.65 * thick, arc + 0.9 * forward + bulge - 0.8 * back),
             ring(1.02 * x, 0.92 * inner + thick, arc + 0.65 * forward + 0.4 * bulge - 0.6 * back)]
    rest = face.half_width * _S
    skin = -0.012
    wide = 0.5 * x + 0.8 * rest
    above, below = _UP * (16.5 + 0.35 * over), _LOW * (18 + 0.75 * drop)
    rings.append(ring(wide, above * _ROUND ** 0.8 - below * _ROUND ** 0.8,
                      skin * wide ** 2 + 0.35 * forward - 1 - _LOW * (1.5 + 0.25 * drop)))
    cheek = 41 * _S
    below = _LOW * (31 * face.chin + 0.95 * drop)
    rings.append(ring(cheek, _UP * 25 * _ROUND ** 0.7 - below * _ROUND ** 0.7,
                      skin * cheek ** 2
                      + _LOW * (3.0 * face.chin * _ROUND ** 4 - 0.35 * drop * _ROUND)))
    edge = 63 * _S
    rings.append(ring(edge,
                      _UP * 58 * _ROUND ** 0.6 - _LOW * (49 * face.chin + drop) * _ROUND ** 0.6,
                      skin * edge ** 2 - _LOW * _ROUND ** 2 * (14 + 0.35 * drop)))
    n = face.nose
    nose = np.array([(0, 52, 12), (0, 25, 7 + 15 * n), (0, 17, 4), (14 * n, 21, 2),
                     (-14 * n, 21, 2), (13 * n, 48, -1), (-13 * n, 48, -1)])
    points = np.concatenate([*rings, np.broadcast_to(nose, (len(drop), 7, 3))], 1)
    points[:, :, 1] += face.skew * points[:, :, 0] / 40
    return points


def _teeth(drop: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """The upper and the lower teeth, [T, m, 3] each, for a jaw that is `drop` mm [T, 1] low."""
    across = np.linspace(-1, 1, 9)

    def row(half_span: float, top: np.ndarray, bottom: np.ndarray,
            z: np.ndarray | float) -> np.ndarray:
        tx = half_span * across
        bend = 1.5 * across ** 2
        edges = [np.stack(np.broadcast_arrays(tx, y + b, -face.arc * tx ** 2 + z), -1)
                 for y, b in ((top, 0 * bend), (bottom, bend))]
        return np.concatenate([edges[0], edges[1][:, ::-1]], 1)

    flat = np.zeros_like(drop)
    return (row(0.8 * face.half_width, flat + 9, flat - 1.2, -2.0),
            row(0.7 * face.half_width, -1.6 - drop, -10 - drop, -4.0 - 0.3 * drop))


def _tongue(raised: np.ndarray, out: np.ndarray, drop: np.ndarray, face: Face) -> np.ndarray:
    """The tip of the tongue, [T, k, 3].

    Args:
        raised, out: parameters [T, 1].
        drop: of the jaw, mm [T, 1].
        face: the speaker's appearance.
    """
    lift = np.clip(raised, 0, 1.2)
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    rise = -7 - 0.85 * drop + lift * (6.5 + 0.75 * drop)
    return np.stack(np.broadcast_arrays(
        0.5 * face.half_width * np.cos(angle), rise - 2 + 4.5 * np.sin(angle) - 1.5 * out,
        -9 + 8 * out + 3 * lift - 4 * np.cos(angle) ** 2), -1)


def camera(yaw: np.ndarray | float, pitch: np.ndarray | float, head: np.ndarray) -> np.ndarray:
    """The axes of a camera in the coordinates of the head.

    Args:
        yaw: degrees; above 0: a camera at the speaker's left, as in `data.manifest.VIEW_ANGLES`.
        pitch: degrees; above 0: a camera above.
        head: [T, 3], rotation of the head in degrees: yaw to its left, pitch upward, roll.

    Returns:
        [T, 3, 3]: right, up, toward the camera.
    """
    y, p, roll = np.radians(np.broadcast_arrays(yaw - head[:, 0], pitch - head[:, 1], head[:, 2]))
    zero = np.zeros_like(y)
    right = np.stack([np.cos(y), zero, -np.sin(y)], -1)
    towards = np.stack([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)], -1)
    up = np.cross(towards, right)
    c, s = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([c * right + s * up, c * up - s * right, towards], 1)


@dataclass(frozen=True)
class Scene:
    """What one camera adds to the geometry."""

    offset: np.ndarray  # [T, 2], pixels
    brightness: np.ndarray  # [T], factor
    background: float = 60.0  # shade
    # Direction of the light in the coordinates of the head
    light: tuple[float, float, float] = (0.2, 0.5, 0.85)
    blur: float = 0.6  # sigma in pixels
    noise: float = 3.0  # standard deviation in gray levels
    seed: int = 0  # of the noise


def draw(shape: Shape, face: Face, axes: np.ndarray, scene: Scene) -> np.ndarray:
    """Draws the mouth.

    Args:
        shape: of `shape`, T frames.
        face: the speaker's appearance.
        axes: of `camera`, [T, 3, 3].
        scene: light, background and errors of the camera.

    Returns:
        Gray pictures, uint8 [T, 96, 96].
    """
    skin = shape.skin.astype(np.float32)
    corner = skin[:, _QUADS]  # [T, Q, 4, 3]
    normal = np.cross(corner[:, :, 2] - corner[:, :, 0], corner[:, :, 3] - corner[:, :, 1])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-6
    light = np.array(scene.light) / np.linalg.norm(scene.light)
    # Even light: with a strong lamp, the shading of protruded lips would show in the front view
    # what only the side views should show.
    lit = 0.80 + 0.17 * np.maximum(_softened(normal) @ light, 0)
    shade = lit * _albedo(face) * scene.brightness[:, None]
    colors = np.clip(shade, 0, 255).tolist()
    visible = np.einsum("tqc,tc->tq", normal, axes[:, 2]) > 0
    depth = np.einsum("tqc,tc->tq", corner.mean(2), axes[:, 2])
    order = np.argsort(depth, axis=1)

    center = np.array([0.0, -3.0, 2.0])
    unit = face.scale * _SCALE_UP * 16

    def project(points: np.ndarray) -> np.ndarray:
        """[T, n, 2] in sixteenths of a drawn pixel."""
        flat = np.einsum("tnc,tdc->tnd", points - center, axes[:, :2]) * np.array([unit, -unit])
        flat += (scene.offset[:, None] + SIZE / 2 - 0.5) * (_SCALE_UP * 16)
        return np.ascontiguousarray(np.round(flat).astype(np.int32))

    quads = np.ascontiguousarray(project(skin)[:, _QUADS])
    cavity = project(skin[:, :_COLUMNS] - [0, 0, 2.0])
    upper, lower = project(shape.upper_teeth), project(shape.lower_teeth)
    tongue = project(shape.tongue)
    neck = np.array([(-46, -30, -30), (46, -30, -30), (50, -130, -38), (-50, -130, -38)],
                    np.float32)
    throat = project(np.broadcast_to(neck, (len(skin), 4, 3)))
    side = SIZE * _SCALE_UP
    paper = scene.background + 25 * np.linspace(-1, 1, side)[:, None] * np.ones((1, side))
    paper = np.clip(paper, 0, 255).astype(np.uint8)
    rng = np.random.default_rng(scene.seed)
    grain = np.clip(np.round(scene.noise * rng.standard_normal((4 * SIZE, 4 * SIZE))),
                    -127, 127).astype(np.int8)
    places = rng.integers(0, 3 * SIZE, (len(skin), 2))
    frames = np.empty((len(skin), SIZE, SIZE), np.uint8)
    canvas = np.empty_like(paper)
    fill = cv2.fillConvexPoly
    for t in range(len(skin)):
        b = scene.brightness[t]
        np.copyto(canvas, paper)
        fill(canvas, throat[t], 0.45 * face.skin * b, 8, 4)
        cv2.fillPoly(canvas, [cavity[t]], 0.12 * face.skin * b, 8, 4)
        cv2.fillPoly(canvas, [lower[t]], 0.72 * face.teeth * b, 8, 4)
        cv2.fillPoly(canvas, [tongue[t]], 0.62 * face.lips * b, 8, 4)
        cv2.fillPoly(canvas, [upper[t]], 0.95 * face.teeth * b, 8, 4)
        color, quad, seen = colors[t], quads[t], visible[t]
        for q in order[t][seen[order[t]]].tolist():
            fill(canvas, quad[q], color[q], 8, 4)
        small = cv2.resize(canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        if scene.blur > 0:
            small = cv2.GaussianBlur(small, (3, 3), scene.blur)
        row, column = places[t]
        frames[t] = cv2.add(small, grain[row:row + SIZE, column:column + SIZE], dtype=cv2.CV_8U)
    return frames


def _softened(normal: np.ndarray) -> np.ndarray:
    """Normals [T, Q, 3] with those of the skin averaged over neighbors, so that cheeks look
    smooth."""
    soft = normal.copy()
    for gap in range(_LIP_GAPS, _RINGS - 1):
        here = np.flatnonzero(_GAPS == gap)
        near = [normal[:, here], 0.6 * normal[:, np.roll(here, 1)],
                0.6 * normal[:, np.roll(here, -1)]]
        for other in (gap - 1, gap + 1):
            there = np.flatnonzero(_GAPS == other)
            if _LIP_GAPS <= other < _RINGS - 1:
                nearest = there[(np.arange(len(here)) * len(there)) // len(here)]
                near.append(0.4 * normal[:, nearest])
        soft[:, here] = np.sum(near, 0)
    return soft / (np.linalg.norm(soft, axis=-1, keepdims=True) + 1e-6)


def _albedo(face: Face) -> np.ndarray:
    """Shade [Q] of each quad before lighting."""
    shades = np.where(_GAPS < 0, face.skin,
                      np.where(_GAPS < _LIP_GAPS, face.lips, face.skin)).astype(np.float64)
    shades[_GAPS == 0] *= 0.85
    shades[np.isin(_GAPS, (3, 4))] *= 1 - 0.6 * face.beard
    return shades
