from __future__ import annotations

import io
import os
import struct
import wave

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media.wav_pipe import WavPipe
from avspeech.media.wav_pipe import header as wav_header


def test_what_is_sent_is_a_wav_of_the_samples(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sound = np.array([0.0, 0.5, -0.5, 2.0, -2.0], np.float32)
    pipe = WavPipe(24000)
    for part in (sound[:2], sound[2:]):
        pipe.write(part)
    with wave.open(io.BytesIO(capfdbinary.readouterr().out)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)
        heard = np.frombuffer(file.readframes(5), "<i2")
    assert np.abs(heard / 32767 - sound.clip(-1, 1)).max() < 1e-4 and pipe.frames == 5


def test_a_reader_that_has_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    put = os.write
    monkeypatch.setattr(os, "write", lambda to, data: put(write if to == 1 else to, data))
    pipe = WavPipe(8000)
    pipe.write(np.zeros(4000, np.float32))
    os.close(read)
    with pytest.raises(InputError, match=r"gone after 0\.5 s"):
        pipe.write(np.zeros(1, np.float32))
    os.close(write)


def test_the_header_is_that_of_a_wav_without_end() -> None:
    header = wav_header(16000)
    assert len(header) == 44 and header[:4] == b"RIFF" and header[36:40] == b"data"
    assert struct.unpack("<I", header[40:])[0] == 0xFFFFFFFF
    assert struct.unpack("<HHIIHH", header[20:36]) == (1, 1, 16000, 32000, 2, 16)
