"""How late cameras are beside each other: by sound, by how mouths move, by both."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from avspeech.errors import InputError
from avspeech.extraction import cameras, files
from avspeech.extraction.cameras import Offset
from avspeech.extraction.choice import Report
from avspeech.extraction.extractor import Extractor
from avspeech.media import video
from avspeech.media.mouths import MouthTrack
from tests.extraction.test_files import INFO, SMALL, film

RATE = cameras.RATE


def speech(seed: int, seconds: float = 4.0, rate: int = RATE) -> np.ndarray:
    """Noise in bursts, as loud as syllables are."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.random(round(seconds * 8)) ** 2, rate // 8)
    return (loud * rng.normal(0, 0.1, len(loud))).astype(np.float32)


def mouth(seed: int, late: int = 0, frames: int = 125, view: int = 0, fps: float = 25.0) -> MouthTrack:
    """A mouth that opens and shuts in its own way, `late` frames later, by a camera with noise and a
    light of its own."""
    motion = np.convolve(np.random.default_rng(seed).random(frames + 40), np.ones(3) / 3, "same")
    motion = motion[20 - late:][:frames]
    noise = np.random.default_rng(1000 * view + seed).normal(0, 2, (frames, 96, 96))
    crops = 60 + 20 * view + noise
    crops[:, 40:60, 30 + 4 * view: 66] += (120 * motion)[:, None, None]
    return MouthTrack(np.clip(crops, 0, 255).astype(np.uint8), np.ones(frames, bool), fps=fps)


@pytest.mark.parametrize("late", [-0.7, -0.08, 0.0, 0.013, 0.1, 1.5])
def test_sounds_tell_how_late_one_is(late: float) -> None:
    whole = speech(1, 8.0)
    first, second = whole[2 * RATE:][: 5 * RATE], whole[2 * RATE - round(late * RATE):][: 5 * RATE]
    rng = np.random.default_rng(0)
    room = np.exp(-np.arange(RATE // 4) / 400) * rng.normal(0, 0.1, RATE // 4)
    room[0] = 1
    other = 0.2 * np.convolve(second, room)[: len(second)] + rng.normal(0, 0.002, len(second))
    assert cameras.by_sound(first, other) == pytest.approx(late, abs=0.002)


@pytest.mark.parametrize("late", [-12.0, 25.0])
def test_cameras_that_begin_long_after_each_other_are_brought_together(late: float) -> None:
    whole = speech(1, 90.0)
    begins = (0, round(-late * RATE)) if late < 0 else (round(late * RATE), 0)
    first, second = (whole[begin:][: 60 * RATE] for begin in begins)
    assert cameras.by_sound(first, second) == pytest.approx(late, abs=0.002)


def two_clocks(folder: Path, second: np.ndarray, whole: np.ndarray) -> list[Path]:
    paths = [folder / "a.wav", folder / "b.wav"]
    for path, samples in zip(paths, (whole, second), strict=True):
        soundfile.write(path, samples, RATE)
    return paths


@pytest.mark.parametrize("ppm", [-200.0, 0.0, 200.0])
def test_clocks_that_run_apart_are_brought_together(tmp_path, monkeypatch, ppm: float) -> None:
    """The second file hears all 0.5 s later, and more so the longer it records."""
    monkeypatch.setattr(cameras, "PIECE", 20.0)
    monkeypatch.setattr(cameras, "LONG", 60.0)
    whole = np.convolve(speech(1, 200.0), np.hanning(5), "same").astype(np.float32)
    times = np.arange(len(whole)) / RATE
    second = np.interp((times - 0.5) / (1 + 1e-6 * ppm), times, whole).astype(np.float32)
    paths = two_clocks(tmp_path, second, whole)
    offset = cameras.by_sounds(paths, 0)[1]
    assert offset.drift == pytest.approx(1e-6 * ppm, abs=1e-5) and not offset.jumps
    track = mouth(1)
    track.late, track.drift = offset.late, offset.drift
    for frame in (0, 2500, 4999):
        (own,) = track.own(np.array([frame]), 25.0)
        assert own == pytest.approx(frame * (1 + 1e-6 * ppm) + 12.5, abs=0.6)
        assert track.common(int(own)) == pytest.approx(frame / 25, abs=0.041)
    lines = cameras.notes(paths, [Offset(0.0, "reference"), offset], 0, [{1: track}], 25.0)
    grows = f"each minute {abs(0.06 * ppm):.2g} ms {'later' if ppm > 0 else 'earlier'}; corrected"
    assert (grows in lines[0]) == bool(ppm)


def test_a_camera_that_was_interrupted_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cameras, "PIECE", 20.0)
    monkeypatch.setattr(cameras, "LONG", 60.0)
    whole = speech(1, 150.0)
    paths = two_clocks(tmp_path, np.delete(whole, slice(100 * RATE, 105 * RATE)), whole)
    (_, offset) = cameras.by_sounds(paths, 0)
    assert offset.late == 0 and offset.drift == 0
    assert [round(late, 2) for _, late in offset.jumps] == [0, 0, -5]
    (line,) = cameras.notes(["a", "b"], [Offset(0.0, "reference"), offset], 0, [{1: mouth(1)}], 25.0)
    assert "changes in the middle (0 ms at 0 s, 0 ms at" in line and "-5000 ms at" in line
    assert cameras.settle([offset, offset], 0, [{0: mouth(1), 1: mouth(1, 3)}])[1] == offset


def test_sounds_of_two_scenes_tell_nothing() -> None:
    assert cameras.by_sound(speech(1), speech(2)) is None
    assert cameras.by_sound(speech(1), np.zeros(4 * RATE)) is None
    hum = np.sin(2 * np.pi * 150 * np.arange(4 * RATE) / RATE)
    assert cameras.by_sound(speech(1) + hum, speech(2) + hum) is None


@pytest.mark.parametrize("late", [-7, -2, 0, 1, 3])
def test_mouths_tell_how_late_a_camera_is(late: int) -> None:
    found = cameras.by_pictures([(mouth(1), mouth(1, late, view=2))])
    assert found == pytest.approx(late / 25, abs=0.008)


def test_mouths_of_two_people_and_still_ones_tell_nothing() -> None:
    still = mouth(1)
    still.crops[:] = 9
    for pair in [(mouth(1), mouth(2)), (mouth(1), still), (mouth(1, frames=40), mouth(1, frames=40)),
                 (mouth(1), mouth(1, fps=30.0))]:
        assert cameras.by_pictures([pair]) is None
    beats = mouth(3)  # opens and shuts evenly, so that many offsets fit
    beats.crops[:] = (100 + 50 * np.sin(np.arange(125) * 2 * np.pi / 6)).astype(np.uint8)[:, None, None]
    assert cameras.by_pictures([(beats, beats)]) is None


@pytest.mark.parametrize("own, found", [(0.5, 0.0), (2.0, None)])
def test_motions_that_are_alike_by_little_tell_nothing_however_long_they_are(
        monkeypatch, own: float, found: float | None) -> None:
    """A correlation of 0.2 over 80 s is no chance, but may be of two people who take turns."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal(2000)
    pair = [SimpleNamespace(fps=25.0, motion=np.square(20 + shared + own * rng.standard_normal(2000)))
            for _ in range(2)]
    monkeypatch.setattr(cameras, "motion_of", lambda track: track.motion)
    late = cameras.by_pictures([tuple(pair)])  # type: ignore[list-item]
    assert late is None if found is None else late == pytest.approx(found, abs=0.01)


def test_pictures_have_the_last_word_where_they_are_clear() -> None:
    known = [Offset(0, "sound"), Offset(0.0, "sound")]
    (_, late) = cameras.settle(known, 0, [{0: mouth(1), 1: mouth(1, 3, view=1)}])
    assert late.by == "pictures" and late.late == pytest.approx(0.12, abs=0.01)
    (_, near) = cameras.settle([known[0], Offset(0.03, "sound")], 0, [{0: mouth(1), 1: mouth(1)}])
    assert near == Offset(0.03, "sound")
    (_, unclear) = cameras.settle(known, 0, [{0: mouth(1), 1: mouth(2)}])
    assert unclear == known[1]
    (_, given) = cameras.settle([known[0], Offset(0.5, "given")], 0, [{0: mouth(1), 1: mouth(1)}])
    assert given.late == 0.5


@pytest.mark.parametrize("late", [-3, -1, 2])
def test_a_late_track_is_brought_to_the_common_clock(late: int) -> None:
    plain, moved = mouth(1), mouth(1, late)
    moved.late = late / 25 + 0.004
    one, two = plain.frames(10, 60, 25.0), moved.frames(10, 60, 25.0)
    assert two[1].all()
    middle = np.abs(one[0][:, 40:50, 40:50].astype(int) - two[0][:, 40:50, 40:50])
    assert middle.mean() < 5  # the cameras' noise; a frame off is above 10
    assert np.abs(one[0][1:, 40:50, 40:50].astype(int) - two[0][:-1, 40:50, 40:50]).mean() > 10
    assert moved.span() == pytest.approx((-late / 25, (125 - late) / 25))


@pytest.fixture
def two_cameras(tmp_path, monkeypatch):
    """Two files of one scene, the second 80 ms late: (paths, function that sets their tracks)."""
    sound = speech(5, 5.0, 16000)
    early = film(tmp_path / "front.mkv", 5.0, 25, 16000, sound, codecs=("libx264", "pcm_s16le"))
    delayed = np.concatenate([speech(6, 1.0, 16000)[:1280], sound])[: len(sound)]
    after = film(tmp_path / "left.mkv", 5.0, 25, 16000, delayed, codecs=("libx264", "pcm_s16le"))
    dumb = film(tmp_path / "dumb.mkv", 5.0)
    tracks = {"front": mouth(1), "left": mouth(1, 2, view=1), "dumb": mouth(1, 2, view=1)}
    monkeypatch.setattr(video, "mouth_tracks", lambda path, **_: [tracks[Path(path).stem]])
    return early, after, dumb, tracks


def test_a_late_file_is_brought_in_step_and_the_user_is_told(two_cameras) -> None:
    early, after, dumb, tracks = two_cameras
    with pytest.warns(UserWarning, match=r"left.mkv: 80 ms behind .*front.mkv by its sound; corrected"):
        ((face),) = files.find_faces([early, after], 25.0, progress=False)
    assert face[1].late == pytest.approx(0.08, abs=0.002) and face[1].late_by == "sound"
    with pytest.warns(UserWarning, match=r"dumb.mkv: \d+ ms behind .*front.mkv by the pictures"):
        ((face),) = files.find_faces([early, dumb], 25.0, progress=False)
    assert face[1].late == pytest.approx(0.08, abs=0.01)
    tracks["dumb"] = mouth(2)
    with pytest.warns(UserWarning, match="dumb.mkv: whether it runs .* no sound, .* taken as it is"):
        ((face),) = files.find_faces([early, dumb], 25.0, progress=False)
    assert face[1].late == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((face),) = files.find_faces([early, dumb], 25.0, progress=False, late=[0.04, 0.24])
    assert face[1].late == pytest.approx(0.2)
    for bad in ([0.04], [0.0, float("nan")], [0.0, -1e9]):
        with pytest.raises(InputError, match="expected 2 numbers of seconds, one for each view"):
            files.find_faces([early, dumb], 25.0, progress=False, late=bad)


def test_the_report_says_how_late_each_camera_was(two_cameras, tmp_path) -> None:
    early, after, _, _ = two_cameras

    def same(mixture, video, mask):
        return mixture

    extractor = Extractor(same, INFO, windows=SMALL)
    extractor.reports = None
    with pytest.warns(UserWarning, match="80 ms behind"):
        paths = files.extract(extractor.together, 16000, 25.0, [early, after], tmp_path / "out",
                              progress=False, picture=False, records=True,
                              reports=lambda: [Report(seconds=[0.0], trust=[1.0], speaks=[1.0])])
    record = json.loads(paths[1].read_text())
    assert [c["video"] for c in record["cameras"]] == ["front.mkv", "left.mkv"]
    assert record["cameras"][1]["by"] == "sound"
    assert record["cameras"][1]["late"] == pytest.approx(0.08, abs=0.002)
    assert len(soundfile.read(paths[0])[0]) == pytest.approx(5 * 16000, abs=16000 // 25)


def test_arrays_are_brought_in_step() -> None:
    shown: list[np.ndarray] = []

    def model(mixture, video, mask):
        shown.append(video.numpy())
        return mixture

    extractor = Extractor(model, INFO)
    views = [mouth(1).crops, mouth(1, 2, view=1).crops]
    extractor(np.ones(5 * 16000, np.float32), views, sample_rate=16000)
    assert extractor.offsets[1].by == "pictures"
    assert extractor.offsets[1].late == pytest.approx(0.08, abs=0.008)
    np.testing.assert_array_equal(shown[0][0, 1, :100], views[1][2:102, 4:92, 4:92])
    extractor(np.ones(5 * 16000, np.float32), views, sample_rate=16000, late=[0, 0])
    np.testing.assert_array_equal(shown[1][0, 1, :100], views[1][:100, 4:92, 4:92])
    with pytest.raises(InputError, match="one for each view"):
        extractor(np.ones(5 * 16000, np.float32), views, sample_rate=16000, late=[0.1])
