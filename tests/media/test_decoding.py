"""Containers that FFmpeg opens, though what they hold cannot be known, or is not all in one piece."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

import av  # noqa: E402
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


@pytest.mark.parametrize(("kind", "form"), [("<i2", "s16le"), (">i2", "s16be"), ("<f4", "f32le")])
@pytest.mark.parametrize("suffix", [".raw", ".pcm", ".wav", ""])
def test_samples_without_a_header_are_known_by_their_content(tmp_path: Path, suffix: str, kind: str,
                                                             form: str) -> None:
    samples = murmur(2, 16000)
    scaled = samples if kind[1] == "f" else np.round(samples * 32767)
    path = tmp_path / f"x{suffix}"
    path.write_bytes(scaled.astype(kind).tobytes())
    with pytest.raises(InputError, match=f"without a header.*ffmpeg -f {form} "):
        audio.read(path)
    noise = np.random.default_rng(0).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    for data in (noise, b"Some words, and no sound at all.\n" * 900):
        path.write_bytes(data)
        with pytest.raises(InputError) as error:
            audio.read(path)
        assert "without a header" not in str(error.value)


@pytest.mark.parametrize(("change", "words"), [
    (base64.b64encode, "base64"),
    (lambda data: b"data:audio/wav;base64," + base64.b64encode(data), "base64"),
    (lambda data: data.decode("utf-8", "replace").encode(), "as a text in UTF-8"),
    (lambda data: b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + data,
     r"begins at byte 44.*tail -c \+45"),
    (lambda data: b"\0" * 512 + data, "begins at byte 512"),
    (lambda data: b"\x93NUMPY\1\0" + data[44:], "array of NumPy"),
    (lambda data: b"SQLite format 3\0" + data, "database"),
])
def test_what_became_of_a_sound_is_told(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    path = tmp_path / "x.wav"
    audio.write(path, murmur(2, 16000), 16000)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=words):
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


def test_pauses_that_a_recorder_left_out_are_told_once(tmp_path: Path) -> None:
    """Opus in WebM without the packets of a pause, as recorders of calls write it."""
    whole = encode(tmp_path / "a.webm", [murmur(6, 48000)], 48000, "libopus", bit_rate=64_000)
    with av.open(str(whole)) as first, av.open(str(tmp_path / "b.webm"), "w") as target:
        stream = target.add_stream_from_template(first.streams.audio[0])
        for packet in first.demux(first.streams.audio[0]):
            if packet.pts is not None and not 2 <= packet.pts * packet.time_base < 3:
                packet.stream = stream
                target.mux(packet)
    sound, other = audio.read(whole, 48000), audio.read(tmp_path / "b.webm", 48000)
    notes = recordings.survey(tmp_path / "b.webm").notes
    assert len(notes) == 1 and "pauses that its recorder left out" in notes[0], notes
    late = len(other) - len(sound)  # WebM rounds its times to milliseconds
    assert abs(late) <= 48 and not other[int(2.1 * 48000): int(2.9 * 48000)].any()
    for begin, end, shift in ((0.0, 1.9, 0), (3.2, 5.9, late)):
        first, last = int(begin * 48000), int(end * 48000)
        assert np.corrcoef(sound[first:last], other[first + shift: last + shift])[0, 1] > 0.99
