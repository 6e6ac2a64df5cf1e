"""Any video file as frames on one clock, and the mouths of every face in it.

Frame k is shown at k / fps seconds from the start of the container, whatever the file's own frame
rate: it is the last picture at or before that time. Frames are streamed; an hour of video needs no
more memory than a minute.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from avspeech.core import ranges, storage
from avspeech.core.bars import bar
from avspeech.errors import InputError
from avspeech.media import warping
from avspeech.media.face_tracks import track_faces
from avspeech.media.mouths import (
    STORED_CROP,
    MouthTrack,
    read_crops,
    release,
    write_crops,
)
from avspeech.media.picture_clock import FPS
from avspeech.media.pictures import Picture, duration, frame_rate, pictures
from avspeech.media.trails import FaceTrack

__all__ = ["FPS", "MouthTrack", "crop", "duration", "frame_rate", "mouth_tracks", "pictures",
           "read_crops", "read_frames", "whole_picture", "write_crops"]
Item = TypeVar("Item")

# outer eye distance in a crop, in pixels: a closed mouth is then half as wide as the crop
EYE_SPAN = 84.0
# Seconds (standard deviation) over which the place, the tilt and the size of a head are smoothed
SMOOTH_PLACE, SMOOTH_TILT, SMOOTH_SIZE = 0.05, 0.12, 0.3
GAP = 2  # frames: a path with a longer gap is smoothed on each side for itself
SLACK = 1e-3  # seconds: containers round their times to milliseconds
BLACK = 12  # a picture whose brightness stays below this, all but 0.5 % of it, shows nothing
IN_MEMORY = 64 * 2**20  # bytes of crops a face may have before they go to a temporary file
WRITTEN = 1000  # crops of each face after which the memory of what has gone there is given back


def read_frames(path: str | Path, fps: float = FPS, start: float = 0.0,
                duration: float | None = None, grey: bool = False) -> Iterator[np.ndarray]:
    """The frames of a video at a rate of one's own choice.

    A frame is the last picture at or before its time. Before the first picture (where the sound
    begins earlier) frames are black. Damaged packets are left out: the picture before them stays.
    Pictures are turned, mirrored and stretched as the file says. Where the size of the picture
    changes within the file, so does the size of the frames.

    Args:
        path: a video file.
        fps: frames per second.
        start: of the wanted part, in seconds on the file's clock.
        duration: of the wanted part, in seconds; by default up to the end.
        grey: one grey channel in place of RGB.

    Yields:
        uint8 `[H, W, 3]` RGB or `[H, W]` grey. One array may come several times: copy it before
        writing into it.

    Raises:
        InputError: the file cannot be read, has no video, or no picture of it can be decoded.
    """
    last: Picture | None = None
    array = np.zeros(0, np.uint8)
    for picture, shown in frames_at(path, fps, start, duration):
        if picture is not last:
            array, last = picture.array(grey), picture
        yield array if shown else np.zeros_like(array)


def frames_at(path: str | Path, fps: float = FPS, start: float = 0.0,
              duration: float | None = None) -> Iterator[tuple[Picture, bool]]:
    """What `read_frames` gives, as pictures that are not yet converted.

    Yields:
        (picture, whether it is shown). Before the first picture that picture comes with False.

    Raises:
        InputError: as `read_frames` does.
    """
    _check_times(path, fps, start, duration)
    k = round(start * fps)
    end = math.inf if duration is None else k + round(duration * fps)
    decoded = False
    for since, until, picture in pictures(path, k / fps):
        if not decoded and since - k / fps > 1.5 * (until - since):
            while k < min(end, since * fps - SLACK * fps):
                yield picture, False
                k += 1
        decoded = True
        while k < min(end, (until - SLACK) * fps):
            yield picture, True
            k += 1
        if k >= end:
            return
    if not decoded and start == 0:
        raise InputError(
            f"{path}: no picture could be decoded from it; the file is damaged or truncated"
        )


def _check_times(path: str | Path, fps: float, start: float, duration: float | None) -> None:
    seconds = [start] if duration is None else [start, duration]
    if not (all(ranges.within(x, 0, math.inf) for x in seconds)
            and ranges.within(fps, 0.01, 1000)):
        raise InputError(f"{path}: start {start}, duration {duration}, fps {fps}: expected seconds "
                         "of 0 or more, and 0.01 to 1000 pictures a second")


def mouth_tracks(path: str | Path, fps: float = FPS, max_faces: int | None = None,
                 start: float = 0.0, duration: float | None = None, detector: str = "auto",
                 progress: bool = False) -> list[MouthTrack]:
    """The mouths of all faces of a video.

    The video is read twice: first to follow the faces, then, with their paths smoothed, to cut the
    crops.

    Args:
        path: a video file.
        fps: frames per second of the tracks.
        max_faces: how many faces at most; by default all.
        start: of the wanted part, in seconds on the file's clock.
        duration: of the wanted part, in seconds; by default up to the end.
        detector: "mesh" (MediaPipe's networks), "cascade" (OpenCV's), or "auto" (mesh where
            installed).
        progress: whether to show a progress bar.

    Returns:
        The largest and longest seen face first. Empty where no face is.

    Raises:
        InputError: as `read_frames` does.
    """
    _check_times(path, fps, start, duration)
    total = _expected(path, fps, start, duration) if progress else None
    canvas = _Canvas()
    frames = _shown(canvas.looks(frames_at(path, fps, start, duration)), total, "faces", progress)
    found, length = track_faces(frames, fps=fps, detector=detector)
    found = found[:max_faces]
    if not found:
        return []
    tracks = [_empty_track(track, length, fps) for track in found]
    maps = [crop_maps(track, length, fps) for track in found]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first reading has said it all
        again = _shown(frames_at(path, fps, start, duration), length, "mouths", progress)
        last: Picture | None = None
        for k, (picture, _) in zip(range(length), again):
            wanted = [(t, m[k]) for t, m in zip(tracks, maps) if not np.isnan(m[k, 0, 0])]
            if wanted and picture is not last:
                array, last = picture.array(grey=True), picture
            for track, matrix in wanted:
                track.crops[k] = crop(array, canvas.from_picture(matrix, picture.shape))
                track.present[k] = True
            if k % WRITTEN == 0:
                for track in tracks:
                    release(track.crops)
    return tracks


class _Canvas:
    """One system of coordinates for all pictures of a video, whatever their sizes.

    It is the first picture. Pictures of another size are fitted in with their shape kept.
    """

    def __init__(self) -> None:
        self.size = (0, 0)  # height, width

    def looks(self, frames: Iterable[tuple[Picture, bool]]) -> Iterator[np.ndarray]:
        """The frames as RGB on the canvas, black where nothing is shown."""
        last: Picture | None = None
        array = np.zeros(0, np.uint8)
        for picture, shown in frames:
            if picture is not last:
                array, last = self._look(picture), picture
            yield array if shown else np.zeros_like(array)

    def _look(self, picture: Picture) -> np.ndarray:
        array = picture.array()
        if self.size == (0, 0):
            self.size = array.shape[:2]
        if array.shape[:2] == self.size:
            return array
        scale, x, y = self._place(array.shape[:2])
        fitted = np.array([[scale, 0, x + (scale - 1) / 2], [0, scale, y + (scale - 1) / 2]])
        if scale < 1:  # averaged first, against aliasing
            height, width = (max(1, round(n * scale)) for n in array.shape[:2])
            array = warping.resize(array, (width, height))
            fitted = np.array([[1.0, 0, x], [0, 1.0, y]])
        return warping.warp(array, fitted, self.size[::-1])

    def _place(self, shape: tuple[int, ...]) -> tuple[float, float, float]:
        """(scale, x, y) of a picture of `shape` (height, width) on the canvas, centered."""
        scale = min(self.size[0] / shape[0], self.size[1] / shape[1])
        return scale, (self.size[1] - scale * shape[1]) / 2, (self.size[0] - scale * shape[0]) / 2

    def from_picture(self, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """`matrix` `[2, 3]` from the canvas to a crop, made one from a picture of `shape`."""
        if shape == self.size:
            return matrix
        scale, x, y = self._place(shape)
        onto = np.array(
            [[scale, 0, x + (scale - 1) / 2], [0, scale, y + (scale - 1) / 2], [0, 0, 1]]
        )
        return matrix @ onto


def whole_picture(path: str | Path, fps: float = FPS) -> MouthTrack:
    """The track of a video that shows nothing but a mouth, upright and in the middle.

    Some corpora of mouth crops are stored so. The middle square of each picture is brought to 96 x
    96. Where nothing is shown (before the first picture, and where the picture is black) the mouth
    is missing.

    Args:
        path: a video file.
        fps: frames per second of the track.

    Raises:
        InputError: as `read_frames` does.
    """
    # Counted by the pictures themselves: the length that a header states may be damaged.
    boxes: list[tuple[float, ...]] = []
    nothing = bytes(STORED_CROP * STORED_CROP)
    with storage.scratch() as file:
        for shown, in_place in frames_at(path, fps):
            picture = shown.array(grey=True)
            height, width = picture.shape
            side = min(height, width)
            y, x = (height - side) // 2, (width - side) // 2
            if in_place and np.percentile(picture, 99.5) >= BLACK:
                mouth = warping.resize(picture[y: y + side, x: x + side],
                                       (STORED_CROP, STORED_CROP))
                file.write(mouth.tobytes())
                boxes.append((x, y, x + side, y + side))
            else:
                file.write(nothing)
                boxes.append((math.nan,) * 4)
        file.flush()
        shape = (len(boxes), STORED_CROP, STORED_CROP)
        if len(boxes) * len(nothing) <= IN_MEMORY:
            file.seek(0)
            crops = np.frombuffer(bytearray(file.read()), np.uint8).reshape(shape)
        else:
            crops = np.memmap(file, np.uint8, "r+", shape=shape)
    corners = np.asarray(boxes, np.float32)
    return MouthTrack(crops, ~np.isnan(corners[:, 0]), corners,
                      np.full(len(crops), np.nan, np.float32), fps)


def _expected(path: str | Path, fps: float, start: float, wanted: float | None) -> int | None:
    seconds = max(0.0, _duration(path) - start)
    return round(fps * (seconds if wanted is None else min(wanted, seconds))) or None


_duration = duration  # where an argument has that name


def _shown(frames: Iterable[Item], total: int | None, what: str, progress: bool) -> Iterator[Item]:
    if not progress:
        yield from frames
        return
    with bar(total=total, desc=what, unit="frame") as shown:
        for frame in frames:
            shown.update(1)  # before it is looked at: whoever has enough asks for no other
            yield frame
        shown.total = shown.n  # it was estimated from a length in seconds


def _empty_track(track: FaceTrack, length: int, fps: float) -> MouthTrack:
    size = STORED_CROP * STORED_CROP
    if length * size <= IN_MEMORY:
        crops = np.zeros((length, STORED_CROP, STORED_CROP), np.uint8)
    else:  # a file without a name: its space is freed with the array
        with storage.scratch() as file:
            _reserve(file.fileno(), track.frames, size, length)
            crops = np.memmap(file, np.uint8, "r+", shape=(length, STORED_CROP, STORED_CROP))
    boxes, yaw = np.full((length, 4), np.nan, np.float32), np.full(length, np.nan, np.float32)
    boxes[track.frames], yaw[track.frames] = track.boxes, track.yaw
    return MouthTrack(crops, np.zeros(length, bool), boxes, yaw, fps)


def _reserve(handle: int, frames: np.ndarray, size: int, length: int) -> None:
    """Takes the disk space of some frames of a file of `length`; others need none.

    Writing to a memory map for which the disk has no space would end the process.
    """
    os.truncate(handle, length * size)
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
        os.posix_fallocate(handle, int(run[0]) * size, len(run) * size)


def crop_maps(track: FaceTrack, length: int, fps: float = FPS) -> np.ndarray:
    """Maps from pixels of the video to pixels of the crops.

    The crop's center is the median place of the lips on this head, moved with the head's pose: it
    stays while the lips move. Its path, the head's size and its tilt are smoothed within stretches
    without a gap.

    Args:
        track: of the face.
        length: T, frames of the video.
        fps: their rate.

    Returns:
        `[T, 2, 3]`, NaN where the face is missing.
    """
    center, tilt, size = head_path(track)
    maps = np.full((length, 2, 3), np.nan)
    for run in np.split(
        np.arange(len(track.frames)), np.flatnonzero(np.diff(track.frames) > GAP) + 1
    ):
        maps[track.frames[run]] = similarities(
            smooth(center[run], SMOOTH_PLACE * fps), smooth(tilt[run], SMOOTH_TILT * fps),
            smooth(size[run], SMOOTH_SIZE * fps))
    return maps


def head_path(track: FaceTrack) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the mouth of a face is: center `[n, 2]` in pixels, tilt `[n]` in radians, and the
    logarithm of the size `[n]`; not smoothed."""
    mouth = np.median(track.lips[track.meshed] if track.meshed.any() else track.lips, axis=0)
    center = track.scale[:, None] * (track.rotation @ mouth)[:, :2] + track.shift[:, :2]
    return center, np.unwrap(track.roll), np.log(track.scale)


def similarities(center: np.ndarray, tilt: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Maps `[n, 2, 3]` from pixels of the video to pixels of the crops, of a path."""
    x, y = center.T
    scale = EYE_SPAN / np.exp(size)
    cos, sin = np.cos(tilt) * scale, np.sin(tilt) * scale
    middle = (STORED_CROP - 1) / 2
    return np.stack([np.stack([cos, sin, middle - cos * x - sin * y], -1),
                     np.stack([-sin, cos, middle + sin * x - cos * y], -1)], axis=1)


def smooth(values: np.ndarray, width: float) -> np.ndarray:
    """Smooths with a Gaussian; the ends are held.

    Args:
        values: `[T]` or `[T, C]`.
        width: standard deviation in frames.
    """
    reach = int(4 * width + 0.5)
    weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / max(width, 1e-9)))
    ends = [(reach, reach), *[(0, 0)] * (np.ndim(values) - 1)]
    shown = np.lib.stride_tricks.sliding_window_view(np.pad(values, ends, "edge"), 2 * reach + 1, 0)
    smoothed: np.ndarray = shown @ (weights / weights.sum())
    return smoothed


def crop(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Cuts a crop.

    Args:
        picture: uint8 `[H, W]` grey.
        matrix: `[2, 3]`, of `crop_maps`.

    Returns:
        uint8 `[96, 96]`.
    """
    scale = math.hypot(matrix[0, 0], matrix[0, 1])
    if scale < 0.5:  # a large face: average its pixels before sampling them, against aliasing
        corners = STORED_CROP * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
        corners = np.column_stack([corners, np.ones(4, int)]) @ warping.inverted(matrix).T
        x0, y0 = np.maximum(corners.min(0).astype(int) - 2, 0)
        x1, y1 = np.maximum(np.ceil(corners.max(0)).astype(int) + 2, 0)
        part = picture[y0:y1, x0:x1]
        if part.size:
            width, height = (max(1, round(n * scale)) for n in (part.shape[1], part.shape[0]))
            picture = warping.resize(part, (width, height))
            sx, sy = part.shape[1] / width, part.shape[0] / height
            grow = np.array([[sx, 0, x0 + (sx - 1) / 2], [0, sy, y0 + (sy - 1) / 2], [0, 0, 1]])
            matrix = matrix @ grow
    return warping.warp(picture, matrix, (STORED_CROP, STORED_CROP), edges=True)
