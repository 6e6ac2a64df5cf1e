"""The trail of one face through the frames of a video, and trails of one person made one."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from avspeech.media.heads import Pose, Region, region_of_pose
from avspeech.media.looks import Album, likeness, nearest

SAME = 0.6  # least likeness (see `looks`) to take two trails for one person


@dataclass
class FaceTrack:
    """One face through the n frames in which it was seen: arrays of its `Pose`s.

    Attributes:
        frames: `[n]`, rising.
        scale: `[n]`.
        rotation: `[n, 3, 3]`.
        shift: `[n, 3]`.
        lips: `[n, 3]`.
        boxes: `[n, 4]`.
        yaw: `[n]`, degrees.
        roll: `[n]`, radians.
        meshed: bool `[n]`, False where the pose is from the detector's box alone.
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


class Trail:
    """A track in the making."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.seen = 0  # number of frames, also of those forgotten
        # 23 numbers a frame in one growing piece: small arrays, kept among the large ones that are
        # freed, would hold 30 kB of memory a frame
        self._rows = array("f")
        # the sum of its sizes over its frames: how much of the video this face fills
        self.weight = 0.0
        self.box = np.zeros(4)
        self.region: Region | None = None  # where to look in the next frame; None: detect it anew
        self.over = False  # another face has come into its place
        self.last = np.zeros(0, np.float32)  # looks in the last frame
        self.album = Album()
        self.pose: Pose | None = None  # in the last frame

    def add(self, frame: int, pose: Pose, meshed: bool, looks: np.ndarray) -> None:
        row = [
            pose.scale,
            *pose.rotation.ravel(),
            *pose.shift,
            *pose.lips,
            *pose.box,
            pose.yaw,
            pose.roll,
            meshed,
        ]
        self.frames.append(frame)
        self.seen += 1
        self._rows.extend(row)
        self.weight += pose.scale
        self.box = pose.box
        self.region = region_of_pose(pose) if meshed else None
        self.album.add(looks)
        self.last = looks
        self.pose = pose

    def join(self, other: Trail) -> None:
        """Takes in a trail of which no frame is one of its own."""
        columns = len(self._rows) // len(self.frames)
        frames = np.array(self.frames + other.frames)
        order = np.argsort(frames, kind="stable")
        rows = np.array(self._rows + other._rows, np.float32).reshape(-1, columns)[order]
        self.frames, self._rows = frames[order].tolist(), array("f", rows.tobytes())
        self.weight += other.weight
        self.seen += other.seen
        self.album.join(other.album)

    def forget(self) -> None:
        """Keeps the last frame alone."""
        columns = len(self._rows) // len(self.frames)
        self.frames, self._rows = self.frames[-1:], self._rows[-columns:]

    def track(self) -> FaceTrack:
        rows = np.array(self._rows, np.float64).reshape(len(self.frames), -1)
        return FaceTrack(
            np.array(self.frames),
            rows[:, 0],
            rows[:, 1:10].reshape(-1, 3, 3),
            rows[:, 10:13],
            rows[:, 13:16],
            rows[:, 16:20],
            rows[:, 20],
            rows[:, 21],
            rows[:, 22] > 0,
        )


def joined(trails: list[Trail]) -> list[Trail]:
    """Trails of one person made one: the most alike first, as long as they are never seen
    together."""
    if len(trails) < 2:
        return trails
    trails = sorted(trails, key=lambda t: -len(t.frames))
    albums = [t.album.array() for t in trails]
    means = np.stack([album.mean(axis=0) for album in albums])
    pairs = []
    for i in range(len(trails) - 1):
        roughly = likeness(means[i], means[i + 1:]) > SAME - 0.5  # spares most of the comparisons
        for j in (i + 1 + np.flatnonzero(roughly)).tolist():
            alike = nearest(albums[i], albums[j])
            if alike >= SAME:
                pairs.append((-alike, i, j))
    group = list(range(len(trails)))
    for _, i, j in sorted(pairs):
        a, b = sorted((group[i], group[j]))
        if a != b and set(trails[a].frames).isdisjoint(trails[b].frames):
            trails[a].join(trails[b])
            group = [a if g == b else g for g in group]
    return [trails[a] for a in sorted(set(group))]
