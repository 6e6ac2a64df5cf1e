"""Sound into a pipe while it is made: a wav on standard output, whose header holds no length."""

from __future__ import annotations

import os
import struct
import sys

import numpy as np

from avspeech.errors import InputError

UNKNOWN = 0xFFFFFFFF  # the length in the header of a wav whose end is not known yet


class WavPipe:
    """Standard output as a wav: 16 bit, mono.

    Args:
        sample_rate: in hertz.

    Raises:
        InputError: here or in `write`: the reader has gone.
    """

    def __init__(self, sample_rate: int) -> None:
        self.rate, self.frames = sample_rate, 0
        self._send(header(sample_rate))

    def write(self, samples: np.ndarray) -> None:
        """Sends samples `[n]`, -1 to 1; what is louder is clipped."""
        self._send(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        self.frames += len(samples)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(1, view):]
        except BrokenPipeError:
            raise InputError("the reader of the voice has gone after "
                             f"{self.frames / self.rate:.1f} s of it") from None


def header(sample_rate: int) -> bytes:
    """The header of a wav, 16 bit, mono, of unknown length, as FFmpeg writes it into a pipe."""
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", UNKNOWN, b"WAVE", b"fmt ", 16, 1, 1,
                       sample_rate, 2 * sample_rate, 2, 16, b"data", UNKNOWN)


def refuse_terminal(file: str) -> None:
    """Raises InputError where standard output is a terminal, which would show the sound as text.

    Args:
        file: an example of a file to give in place of -.
    """
    if sys.stdout.isatty():
        raise InputError("standard output is a terminal; send it into a pipe, or give "
                         f"-o {file}")
