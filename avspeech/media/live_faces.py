"""The mouth of one face in pictures that come one by one, each cut as soon as it is there.

`video.mouth_tracks` knows a whole file when it cuts the first crop. Here nothing that follows is
known: paths are smoothed over the past alone, and of people, the one who was chosen first stays.
"""

from __future__ import annotations

from collections import deque
from dataclasses import fields

import numpy as np

from avspeech.media.face import CascadeFinder, MeshFinder, make_finder
from avspeech.media.face_tracks import Tracker
from avspeech.media.looks import nearest
from avspeech.media.mouths import FPS
from avspeech.media.trails import SAME, FaceTrack, Trail
from avspeech.media.video import (
    GAP,
    SMOOTH_PLACE,
    SMOOTH_SIZE,
    SMOOTH_TILT,
    crop,
    head_path,
    similarities,
)

KEPT = 10.0  # s of a face's path: the middle of its lips is the median over it
CHOSEN = 0.4  # s for which a face must be followed before it is chosen


class LiveMouth:
    """Follows one face.

    The largest face of those that are followed for 0.4 s is chosen, and stays the one until the
    end: when it is away, the mouth is missing, and a face that looks the same is taken up again.

    Args:
        fps: of the pictures, in frames per second.
        face: choose the n-th largest face, counted from 1, when so many are seen.
        detector: see `face.make_finder`.
        finder: in place of the one that `detector` names.
    """

    def __init__(self, fps: float = FPS, face: int = 1, detector: str = "auto",
                 finder: MeshFinder | CascadeFinder | None = None) -> None:
        self.fps, self.face = fps, face
        self.chosen: Trail | None = None
        self._tracker = Tracker(finder or make_finder(detector), fps, leaps=False)
        self._path: deque[FaceTrack] = deque(maxlen=max(1, round(KEPT * fps)))  # a frame each
        self._size: tuple[int, ...] = ()

    def push(self, picture: np.ndarray) -> np.ndarray | None:
        """Takes the next picture.

        Args:
            picture: uint8 `[H, W, 3]` RGB.

        Returns:
            The mouth, uint8 `[96, 96]` grey; None where it is not seen.
        """
        import cv2

        if picture.shape[:2] != self._size:
            for known in self._tracker.live:  # the places of before are those of another picture
                known.region, known.box = None, np.zeros(4)
            self._path.clear()
            self._size = picture.shape[:2]
        now = self._tracker.count
        self._tracker.push(picture)
        self._choose(now)
        self._tracker.forget()
        trail = self.chosen
        if trail is None or trail.frames[-1] != now:
            return None
        self._path.append(trail.track())
        return crop(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), self._map())

    def _choose(self, now: int) -> None:
        seen = [t for t in self._tracker.live if t.frames[-1] == now]
        if self.chosen is None:
            known = [t for t in seen if t.seen >= CHOSEN * self.fps]
            if len(known) >= self.face:
                self.chosen = sorted(known, key=lambda t: -t.weight)[self.face - 1]
        elif self.chosen.frames[-1] != now:  # the same person may be elsewhere by now
            known = [t for t in seen if nearest(self.chosen.album.array(), t.last[None]) >= SAME]
            if known:
                known[0].album.join(self.chosen.album)
                self.chosen = known[0]
                self._path.clear()

    def _map(self) -> np.ndarray:
        """From pixels of the last picture to those of the crop, `[2, 3]`."""
        path = FaceTrack(*(np.concatenate([getattr(track, field.name) for track in self._path])
                           for field in fields(FaceTrack)))
        center, tilt, size = head_path(path)
        gaps = np.flatnonzero(np.diff(path.frames) > GAP)
        run = slice(gaps[-1] + 1 if len(gaps) else 0, None)
        back = (path.frames[-1] - path.frames[run]) / self.fps
        smoothed = []
        for values, width in ((center, SMOOTH_PLACE), (tilt, SMOOTH_TILT), (size, SMOOTH_SIZE)):
            weights = np.exp(-0.5 * np.square(back / width))
            smoothed.append(np.tensordot(weights / weights.sum(), values[run], 1)[None])
        return np.array(similarities(*smoothed)[0])
