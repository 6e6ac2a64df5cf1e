"""Pictures in: any video file as frames on one clock, and the mouths of every face in it.

Frame k stands for the time k / fps from the start of the container, whatever the file's own frame rate: it is the last
picture shown at or before that time. Frames are streamed; an hour of video needs no more memory than a minute.
"""

from __future__ import annotations

import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.audio import container_zero, decode_packets, open_container, stream_end
from avspeech.errors import InputError
from avspeech.face import FaceTrack, track_faces

FPS = 25.0
CROP = 96  # pixels: height and width of a mouth crop; models use the central 88
EYE_SPAN = 84.0  # outer eye distance in a crop, in pixels: a closed mouth is then half as wide as the crop
SLACK = 1e-3  # seconds: containers round their times to milliseconds
IN_MEMORY = 64 * 2**20  # bytes of crops a face may have before they go to a temporary file


@dataclass
class MouthTrack:
    """One face's mouth through a video. T counts frames at the asked rate from the asked start.

    crops `[T, 96, 96]` uint8 grey (zeros where missing; a memory map for long videos); present `[T]` bool;
    boxes `[T, 4]` float32: the face's x0, y0, x1, y1 in pixels (NaN where missing); yaw `[T]` float32: degrees, rough.
    """

    crops: np.ndarray
    present: np.ndarray
    boxes: np.ndarray
    yaw: np.ndarray


def _video_stream(container: Any, path: str | Path) -> Any:
    streams = [s for s in container.streams.video if not int(getattr(s, "disposition", 0) or 0) & ATTACHED_PICTURE]
    if not streams:
        raise InputError(f"{path}: no video stream in it")
    return streams[0]


ATTACHED_PICTURE = 0x0400  # a sound file's cover is a video stream of one picture, so marked


def duration(path: str | Path) -> float:
    """Seconds from the clock's zero to the end of the pictures, as the file's header tells. Raises InputError."""
    with open_container(path) as container:
        return stream_end(container, _video_stream(container, path))


def frame_rate(path: str | Path) -> float:
    """The file's own mean frame rate, in hertz; 0.0 where it does not tell. Raises InputError."""
    with open_container(path) as container:
        return float(_video_stream(container, path).average_rate or 0.0)


def read_frames(path: str | Path, fps: float = FPS, start: float = 0.0, duration: float | None = None,
                grey: bool = False) -> Iterator[np.ndarray]:
    """The frames of a video at `fps`, `[H, W, 3]` uint8 RGB or `[H, W]` grey, from `start` for `duration` seconds.

    A frame is the last picture at or before its time. Before the first picture (a video stream that begins later than
    the sound) frames are black. Damaged packets are passed over, the picture before them stays. Rotation marked in the
    file is applied. The same array may be yielded twice: copy it before writing into it. Raises InputError for a file
    that cannot be read, holds no video, or of which no picture can be decoded.
    """
    if start < 0 or (duration is not None and duration < 0) or fps <= 0:
        raise InputError(f"{path}: start {start}, duration {duration}, fps {fps}: must not be negative")
    first = round(start * fps)
    last = None if duration is None else first + round(duration * fps)
    if last == first:
        return
    k = first
    shown: Any = None  # the picture being shown, as decoded; `picture` is its array, made when first needed
    picture: np.ndarray | None = None
    for shown_from, shown_to, shown in _timed(path, first / fps):
        picture = None
        if k == first and shown_from > k / fps + SLACK and shown_from - first / fps > 1.5 * (shown_to - shown_from):
            picture = _array(shown, grey)
            black = np.zeros_like(picture)
            while k / fps < shown_from - SLACK and (last is None or k < last):
                yield black
                k += 1
        while k / fps < shown_to - SLACK and (last is None or k < last):
            picture = _array(shown, grey) if picture is None else picture
            yield picture
            k += 1
        if last is not None and k >= last:
            return
    if shown is None:
        raise InputError(f"{path}: no picture could be decoded from it; the file is damaged or truncated")


def _timed(path: str | Path, start: float) -> Iterator[tuple[float, float, Any]]:
    """(time it appears, time the next one does, frame) for the pictures of a file that are shown at or after `start`."""
    import av

    with open_container(path) as container:
        stream = _video_stream(container, path)
        zero = container_zero(container)
        step = 1.0 / float(stream.average_rate or stream.guessed_rate or FPS)
        if start > 2.0:
            try:
                container.seek(int((zero + start - 0.5) * 1e6))
                frame = next(iter(decode_packets(container, stream)), None)
                late = frame is None or frame.pts is None or float(frame.pts * frame.time_base) - zero > start
                container.seek(int((zero + start - 0.5) * 1e6) if not late else 0, any_frame=False)
            except av.FFmpegError:
                late = True
            if late:  # the index leads astray: go through the file from its beginning
                yield from _pairs(path, start, zero, step)
                return
        yield from _pair(decode_packets(container, stream), start, zero, step)


def _pairs(path: str | Path, start: float, zero: float, step: float) -> Iterator[tuple[float, float, Any]]:
    with open_container(path) as container:
        yield from _pair(decode_packets(container, _video_stream(container, path)), start, zero, step)


def _pair(frames: Iterator[Any], start: float, zero: float, step: float) -> Iterator[tuple[float, float, Any]]:
    held: Any = None
    since = 0.0
    for frame in frames:
        at = float(frame.pts * frame.time_base) - zero if frame.pts is not None else since + step * (held is not None)
        if held is not None:
            if at <= since:
                continue  # a picture out of order: a damaged time
            if at > start:
                yield since, at, held
        held, since = frame, at
    if held is not None:
        last = float(held.duration * held.time_base) if getattr(held, "duration", 0) else step
        yield since, since + (last if 0 < last < 1.0 else step), held


def _array(frame: Any, grey: bool) -> np.ndarray:
    picture = frame.to_ndarray(format="rgb24")
    turns = round((getattr(frame, "rotation", 0) or 0) / 90) % 4
    if turns:
        picture = np.ascontiguousarray(np.rot90(picture, turns))
    if grey:
        import cv2

        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return picture


def mouth_tracks(path: str | Path, fps: float = FPS, max_faces: int | None = None, start: float = 0.0,
                 duration: float | None = None, detector: str = "auto", progress: bool = False) -> list[MouthTrack]:
    """The mouths of all faces of a video, the largest and longest seen first, at most `max_faces`.

    The video is gone through twice: to follow the faces, then, their paths smoothed, to cut the crops. detector: "mesh"
    (MediaPipe's networks), "cascade" (OpenCV's) or "auto" (mesh where installed). Empty list where there is no face.
    Raises InputError as `read_frames` does.
    """
    total = _expected(path, fps, start, duration)
    frames = _counted(read_frames(path, fps, start, duration), total, "faces", progress)
    tracks, length = track_faces(frames, fps=fps, detector=detector)
    tracks = tracks[:max_faces]
    if not tracks:
        return []
    maps = [_crop_maps(track, length, fps) for track in tracks]
    outs = [_empty(length) for _ in tracks]
    present = [np.zeros(length, bool) for _ in tracks]
    import cv2

    frames = _counted(read_frames(path, fps, start, duration, grey=True), length, "crops", progress)
    for k, picture in enumerate(frames):
        for out, seen, matrices in zip(outs, present, maps):
            if k < length and not np.isnan(matrices[k, 0, 0]):
                flags = cv2.INTER_LINEAR
                matrix, source = matrices[k], picture
                shrink = math.hypot(matrix[0, 0], matrix[0, 1])
                if shrink < 0.5:  # a large face: average before sampling, against aliasing
                    matrix, source = _reduced(matrix, picture)
                out[k] = cv2.warpAffine(source, matrix, (CROP, CROP), flags=flags, borderMode=cv2.BORDER_REPLICATE)
                seen[k] = True
    return [_mouth_track(t, c, p, length) for t, c, p in zip(tracks, outs, present)]


def _mouth_track(track: FaceTrack, crops: np.ndarray, present: np.ndarray, length: int) -> MouthTrack:
    boxes = np.full((length, 4), np.nan, np.float32)
    yaw = np.full(length, np.nan, np.float32)
    boxes[track.frames] = track.boxes
    yaw[track.frames] = track.yaw
    return MouthTrack(crops, present, boxes, yaw)


def _expected(path: str | Path, fps: float, start: float, wanted: float | None) -> int | None:
    seconds = globals()["duration"](path) - start
    return round(fps * (seconds if wanted is None else min(wanted, max(0.0, seconds)))) or None


def _counted(frames: Iterator[np.ndarray], total: int | None, what: str, progress: bool) -> Iterator[np.ndarray]:
    if not progress:
        return frames
    from tqdm import tqdm

    return iter(tqdm(frames, total=total, desc=what, unit="frame"))


def _empty(length: int) -> np.ndarray:
    if length * CROP * CROP <= IN_MEMORY:
        return np.zeros((length, CROP, CROP), np.uint8)
    # The file has no name: the space is freed with the array. Frames never written take none.
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=(length, CROP, CROP))


def _reduced(matrix: np.ndarray, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The neighbourhood of the crop only, shrunk by area averaging, and the matrix that then makes the crop."""
    import cv2

    shrink = math.hypot(matrix[0, 0], matrix[0, 1])
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0, 1], [CROP, 0, 1], [0, CROP, 1], [CROP, CROP, 1]]) @ inverse.T
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
    x1, y1 = np.ceil(corners.max(0)).astype(int) + 2
    part = picture[y0: max(y1, y0 + 1), x0: max(x1, x0 + 1)]
    if 0 in part.shape:
        return matrix, picture
    width, height = max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink))
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    sx, sy = part.shape[1] / width, part.shape[0] / height
    # pixel centres: x = x0 - 0.5 + (u + 0.5) * sx
    grow = np.array([[sx, 0, x0 - 0.5 + 0.5 * sx], [0, sy, y0 - 0.5 + 0.5 * sy], [0, 0, 1]])
    return (np.vstack([matrix, [0, 0, 1]]) @ grow)[:2], small


def _crop_maps(track: FaceTrack, length: int, fps: float) -> np.ndarray:
    """`[T, 2, 3]`: from pixels of the video to pixels of the crop, NaN where the face is missing.

    The mouth point is the median place of the lips on this head, carried by the head's pose: it does not move as the lips
    do. Its path, the size and the tilt of the head are smoothed within stretches without a gap.
    """
    mouth = np.median(track.lips[track.meshed] if track.meshed.any() else track.lips, axis=0)
    centre = track.scale[:, None] * (track.rotation @ mouth)[:, :2] + track.shift[:, :2]
    # the head's upward axis: a turned head does not tilt it, as it does the line between the eyes
    angle = np.unwrap(np.arctan2(-track.rotation[:, 0, 1], track.rotation[:, 1, 1]))
    size = np.log(track.scale)
    maps = np.full((length, 2, 3), np.nan)
    breaks = np.flatnonzero(np.diff(track.frames) > 2) + 1
    for run in np.split(np.arange(len(track.frames)), breaks):
        xy = smooth(centre[run], 0.05 * fps)
        tilt = smooth(angle[run], 0.12 * fps)
        scale = EYE_SPAN / np.exp(smooth(size[run], 0.3 * fps))
        cos, sin = np.cos(tilt) * scale, np.sin(tilt) * scale
        maps[track.frames[run]] = np.stack([
            np.stack([cos, sin, CROP / 2 - 0.5 - cos * xy[:, 0] - sin * xy[:, 1]], -1),
            np.stack([-sin, cos, CROP / 2 - 0.5 + sin * xy[:, 0] - cos * xy[:, 1]], -1)], axis=1)
    return maps


def smooth(values: np.ndarray, width: float) -> np.ndarray:
    """`values` `[T]` or `[T, C]` through a Gaussian of standard deviation `width` frames, the ends held."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, width, axis=0, mode="nearest")


def write_crops(path: str | Path, crops: np.ndarray, present: np.ndarray, boxes: np.ndarray | None = None) -> None:
    """Writes mouth crops `[T, 96, 96]` uint8 with present `[T]` and boxes `[T, 4]` as an uncompressed .npz, atomically."""
    path = Path(path)
    crops, present = np.asarray(crops), np.asarray(present, bool)
    boxes = np.full((len(crops), 4), np.nan, np.float32) if boxes is None else np.asarray(boxes, np.float32)
    if crops.dtype != np.uint8 or crops.ndim != 3 or present.shape != crops.shape[:1] or len(boxes) != len(crops):
        raise InputError(f"{path}: crops should be [T, H, W] uint8 with present [T] and boxes [T, 4], got "
                         f"{crops.dtype} {crops.shape}, {present.shape}, {boxes.shape}")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    with open(aside, "wb") as file:
        np.savez(file, crops=crops, present=present, boxes=boxes)
    os.replace(aside, path)


def read_crops(path: str | Path, start: float = 0.0, duration: float | None = None,
               fps: float = FPS) -> tuple[np.ndarray, np.ndarray]:
    """(crops `[T, 96, 96]` uint8, present `[T]` bool) of `write_crops`, from `start` for `duration` seconds.

    Only the asked part is read; less comes back where the file ends before. Raises InputError for a damaged file.
    """
    first = max(0, round(start * fps))
    last = None if duration is None else first + round(duration * fps)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_rows(archive, "crops", 3, first, last), _read_rows(archive, "present", 1, first, last)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not a readable file of mouth crops ({error}); make it again") from None


def _read_rows(archive: zipfile.ZipFile, name: str, dimensions: int, first: int, last: int | None) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = header(file)
        if len(shape) != dimensions or fortran or dtype not in (np.uint8, np.bool_):
            raise ValueError(f"unexpected array {name} {dtype} {shape}")
        row = int(np.prod(shape[1:]))
        stop = shape[0] if last is None else min(last, shape[0])
        count = max(0, stop - first)
        if count:
            file.seek(first * row, os.SEEK_CUR)
        data = file.read(count * row)
    if len(data) != count * row:
        raise ValueError("truncated")
    return np.frombuffer(bytearray(data), dtype).reshape(count, *shape[1:])
