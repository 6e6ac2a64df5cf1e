"""Containers that FFmpeg opens, though what they hold cannot be known, or is not all in one piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from films import numbers, shades, write_film  # noqa: E402
from sounds import encode, murmur  # noqa: E402

from avspeech.errors import InputError  # noqa: E402
from avspeech.media import audio, recordings, video  # noqa: E402
from avspeech.media.muxing import mux  # noqa: E402


@pytest.mark.parametrize("suffix", [".ul", ".al", ".sw", ".sb", ".ub", ".uw"])
def test_samples_without_a_header_are_refused(tmp_path: Path, suffix: str) -> None:
    """FFmpeg knows their kind by the suffix, and reads the 8 kHz of a telephone as 44.1 kHz."""
    path = tmp_path / f"x{suffix}"
    path.write_bytes((murmur(2, 8000) * 127).astype(np.int8).tobytes() * 2)
    with pytest.raises(InputError, match=r"without a header.*ffmpeg -f \w+ -ar 8000"):
        audio.read(path)


def test_an_encrypted_track_is_refused_and_one_beside_it_is_read(tmp_path: Path) -> None:
    """Without the key it decodes to silence, or to noise."""
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "1" * 32, "encryption_kid": "2" * 32}
    for codec in ("aac", "alac"):
        path = encode(tmp_path / f"{codec}.mp4", [murmur(2, 48000)], 48000, codec, container=key)
        with pytest.raises(InputError, match="track of sound is encrypted"):
            audio.read(path)


def test_bytes_of_nothing_are_passed_over(tmp_path: Path) -> None:
    """A card that lost a block in the middle, and a camera that sets room aside behind the end."""
    pictures = shades(100)
    path = write_film(tmp_path / "x.ts", pictures, [k / 25 for k in range(100)], codec="mpeg2video",
                      tone=4.0, options={"g": "5"})
    data = path.read_bytes()
    assert numbers(list(video.read_frames(path)))[-1] == 99
    middle = len(data) // 2 // 188 * 188
    path.write_bytes(data[:middle] + bytes(400_000) + data[middle:] + bytes(1_000_000))
    sound = recordings.survey(path)
    assert not [note for note in sound.notes if "breaks off" in note]
    assert abs(sound.samples / sound.rate - 4) < 0.1
    assert numbers(list(video.read_frames(path)))[-1] == 99
    audio.write(tmp_path / "voice.wav", murmur(4, 16000))
    mux(path, tmp_path / "voice.wav", tmp_path / "out.mp4")
    assert numbers(list(video.read_frames(tmp_path / "out.mp4")))[-1] == 99
