"""The voice of a face in a pipe: a container comes in at its own pace, the voice goes out as wav.

    ffmpeg -i CAMERA -f mpegts - | avspeech extract - -o - | ffplay -

Everything is bounded, however long the pipe runs.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.extraction.live import Stream
from avspeech.media import audio
from avspeech.media.decoding import (
    ATTACHED_PICTURE,
    DEFAULT,
    FrameReader,
    container_zero,
    lenient,
    packets_of,
    prepare_sound,
)
from avspeech.media.live_faces import LiveMouth
from avspeech.media.mouths import STORED_CROP
from avspeech.media.pictures import Picture, pixel_aspect
from avspeech.media.resampling import Resampler
from avspeech.media.tracks import BROKEN, MISSED
from avspeech.media.wav_pipe import WavPipe

NAME = "standard input"
PROBED = 2_000_000  # microseconds of the input that FFmpeg looks at before it begins
JITTER = 0.04  # s by which a time of the sound may differ from the running count
LONGEST_GAP = 10.0  # s; a longer step of the clock is a new start
WAIT = 2.0  # s by which one of sound and pictures may be behind before it counts as missing
SHORT = 0.5  # s by which a container may be shorter than its header says
GAPS = 1000  # silences that are kept in mind
SLACK = 1e-3  # s: containers round their times


def extract_pipe(source: IO[bytes], out: Path, stream: Stream, track: int | None = None) -> float:
    """Extracts the voice of one face from a container that is read from its beginning to its end.

    Args:
        source: the pipe, unbuffered.
        out: a wav file, 16 bit, mono; "-" for standard output, where the header holds no length.
        stream: of a latency, and of a face (the largest first, see `LiveMouth`).
        track: of the sound, from 1; by default the one that is marked, or the first.

    Returns:
        Seconds of the voice that were written.

    Raises:
        InputError: what comes is no container with sound and pictures, or the reader of the output
            has gone.
    """
    import av

    try:
        container = av.open(source, options={"analyzeduration": str(PROBED)}, **lenient())
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(f"{NAME}: not a container that FFmpeg can read from a pipe ({reason}); "
                         "send MPEG-TS or Matroska") from None
    with container, _writer(out, stream.sample_rate) as write:
        feed = _Feed(container, stream, track)
        try:
            for voice in feed.voice():
                write(voice)
        except KeyboardInterrupt:
            pass  # the end of a recording that has no end of its own
        write(feed.rest())
        feed.tell()
    return feed.heard / feed.rate if feed.rate else 0.0


class _Feed:
    """Decodes a container's sound and pictures and pushes them into a stream, on one clock."""

    def __init__(self, container: Any, stream: Stream, track: int | None) -> None:
        self.container, self.stream = container, stream
        self.sound = _sound_of(container, track)
        self.pictures = _pictures_of(container)
        self.zero = Fraction(container_zero(container))
        self.fps = stream.extractor.fps
        self.aspect = pixel_aspect(self.pictures)
        self.mouth = LiveMouth(self.fps, stream.face)
        self.read = FrameReader()
        prepare_sound(self.sound)
        self.bend: Resampler | None = None
        self.rate = 0  # of the sound
        self.heard = 0  # samples of sound at its own rate
        self.shift = 0  # samples by which its times are moved
        self.silent = 0  # samples of silence in place of sound that did not come
        self.since: float | None = None  # seconds at which the first of them are
        # Where the last of them are, [first, last): what belongs there may still come
        self.gaps: deque[tuple[int, int]] = deque(maxlen=GAPS)
        self.frame = 0  # the next frame of the model's clock
        self.moved = 0.0  # seconds by which the times of pictures are moved
        self.held: Picture | None = None  # the last picture, before its mouth is looked for
        self.shown: np.ndarray | None = None  # the mouth in the last picture
        self.found = False
        self.notes: list[str] = []
        self.damaged = 0
        # What the header says, in files that are sent whole
        self.length = container.duration / 1e6 if container.duration else 0.0

    def voice(self) -> Iterator[np.ndarray]:
        """The voice, as far as the pipe has come."""
        import av

        broken: list[str] = []
        for packet in packets_of(self.container, [self.sound, self.pictures], broken):
            self.damaged += bool(packet.is_corrupt)
            try:
                frames = packet.decode()
            except (av.FFmpegError, *BROKEN):
                self.damaged += 1
                continue
            for frame in frames:
                timed = frame.pts is not None
                at = frame.pts * Fraction(frame.time_base) - self.zero if timed else None
                if packet.stream.type == "audio":
                    yield self._hear(frame, at)
                else:
                    yield self._see(frame, at)
        self.notes.extend(f"it breaks off ({reason})" for reason in broken)

    def rest(self) -> np.ndarray:
        """Ends the stream: the rest of the voice."""
        voice = [np.zeros(0, np.float32)]
        if self.held is not None:  # it is shown until the next frame at least
            self._show_until((self.frame + 1) / self.fps - SLACK)
        if self.bend is not None:
            voice.append(self.stream.push(self.bend.finish()))
        return np.concatenate([*voice, self.stream.finish()])

    def tell(self) -> None:
        """Warns of what should be known, at the end."""
        lost = []
        if self.damaged:
            lost.append(f"{self.damaged} packets are damaged or cut off")
        if self.since is not None and self.silent >= MISSED * self.rate:
            lost.append(f"{self.silent / self.rate:.2f} s of its sound did not come, the first at "
                        f"{self.since:.2f} s: it is silent there")
        if lost:
            self.notes.append("; ".join(lost))
        missing = self.length - max(self.heard / (self.rate or 1), self.frame / self.fps)
        if missing > SHORT:
            self.notes.append(f"it ends {missing:.1f} s before its header says")
        if not self.found:
            self.notes.append("no face was found in it, so that the voice is silent")
        if not self.heard:
            self.notes.append("no sound could be decoded from it")
        for note in self.notes:
            warnings.warn(f"{NAME}: {note}", stacklevel=3)

    def _hear(self, frame: Any, at: Fraction | None) -> np.ndarray:
        rest = np.zeros(0, np.float32)
        try:
            samples = self.read(frame).mean(axis=0)
        except BROKEN:
            self.damaged += 1
            return rest
        if self.bend is None or self.rate != frame.sample_rate:
            if self.bend is not None:  # what was counted is counted at the new rate
                rest = self.bend.finish()
                self.heard = round(self.heard * frame.sample_rate / self.rate)
                self.shift = round(self.shift * frame.sample_rate / self.rate)
                self.silent = round(self.silent * frame.sample_rate / self.rate)
                self.gaps.clear()
            self.rate = frame.sample_rate
            self.bend = Resampler(self.rate, self.stream.sample_rate)
        step = 0 if at is None else round(at * self.rate) + self.shift - self.heard
        place = self.heard + step
        if step < 0 and any(a - JITTER * self.rate <= place < b for a, b in self.gaps):
            samples = samples[-step:]  # it comes too late
        elif abs(step) > LONGEST_GAP * self.rate or step < -JITTER * self.rate:
            self.shift -= step
        elif step > JITTER * self.rate:
            if self.heard:  # else it begins late
                self._miss(step)
            samples = np.concatenate([np.zeros(step, np.float32), samples])
        self.heard += len(samples)
        missing = round((self.heard / self.rate - WAIT) * self.fps) - self.frame
        for _ in range(missing):
            self._show(None)
        return self.stream.push(np.concatenate([rest, self.bend(samples)]))

    def _miss(self, samples: int) -> None:
        """Counts silence that stands for sound, from what is heard on."""
        self.since = self.heard / self.rate if self.since is None else self.since
        self.silent += samples
        self.gaps.append((self.heard, self.heard + samples))

    def _see(self, frame: Any, at: Fraction | None) -> np.ndarray:
        due = self.frame / self.fps
        time = due if at is None else float(at) + self.moved
        if abs(time - due) > LONGEST_GAP:
            self.moved += due - time
            time = due
        self._show_until(time - SLACK)
        self.held = Picture(frame, self.aspect)
        self._show_until(time + SLACK)
        missing = round((self.frame / self.fps - WAIT) * self.rate) - self.heard
        if self.bend is not None and missing > 0:
            self._miss(missing)
            self.heard += missing
            return self.stream.push(self.bend(np.zeros(missing, np.float32)))
        return self.stream.push()

    def _show_until(self, time: float) -> None:
        """Pushes the frames before `time`, in which the last picture is shown."""
        while self.frame / self.fps < time:
            if self.held is not None:
                self.shown = self.mouth.push(self.held.array())
                self.found = self.found or self.shown is not None
                self.held = None
            self._show(self.shown)

    def _show(self, mouth: np.ndarray | None) -> None:
        """Pushes the next frame. The voice that it makes ready comes with the next call."""
        crop = np.zeros((STORED_CROP, STORED_CROP), np.uint8) if mouth is None else mouth
        self.stream.take(crop[None], np.array([mouth is not None]))
        self.frame += 1


def _sound_of(container: Any, track: int | None) -> Any:
    streams = [s for s in container.streams.audio if s.codec_context is not None]
    if not streams:
        raise InputError(f"{NAME}: no sound in it; send a container with sound and pictures")
    if track is None:
        return next((s for s in streams if int(s.disposition or 0) & DEFAULT), streams[0])
    if not 1 <= track <= len(streams):
        raise InputError(f"{NAME}: it has {len(streams)} tracks of sound, and --audio is {track}")
    return streams[track - 1]


def _pictures_of(container: Any) -> Any:
    streams = [s for s in container.streams.video if s.codec_context is not None
               and not int(s.disposition or 0) & ATTACHED_PICTURE]
    if not streams:
        raise InputError(f"{NAME}: no pictures in it; send a container with sound and pictures")
    return next((s for s in streams if int(s.disposition or 0) & DEFAULT), streams[0])


@contextmanager
def _writer(out: Path, sample_rate: int) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that writes samples: to a file, which is whole or absent, or to a pipe at once."""
    if str(out) != "-":
        storage.sweep_beside(out)
        with audio.writing(out, sample_rate) as add:
            yield lambda samples: add(np.clip(samples, -1.0, 1.0))
        return
    yield WavPipe(sample_rate).write
