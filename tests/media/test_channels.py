"""How channels belong together: one sound at two times, a sound field without a name, time code alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import encode, murmur
from test_steady import RATE, noise, time_code, voice

from avspeech.media import audio, recordings
from avspeech.media.levels import ChannelLevels


def found(channels: list[np.ndarray], piece: int = 7001) -> ChannelLevels:
    levels = ChannelLevels(len(channels), RATE)
    rows = np.stack(channels).astype(float)
    for k in range(0, rows.shape[1], piece):
        levels.add(rows[:, k: k + piece])
    return levels


@pytest.mark.parametrize("late", [-0.04, -0.003, 0.0025, 0.012])
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_of_one_sound_at_two_times_the_earlier_is_taken(tmp_path: Path, late: float, gain: float) -> None:
    said = voice()
    shift = round(abs(late) * RATE)
    other = gain * np.concatenate([np.zeros(shift, np.float32), said[:len(said) - shift]])
    other += 1e-3 * noise(len(said))
    pair = [said, other] if late > 0 else [other, said]
    soundfile.write(tmp_path / "x.wav", np.stack(pair, 1), RATE, subtype="FLOAT")
    notes: list[str] = []
    assert np.allclose(audio.read(tmp_path / "x.wav", RATE, notes=notes), said, atol=1e-6)
    assert f"{1000 * abs(late):.1f} ms apart" in notes[0] and f"channel {1 + (late < 0)}" in notes[0]


def test_channels_of_a_stereo_microphone_and_of_two_speakers_are_averaged() -> None:
    said, second = voice(), voice(seed=3)
    near = np.roll(said, round(0.0008 * RATE))
    # Each speaker is early at the microphone that is near
    shift, half = round(0.008 * RATE), len(said) // 2
    one, two = said * (np.arange(len(said)) < half), second * (np.arange(len(said)) >= half)
    both = [one + 0.5 * np.roll(two, shift), two + 0.5 * np.roll(one, shift)]
    for pair in ([said, near], [said, second], [said, said], [said, 0 * said], both,
                 [said, 0.1 * np.roll(said, 200)], [said[:3 * RATE], np.roll(said, 200)[:3 * RATE]]):
        assert found(pair).taken() is None


def field(said: np.ndarray, degrees: float, up: float = 0.0) -> np.ndarray:
    """`[4, N]`, AmbiX: W, Y, Z, X."""
    side, height = np.radians(degrees), np.radians(up)
    return np.stack([said, said * np.sin(side) * np.cos(height), said * np.sin(height),
                     said * np.cos(side) * np.cos(height)])


@pytest.mark.parametrize("gain", [1.0, 2 ** 0.5])
@pytest.mark.parametrize("places", [(45, -45), (0, 180), (120, -120)])
def test_of_a_sound_field_without_a_name_the_first_channel_is_taken(places: tuple[int, int],
                                                                    gain: float) -> None:
    first, second = field(voice(), places[0]), field(voice(seed=3), places[1], 20)
    rows = np.where(np.arange(first.shape[1]) < 5 * RATE, first, second)  # one after the other
    rows[1:] *= gain
    rows += 1e-3 * np.random.default_rng(0).normal(0, 1, rows.shape)
    levels = found(list(rows))
    assert levels.taken() == (0,) and "ambisonics" in levels.note((0,))


def test_four_microphones_are_no_sound_field() -> None:
    said = [voice(seed=seed) for seed in range(4)]
    for rows in ([said[0]] * 4, [said[0], 0.7 * said[0], 0.5 * said[0], 0.5 * said[0]], said,
                 [said[0], said[1], 0 * said[0], 0 * said[0]]):
        assert found(rows).taken() is None


@pytest.mark.parametrize("channels", [1, 2])
def test_time_code_alone_is_told(tmp_path: Path, channels: int) -> None:
    code = 0.4 * time_code(6 * 48000, 48000)
    code = np.convolve(code, np.hanning(7) / np.hanning(7).sum(), "same").astype(np.float32)
    tables = [tmp_path / "x.wav", tmp_path / "x.mp3"]
    soundfile.write(tables[0], np.stack([code] * channels, 1), 48000)
    encode(tables[1], [np.stack([code] * channels)], 48000, "libmp3lame", ["mono", "stereo"][channels - 1])
    for path in tables:
        assert any("time code" in note for note in recordings.survey(path).faults)


def test_what_is_no_time_code() -> None:
    turns = 2 * np.pi * np.arange(6 * RATE) / RATE
    for sound in (murmur(6, RATE), noise(6 * RATE), np.sin(2000 * turns), np.sin(1000 * turns),
                  np.sin(2000 * turns + 5 * np.sin(3 * turns)), np.sign(np.sin(150 * turns))):
        assert found([sound]).note_time_code() is None


def test_a_silent_fourth_channel_is_a_films_where_loudspeakers_are_named(tmp_path: Path) -> None:
    channels = [voice(seed=seed) for seed in range(6)]
    channels[3] = 0 * channels[3]
    sound = np.stack(channels, 1)
    for kind, told in (("WAV", False), ("WAVEX", True), ("FLAC", True)):
        path = tmp_path / f"{kind}.x"
        soundfile.write(path, sound, RATE, format=kind)
        assert any("film" in note for note in recordings.survey(path).notes) == told, kind


def test_fragments_without_an_edit_list_have_lost_nothing(tmp_path: Path) -> None:
    """Their first frame, the run-up of the codec, is stretched up to the second."""
    import av

    said = voice(4)
    path = encode(tmp_path / "a.mp4", [said], RATE, "aac")
    with av.open(str(path)) as source, av.open(
            str(tmp_path / "b.mp4"), "w", options={"movflags": "frag_keyframe+empty_moov"}) as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux(source.streams.audio[0])):
            if packet.size:
                packet.stream = stream
                packet.pts = packet.dts = 1024 * number + (number > 0) * 3000
                target.mux(packet)
    assert recordings.survey(tmp_path / "b.mp4").notes == ()
