"""A picture and another sound in one mp4, on the clock of the picture's file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError
from avspeech.media.audio import decode_packets, open_container
from avspeech.media.decoding import packets_of
from avspeech.media.picture_clock import NEAR, Clock, decode_order
from avspeech.media.pictures import Picture, picture_stream, pixel_aspect

COPIED = {"h264", "hevc"}  # what every mp4 player shows; anything else is encoded anew
ENCODERS = ("libx264", "libopenh264", "mpeg4")  # the first one FFmpeg was built with
BIT_RATE = 96_000  # of the sound, AAC


def mux(video: Path, sound: Path, out: Path) -> None:
    """Writes an mp4 of the pictures of one file and the sound of another.

    Pictures are copied where mp4 takes them as they are (H.264 or HEVC with times of showing), else
    encoded with the first of ENCODERS. Pictures that begin late begin late in the result.

    Args:
        video: file with the pictures.
        sound: sound file that begins at the zero of the video's clock.
        out: mp4 to write.

    Raises:
        InputError: `video` has no pictures that can be decoded.
    """
    import av
    import soundfile

    with open_container(video) as source, soundfile.SoundFile(os.fsencode(sound)) as voice:
        pictures = picture_stream(source, video)
        # a file of Python's: its name is not taken for an address, and a full disk is an OSError
        with open(out, "wb") as place, av.open(place, "w", format="mp4") as target:
            spoken = _Sound(target, voice)
            if pictures.codec_context.name in COPIED and not decode_order(source, pictures):
                _copy(video, source, pictures, target, spoken)
            else:
                _encode(video, source, pictures, target, spoken)
            spoken.until(None)


class _Sound:
    """Encodes a sound file into a container piece by piece, a little ahead of the pictures."""

    def __init__(self, target: Any, voice: Any) -> None:
        self.target, self.voice = target, voice
        self.stream = target.add_stream("aac", rate=voice.samplerate)
        self.stream.layout = "mono"
        self.stream.bit_rate = BIT_RATE
        # A third of the time, and at this bit rate a voice is nearer to what it was
        self.stream.options = {"aac_coder": "fast"}
        self.done = 0

    def until(self, seconds: float | None) -> None:
        """Encodes up to `seconds`; with None up to the end."""
        import av

        while seconds is None or self.done <= seconds * self.voice.samplerate:
            samples = self.voice.read(1024, dtype="float32")
            if not len(samples):
                break
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate = self.voice.samplerate
            frame.time_base = Fraction(1, self.voice.samplerate)
            frame.pts = self.done
            self.done += len(samples)
            self.target.mux(self.stream.encode(frame))
        if seconds is None:
            self.target.mux(self.stream.encode(None))


def _copy(video: Path, source: Any, pictures: Any, target: Any, spoken: _Sound) -> None:
    stream = target.add_stream_from_template(pictures)
    clock = Clock(video, source, pictures)
    base = pictures.time_base
    zero = round(clock.zero / base)
    step = max(1, round(clock.step / base))
    last: int | None = None
    shift = 0  # of damaged clocks, as in `Clock.times`
    for packet in _dated(source, pictures):
        if packet.pts is None or packet.dts is None:
            continue
        if last is not None:
            at, gap = (
                float((packet.dts + shift - zero) * base),
                float((packet.dts + shift - last) * base),
            )
            if abs(gap) > NEAR and (gap < 0 or not clock.believed(at, gap)):
                shift = last + step - packet.dts
            if packet.dts + shift <= last:
                continue
        last = packet.dts + shift
        packet.pts += shift - zero
        packet.dts += shift - zero
        spoken.until(float(packet.pts * packet.time_base))
        packet.stream = stream
        target.mux(packet)


def _dated(source: Any, pictures: Any) -> Iterator[Any]:
    """The packets of a stream, each with a decoding time: Matroska leaves out the first ones."""
    step = max(1, round(1 / (pictures.average_rate or 25) / pictures.time_base))
    waiting: list[Any] = []
    for packet in packets_of(source, pictures):
        if not packet.size:
            continue
        if packet.dts is None:
            waiting.append(packet)
            continue
        for before, held in enumerate(reversed(waiting), 1):
            held.dts = packet.dts - before * step
        yield from waiting
        waiting = []
        yield packet
    for held in waiting:
        held.dts = held.pts
        yield held


def _encode(video: Path, source: Any, pictures: Any, target: Any, spoken: _Sound) -> None:
    stream: Any = None
    clock = Clock(video, source, pictures)
    aspect = pixel_aspect(pictures)
    base = Fraction(1, 90_000)
    last = -1
    pictures.thread_type = "AUTO"
    for seconds, frame in clock.times(decode_packets(source, pictures)):
        at = round(seconds / base)
        if at <= last:
            continue
        last = at
        picture = _as_shown(frame, aspect)
        if stream is None:
            stream = target.add_stream(_encoder(), rate=pictures.average_rate or 25)
            # yuv420p takes even sizes only
            stream.width, stream.height = (
                max(2, picture.width // 2 * 2),
                max(2, picture.height // 2 * 2),
            )
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = base
            if stream.codec_context.name == "libx264":
                stream.options = {"crf": "20", "preset": "veryfast"}
            else:
                stream.bit_rate = max(500_000, 4 * picture.width * picture.height)
        image = picture.reformat(width=stream.width, height=stream.height, format="yuv420p")
        image.pts, image.time_base = at, base
        image.pict_type = 0  # left to the encoder, not taken from the source
        spoken.until(float(at * base))
        target.mux(stream.encode(image))
    if stream is None:
        raise InputError(f"{video}: no picture could be decoded; the file is damaged")
    target.mux(stream.encode(None))


def _as_shown(frame: Any, aspect: float) -> Any:
    """The frame as a player shows it: upright, with square pixels."""
    import av

    picture = Picture(frame, aspect)
    if picture.plain:
        return frame
    return av.VideoFrame.from_ndarray(picture.array(), format="rgb24")


def _encoder() -> str:
    import av

    for name in ENCODERS:
        if name in av.codecs_available:
            try:
                return av.codec.Codec(name, "w").name
            except av.codec.codec.UnknownCodecError:
                continue
    raise InputError(
        f"FFmpeg has none of the video encoders {', '.join(ENCODERS)}; install the PyAV wheel: "
        "pip install av"
    )


def write_pictures(path: Path, pictures: Iterable[np.ndarray], fps: float) -> None:
    """Writes pictures without loss (FFV1), for what reads video from files only.

    Args:
        path: file to write, .mkv.
        pictures: uint8 `[H, W, 3]` RGB, all of one size; taken one at a time.
        fps: frames per second.
    """
    import av

    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), "w") as target:
        stream = target.add_stream("ffv1", rate=rate)
        stream.pix_fmt = "bgr0"
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode(None))
