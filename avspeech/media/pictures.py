"""The pictures of a video file: which stream, when each one is shown, and in which shape.

A file says more about its pictures than their pixels: which of several streams is meant, how the
picture is turned or mirrored, and how wide a pixel is. `pictures` reads all of it, so that the rest
of the toolkit sees what a player shows.
"""

from __future__ import annotations

import functools
import math
import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media import audio, edit_list, warping
from avspeech.media.decoding import packets_of
from avspeech.media.motion import Motion
from avspeech.media.picture_clock import DISCONTINUOUS, JUMP, NEAR, Clock

RUN_UP = 0.5  # seconds decoded before a wanted part
ATTACHED_PICTURE = 0x0400  # FFmpeg's mark of a cover: a video stream of one picture in a sound file
DEFAULT = 0x0001  # FFmpeg's mark of the stream that a player chooses
LARGE = 1920  # pixels of the longer side beyond which grey pictures are not made by way of RGB
# Formats whose first plane is the brightness in 8 bits
LUMA = {"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "nv12"}
GREY_SPACES = {2, 5, 6}  # not stated, BT.470BG, SMPTE 170M: their brightness is cv2's grey
SKIN = (112, 148)  # Cb and Cr of skin
TRIED = 60  # packets tried of each stream, where a file has several, to see whether it decodes
# Curves of brightness of HDR, by FFmpeg's number; what is made RGB here is meant for another one
HDR = {16: "PQ", 18: "HLG"}
# Seconds, and pictures at the file's rate: a longer step shows one picture for all that time
STILL, STILL_STEPS = 0.25, 5
SLOW = 10.0  # pictures a second; lips move faster than fewer can show


class Picture:
    """A decoded picture and how it is to be shown.

    Attributes:
        frame: the PyAV frame, as stored.
        aspect: width of a pixel divided by its height.
        convert: the PyAV converter that all pictures of a video share. Each frame would make one
            of its own, which takes longer than converting a small picture.
    """

    __slots__ = ("aspect", "convert", "frame")

    def __init__(self, frame: Any, aspect: float = 1.0, convert: Any = None) -> None:
        self.frame = frame
        self.aspect = aspect
        self.convert = convert or frame

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels of the shown picture, upright and with square pixels."""
        height, width = self._square_pixels()
        return (width, height) if _orientation(self.frame)[0] else (height, width)

    @property
    def plain(self) -> bool:
        """Whether it is stored as it is shown."""
        return self.aspect == 1.0 and _orientation(self.frame) == (False, False, False)

    def _square_pixels(self) -> tuple[int, int]:
        """(height, width) before turning. The longer side of a pixel is kept: nothing is lost."""
        height, width = self.frame.height, self.frame.width
        if self.aspect > 1:
            return height, round(width * self.aspect)
        return round(height / self.aspect), width

    def array(self, grey: bool = False) -> np.ndarray:
        """The pixels of the shown picture.

        Args:
            grey: one grey channel in place of RGB.

        Returns:
            uint8 `[H, W, 3]` RGB, or `[H, W]` grey.
        """
        height, width = self._square_pixels()
        size: dict[str, Any] = {}
        if (height, width) != (self.frame.height, self.frame.width):
            size = {"height": height, "width": width, "interpolation": "BICUBIC"}
        elif grey and (brightness := _brightness(self.frame)) is not None:
            return turned(brightness, _orientation(self.frame))
        directly = grey and max(height, width) > LARGE
        form = "gray" if directly else "rgb24"
        if self.convert is self.frame:
            array = self.frame.to_ndarray(format=form, **size)
        else:
            array = self.convert.reformat(self.frame, format=form, **size).to_ndarray()
        array = turned(array, _orientation(self.frame))
        if grey and not directly:
            return warping.grey(array)
        return array


def _brightness(frame: Any) -> np.ndarray | None:
    """A frame in grey `[H, W]` from its plane of brightness alone, near to what RGB gives.

    None where the frame has no such plane of 8 bits, or where grey is another mixture of the
    colors than that plane is (ITU-R BT.709).
    """
    if frame.format.name not in LUMA or frame.colorspace not in GREY_SPACES:
        return None
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8)[: frame.height * plane.line_size]
    levels = rows.reshape(frame.height, plane.line_size)[:, : frame.width]
    return warping.looked_up(levels, _grey_levels(frame.format.name, int(frame.color_range)))


@functools.lru_cache(maxsize=64)
def _grey_levels(form: str, color_range: int) -> np.ndarray:
    """The grey `[256]` of each brightness, by way of RGB.

    Measured with FFmpeg on the color of skin: its quick conversion to RGB rounds down, which makes
    colors a level or two darker.
    """
    import av

    frame = av.VideoFrame(256, 16, form)
    frame.color_range = color_range
    ramp = np.arange(256, dtype=np.uint8)
    for k, plane in enumerate(frame.planes):
        row = np.full(plane.line_size, SKIN[k - 1], np.uint8)
        if k == 0:
            row[:256] = ramp
        elif len(frame.planes) == 2:  # both colors in turn
            row[1::2], row[::2] = SKIN[1], SKIN[0]
        plane.update(np.tile(row, plane.buffer_size // plane.line_size).tobytes())
    rgb = frame.to_ndarray(format="rgb24")
    return np.array(warping.grey(rgb)[8])


def _orientation(frame: Any) -> tuple[bool, bool, bool]:
    """(rows and columns change places, then left-right mirrored, then upside down) of a frame.

    From the display matrix, whose upper left part takes stored places (x, y) to shown ones:
    x' = a x + c y, y' = b x + d y. Other angles are rounded to quarter turns.
    """
    from av.sidedata.sidedata import Type

    data = frame.side_data.get(Type.DISPLAYMATRIX)
    if data is None:
        return False, False, False
    a, b, _, c, d, *_ = (int(v) for v in np.frombuffer(bytes(data), np.int32)[:9])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0


def turned(array: np.ndarray, orientation: tuple[bool, bool, bool]) -> np.ndarray:
    """`array` `[H, W, ...]` brought into an orientation as `_orientation` gives it, contiguous."""
    swap, mirror, flip = orientation
    cv2 = warping.opencv()
    if cv2 is not None and array.dtype == np.uint8 and array.size:  # a fifth of the time
        array = cv2.transpose(array) if swap else array
        code = -1 if mirror and flip else int(mirror)
        return cv2.flip(array, code) if mirror or flip else np.ascontiguousarray(array)
    array = array.swapaxes(0, 1) if swap else array
    array = array[:, ::-1] if mirror else array
    array = array[::-1] if flip else array
    return np.ascontiguousarray(array)


def picture_tracks(container: Any) -> list[Any]:
    """The video streams of an open container, without the covers of sound files."""
    return [s for s in container.streams.video if not int(s.disposition or 0) & ATTACHED_PICTURE]


def picture_stream(container: Any, path: str | Path) -> Any:
    """The video stream of an open container that a player shows.

    Covers of sound files do not count. Of several streams those marked as default come first, those
    of one picture last; one that does not decode is passed over.

    Raises:
        InputError: there is no video stream, or none that this FFmpeg can decode.
    """
    streams = picture_tracks(container)
    if not streams:
        raise InputError(
            f"{path}: no video stream in it; give a video that shows the speaker's face"
        )
    usable = [s for s in streams if s.codec_context is not None]
    # A stream of one picture beside others is a preview that the camera put there
    usable.sort(key=lambda s: (s.frames == 1, not int(s.disposition or 0) & DEFAULT))
    if len(usable) > 1:
        usable = [s for s in usable if _decodes(path, s.index)] or usable
    if not usable:
        raise InputError(f"{path}: this FFmpeg cannot decode its pictures; convert them to H.264")
    if len([s for s in streams if s.frames != 1]) > 1 or usable[0] is not streams[0]:
        warnings.warn(f"{path}: of {len(streams)} video streams, number {usable[0].index} is taken "
                      "(counted from 0 over all streams)", stacklevel=2)
    return usable[0]


def _decodes(path: str | Path, index: int) -> bool:
    with audio.open_container(path) as container:
        stream = container.streams[index]
        packets = (p for _, p in zip(range(TRIED), container.demux(stream)))
        return any(True for _ in _frames_of(packets))


def _frames_of(packets: Iterable[Any]) -> Iterator[Any]:
    import av

    try:
        for packet in packets:
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue
    except av.FFmpegError:
        return


def pixel_aspect(stream: Any) -> float:
    """Width of a pixel of a video stream divided by its height; 1.0 where the file says nothing."""
    ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    aspect = float(ratio) if ratio else 1.0
    return aspect if 1 / 8 <= aspect <= 8 else 1.0  # beyond that the header is damaged


def duration(path: str | Path) -> float:
    """Seconds from the clock's zero to the end of the pictures, as the file's header says.

    Raises:
        InputError: the file cannot be read or has no video.
    """
    with audio.open_container(path) as container:
        return audio.stream_end(container, picture_stream(container, path))


def frame_rate(path: str | Path) -> float:
    """The file's own mean frame rate in hertz; 0.0 where it says nothing.

    Raises:
        InputError: the file cannot be read or has no video.
    """
    with audio.open_container(path) as container:
        return float(picture_stream(container, path).average_rate or 0.0)


def pictures(path: str | Path, start: float = 0.0,
             damaged: list[float] | None = None) -> Iterator[tuple[float, float, Picture]]:
    """The pictures shown at or after `start`, in order, at the file's own rate.

    Args:
        path: a video file.
        start: seconds on the file's clock.
        damaged: see `audio.decode_packets`.

    Yields:
        (time at which it appears, time at which the next one does, picture).

    Raises:
        InputError: the file cannot be read or has no video.
    """
    if start > 2 * RUN_UP and os.path.isfile(path) and _steady(path, *os.stat(path)[6:9]):
        found = _decode(path, start, True, damaged)
        first = next(found, None)
        if first is not None and first[0] <= start:  # else the file's index leads astray
            yield first
            yield from found
            return
    yield from _decode(path, start, False, damaged)


@functools.lru_cache(maxsize=1000)
def _steady(path: str | Path, *stat: int) -> bool:
    """Whether a place in a file can be sought by its time.

    Not so where the format's clock may start anew and does: the file is then read from its
    beginning. `stat` distinguishes the files that have had one name.
    """
    with audio.open_container(path) as container:
        if not set(container.format.name.split(",")) & DISCONTINUOUS:
            return True
        stream = picture_stream(container, path)
        last: float | None = None
        for packet in packets_of(container, stream):  # where it breaks off: what comes before
            if packet.dts is None:
                continue
            at = float(packet.dts * packet.time_base)
            if last is not None and not -NEAR <= at - last <= JUMP:
                return False
            last = at
    return True


def _decode(path: str | Path, start: float, skip: bool,
            damaged: list[float] | None) -> Iterator[tuple[float, float, Picture]]:
    with audio.open_container(path) as container:
        stream = picture_stream(container, path)
        aspect = pixel_aspect(stream)
        if stream.codec_context.has_b_frames and (count := edit_list.parts(path)) > 1:
            warnings.warn(f"{path}: its pictures are put together of {count} parts by an edit "
                          "list: behind each cut they may come some frames early; let the program "
                          "that has cut it write the pictures anew", stacklevel=2)
        clock = Clock(path, container, stream, skip)
        if skip and not audio.seek(container, start - RUN_UP):
            return
        from av.video.reformatter import VideoReformatter

        convert = VideoReformatter()
        held, since = None, -math.inf
        stills: list[tuple[float, float]] = []
        count, first, marked, motion = 0, 0.0, False, Motion()
        for at, frame in clock.times(audio.decode_packets(container, stream, damaged)):
            count += 1
            motion.add(at, frame)
            if held is None:
                first, marked = at, bool(frame.interlaced_frame)
                _tell_colors(path, frame)
            elif at - since > max(STILL, STILL_STEPS * clock.step):
                stills.append((since, at - since))
            if held is not None and at > start:
                yield since, at, Picture(held, aspect, convert)
            held, since = frame, at
        if held is not None and motion.fields(marked):
            warnings.warn(f"{path}: its pictures are interlaced: what moves has combs, lips as "
                          "well; deinterlace it (ffmpeg -vf bwdif)", stacklevel=2)
        if stills:
            warnings.warn(f"{path}: it has no pictures for {sum(s for _, s in stills):.1f} s in "
                          f"all, the first time at {stills[0][0]:.2f} s (they were lost, or its "
                          "recorder left them out): faces stand still there", stacklevel=2)
        elif count > 2 and (rate := (count - 1) / (since - first)) < SLOW:
            warnings.warn(f"{path}: it has {rate:.3g} pictures a second, which is too few to read "
                          "lips; 25 are usual", stacklevel=2)
        elif (new := motion.slow()) is not None and new < SLOW:
            warnings.warn(f"{path}: of its {rate:.3g} pictures a second only {new:.2g} are new, "
                          "the others are shown again: too few to read lips; 25 are usual",
                          stacklevel=2)
        if held is not None:
            last = float(held.duration * held.time_base) if held.duration else clock.step
            last = last if 0 < last < 1.0 else clock.step
            yield since, since + last, Picture(held, aspect, convert)


def _tell_colors(path: str | Path, frame: Any) -> None:
    """Warns of colors that are not shown here as a player shows them."""
    curve = HDR.get(int(getattr(frame, "color_trc", 0) or 0))
    if curve:
        warnings.warn(f"{path}: its colors are HDR ({curve}), which is not followed: faces look "
                      "pale and dark, and may be found less well; convert it to BT.709",
                      stacklevel=2)
