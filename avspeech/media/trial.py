"""Rarely used decoders of sound are tried in a child process first.

Decoders are libraries in C, and one that fails on an unusual stream may end the whole process
without a message: all other files of a folder would be lost with it. What nearly every file uses is
decoded at once; what is rare is decoded once by a child process, whose end is noticed. What comes
from a pipe cannot be read twice and is not tried.

    python -m avspeech.media.trial FILE INDEX    # what the child does
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from avspeech.errors import InputError

COMMON = {"aac", "ac3", "alac", "amrnb", "amrwb", "eac3", "flac", "g722", "mp1", "mp1float", "mp2",
          "mp2float", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "wmav1", "wmav2",
          "gsm", "gsm_ms"}
# "pcm_s16le", "adpcm_ms" and their kin
PLAIN = ("pcm_", "adpcm_")
RARE_PROFILES = ("xhe-aac", "usac")  # of "aac"
LONGEST = 600.0  # s of trial; a decoder that takes longer is refused as well


def is_common(codec: str, profile: str | None) -> bool:
    """Whether a codec is one of those that nearly every file uses.

    Args:
        codec: FFmpeg's name of it, such as "aac".
        profile: FFmpeg's name of its profile, such as "LC".
    """
    if any(rare in (profile or "").lower() for rare in RARE_PROFILES):
        return False
    return codec in COMMON or codec.startswith(PLAIN)


def check(path: str, stream: Any) -> None:
    """Tries a stream of sound in a child process, if its decoder is a rare one.

    Args:
        path: the file.
        stream: of PyAV.

    Raises:
        InputError: the child has ended by a signal, or takes longer than `LONGEST`.
    """
    context = stream.codec_context
    if is_common(context.name, context.profile) or not os.path.isfile(path):
        return
    state = os.stat(path)
    said = _tried(path, stream.index, state.st_size, state.st_mtime_ns)
    if said:
        raise InputError(f"{path}: its sound ({context.profile or context.name}) cannot be decoded "
                         f"here: {said}; convert it to WAV or FLAC with its own software")


@functools.lru_cache(1024)
def _tried(path: str, index: int, size: int, time: int) -> str:
    """Why a stream of sound cannot be decoded; empty where it can. `size` and `time` of the file
    belong to the key."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
    try:
        done = subprocess.run([sys.executable, "-m", "avspeech.media.trial", path, str(index)],
                              env={**os.environ, "PYTHONPATH": paths}, timeout=LONGEST,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return f"the decoder was not done after {LONGEST:.0f} s"
    return f"the decoder ends by signal {-done.returncode}" if done.returncode < 0 else ""


def _decode(path: str, index: int) -> None:
    """Decodes a stream of sound as `tracks` does. What Python can catch is left to the parent."""
    from avspeech.media import decoding

    with decoding.open_container(path) as container:
        stream = container.streams[index]
        decoding.prepare_sound(stream)
        read = decoding.FrameReader()
        for frame in decoding.decode_packets(container, stream):
            read(frame)


if __name__ == "__main__":
    _decode(sys.argv[1], int(sys.argv[2]))
