"""Drawn films for the tests of this folder: pictures that show their number, and how to write them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_film(path: Path, pictures: list[np.ndarray], times: list[float], rate: float = 25.0,
               codec: str = "mpeg4", tone: float = 0.0, options: dict[str, str] | None = None,
               aspect: Fraction | None = None) -> Path:
    """Writes pictures `[H, W, 3]` at the given times; with `tone`, that many seconds of sound from 0."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        stream.codec_context.thread_count = 2  # the same file on any number of cores
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate = 4_000_000
        stream.options = options or {}
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        # MPEG-4 and MPEG-1 count time in frames; codecs for any time take milliseconds
        base = Fraction(1, 1000) if codec == "mjpeg" else 1 / Fraction(rate).limit_denominator(1001)
        stream.codec_context.time_base = base
        if tone:
            sound = container.add_stream("pcm_s16le" if path.suffix == ".mkv" else "mp2", rate=16000)
            sound.layout = "mono"
        for picture, time in zip(pictures, times):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time / base), base
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
        if tone:
            for k in range(round(tone * 16000) // 1152 + 1):
                frame = av.AudioFrame.from_ndarray(np.full((1, 1152), 3000, np.int16), "s16", "mono")
                frame.sample_rate, frame.time_base, frame.pts = 16000, Fraction(1, 16000), 1152 * k
                for packet in sound.encode(frame):
                    container.mux(packet)
            for packet in sound.encode():
                container.mux(packet)
    return path


def shades(count: int) -> list[np.ndarray]:
    """Pictures `[64, 112, 3]` that show their number as seven bars, light for 1,
    and a light edge at the top."""
    bars = [np.repeat([40 + 160 * (k >> bit & 1) for bit in range(7)], 16) for k in range(count)]
    pictures = np.broadcast_to(np.array(bars, np.uint8)[:, None, :, None], (count, 64, 112, 3)).copy()
    pictures[:, :16] = 200
    return list(pictures)


def numbers(frames: list[np.ndarray]) -> list[int]:
    """The numbers the pictures show; -1 for black."""
    read = [sum((f[40, 16 * bit + 8].mean() > 120) << bit for bit in range(7)) for f in frames]
    return [int(n) if f[8].mean() > 100 else -1 for n, f in zip(read, frames)]


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Writes a display matrix into an mp4: stored (x, y) is shown at (a x + c y, b x + d y)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of the box
    one = 1 << 16
    data[at: at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
