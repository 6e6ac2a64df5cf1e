"""Puts the times that a file gives its pictures on one clock (`clock.py` does it for sound)."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from avspeech.media import audio

FPS = 25.0
TRIED = 60  # packets that are looked at for FFmpeg's delay
# Times in packets of these formats follow the order of decoding; with B-frames they must be sorted.
DECODE_ORDER = {"avi", "asf"}
REORDERED = 17  # frames that are sorted at once: one more than H.264 has B-frames in a row
# Formats whose clock may start anew within a file (FFmpeg: AVFMT_TS_DISCONT). Their length is
# computed from the same times, so it cannot confirm a jump.
DISCONTINUOUS = {"mpeg", "mpegts", "mpegtsraw", "vob", "svcd", "vcd"}
NEAR = 1.0  # seconds: a step of the clock within this is never questioned, but for one back that
BACK = 0.25  # is longer than this, and from which a discontinuous format goes on: a new start
JUMP = 10.0  # seconds: a longer step in a discontinuous format is a new start (as FFmpeg takes it)
LONGEST_GAP = 600.0  # seconds believed of a file that does not state its length


class Clock:
    """Times of decoded frames, in seconds from the container's zero, rising.

    Containers hold damaged times (one wrong bit makes hours) and clocks that start anew (recordings
    that were joined). A step that the file's length does not confirm is not believed: the pictures
    go on at their rate, with one warning for the file.

    Args:
        path: named in the warning.
        container, stream: of PyAV, open.
        inside: frames begin somewhere within the file, after a seek.
    """

    def __init__(self, path: str | Path, container: Any, stream: Any, inside: bool = False) -> None:
        self.path = path
        self.zero = audio.container_zero(container)
        self.step = 1.0 / float(stream.average_rate or stream.guessed_rate or FPS)
        self.discontinuous = bool(set(container.format.name.split(",")) & DISCONTINUOUS)
        self.end = container.duration / 1e6 if container.duration else None
        self.inside = inside
        self.sorted = decode_order(container, stream)
        if self.sorted:
            self.zero += _guessed_delay(path, stream.index)
        self._said = False

    def times(self, frames: Iterable[Any]) -> Iterator[tuple[float, Any]]:
        """(time, frame) of the frames of a decoder. Frames a little out of order are left out."""
        since, shift = -math.inf, 0.0
        lost = (0.0, 0.0)  # where the last pictures are missing
        for raw, following, frame in _with_next(self._raw(frames)):
            at = since + self.step if raw is None else raw + shift
            if raw is not None and following is not None and (
                    lost[0] < at < lost[1] <= since < following + shift):
                continue  # the last picture before the loss, which a decoder gives late
            if math.isinf(since):
                at, shift = self._first(raw, following)
            elif raw is not None and shift and 0 < raw - since <= NEAR:
                at, shift = raw, 0.0  # the damage has passed
            elif raw is not None and abs(at - since) > NEAR:
                if following is not None and 0 < following + shift - since <= NEAR:
                    at = since + self.step  # the next one fits: this one's time alone is damaged
                    self._say(raw + shift - since)
                elif at < since or not self.believed(at, at - since):
                    self._say(at - since)
                    at = since + self.step
                    shift = at - raw
            elif raw is not None and self._starts_anew(at - since, raw, following):
                self._say(at - since)
                at = since + self.step
                shift = at - raw
            if at > since:
                lost = (since, at) if self.step < NEAR < at - since < math.inf else lost
                since = at
                yield at, frame

    def _first(self, raw: float | None, following: float | None) -> tuple[float, float]:
        """(time, shift of all later times) of the first frame."""
        if raw is None:
            return 0.0, 0.0
        if following is not None and following < raw - NEAR:
            self._say(raw - following)
            return max(0.0, following - self.step), 0.0
        if not self.inside and raw > NEAR and not self.believed(raw, raw):
            self._say(raw)
            return 0.0, -raw
        return raw, 0.0

    def _starts_anew(self, gap: float, raw: float, following: float | None) -> bool:
        """Whether a step of `gap` seconds back, within NEAR, is where another recording begins."""
        return (self.discontinuous and gap < -BACK and following is not None
                and 0 < following - raw < -gap)

    def believed(self, at: float, gap: float) -> bool:
        """Whether a step of `gap` seconds to the time `at` may be true."""
        if self.discontinuous:
            return gap <= JUMP
        return gap <= LONGEST_GAP if self.end is None else at <= self.end + NEAR

    def _raw(self, frames: Iterable[Any]) -> Iterator[tuple[float | None, Any]]:
        timed = (
            (None if f.pts is None else float(f.pts * f.time_base) - self.zero, f) for f in frames
        )
        return _sorted_times(timed) if self.sorted else timed

    def _say(self, gap: float) -> None:
        if not self._said:
            warnings.warn(
                f"{self.path}: the time of its pictures jumps by {gap:.1f} s, which its length "
                "does not confirm; they go on without the jump",
                stacklevel=2,
            )
        self._said = True


def decode_order(container: Any, stream: Any) -> bool:
    """Whether the packets' times are in the order of decoding, not of showing."""
    formats = set(container.format.name.split(","))
    return bool(formats & DECODE_ORDER) and bool(stream.codec_context.has_b_frames)


def _guessed_delay(path: str | Path, index: int) -> float:
    """Seconds that FFmpeg adds to the times of a stream that are in the order of decoding."""
    with audio.open_container(path) as container:
        for _, packet in zip(range(TRIED), container.demux(container.streams[index])):
            if packet.pts is not None and packet.dts is not None:
                return float((packet.pts - packet.dts) * packet.time_base)
    return 0.0


def _with_next(timed: Iterable[tuple[float | None, Any]],
               ) -> Iterator[tuple[float | None, float | None, Any]]:
    """(time, time of the next frame, frame)."""
    held: tuple[float | None, Any] | None = None
    for raw, frame in timed:
        if held is not None:
            yield held[0], raw, held[1]
        held = raw, frame
    if held is not None:
        yield held[0], None, held[1]


def _sorted_times(timed: Iterable[tuple[float | None, Any]]) -> Iterator[tuple[float | None, Any]]:
    """Frames in the order of the decoder, which is that of showing, each with the smallest time
    that is left."""
    frames: deque[Any] = deque()
    times: list[float] = []
    for raw, frame in timed:
        frames.append(frame)
        if raw is not None:
            times.append(raw)
        if len(frames) > REORDERED:
            yield _least(times), frames.popleft()
    while frames:
        yield _least(times), frames.popleft()


def _least(times: list[float]) -> float | None:
    if not times:
        return None
    least = min(times)
    times.remove(least)
    return least
