from __future__ import annotations

import io
import os
import wave

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media.wav_pipe import WavPipe


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
    def gone(*_: object) -> int:
        raise BrokenPipeError

    pipe = WavPipe(8000)
    pipe.write(np.zeros(4000, np.float32))
    monkeypatch.setattr(os, "write", gone)
    with pytest.raises(InputError, match="after 0.5 s"):
        pipe.write(np.zeros(1, np.float32))
