"""Faces through time: which face of a frame is which of the frame before.

A face is followed by its landmarks as long as it looks the same from frame to frame; a cut or
another person in its place ends the trail. At the end, trails that are never seen together and look
alike are joined: that is one person who was away, or whom a cut has moved.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable

import numpy as np

from avspeech.media import warping
from avspeech.media.face import (
    CascadeFinder,
    MeshFinder,
    has_small_faces,
    inside,
    iou,
    make_finder,
)
from avspeech.media.heads import Face, Pose, pose_of_face, region_of_face, region_of_pose
from avspeech.media.looks import GREY, likeness, look, middle_likeness, nearest
from avspeech.media.trails import FaceTrack, Trail, joined

SURE = 0.7  # score from which a detection counts though the landmark network sees no face in it
LOOK_LOST = 0.12  # seconds between detections while a face is missing
# Seconds between searches for small faces in a large picture, and between searches in any case
LOOK_SMALL = 2.0
LEAP = 4  # the landmarks of a face that moves little are found in every fourth frame
REST = 0.32  # seconds without leaps after one that failed
# Most that a face may do in a leap: go, in its widths; grow, as a share; turn, in radians or so
FAR, GROWN, TURN = 0.15, 0.1, 0.25
UNCHANGED = 0.8  # likeness that a face keeps from frame to frame in a leap
STILL = 0.15  # share of these up to which the landmarks between are not looked for
# A still face looks alike in two frames of a leap where its pixels, so many across, differ by fewer
# levels than this on average
CELLS, ALIKE = 24, 6.0
THUMB = 64  # cells of the longer side of a picture's small copy, by which a change is noticed
CHANGED = 16  # levels: the least change of a cell for which new faces are looked for
# Share of a picture's contrast, beside the faces, by which it changes from a frame to the next.
# Below STEADY there is surely no cut, below CUT hardly one, so that a face whose MIDDLE is alike
# is still the same; and the least share of the picture that must lie beside the faces for that to
# be known. In 15 clips of five people, with captions and turning heads, it is up to 0.16; between
# clips of different people of one studio 0.14 and more
STEADY, CUT, MIDDLE, BESIDE = 0.1, 0.2, 0.85, 0.2
AROUND = 0.5  # share of a face's box by which its hair and neck reach beyond it
# Likeness (see `looks`): least from one frame to the next; least to take up a lost face near its
# old place
FOLLOWED, TAKEN_UP = 0.55, 0.45
TURNED = 0.85  # a head that fits so much better the other way up is upside down
LEAST_TRAIL = 3  # frames; shorter trails are not worth joining


def track_faces(frames: Iterable[np.ndarray], fps: float = 25.0, detector: str = "auto",
                keep_lost: float = 2.0, look_every: float = 0.4, least: float = 0.2,
                finder: MeshFinder | CascadeFinder | None = None) -> tuple[list[FaceTrack], int]:
    """The faces of a stream of frames.

    A face is followed by its landmarks; detection runs when one is missing, and regularly for new
    ones. A lost face that shows again near its old place goes on as the same track, and so does one
    that comes back later or elsewhere, also after a cut, if it looks the same.

    Args:
        frames: uint8 `[H, W, 3]` RGB, all of one size.
        fps: their rate.
        detector: see `face.make_finder`.
        keep_lost: seconds for which a lost face is expected near its old place.
        look_every: seconds between detections for new faces.
        least: seconds; shorter tracks are dropped as false alarms.
        finder: in place of the one that `detector` names.

    Returns:
        (the tracks, those that fill most of the video first; the number of frames).
    """
    tracker = Tracker(finder or make_finder(detector), fps, keep_lost, look_every)
    for image in frames:
        tracker.push(image)
    return tracker.tracks(least)


class Tracker:
    """Follows the faces of frames that come one by one.

    A few frames are held back: where all faces are found again a leap later, little moved, their
    landmarks need not be found in the frames between. Anything else (a cut, a quick movement, a
    face that is lost) is gone through frame by frame.

    Args:
        finder, fps, keep_lost, look_every: as for `track_faces`.
        leaps: False holds no frame back.
    """

    def __init__(self, finder: MeshFinder | CascadeFinder, fps: float, keep_lost: float = 2.0,
                 look_every: float = 0.4, leaps: bool = True) -> None:
        self.finder = finder
        self.leaps = leaps and finder.follows
        self.fps = fps
        self.keep = keep_lost * fps
        self.live: list[Trail] = []
        self.ended: list[Trail] = []
        self.step = max(1, round(look_every * fps)) if finder.follows else 1
        self.step_lost = max(1, round(LOOK_LOST * fps)) if finder.follows else 1
        self.step_small = max(1, round(LOOK_SMALL * fps))
        self.rest = 0  # no leap that begins before this frame
        self.count = 0
        self.held: list[np.ndarray] = []  # frames from `count` on
        self.searched: np.ndarray | None = None  # small copy of the frame last searched
        self.before: np.ndarray | None = None  # the frame before `count`

    def push(self, image: np.ndarray) -> None:
        """Takes the next frame."""
        self.held.append(image)
        last = self.count + len(self.held) - 1
        if self._leaps():
            if len(self.held) < LEAP and last % self.step:
                return  # not yet as far as a leap goes, nor a frame that is searched
            if len(self.held) > 1 and self._leap():
                return
        while self.held:
            self._frame(self.held.pop(0))

    def _leaps(self) -> bool:
        """Whether the faces may be leapt along with from here."""
        follows = self.leaps and self.live and self.count >= self.rest
        return bool(follows) and all(
            t.region is not None and t.frames[-1] == self.count - 1 for t in self.live)

    def _leap(self) -> bool:
        """Goes to the last of the frames held back; False where a face must be followed there."""
        *between, image = self.held
        first, now = self.count, self.count + len(between)
        found = []
        for trail in self.live:
            leap = _leap_of(trail, self.finder, between, image)
            if leap is None:
                self.rest = first + round(REST * self.fps)
                return False
            found.append(leap)
        for trail, leap in zip(self.live, found):
            for k, (pose, looks) in enumerate(leap):
                trail.add(first + k, pose, True, looks)
        self.held, self.count = [], now + 1
        self.before = between[-1] if between else self.before
        self._settle(image, now, functools.cache(lambda: self._change(image, now)))
        return True

    def _frame(self, image: np.ndarray) -> None:
        """Follows the faces into the next frame."""
        now = self.count
        self.count += 1
        change = functools.cache(lambda: self._change(image, now))
        for trail in self.live:
            _follow(trail, self.finder, image, now, change)
        self._settle(image, now, change)

    def _settle(self, image: np.ndarray, now: int, change: Callable[[], float]) -> None:
        """Looks for faces where it is time to, and ends trails that are over. `change` is that of
        the picture (`_change`)."""
        live = self.live
        gone = [now - t.frames[-1] for t in live if t.frames[-1] != now]
        regular = now % self.step == 0
        due = regular or ((gone or not live) and now % self.step_lost == 0)
        # In a large picture a small face may appear without a change that the small copy shows.
        small = now % self.step_small == 0 and has_small_faces(image)
        if 1 in gone or small or (due and self._changed(image, now)):
            if self.finder.follows:
                self.searched = _thumb(image)
            _look(live, self.finder, image, now, small or (not live and regular), change)
        self.before = image
        live = _without_doubles(live, now)
        over = [t.over or now - t.frames[-1] > self.keep for t in live]
        self.ended += [t for t, ends in zip(live, over) if ends]
        self.live = [t for t, ends in zip(live, over) if not ends]

    def _changed(self, image: np.ndarray, now: int) -> bool:
        """Whether the picture has changed, beside the faces that are followed, since the last
        search: otherwise it would find the same."""
        thumb = _thumb(image)
        if self.searched is None or self.searched.shape != thumb.shape:
            return True
        change = np.abs(thumb - self.searched).max(axis=2)
        beside = self._beside(thumb, image, now)
        return bool(change.max(where=beside, initial=0) >= CHANGED)

    def _beside(self, thumb: np.ndarray, image: np.ndarray, frame: int) -> np.ndarray:
        """The cells of a small copy beside the faces that were seen in a frame or, as they were
        followed since, in a later one, bool `[h, w]`."""
        beside = np.ones(thumb.shape[:2], bool)
        cell = image.shape[1] / thumb.shape[1]
        for trail in self.live:
            if trail.frames[-1] >= frame:
                x0, y0, x1, y1 = trail.box / cell
                wide, high = AROUND * (x1 - x0), AROUND * (y1 - y0)
                rows = slice(max(0, math.floor(y0 - high)), max(0, math.ceil(y1 + high)))
                columns = slice(max(0, math.floor(x0 - wide)), max(0, math.ceil(x1 + wide)))
                beside[rows, columns] = False
        return beside

    def _change(self, image: np.ndarray, now: int) -> float:
        """How far the picture beside the faces differs from the frame before, as a share of its
        contrast: little where there is no cut. Infinite where too little lies beside them."""
        if self.before is None or self.before.shape != image.shape:
            return math.inf
        last, thumb = _thumb(self.before), _thumb(image)
        beside = self._beside(last, image, now - 1)
        if beside.mean() < BESIDE:
            return math.inf
        last, thumb = last[beside], thumb[beside]
        contrast = max(float(np.abs(x - x.mean(0)).mean()) for x in (last, thumb))
        return float(np.abs(thumb - last).mean()) / contrast if contrast else math.inf

    def forget(self) -> None:
        """Keeps of each face what is needed to follow it, and nothing of those that have gone."""
        self.ended = []
        for trail in self.live:
            trail.forget()

    def tracks(self, least: float) -> tuple[list[FaceTrack], int]:
        """The tracks of `least` seconds or more, and the number of frames. Called at the end."""
        while self.held:
            self._frame(self.held.pop(0))
        count, least = self.count, least * self.fps
        enough = min(LEAST_TRAIL, least, count)
        trails = joined([t for t in self.ended + self.live if len(t.frames) >= enough])
        trails = [t for t in trails if len(t.frames) >= min(least, count)]
        return [t.track() for t in sorted(trails, key=lambda t: -t.weight)], count


def _thumb(image: np.ndarray) -> np.ndarray:
    """A small copy of a picture, int16 `[h, w, 3]`."""
    shrink = max(1.0, max(image.shape[:2]) / THUMB)
    height, width = (max(1, round(n / shrink)) for n in image.shape[:2])
    return warping.resize(image, (width, height)).astype(np.int16)


def _leap_of(trail: Trail, finder: MeshFinder | CascadeFinder, between: list[np.ndarray],
             image: np.ndarray) -> list[tuple[Pose, np.ndarray]] | None:
    """(pose, looks) of a trail's face in the frames `between` and in `image`, which follows them.

    None where the face is not found in `image`, has moved far, or looks different on the way.
    """
    before = trail.pose
    if before is None or trail.region is None:
        return None
    after = finder.pose(image, trail.region)
    if after is None or _moved(before, after) > 1:
        return None
    still = _moved(before, after) < STILL
    arrived = look(image, after)
    last, found = trail.last, []
    for k, picture in enumerate([*between, image], 1):
        pose: Pose | None = before.towards(after, k / (len(between) + 1))
        if k > len(between):
            pose = after
        elif pose is not None and not still:
            pose = finder.pose(picture, region_of_pose(pose))
        if pose is None:
            return None
        if picture is image or (still and _alike(picture, image, after)):
            looks = arrived
        else:
            looks = look(picture, pose)
        # a place without any pattern is alike to all, but no face
        if not looks[: GREY * GREY].any() or likeness(last, looks) < UNCHANGED:
            return None
        found.append((pose, looks))
        last = looks
    return found


def _alike(one: np.ndarray, two: np.ndarray, pose: Pose) -> bool:
    """Whether two pictures are nearly the same where a face is."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in pose.box)
    step = max(1, (x1 - x0) // CELLS)
    parts = [picture[y0: y1 + 1: step, x0: x1 + 1: step].astype(np.int16) for picture in (one, two)]
    return bool(parts[0].size) and float(np.abs(parts[0] - parts[1]).mean()) < ALIKE


def _moved(before: Pose, after: Pose) -> float:
    """How far a face has gone, grown or turned, as a share of the most that a leap allows."""
    width = max(float(before.box[2] - before.box[0]), 1.0)
    step = (after.box[:2] + after.box[2:] - before.box[:2] - before.box[2:]) / 2
    return max(float(np.hypot(*step)) / width / FAR, abs(after.scale / before.scale - 1) / GROWN,
               float(np.linalg.norm(after.rotation - before.rotation)) / TURN)


def _follow(trail: Trail, finder: MeshFinder | CascadeFinder, image: np.ndarray, now: int,
            change: Callable[[], float]) -> None:
    if trail.region is None or trail.frames[-1] != now - 1:
        return
    pose = finder.pose(image, trail.region)
    if pose is not None and iou(pose.box, trail.box) > 0.3:
        looks = look(image, pose)
        if likeness(trail.last, looks) >= FOLLOWED or _goes_on(trail, looks, change):
            trail.add(now, pose, True, looks)
        else:
            trail.region = None  # a cut, or another face in its place: a detection decides


def _goes_on(trail: Trail, looks: np.ndarray, change: Callable[[], float]) -> bool:
    """Whether the face that has come into the place of a trail's last one is that, though it looks
    different: a caption, a hand or a light has come before it, or it has turned. `change` is that
    of the picture (`Tracker._change`)."""
    return change() < (CUT if middle_likeness(trail.last, looks) >= MIDDLE else STEADY)


def _look(live: list[Trail], finder: MeshFinder | CascadeFinder, image: np.ndarray, now: int,
          small: bool, change: Callable[[], float]) -> None:
    """Gives the detections of a frame to the trails that miss it, nearest first; others begin
    trails of their own. `change` is that of the picture (`Tracker._change`)."""
    followed = [t.box for t in live if t.frames[-1] == now]
    missing = [t for t in live if t.frames[-1] != now]
    found = finder.detect(image, small)
    if not found and not live and finder.follows:
        found = _upside_down(finder, image)
    measured = []
    for face in found:
        if any(inside(face.box, box) >= 0.5 for box in followed):
            continue
        pose, meshed = _measure(face, finder, image, _last_pose(face, missing, now))
        if pose is not None:
            measured.append((face, pose, meshed, look(image, pose)))
    pairs = []
    for i, (face, _, _, looks) in enumerate(measured):
        for j, trail in enumerate(missing):
            near = _nearness(face.box, trail.box)
            known = np.concatenate([trail.album.array(), trail.last[None]])
            if near > 0 and (nearest(known, looks[None]) >= TAKEN_UP or (
                    near > 0.5 and trail.frames[-1] == now - 1 and _goes_on(trail, looks, change))):
                pairs.append((near, i, j))
    owner: dict[int, int] = {}
    for _, i, j in sorted(pairs, reverse=True):
        if i not in owner and j not in owner.values():
            owner[i] = j
    for i, (face, pose, meshed, looks) in enumerate(measured):
        if i in owner:
            missing[owner[i]].add(now, pose, meshed, looks)
            continue
        for trail in missing:  # one that has another face in its place is not waited for
            if trail.frames[-1] != now and iou(trail.box, face.box) > 0.3:
                trail.over = True
        live.append(Trail())
        live[-1].add(now, pose, meshed, looks)


def _upside_down(finder: MeshFinder | CascadeFinder, image: np.ndarray) -> list[Face]:
    """The faces of a picture that is upside down, at their places in the picture as it is."""
    size = np.array(image.shape[1::-1], float)
    faces = []
    for face in finder.detect(np.ascontiguousarray(image[::-1, ::-1])):
        box = np.concatenate([size - face.box[2:], size - face.box[:2]])
        faces.append(Face(box, size - face.points, face.score))
    return faces


def _last_pose(face: Face, missing: list[Trail], now: int) -> Pose | None:
    """The pose that the nearest of the trails had in the frame before, None where none was near."""
    near = [(_nearness(face.box, t.box), i) for i, t in enumerate(missing)
            if t.frames[-1] == now - 1]
    best, i = max(near, default=(0.0, 0))
    return missing[i].pose if best > 0.5 else None


def _measure(
    face: Face, finder: MeshFinder | CascadeFinder, image: np.ndarray, last: Pose | None = None
) -> tuple[Pose | None, bool]:
    """(pose, whether landmarks made it) of a detection; None for one that is neither meshed nor
    sure.

    The detector may take an upside-down face for an upright one, and the landmark
    network then puts a mouth on the forehead. So both ways are tried, and the one wins whose points
    fit a head better and in which the network is as sure to see a face. A head that was there in
    the frame before (`last`) has not turned upside down since.
    """
    region = region_of_face(face)
    pose = _within(finder.pose(image, region), face)
    if not finder.follows:
        return (pose_of_face(face), False) if face.score >= SURE else (None, False)
    x, y, side, angle = region
    other = _within(finder.pose(image, (x, y, side, angle + np.pi)), face)
    if last is not None:
        kept = [p for p in (pose, other) if p is not None and math.cos(p.roll - last.roll) > 0]
        pose, other = (kept[0] if kept else None), None
    if other is not None and (pose is None or (
            other.misfit < TURNED * pose.misfit and other.presence >= pose.presence)):
        pose = other
    if pose is not None:
        return pose, True
    return (pose_of_face(face), False) if face.score >= SURE else (None, False)


def _within(pose: Pose | None, face: Face) -> Pose | None:
    return pose if pose is not None and inside(pose.box, face.box) > 0.5 else None


def _nearness(face: np.ndarray, last: np.ndarray) -> float:
    """Above 0 where a detected box may be the face last seen in another: less than a width away, of
    like size."""
    width = max(float(last[2] - last[0]), 1.0)
    away = float(np.hypot(*((face[:2] + face[2:] - last[:2] - last[2:]) / 2))) / width
    return 1.0 - away if 0.5 < float(face[2] - face[0]) / width < 2.0 else 0.0


def _without_doubles(live: list[Trail], now: int) -> list[Trail]:
    """Of trails that have come to follow one face, the longest."""
    kept: list[Trail] = []
    for trail in sorted(live, key=lambda t: -t.seen):
        if trail.frames[-1] != now or all(
            iou(trail.box, k.box) < 0.6 for k in kept if k.frames[-1] == now
        ):
            kept.append(trail)
    return kept
