"""Files as people have them: headers that tell nothing, pieces, tracks, layouts, levels, joined files."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("av")

from sounds import decoded, encode, murmur  # noqa: E402

from avspeech.errors import InputError  # noqa: E402
from avspeech.media import audio, endings, matroska, ogg, recordings, tracks  # noqa: E402

RATE = 48000


def like(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of the part that both have."""
    n = min(len(a), len(b))
    return float(np.corrcoef(a[:n], b[:n])[0, 1])


def same_in_pieces(path: Path, rate: int, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.7) -> None:
    """Pieces, in order and not, and blocks are the whole, sample by sample, also where nothing is kept."""
    whole = audio.read(path, rate)
    assert audio.duration(path) == pytest.approx(len(whole) / rate, abs=1 / rate)
    assert np.array_equal(np.concatenate([b for b, _ in audio.blocks(path)]), whole)
    monkeypatch.setattr(recordings, "KEPT", 0)
    recordings._survey.cache_clear()
    vars(recordings._here).clear()
    pieces, wanted = [], round(seconds * rate)
    while not pieces or len(pieces[-1]) == wanted:
        pieces.append(audio.read(path, rate, start=len(pieces) * seconds, duration=seconds))
    assert np.array_equal(np.concatenate(pieces), whole)
    for start in (2.5, 0.3, 1.9):
        k = round(start * rate)
        assert np.array_equal(audio.read(path, rate, start=start, duration=0.5), whole[k: k + rate // 2])
    assert np.array_equal(audio.read(path, rate, start=1.0), whole[rate:])


@pytest.mark.parametrize("rates", [(320_000, 32_000), (32_000, 320_000)])
def test_mp3_without_a_length_is_read_to_its_end(tmp_path: Path, rates: tuple[int, int]) -> None:
    """Its bit rate changes, and nothing in it tells how long it is."""
    sound, data = murmur(4, 44100), b""
    for k, bits in enumerate(rates):
        part = sound[: 44100 // 2] if k == 0 else sound[44100 // 2:]
        encode(tmp_path / f"{k}.mp3", [part], 44100, "libmp3lame", bit_rate=bits,
               container={"write_xing": "0", "id3v2_version": "0"})
        data += (tmp_path / f"{k}.mp3").read_bytes()
    path = tmp_path / "x.mp3"
    path.write_bytes(data)
    whole = audio.read(path, 44100)
    assert np.abs(whole - decoded(path)).max() < 1e-6
    assert 4.0 <= len(whole) / 44100 < 4.2 and audio.duration(path) == len(whole) / 44100
    assert len(audio.read(path, 44100, start=3.0, duration=0.5)) == 22050


@pytest.mark.parametrize("size", [b"\0\0\0\0", b"\xff\xff\xff\xff"])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT", "ULAW"])
def test_wav_of_a_recorder_that_was_killed(tmp_path: Path, size: bytes, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, murmur(1, 16000), 16000, subtype=subtype)
    whole = audio.read(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    rest = len(data) - at - 4
    data[4:8] = data[at: at + 4] = size
    path.write_bytes(data)
    found = audio.read(path)
    assert np.array_equal(found[:16000], whole) and len(found) <= 16000 + rest % 4
    assert audio.duration(path) == len(found) / 16000


@pytest.mark.parametrize("times", [1, 3])
def test_a_wav_that_is_longer_than_its_header_can_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        times: int) -> None:
    """The header's size begins again at zero behind 4 GiB, here behind 8 KiB."""
    monkeypatch.setattr(endings, "COUNTED", 2**13)
    path = tmp_path / "a.wav"
    soundfile.write(path, murmur(1, 16000)[: times * 2**12 + 1000], 16000)
    whole = soundfile.read(path, dtype="float32")[0]
    data = bytearray(path.read_bytes())
    assert len(data) == 44 + times * 2**13 + 2000
    data[40:44] = struct.pack("<I", 2000)
    path.write_bytes(data)
    assert np.array_equal(audio.read(path), whole) and not recordings.survey(path).notes
    assert audio.duration(path) == len(whole) / 16000 and recordings.promised(path) is None


CODINGS = [("a.wav", "WAV", "GSM610"), ("a.aif", "AIFF", "GSM610"), ("a.w64", "W64", "GSM610"),
           ("a.wav", "WAV", "G721_32"), ("a.au", "AU", "G721_32"), ("a.au", "AU", "G723_24"),
           ("a.au", "AU", "G723_40"), ("a.wav", "WAV", "IMA_ADPCM"), ("a.w64", "W64", "MS_ADPCM"),
           ("a.wav", "WAV", "NMS_ADPCM_16"), ("a.wav", "WAV", "NMS_ADPCM_32"), ("a.caf", "CAF", "ALAC_16")]


@pytest.mark.parametrize("size", [0, 2**32 - 1])
def test_an_rf64_whose_recorder_was_killed_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    """Its sizes of 64 bits are written last."""
    samples = (murmur(2, 16000) * 32767).astype("<i2")
    head = b"WAVEds64" + struct.pack("<IQQQI", 28, 0, 0, 0, 0) + b"fmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    path = tmp_path / "x.wav"
    path.write_bytes(b"RF64" + struct.pack("<I", 2**32 - 1) + head + b"data" + struct.pack("<I", size)
                     + samples.tobytes())
    assert np.array_equal(audio.read(path, 16000), samples.astype(np.float32) / 32768)


@pytest.mark.parametrize(("name", "form", "subtype"), CODINGS)
def test_codings_that_libsndfile_cannot_seek_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
                                                form: str, subtype: str) -> None:
    sound = murmur(4, 8000)
    soundfile.write(tmp_path / name, sound, 8000, format=form, subtype=subtype)
    found = audio.read(tmp_path / name, 8000)
    assert abs(len(found) - len(sound)) <= 400 and like(found, sound) > 0.95
    same_in_pieces(tmp_path / name, 8000, monkeypatch)


@pytest.mark.parametrize("kind", ["caf", "aiff", "au", "flac", "wav", "w64"])
def test_the_content_tells_the_format_not_the_suffix(tmp_path: Path, kind: str) -> None:
    sound = murmur(0.3, 16000)
    for suffix in (".raw", ".mp3", ".dat", ""):
        path = tmp_path / f"{kind}{suffix}"
        soundfile.write(str(path), sound, 16000, format=kind.upper(), subtype="PCM_16")
        assert np.abs(audio.read(path) - sound).max() < 1e-4


CONTAINERS = [("a.webm", "libopus", 48000), ("a.mkv", "libopus", 48000), ("a.opus", "libopus", 48000),
              ("a.mkv", "libmp3lame", 44100), ("a.flv", "libmp3lame", 44100), ("a.mp3", "libmp3lame", 44100),
              ("a.wav", "g722", 16000), ("a.m4a", "aac", 44100), ("a.aac", "aac", 44100),
              ("a.ts", "aac", 44100), ("a.mka", "aac", 48000), ("a.mpg", "mp2", 48000),
              ("a.avi", "mp2", 48000)]


@pytest.mark.parametrize(("name", "codec", "rate"), CONTAINERS)
def test_pieces_are_the_whole_and_the_whole_is_what_ffmpeg_decodes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / name, [murmur(4, rate)], rate, codec)
    same_in_pieces(path, rate, monkeypatch)
    whole, wanted = audio.read(path, rate), decoded(path)
    assert len(whole) == len(wanted) and np.abs(whole - wanted).max() < 1e-4


def test_a_long_sound_is_read_in_order_in_bounded_memory(tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "KEPT", 2**16)
    path = encode(tmp_path / "a.opus", [np.tile(murmur(4, RATE), 10)], RATE, "libopus")
    opened = []
    decode = recordings.decode_track
    monkeypatch.setattr(recordings, "decode_track", lambda *args: opened.append(1) or decode(*args))
    for k in range(8):
        assert len(audio.read(path, start=5 * k, duration=5)) == 80000
        assert sum(map(len, recordings._here.reading.held)) <= 10 * RATE
    assert len(opened) == 2  # once to survey it, once to read it


def test_the_default_track_another_one_and_one_that_sounds(tmp_path: Path) -> None:
    first, second = murmur(1, RATE), murmur(1, RATE, seed=1)
    path = encode(tmp_path / "two.mkv", [first, second], RATE, "pcm_s16le", default=1)
    notes: list[str] = []
    assert np.abs(audio.read(path, RATE, notes=notes) - second).max() < 1e-4
    assert notes == ["track 2 of its 2 tracks of sound was taken: marked as default"]
    for track, sound in ((1, first), (2, second)):
        assert np.abs(audio.read(path, RATE, track=track) - sound).max() < 1e-4
    for track in (0, 3):
        with pytest.raises(InputError, match="numbers 1 to 2"):
            audio.read(path, track=track)
    soundfile.write(tmp_path / "one.wav", first, RATE)
    with pytest.raises(InputError, match="one track of sound"):
        audio.read(tmp_path / "one.wav", track=2)
    path = encode(tmp_path / "silent.mkv", [0 * first, second], RATE, "pcm_s16le", default=0)
    notes = []
    assert np.abs(audio.read(path, RATE, notes=notes) - second).max() < 1e-4
    assert "track 2" in notes[0] and "track 1 is silent" in notes[0]
    assert not audio.read(path, RATE, track=1).any()
    path = encode(tmp_path / "both.mkv", [0 * first, 0 * second], RATE, "pcm_s16le")
    assert not audio.read(path, RATE, notes=notes).any()


def test_a_track_that_cannot_be_decoded_is_passed_over(tmp_path: Path) -> None:
    first, second = murmur(1, RATE), murmur(1, RATE, seed=1)
    path = encode(tmp_path / "a.mkv", [first, second], RATE, "pcm_s16le")
    path.write_bytes(path.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XXX/INT/LIT", 1))
    notes: list[str] = []
    assert np.abs(audio.read(path, RATE, notes=notes) - second).max() < 1e-4
    assert "cannot be decoded" in notes[0]
    path.write_bytes(path.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XXX/INT/LIT"))
    with pytest.raises(InputError, match="no decoder"):
        audio.read(path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mkv"])
def test_one_inverted_channel_is_said_and_not_silence(tmp_path: Path, name: str) -> None:
    sound = murmur(1, RATE)
    pair = np.stack([sound, -sound])
    if name == "a.mkv":
        encode(tmp_path / name, [pair], RATE, "pcm_s16le", "stereo")
    else:
        soundfile.write(tmp_path / name, pair.T, RATE)
    notes: list[str] = []
    assert np.abs(audio.read(tmp_path / name, RATE, notes=notes) - sound).max() < 1e-4
    assert len(notes) == 1 and "cancel" in notes[0] and "channel 1" in notes[0]
    assert np.abs(np.concatenate([b for b, _ in audio.blocks(tmp_path / name)]) - sound).max() < 1e-4
    part = audio.read(tmp_path / name, RATE, start=0.25, duration=0.5)
    assert np.abs(part - sound[12000:36000]).max() < 1e-4


@pytest.mark.parametrize("name", ["a.wav", "a.mkv"])
def test_channels_that_cancel_for_a_part_of_the_time_are_said(tmp_path: Path, name: str) -> None:
    sound, other = murmur(6, RATE), murmur(6, RATE, 1)
    part = np.where(np.arange(len(sound)) < 2 * RATE, -1, 1).astype(np.float32)
    for second, lost in ((part * sound, 2), (sound, 0), (other, 0), (0 * sound, 0)):
        pair = np.stack([sound, second])
        if name == "a.mkv":
            encode(tmp_path / name, [pair], RATE, "pcm_s16le", "stereo")
        else:
            soundfile.write(tmp_path / name, pair.T, RATE)
        notes: list[str] = []
        read = audio.read(tmp_path / name, RATE, notes=notes)
        assert np.abs(read - pair.mean(0)).max() < 1e-3
        assert [f"some {lost} s its channels cancel" in note for note in notes] == [True] * bool(lost)


@pytest.mark.parametrize("name", ["a.wav", "a.mkv"])
def test_float_sound_beyond_full_scale_is_brought_to_range(tmp_path: Path, name: str) -> None:
    sound = murmur(1, RATE)
    units = np.round(sound * 32768).astype(np.float32)
    for far, wanted in ((30 * sound / np.abs(sound).max(), sound / np.abs(sound).max()),
                        (units, units / 32768)):
        if name == "a.wav":
            soundfile.write(tmp_path / name, far, RATE, subtype="FLOAT")
        else:
            encode(tmp_path / name, [far.astype(np.float32)], RATE, "pcm_f32le")
        notes: list[str] = []
        found = audio.read(tmp_path / name, RATE, notes=notes)
        assert np.abs(found - wanted).max() < 1e-5
        assert len(notes) == 1 and "not between -1 and 1" in notes[0] and "divided by" in notes[0]
        (tmp_path / name).unlink()


def test_float_sound_that_is_louder_than_full_scale_is_not_called_clipped(tmp_path: Path) -> None:
    sound = murmur(1, RATE)
    soundfile.write(tmp_path / "a.wav", 3 * sound / np.abs(sound).max(), RATE, subtype="FLOAT")
    (note,) = audio.notes_of(tmp_path / "a.wav")
    assert "not between -1 and 1" in note and "turn it down" in note


SAFE = """
import sys
from avspeech.media import audio
for path in sys.argv[1:]:
    print(len(audio.read(path, 48000)), float(abs(audio.read(path)).max()))
"""


def test_rare_layouts_do_not_end_the_process(tmp_path: Path) -> None:
    """Eight planes and more; channels in an order of their own. In a child: it may end without a word."""
    sound = murmur(0.5, RATE)
    paths = [encode(tmp_path / "a.mp4", [np.stack([sound] * 8)], RATE, "aac", "7.1"),
             encode(tmp_path / "a.opus", [np.stack([sound] * 8)], RATE, "libopus", "7.1"),
             encode(tmp_path / "a.mov", [np.stack([sound] * 3)], RATE, "pcm_s16le", "3.0")]
    data = bytearray(paths[2].read_bytes())
    at = data.index(b"chan") + 8
    data[at: at + 4] = ((114 << 16) | 3).to_bytes(4, "big")  # centre, left, right: not FFmpeg's own order
    paths[2].write_bytes(data)
    environment = {**os.environ, "PYTHONPATH": str(Path(audio.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", SAFE, *map(str, paths)], capture_output=True, text=True,
                          env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        length, peak = line.split()
        assert 24000 <= int(length) < 27000 and float(peak) > 0.1
    assert len(done.stdout.splitlines()) == 3


JOINED = [("a.ts", "aac"), ("a.mp3", "libmp3lame"), ("a.opus", "libopus"), ("a.ogg", "flac"),
          ("a.mpg", "mp2"), ("a.aac", "aac")]


@pytest.mark.parametrize(("name", "codec"), JOINED)
def test_recordings_joined_as_they_are(tmp_path: Path, name: str, codec: str) -> None:
    data, parts = b"", []
    for seed, seconds in ((0, 1.5), (1, 1.0)):
        path = encode(tmp_path / f"{seed}{name}", [murmur(seconds, RATE, seed)], RATE, codec)
        parts.append(audio.read(path, RATE))
        data += path.read_bytes()
    (tmp_path / name).write_bytes(data)
    found = audio.read(tmp_path / name, RATE)
    wanted = decoded(tmp_path / name)
    assert len(found) == len(wanted) >= 0.98 * sum(map(len, parts))
    assert np.abs(found - wanted).max() < 1e-4
    # Both are there, one after the other
    for sound in parts:
        middle = sound[len(sound) // 4: len(sound) // 4 + RATE // 2]
        assert np.correlate(found, middle, "valid").max() > 0.9 * np.sum(middle**2)


def test_one_wrong_time_in_the_sound(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flv", [murmur(3, 44100)], 44100, "libmp3lame")
    whole = audio.read(path, 44100)
    data = bytearray(path.read_bytes())
    tags, at = [], 13
    while at < len(data):
        tags.append(at)
        at += 11 + int.from_bytes(data[at + 1: at + 4], "big") + 4
    sound = [tag for tag in tags if data[tag] == 8]
    data[sound[30] + 4: sound[30] + 7] = (746_000).to_bytes(3, "big")
    path.write_bytes(data)
    assert np.array_equal(audio.read(path, 44100), whole)


@pytest.mark.parametrize("name", ["12:30.wav", "a%03d.flac", "-i.wav", "caf\udce9.flac", "1:\udcff.mkv"])
def test_names_of_any_kind(tmp_path: Path, name: str) -> None:
    sound = murmur(0.3, 16000)
    kind = name.split(".")[-1]
    made = tmp_path / f"made.{kind}"
    if kind == "mkv":
        encode(made, [sound], 16000, "pcm_s16le")
    else:
        soundfile.write(made, sound, 16000)
    os.rename(made, tmp_path / name)
    assert np.abs(audio.read(tmp_path / name) - sound).max() < 1e-4
    (tmp_path / name).write_bytes(b"no sound at all")
    with pytest.raises(InputError, match="sound"):
        audio.read(tmp_path / name)


def test_tags_in_latin_1(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", [murmur(0.3, 16000)], 16000, "pcm_s16le")
    data = path.read_bytes()
    at = data.index(b"Lavf")
    path.write_bytes(data[:at] + b"Caf\xe9" + data[at + 4:])
    assert len(audio.read(path)) == 4800


@pytest.mark.parametrize(("name", "codec"), [("a.mka", "libopus"), ("a.webm", "libopus"),
                                             ("a.flv", "libmp3lame")])
def test_the_end_of_a_stream_may_be_asked_for_twice(tmp_path: Path, name: str, codec: str) -> None:
    rate = 44100 if codec == "libmp3lame" else RATE
    path = encode(tmp_path / name, [murmur(1.5, rate)], rate, codec)
    with audio.open_container(path) as container:
        stream = container.streams.audio[0]
        ends = [audio.stream_end(container, stream) for _ in range(2)]
        assert ends[0] == ends[1] == pytest.approx(1.5, abs=0.1)
        assert sum(f.samples for f in audio.decode_packets(container, stream)) > rate


def test_a_flac_that_is_cut_off_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, murmur(4, 16000), 16000)
    whole = audio.read(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = audio.read(path)
    assert 0.3 * len(whole) < len(found) < 0.7 * len(whole)
    assert np.array_equal(found, whole[: len(found)])
    assert audio.duration(path) == len(found) / 16000 and audio.promised(path) == 4.0


@pytest.mark.parametrize("name, codec", [
    *((f"a.{kind}", "") for kind in ("wav", "rf64", "w64", "aiff", "au", "caf", "nist", "flac",
                                     "ogg", "mp3")),
    ("a.mkv", "pcm_s16le"), ("a.mka", "libopus"), ("a.opus", "libopus"), ("b.mp3", "libmp3lame")])
def test_what_is_missing_at_the_end_is_said(tmp_path: Path, name: str, codec: str) -> None:
    rate = RATE if codec == "libopus" else 16000
    path, sound = tmp_path / name, murmur(4, rate)
    if codec:
        encode(path, [sound], rate, codec)
    else:
        soundfile.write(path, sound, rate, format=path.suffix[1:].upper())
    assert audio.notes_of(path) == []
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    (note,) = audio.notes_of(path)
    assert "is cut off" in note or "the rest is missing" in note
    assert 0.9 < audio.duration(path) < 2.5


def test_ogg_that_ends_between_two_pages_is_said_to_have_no_end(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.opus", [murmur(3, RATE)], RATE, "libopus")
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    assert [note for note in audio.notes_of(path) if "not marked as the last" in note]
    path.write_bytes(data + data)  # two recordings joined
    assert not [note for note in audio.notes_of(path) if "page" in note]


def test_an_mp3_whose_encoder_told_no_length_misses_nothing(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3", [murmur(2, RATE)], RATE, "libmp3lame", container={"write_xing": "0"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert audio.notes_of(path) == [] and audio.duration(path) < 1.2


@pytest.mark.parametrize("size", [0, 2**32 - 1, 2**31 - 1])
def test_a_header_without_a_length_misses_nothing(tmp_path: Path, size: int) -> None:
    soundfile.write(tmp_path / "a.wav", murmur(2, RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    at = data.index(b"data") + 4
    data[at: at + 4] = size.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    assert audio.notes_of(tmp_path / "a.wav") == []


@pytest.mark.parametrize("kind", ["wav", "rf64", "w64", "aiff", "au", "caf"])
def test_what_follows_behind_the_sound_is_said(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, murmur(2, 16000), 16000, format=kind.upper())
    data = path.read_bytes()
    path.write_bytes(data + data)  # two recordings joined, of which the first is read
    (note,) = audio.notes_of(path)
    assert "others follow" in note and audio.duration(path) == 2.0
    path.write_bytes(data + data[-20000:])  # a recorder that was killed before it wrote the length
    assert len(audio.notes_of(path)) == 1
    path.write_bytes(data + bytes(20000))  # zeros are padding
    assert audio.notes_of(path) == []


def test_chunks_and_titles_behind_the_sound_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, murmur(2, 16000), 16000)
    data, text = path.read_bytes(), bytes(range(256)) * 40
    chunk = b"LIST" + len(text).to_bytes(4, "little") + text
    for rest in (chunk, chunk + b"_PMX" + chunk[4:], b"ID3\x03\0\0" + text, b"TAG" + text):
        path.write_bytes(data + rest)
        assert audio.notes_of(path) == []


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    for seed in (0, 1):
        sound = murmur(0.5, RATE, seed)
        encode(path, [sound], RATE, "pcm_s16le")
        assert np.abs(audio.read(path, RATE) - sound).max() < 1e-4


def test_an_empty_wav_and_a_rate_that_cannot_be(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16000)
    with pytest.raises(InputError, match="no sound"):
        audio.read(tmp_path / "a.wav")
    soundfile.write(tmp_path / "b.wav", murmur(0.1, 16000), 3)
    with pytest.raises(InputError, match="samples a second"):
        audio.read(tmp_path / "b.wav")


@pytest.mark.parametrize("begin", ["#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n",
                                   "ffconcat version 1.0\nfile ", "\ufeff#EXTM3U\n"])
def test_a_playlist_opens_no_other_file(tmp_path: Path, begin: str) -> None:
    encode(tmp_path / "other.ts", [murmur(1, 48000)], 48000, "mp2")
    (tmp_path / "list.ts").write_text(f"{begin}other.ts\n#EXT-X-ENDLIST\n", encoding="utf-8")
    for read in (audio.read, audio.duration):
        with pytest.raises(InputError, match="list.ts: a playlist"):
            read(tmp_path / "list.ts", *((16000,) if read is audio.read else ()))


@pytest.mark.parametrize(("name", "codec", "rate"), [
    ("a.wav", "", 16000), ("a.flac", "", 16000), ("a.mka", "pcm_s16le", 16000),
    ("a.mp3", "libmp3lame", 16000), ("a.mp3", "libmp3lame", 44100), ("a.m4a", "aac", 44100),
    ("a.ogg", "libopus", 48000), ("a.wav", "pcm_mulaw", 8000), ("a.wav", "pcm_alaw", 8000),
    ("b.wav", "adpcm_ms", 16000)])
def test_clipping_is_said(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    """Lossy coding bends the flat tops, and clean sound that it moves beyond full scale is not clipped."""
    path, loud = tmp_path / name, murmur(2, rate)
    loud /= np.abs(loud).max()
    for gain in (0.9, 1.0, 3.0):
        sound = np.clip(gain * loud, -1, 1)
        if codec:
            encode(path, [sound], rate, codec, bit_rate=48_000 if codec[:3] in ("lib", "aac") else None)
        else:
            soundfile.write(path, sound, rate)
        told = [note for note in audio.notes_of(path) if "it is clipped: " in note]
        assert bool(told) == (gain > 1), (gain, told)


@pytest.mark.parametrize("second", [4.0, 1.0])
def test_flac_files_that_were_joined_are_read_in_whole_and_it_is_said(tmp_path: Path, second: float) -> None:
    parts = [murmur(4, 16000), murmur(second, 16000, 1)]
    for k, part in enumerate(parts):
        soundfile.write(tmp_path / f"{k}.flac", part, 16000)
        assert audio.notes_of(tmp_path / f"{k}.flac") == []
    path = tmp_path / "a.flac"
    path.write_bytes(b"".join((tmp_path / f"{k}.flac").read_bytes() for k in range(2)))
    found = audio.read(path)
    assert np.abs(found[: 4 * 16000] - parts[0]).max() < 1e-4
    assert np.abs(found[-8000:] - parts[1][-8000:]).max() < 1e-4 and len(found) > (3.7 + second) * 16000
    assert "more follow" in audio.notes_of(path)[0] and audio.duration(path) == len(found) / 16000


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_a_flac_that_tells_fewer_samples_than_there_are(tmp_path: Path, subtype: str, rate: int) -> None:
    path, sound = tmp_path / "a.flac", murmur(4, rate)
    soundfile.write(path, np.stack([sound, 0.5 * sound], 1), rate, subtype=subtype)
    data = bytearray(path.read_bytes())
    told = int.from_bytes(data[21:26], "big")
    data[21:26] = (told - 3 * rate).to_bytes(5, "big")
    path.write_bytes(data)
    assert len(audio.read(path, rate)) == 4 * rate and audio.duration(path) == 4.0
    assert f"tells of {rate:,} samples" in audio.notes_of(path)[0]


def test_quiet_samples_of_flac_are_no_frame(tmp_path: Path) -> None:
    """Their bytes are often as a frame begins, and now and then its checksum agrees."""
    header = b"\xff\xf8\x35\x08\0"
    crc = next(k for k in range(256) if endings._flac_number(header + bytes([k])) == 0)
    info = bytes([4, 128, 4, 128]) + bytes(3) + b"\0\5\x0a" + b"\x03\xe8\0\xf0\0\0\x80\0" + bytes(16)
    chance = bytes.fromhex("fff8fff7e722b8111e3b042928013bfc")  # number 30904
    assert endings._flac_number(chance) == 30904
    begin = b"fLaC\x80\0\0\x22" + info + header + bytes([crc])
    (tmp_path / "a.flac").write_bytes(begin + bytes(500) + chance * 2)
    assert endings.left_over(tmp_path / "a.flac") == []


DAMAGED = [("a.flac", "flac", 16000), ("a.mka", "flac", 16000), ("a.ac3", "ac3", 48000),
           ("a.ogg", "flac", 16000), ("a.opus", "libopus", 48000)]


@pytest.mark.parametrize(("name", "codec", "rate"), DAMAGED)
def test_damage_that_a_checksum_tells_is_silence_and_is_said(tmp_path: Path, name: str, codec: str,
                                                             rate: int) -> None:
    path = encode(tmp_path / name, [murmur(4, rate)], rate, codec)
    whole, data = audio.read(path, rate), path.read_bytes()
    assert audio.notes_of(path) == []
    for place in (0.4, 0.6, 0.7):
        broken, at = bytearray(data), round(place * len(data))
        broken[at: at + 9] = bytes(255 - byte for byte in broken[at: at + 9])
        path.write_bytes(broken)
        notes: list[str] = []
        found = audio.read(path, rate, notes=notes)
        assert any("damaged" in note for note in notes), notes
        assert np.abs(found).max() < 1.2 * np.abs(whole).max()
        assert np.abs(found[: rate // 2] - whole[: rate // 2]).max() < 1e-3
        if name not in ("a.ac3", "a.ogg"):  # there are times by which what follows keeps its place
            assert len(found) == len(whole) and np.abs(found[-rate // 2:] - whole[-rate // 2:]).max() < 1e-2


@pytest.mark.parametrize("name", ["a.ogg", "a.opus"])
def test_a_page_of_ogg_that_was_lost_is_said(tmp_path: Path, name: str) -> None:
    path = encode(tmp_path / name, [murmur(6, RATE)], RATE, "flac" if name == "a.ogg" else "libopus")
    data = path.read_bytes()
    whole, pages = audio.read(path), [at.start() for at in re.finditer(b"OggS\0", data)]
    path.write_bytes(data[: pages[4]] + data[pages[5]:])
    assert audio.notes_of(path)[0].startswith("1 of its pages") and len(audio.read(path)) == len(whole)
    path.write_bytes(data[: pages[2]] + data[pages[4]:])  # as a broadcast that was recorded begins
    assert ogg.lost_pages(path) == []
    sounding = next(k for k, at in enumerate(pages) if 0 < int.from_bytes(data[at + 6: at + 14], "little"))
    for page in (sounding, sounding + 1):  # damaged, though it is there
        damaged = bytearray(data)
        damaged[pages[page] + 400] ^= 1
        path.write_bytes(damaged)
        assert ogg.lost_pages(path)[0].startswith("1 of its pages")


def test_more_channels_than_there_are_are_refused_or_said(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, murmur(1, 16000), 16000)
    data = bytearray(path.read_bytes())
    for channels, words in ((255, "tells of 255 channels"), (3, "3 channels of 16 bits, but 2 bytes")):
        data[22:24] = channels.to_bytes(2, "little")
        path.write_bytes(data)
        if channels > 64:
            with pytest.raises(InputError, match=words):
                audio.read(path)
        else:
            assert any(words in note for note in audio.notes_of(path))
    data[22:24], data[24:28] = b"\1\0", (8000).to_bytes(4, "little")
    path.write_bytes(data)
    assert [note for note in audio.notes_of(path) if "8000 samples a second, but 32000 bytes" in note]
    soundfile.write(tmp_path / "a.flac", murmur(1, 16000), 16000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[18:20] = (44100 >> 4).to_bytes(2, "big")
    (tmp_path / "a.flac").write_bytes(data)
    assert "but its sound of 16000" in audio.notes_of(tmp_path / "a.flac")[0]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW",
                                     "IMA_ADPCM", "GSM610"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
def test_headers_of_wav_do_not_contradict_themselves(tmp_path: Path, subtype: str, kind: str) -> None:
    if not soundfile.check_format(kind, subtype):
        return
    soundfile.write(tmp_path / "a.wav", murmur(0.2, 16000), 16000, format=kind, subtype=subtype)
    assert endings.contradictions(tmp_path / "a.wav") == []


def test_an_instrument_is_no_recording(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.xi", murmur(1, 44100), 44100, format="XI", subtype="DPCM_16")
    with pytest.raises(InputError, match="not a sound or video file"):
        audio.read(tmp_path / "a.xi")


def test_samples_that_are_not_what_the_header_says_are_like_noise(tmp_path: Path) -> None:
    sound, path = murmur(2, 16000), tmp_path / "a.wav"
    soundfile.write(path, sound, 16000)
    data = path.read_bytes()
    soundfile.write(tmp_path / "f.wav", sound, 16000, subtype="FLOAT")
    floats = (tmp_path / "f.wav").read_bytes()
    at = floats.index(b"fmt ") + 8
    for wrong in (data[:44] + np.frombuffer(data[44:], "<i2").byteswap().tobytes(),
                  data[:44] + b"\1" + data[44:-1], data[:32] + b"\1\0\x08\0" + data[36:],
                  floats[:at] + b"\1\0" + floats[at + 2:]):
        path.write_bytes(wrong)
        assert [note for note in audio.notes_of(path) if "what its header says" in note]
    tone = np.sin(np.arange(32000) * 0.3)
    for right in (tone, 0.6 * tone, np.sign(tone), np.clip(30 * sound, -1, 1), 3 * sound):
        soundfile.write(path, right, 16000)
        assert not [note for note in audio.notes_of(path) if "like noise" in note]


def test_the_sound_of_a_film_that_is_kept_as_samples_is_decoded(tmp_path: Path) -> None:
    coded = encode(tmp_path / "a.ac3", [murmur(2, RATE)], RATE, "ac3", bit_rate=192_000).read_bytes()
    step, bursts = coded.find(b"\x0b\x77", 2), b""
    for at in range(0, len(coded), step):
        frame = np.frombuffer(coded[at: at + step], ">u2").astype("<u2").tobytes()
        burst = np.array([0xF872, 0x4E1F, 1, 8 * step], "<u2").tobytes() + frame
        bursts += burst.ljust(6144, b"\0")
    soundfile.write(tmp_path / "a.wav", np.frombuffer(bursts, "<i2").reshape(-1, 2), RATE)
    assert like(audio.read(tmp_path / "a.wav", RATE), audio.read(tmp_path / "a.ac3", RATE)) > 0.99


@pytest.mark.parametrize(("begin", "words"), [
    (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"), (b"PK\3\4abc", "zip"),
    (bytes(5000), "zeros"), (b'{"error": 404}', "server"),
    (b"\0\0\0\x18ftypM4A \0\0\2\0isomiso2\0\0\x40\0mdat" + bytes(9), "index")])
def test_what_is_no_sound_is_named(tmp_path: Path, begin: bytes, words: str) -> None:
    (tmp_path / "a.wav").write_bytes(begin)
    with pytest.raises(InputError, match=words):
        audio.read(tmp_path / "a.wav")


def test_how_much_of_aac_in_a_wav_is_missing_is_told(tmp_path: Path) -> None:
    """Nothing there says where a frame ends, so that most of them cannot be decoded."""
    path = encode(tmp_path / "a.wav", [murmur(4, 16000)], 16000, "aac")
    assert len(audio.read(path)) < 2 * 16000
    assert any("but its header tells of 4." in note and "the rest is missing" in note
               for note in audio.notes_of(path))


@pytest.mark.parametrize(("name", "rate", "speech", "size", "pause"), [
    ("#!AMR", 8000, 7, 31, 15), ("#!AMR", 8000, 7, 31, 8), ("#!AMR-WB", 16000, 2, 32, 15),
    ("#!AMR-WB", 16000, 2, 32, 9)])
def test_pauses_of_amr_are_silence_and_no_damage(tmp_path: Path, name: str, rate: int, speech: int,
                                                 size: int, pause: int) -> None:
    """Telephones send next to nothing where nobody speaks."""
    rng = np.random.default_rng(0)
    rests = {8: 5, 9: 5, 15: 0}
    quiet = set(range(40, 60)) | {100}
    frames = [bytes([(pause if k in quiet else speech) << 3 | 4])
              + rng.bytes(rests[pause] if k in quiet else size) for k in range(150)]
    (tmp_path / "a.amr").write_bytes(name.encode() + b"\n" + b"".join(frames))
    sound = recordings.survey(tmp_path / "a.amr")
    assert (sound.rate, sound.samples) == (rate, 150 * rate // 50)
    assert not sound.damaged  # here noise is loud up to a pause, which no telephone does
    assert all("breaks off to exact silence" in fault for fault in sound.faults)
    samples = recordings.part(tmp_path / "a.amr", sound, 0).reshape(150, -1)
    assert {k for k in range(150) if not samples[k].any()} == quiet


def test_a_track_of_one_steady_sound_is_passed_over(tmp_path: Path) -> None:
    """Cameras write a mono track for each microphone; a line-up tone or hum may be on the first."""
    voice = murmur(6, 48000)
    tone = (0.1 * np.sin(np.arange(len(voice)) * 2 * np.pi * 1000 / 48000)).astype(np.float32)
    silence = np.zeros_like(voice)
    for sounds, taken, words in (([tone, voice], 2, "track 1 has one steady sound"),
                                 ([silence, tone, voice], 3, "track 2 has one steady sound"),
                                 ([tone, silence, tone], 1, "the first"),
                                 ([silence, tone], 2, "track 1 is silent"),
                                 ([voice, tone], 1, "the first")):
        path = encode(tmp_path / "x.mkv", sounds, 48000, "pcm_s16le")
        found = recordings.survey(path)
        assert found.track == taken and words in found.notes[0]
        assert recordings.survey(path, 1).track == 1


def test_zeros_in_amr_are_damage(tmp_path: Path) -> None:
    """They are frames of the lowest rate, which are shorter: speech of 5 s is 8 s long."""
    frame = bytes([0x3C, *range(31)])
    whole = b"#!AMR\n" + frame * 250
    path = tmp_path / "x.amr"
    path.write_bytes(whole)
    assert not recordings.survey(path).faults
    path.write_bytes(whole[:2000] + bytes(4096) + whole[6096:])
    assert any("damaged packets" in note for note in recordings.survey(path).faults)


@pytest.mark.parametrize("bit", [0, 20, 40, 60])
def test_a_size_that_cannot_be_is_no_end_of_the_program(tmp_path: Path, bit: int) -> None:
    """One wrong bit in the size of the sound, of 64 bits in W64."""
    path = tmp_path / "x.w64"
    soundfile.write(path, murmur(1, 16000), 16000, format="W64")
    data = bytearray(path.read_bytes())
    at = data.index(b"data\xf3\xac") + 16 + bit // 8
    data[at] ^= 1 << bit % 8
    path.write_bytes(data)
    try:
        assert len(audio.read(path, 16000)) <= 16000
    except InputError:
        pass


@pytest.mark.parametrize(("marks", "taken"), [
    ([0x08, 0], 2), ([0x100, 0], 2), ([0, 0x08], 1), ([0x09, 0], 1), ([0x08, 0x100], 1), ([0, 0], 1)])
def test_a_commentary_is_taken_last_unless_it_is_marked_as_default(tmp_path: Path, marks: list[int],
                                                                   taken: int) -> None:
    path = encode(tmp_path / "a.mkv", [murmur(1.0, 16000, seed) for seed in (1, 2)], 16000, "flac",
                  marks=marks, container={"default_mode": "passthrough"})
    sound = recordings.survey(path)
    assert sound.track == taken and f"track {taken} of its 2 tracks of sound was taken" in sound.notes[0]


@pytest.mark.parametrize("flags", ["faststart", "frag_every_frame+empty_moov+default_base_moof", ""])
def test_an_mp4_behind_another_is_told(tmp_path: Path, flags: str) -> None:
    """FFmpeg reads the first alone, as players do; fragments with a header each are one recording."""
    path = encode(tmp_path / "a.mp4", [murmur(2, RATE)], RATE, "aac",
                  container={"movflags": flags} if flags else None)
    data = path.read_bytes()
    if "frag" in flags:
        parts = re.split(rb"(?=.{4}moof)", data, flags=re.DOTALL)
        path.write_bytes(parts[0].join([b"", *parts[1:]]))
    assert not recordings.survey(path).notes
    assert abs(recordings.survey(path).samples - 2 * RATE) < 2048
    path.write_bytes(data + data)
    sound = recordings.survey(path)
    assert any(f"byte {len(data):,}" in note for note in sound.faults), sound.notes


@pytest.mark.parametrize(("name", "codec"), [("x.flv", "mp3"), ("x.flv", "aac"), ("x.tta", "tta"),
                                             ("x.voc", "pcm_s16le")])
def test_joined_files_of_which_the_first_is_read_are_told(tmp_path: Path, name: str, codec: str) -> None:
    for k in (0, 1):
        encode(tmp_path / f"{k}{name}", [murmur(1, 44100, k)], 44100, codec)
    one, two = ((tmp_path / f"{k}{name}").read_bytes() for k in (0, 1))
    (tmp_path / name).write_bytes(one + two)
    assert not any("begins within it" in note for note in recordings.survey(tmp_path / f"0{name}").notes)
    assert any(f"at byte {len(one):,} " in note for note in recordings.survey(tmp_path / name).faults)


@pytest.mark.parametrize("sized", [True, False])
def test_matroska_without_a_length_that_is_cut_off_is_told(tmp_path: Path, sized: bool) -> None:
    """A recorder in the browser tells the size of no cluster; others do."""
    whole = encode(tmp_path / "x.mkv", [murmur(4, 48000)], 48000, "libopus",
                   container={"live": "1", "cluster_time_limit": "1000"})
    data = bytearray(whole.read_bytes())
    for at in [found.start() + 4 for found in re.finditer(re.escape(matroska.CLUSTER), data)]:
        wide = 9 - data[at].bit_length()
        if not sized:
            data[at: at + wide] = ((2 << 7 * wide) - 1).to_bytes(wide, "big")
    whole.write_bytes(data)
    assert not endings.cut_off(whole) and not recordings.survey(whole).faults
    last = data.rfind(matroska.CLUSTER) + 100
    cut = tmp_path / "cut.mkv"
    for end in np.linspace(last, len(data) - 60, 20).astype(int):
        cut.write_bytes(data[:end])
        assert len(endings.cut_off(cut)) == 1 or not sized
    assert any("cut off within" in note for note in recordings.survey(cut).faults)
    cut.write_bytes(data + bytes(100))  # room that was set aside
    assert not endings.cut_off(cut)


@pytest.mark.parametrize(("name", "codec"), [("x.wmv", "wmav2"), ("x.mp4", "aac"), ("x.mkv", "aac"),
                                             ("x.flv", "aac")])
def test_nothing_is_missing_of_a_file_whose_times_begin_late(tmp_path: Path, name: str, codec: str) -> None:
    """ASF counts the length of its streams from zero, wherever they begin."""
    path = encode(tmp_path / name, [murmur(4, 44100)], 44100, codec, container={"output_ts_offset": "30"},
                  bit_rate=64000)
    found = recordings.survey(path)
    assert not found.notes and found.samples / found.rate == pytest.approx(4, abs=0.2)
    assert (audio.promised(path) or 4) == pytest.approx(4, abs=0.2)


def test_frames_that_all_have_one_time_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RealAudio 14.4 gives each of its frames the time zero."""
    path = encode(tmp_path / "x.mkv", [murmur(2, 16000)], 16000, "pcm_s16le")
    whole = audio.read(path)
    decode = tracks.decode_packets

    def at_zero(*args: Any) -> Iterator[Any]:
        for frame in decode(*args):
            frame.pts = 0
            yield frame

    monkeypatch.setattr(tracks, "decode_packets", at_zero)
    recordings._survey.cache_clear()
    found = recordings.survey(path)
    assert found.samples == len(whole) and not found.notes


def test_silence_of_another_track_hides_no_hole(tmp_path: Path) -> None:
    """What is said of a track that is silent is no word on the sound of the one that was taken."""
    sound = murmur(4, RATE)
    sound[RATE: RATE + 9600] = 0
    path = encode(tmp_path / "x.mkv", [0 * sound, sound], RATE, "pcm_s16le")
    notes = recordings.survey(path).notes
    assert "track 1 is silent" in notes[0]
    assert any("breaks off to exact silence" in note and note.fault for note in notes), notes
