"""Films and sounds for the page, good and bad, drawn on the spot."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile


def film(path: Path, seconds: float = 1.0, sound: bool = True, size: int = 96, kind: str = "mpeg4",
         silent: bool = False) -> Path:
    """A shape that opens and closes like a mouth, with a tone that comes and goes with it."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as target:
        stream = target.add_stream(kind, rate=25)
        stream.width = stream.height = size
        if kind == "mpeg4":
            stream.pix_fmt = "yuv420p"
        voice = None
        if sound:
            voice = target.add_stream("aac" if path.suffix == ".mp4" else "pcm_s16le", rate=16000)
            voice.layout = "mono"
        count = round(25 * seconds)
        y, x = np.mgrid[:size, :size] / size - 0.5
        for k in range(count):
            opening = 0.05 + 0.1 * abs(np.sin(k / 3))
            picture = np.where((x / 0.3) ** 2 + (y / opening) ** 2 < 1, 40, 170).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.repeat(picture[..., None], 3, 2), format="rgb24")
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        if voice is not None:
            t = np.arange(round(16000 * seconds)) / 16000
            samples = 0.3 * np.sin(2 * np.pi * 150 * t) * np.abs(np.sin(2 * np.pi * 4 * t))
            samples = (samples + 0.01 * rng.standard_normal(len(t))).astype(np.float32)
            samples *= 0.0 if silent else 1.0
            fifo = av.AudioFifo()
            whole = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            whole.sample_rate = 16000
            fifo.write(whole)
            converted = av.AudioResampler(voice.format.name, "mono", 16000)
            done = 0
            while part := fifo.read(1024, partial=True):
                part.pts, part.time_base = done, Fraction(1, 16000)
                done += part.samples
                for piece in converted.resample(part):
                    target.mux(voice.encode(piece))
            target.mux(voice.encode(None))
    return path


def far_apart(path: Path, seconds: float) -> Path:
    """A film of two pictures, the second one so much later."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for k in (0, round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 99, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def picture(side: int) -> bytes:
    """A grey picture as PNG."""
    codec = av.CodecContext.create("png", "w")
    codec.width = codec.height = side
    codec.pix_fmt, codec.time_base = "gray", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(np.zeros((side, side), np.uint8), format="gray")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def wav(samples: np.ndarray, rate: int = 16000, subtype: str = "PCM_16") -> bytes:
    """Samples as a file."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype=subtype)
    return out.getvalue()


def tone(seconds: float, rate: int = 16000) -> np.ndarray:
    """A hum that swells, float32."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 170 * t) * np.abs(np.sin(3 * t))).astype(np.float32)


def hour() -> bytes:
    """An hour of silence as a small file."""
    out = io.BytesIO()
    soundfile.write(out, np.zeros(3600 * 4000, np.int16), 4000, format="FLAC")
    return out.getvalue()
