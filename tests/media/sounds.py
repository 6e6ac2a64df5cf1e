"""Sound files for the tests of this folder, made by PyAV and patched by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def murmur(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """Smooth noise whose level goes up and down, `[N]` float32: codecs keep it, every place differs."""
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    noise = np.convolve(rng.normal(0, 1, n), np.hanning(rate // 1000), "same")
    noise *= 0.2 + np.abs(np.sin(np.arange(n) * 9 / rate))
    return (0.3 * noise / np.abs(noise).max()).astype(np.float32)


def encode(path: Path, tracks: list[np.ndarray], rate: int, codec: str, layout: str = "mono",
           container: dict[str, str] | None = None, options: dict[str, str] | None = None,
           default: int | None = None, bit_rate: int | None = None,
           marks: list[int] | None = None) -> Path:
    """Writes tracks of sound, each `[N]` or `[C, N]`; `default`: index of the track that is marked so;
    `marks`: FFmpeg's dispositions of all."""
    with av.open(str(path), "w", options=container or {}) as target:
        streams = []
        for k, _ in enumerate(tracks):
            stream = target.add_stream(codec, rate=rate)
            stream.layout = layout
            stream.options = options or {}
            if bit_rate:
                stream.bit_rate = bit_rate
            if default is not None:
                stream.disposition = int(k == default)
            if marks is not None:
                stream.disposition = marks[k]
            streams.append(stream)
        for stream, samples in zip(streams, tracks, strict=True):
            context = stream.codec_context
            convert = av.AudioResampler(format=context.format, layout=layout, rate=rate)
            packed = np.atleast_2d(samples).T.reshape(1, -1).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            if not context.is_open:
                context.open()
            size = context.frame_size or 1024
            fifo = av.AudioFifo()
            for part in convert.resample(frame):
                fifo.write(part)
            done = 0
            while fifo.samples:
                part = fifo.read(min(size, fifo.samples))
                part.pts, part.time_base = done, Fraction(1, rate)
                done += part.samples
                target.mux(stream.encode(part))
            target.mux(stream.encode(None))
    return path


def decoded(path: Path, track: int = 0) -> np.ndarray:
    """All samples that FFmpeg decodes of a track one after another, channels averaged, `[N]`."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                array = frame.to_ndarray()
                if not frame.format.is_planar:
                    array = array.reshape(-1, frame.layout.nb_channels).T
                scale = 1 if array.dtype.kind == "f" else 1 / np.iinfo(array.dtype).max
                found.append(array.mean(axis=0) * scale)
    return np.concatenate(found)
