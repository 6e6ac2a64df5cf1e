"""Tiny sound and video files, encoded once and copied, to build corpora in their published layout
from."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest


def encode(path: Path, seconds: float = 1.0, fps: int = 25, sound: bool = True,
           picture: bool = True) -> Path:
    """A grey picture and a tone, as the suffix asks: .mpg is MPEG-1 with MP2, .mp4 and .mkv MPEG-4
    with AAC, .m4a AAC alone."""
    import av

    codecs = {".mpg": ("mpeg1video", "mp2"), ".mp4": ("mpeg4", "aac"), ".m4a": ("", "aac"),
              ".mkv": ("mpeg4", "aac"), ".webm": ("libvpx", "libopus"), ".flv": ("flv", "aac"),
              ".ts": ("mpeg2video", "mp2"), ".mts": ("mpeg2video", "mp2")}[path.suffix]
    format = {".m4a": "ipod", ".mts": "mpegts"}.get(path.suffix)
    with av.open(str(path), "w", format=format) as container:
        video = audio = None
        if picture and codecs[0]:
            video = container.add_stream(codecs[0], rate=fps)
            video.codec_context.thread_count = 2  # the same file on any number of cores
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        if sound:
            audio = container.add_stream(codecs[1], rate=48000 if codecs[1] == "libopus" else 44100)
        if video:
            for k in range(round(seconds * fps)):
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * k % 256, np.uint8),
                                                   format="rgb24")
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if audio:
            tone = (8000 * np.sin(np.arange(round(seconds * 44100)) / 20)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 44100, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """clip(path, seconds=1.0, fps=25, sound=True, picture=True): writes such a file, folders
    included."""
    made: dict[tuple, Path] = {}
    cache = tmp_path_factory.mktemp("clips")

    def write(path: Path, seconds: float = 1.0, fps: int = 25, sound: bool = True,
              picture: bool = True) -> Path:
        key = (path.suffix, seconds, fps, sound, picture)
        if key not in made:
            made[key] = encode(cache / f"{len(made)}{path.suffix}", seconds, fps, sound, picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made[key], path)
        return path

    return write


@pytest.fixture(scope="session")
def sound():
    """sound(path, number=0, seconds=3.0): writes a sound of 100 samples a second, folders included.
    Another number is another content, and a few milliseconds longer, as no two takes are the
    same."""
    import soundfile

    noise = (8000 * np.random.default_rng(0).standard_normal(100_000)).astype("<i2")

    def write(path: Path, number: int = 0, seconds: float = 3.0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = noise[number:][: round(100 * seconds) + number % 97]
        if path.suffix == ".wav":  # thousands of them: the header by hand
            size = 2 * len(samples)
            path.write_bytes(struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16,
                                         1, 1, 100, 200, 2, 16, b"data", size) + samples.tobytes())
        else:
            soundfile.write(path, samples, 100)
        return path

    return write


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real corpora, from AVSPEECH_DATA or beside the checkout; skips where there is
    none."""
    folder = Path(os.environ.get("AVSPEECH_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real corpora: set AVSPEECH_DATA")
    return folder
