"""Faces through time: which face of a frame is which of the frame before."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from avspeech.media.face import (
    CascadeFinder,
    Face,
    MeshFinder,
    Pose,
    Region,
    inside,
    iou,
    make_finder,
    pose_of_face,
    region_of_face,
    region_of_pose,
)

SURE = 0.7  # score from which a detection counts though the landmark network sees no face in it
LOOK_LOST = 0.12  # seconds between detections while a face is missing


@dataclass
class FaceTrack:
    """One face through the n frames in which it was seen: arrays of its `Pose`s.

    frames `[n]` (rising), scale `[n]`, rotation `[n, 3, 3]`, shift `[n, 3]`, lips `[n, 3]`, boxes `[n, 4]`,
    yaw `[n]` degrees, roll `[n]` radians, meshed `[n]` (False: from the detector's box alone).
    """

    frames: np.ndarray
    scale: np.ndarray
    rotation: np.ndarray
    shift: np.ndarray
    lips: np.ndarray
    boxes: np.ndarray
    yaw: np.ndarray
    roll: np.ndarray
    meshed: np.ndarray


class _Trail:
    """A track in the making."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        # 23 numbers a frame in one growing piece: small arrays, kept among the large ones that are freed,
        # would hold 30 kB of memory a frame
        self._rows = array("f")
        self.weight = 0.0  # the sum of its sizes over its frames: how much of the video this face fills
        self.box = np.zeros(4)
        self.region: Region | None = None  # where to look in the next frame; None: only a detection can tell

    def add(self, frame: int, pose: Pose, meshed: bool) -> None:
        row = [pose.scale, *pose.rotation.ravel(), *pose.shift, *pose.lips, *pose.box, pose.yaw, pose.roll,
               meshed]
        self.frames.append(frame)
        self._rows.extend(row)
        self.weight += pose.scale
        self.box = pose.box
        self.region = region_of_pose(pose) if meshed else None

    def track(self) -> FaceTrack:
        rows = np.array(self._rows, np.float64).reshape(len(self.frames), -1)
        return FaceTrack(np.array(self.frames), rows[:, 0], rows[:, 1:10].reshape(-1, 3, 3), rows[:, 10:13],
                         rows[:, 13:16], rows[:, 16:20], rows[:, 20], rows[:, 21], rows[:, 22] > 0)


def track_faces(frames: Iterable[np.ndarray], fps: float = 25.0, detector: str = "auto",
                keep_lost: float = 2.0, look_every: float = 0.4, least: float = 0.2,
                finder: MeshFinder | CascadeFinder | None = None) -> tuple[list[FaceTrack], int]:
    """(the faces of a stream of frames `[H, W, 3]` RGB, those that fill most of it first; the number of
    frames).

    A face is followed by its landmarks; detection runs when one is missing, and every `look_every` seconds
    for new ones. A face lost for up to `keep_lost` seconds that shows again near its old place goes on as the
    same track. Tracks of less than `least` seconds are dropped as false alarms. Faces are not recognised:
    across a cut to another person in the same place a track goes on.
    """
    finder = finder or make_finder(detector)
    live: list[_Trail] = []
    ended: list[_Trail] = []
    step = max(1, round(look_every * fps)) if finder.follows else 1
    step_lost = max(1, round(LOOK_LOST * fps)) if finder.follows else 1
    count = 0
    for now, image in enumerate(frames):
        count = now + 1
        for trail in live:
            _follow(trail, finder, image, now)
        gone = [now - t.frames[-1] for t in live if t.frames[-1] != now]
        if now % step == 0 or 1 in gone or ((gone or not live) and now % step_lost == 0):
            _look(live, finder, image, now)
        live = _without_doubles(live, now)
        ended += [t for t in live if now - t.frames[-1] > keep_lost * fps]
        live = [t for t in live if now - t.frames[-1] <= keep_lost * fps]
    trails = [t for t in ended + live if len(t.frames) >= min(least * fps, count)]
    return [t.track() for t in sorted(trails, key=lambda t: -t.weight)], count


def _follow(trail: _Trail, finder: MeshFinder | CascadeFinder, image: np.ndarray, now: int) -> None:
    if trail.region is None or trail.frames[-1] != now - 1:
        return
    pose = finder.pose(image, trail.region)
    if pose is not None and iou(pose.box, trail.box) > 0.3:
        trail.add(now, pose, True)


def _look(live: list[_Trail], finder: MeshFinder | CascadeFinder, image: np.ndarray, now: int) -> None:
    """Gives the detections of a frame to the trails that miss it, nearest first; others begin trails of their
    own."""
    followed = [t.box for t in live if t.frames[-1] == now]
    missing = [t for t in live if t.frames[-1] != now]
    faces = [f for f in finder.detect(image) if all(inside(f.box, box) < 0.5 for box in followed)]
    nearness = sorted(((_nearness(f.box, t.box), i, j) for i, f in enumerate(faces)
                       for j, t in enumerate(missing)), reverse=True)
    owner: dict[int, int] = {}
    for near, i, j in nearness:
        if near > 0 and i not in owner and j not in owner.values():
            owner[i] = j
    for i, face in enumerate(faces):
        pose, meshed = _measure(face, finder, image)
        if pose is None:
            continue
        if i in owner:
            missing[owner[i]].add(now, pose, meshed)
        else:
            live.append(_Trail())
            live[-1].add(now, pose, meshed)


def _measure(face: Face, finder: MeshFinder | CascadeFinder, image: np.ndarray) -> tuple[Pose | None, bool]:
    """(pose, whether landmarks made it) of a detection; None for one that is neither meshed nor sure."""
    pose = finder.pose(image, region_of_face(face))
    if pose is not None and inside(pose.box, face.box) > 0.5:
        return pose, True
    return (pose_of_face(face), False) if face.score >= SURE else (None, False)


def _nearness(face: np.ndarray, last: np.ndarray) -> float:
    """Above 0 where a detected box may be the face last seen in another: less than a width away, of like
    size."""
    width = max(float(last[2] - last[0]), 1.0)
    away = float(np.hypot(*((face[:2] + face[2:] - last[:2] - last[2:]) / 2))) / width
    return 1.0 - away if 0.5 < float(face[2] - face[0]) / width < 2.0 else 0.0


def _without_doubles(live: list[_Trail], now: int) -> list[_Trail]:
    """Of trails that have come to follow one face, the longest."""
    kept: list[_Trail] = []
    for trail in sorted(live, key=lambda t: -len(t.frames)):
        if trail.frames[-1] != now or all(iou(trail.box, k.box) < 0.6 for k in kept if k.frames[-1] == now):
            kept.append(trail)
    return kept
