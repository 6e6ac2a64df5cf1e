"""Frames by time, from files of any rate; mouth crops and their file."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import numbers, shades, write_film

from avspeech.errors import InputError
from avspeech.media import face_tracks, video
from avspeech.media.face import models_folder
from avspeech.media.heads import BOX_SPAN, Face, Pose
from avspeech.media.trails import FaceTrack, Trail

av = pytest.importorskip("av")


@pytest.mark.parametrize("rate", [25.0, 15.0, 29.97, 30.0, 50.0, 60.0])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_any_rate_becomes_25_by_time(tmp_path: Path, rate: float, suffix: str) -> None:
    exact = Fraction(30000, 1001) if rate == 29.97 else Fraction(rate)
    count = int(1.6 * rate)
    write_film(tmp_path / f"a{suffix}", shades(count), [float(k / exact) for k in range(count)], float(exact))
    found = numbers(list(video.read_frames(tmp_path / f"a{suffix}")))
    for k, number in enumerate(found):  # the last picture at or before k / 25, a millisecond given or taken
        assert int((k / 25) * exact) <= number <= int((k / 25 + 2e-3) * exact)
    assert len(found) == next(k for k in range(100) if k / 25 >= count / exact - Fraction(1, 1000))
    assert video.duration(tmp_path / f"a{suffix}") == pytest.approx(count / float(exact), abs=0.05)
    assert video.frame_rate(tmp_path / f"a{suffix}") == pytest.approx(float(exact), rel=0.02)


def test_variable_rate(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.30, 0.31, 0.32, 0.70, 1.0]
    write_film(tmp_path / "a.mkv", shades(7), times, codec="mjpeg")
    found = numbers(list(video.read_frames(tmp_path / "a.mkv", duration=1.0)))
    assert found == [max(i for i, t in enumerate(times) if t <= k / 25 + 1e-3) for k in range(25)]


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_pictures_that_begin_late_are_preceded_by_black(tmp_path: Path, suffix: str) -> None:
    codec = "mjpeg" if suffix == ".mkv" else "mpeg2video"
    write_film(tmp_path / f"a{suffix}", shades(20), [0.6 + k / 25 for k in range(20)], codec=codec, tone=1.4)
    frames = list(video.read_frames(tmp_path / f"a{suffix}"))
    first = numbers(frames).index(0)
    assert set(numbers(frames[:first])) == {-1}
    assert abs(first - 15) <= (0 if suffix == ".mkv" else 2)  # MPEG-2 encoders delay their sound a little
    assert numbers(frames[first:]) == list(range(20))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mpg", "a.ts"])
def test_a_part_equals_the_same_part_of_the_whole(tmp_path: Path, name: str) -> None:
    codec = "mpeg4" if name != "a.mpg" else "mpeg1video"
    write_film(tmp_path / name, shades(90), [k / 25 for k in range(90)], codec=codec)
    assert numbers(list(video.read_frames(tmp_path / name))) == list(range(90))
    assert next(video.read_frames(tmp_path / name, grey=True)).shape == (64, 112)
    assert numbers(list(video.read_frames(tmp_path / name, start=2.2, duration=0.8))) == list(range(55, 75))
    assert len(list(video.read_frames(tmp_path / name, start=3.2, duration=9.0))) == 10
    assert list(video.read_frames(tmp_path / name, start=30.0)) == []


def test_damaged_packets_keep_the_clock(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", shades(50), [k / 25 for k in range(50)], codec="mjpeg")
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    data[len(data) // 3: len(data) // 3 + 12000] = bytes(12000)
    (tmp_path / "b.mp4").write_bytes(data)
    damaged: list[float] = []
    assert len(list(video.pictures(tmp_path / "b.mp4", damaged=damaged))) == 50 - len(damaged)
    found = numbers(list(video.read_frames(tmp_path / "b.mp4")))
    assert len(found) == 50 and 0 < len(damaged) < 20
    whole = [k for k in range(50) if k / 25 not in [round(t, 2) for t in damaged]]
    assert sum(found[k] != k for k in whole) <= 2  # a packet half destroyed may decode to anything


def test_bad_files_are_named_in_one_line(tmp_path: Path) -> None:
    from avspeech.media import audio

    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    audio.write(tmp_path / "sound.wav", np.zeros(1600), 16000)
    write_film(tmp_path / "cut.mpg", shades(5), [k / 25 for k in range(5)], codec="mpeg1video")
    for name, match in (("empty.mp4", "0 bytes"), ("noise.mp4", "FFmpeg"), ("gone.mp4", "no such file"),
                        ("sound.wav", "no video stream")):
        with pytest.raises(InputError, match=match) as error:
            list(video.read_frames(tmp_path / name))
        assert name in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(InputError, match="no audio stream"):
        audio.read(tmp_path / "cut.mpg")
    for times in (dict(fps=0), dict(fps=math.nan), dict(fps="25"), dict(start=-1), dict(start=math.nan),
                  dict(duration=math.inf), dict(duration="1")):
        for look in (video.mouth_tracks, lambda path, **t: list(video.read_frames(path, **t))):
            with pytest.raises(InputError, match="expected seconds of 0 or more") as error:
                look(tmp_path / "cut.mpg", **times)


class SquareFinder:
    """Finds squares of the shades 100, 150 and 200 as faces, so that tracking is tested without a face."""

    follows = False
    sure = 0.9

    def detect(self, image: np.ndarray, small: bool = False) -> list[Face]:
        faces = []
        for shade in (100, 150, 200):
            rows, columns = np.nonzero(np.abs(image[..., 0].astype(int) - shade) < 12)
            if len(rows) > 50:
                box = np.array([columns.min(), rows.min(), columns.max(), rows.max()], float)
                x, y, w = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0]
                points = np.array([(x - w / 5, y), (x + w / 5, y), (x, y), (x, y + w / 4), (x, y), (x, y)])
                faces.append(Face(box, points, self.sure))
        return faces

    def pose(self, image: np.ndarray, region: object) -> None:
        return None


def square(x: int, y: int, size: int = 60, shade: int = 200, onto: np.ndarray | None = None) -> np.ndarray:
    picture = np.zeros((120, 200, 3), np.uint8) if onto is None else onto.copy()
    picture[y: y + size, x: x + size] = shade
    return picture


EMPTY = np.zeros((120, 200, 3), np.uint8)


def follow(frames: list[np.ndarray], **options: float) -> tuple[list[FaceTrack], int]:
    return face_tracks.track_faces(frames, finder=SquareFinder(), **options)


def test_a_face_lost_for_a_second_keeps_its_track() -> None:
    frames = [square(20 + k, 30) for k in range(20)] + [EMPTY] * 25 + [square(50 + k, 30) for k in range(20)]
    tracks, length = follow(frames)
    assert length == 65 and len(tracks) == 1
    assert list(tracks[0].frames) == [*range(20), *range(45, 65)]


def test_a_face_lost_for_longer_that_looks_the_same_is_the_same() -> None:
    tracks, _ = follow([square(20, 30)] * 20 + [EMPTY] * 75 + [square(120, 50)] * 30)
    assert [list(t.frames) for t in tracks] == [[*range(20), *range(95, 125)]]


def test_two_faces_pass_as_two_tracks_and_the_larger_is_first() -> None:
    frames = [square(100 + k // 2, 10, 80, 150, square(5, 60, 40, 200)) for k in range(25)]
    tracks, _ = follow(frames)
    assert [len(t.frames) for t in tracks] == [25, 25]
    assert (tracks[0].scale[0] == pytest.approx(79 / BOX_SPAN)
            and tracks[1].scale[0] == pytest.approx(39 / BOX_SPAN))


def test_a_flash_is_no_face_and_an_unsure_detection_none_either() -> None:
    assert follow([EMPTY] * 10 + [square(20, 30)] * 2 + [EMPTY] * 10) == ([], 22)
    finder = SquareFinder()
    finder.sure = 0.55
    assert face_tracks.track_faces([square(20, 30)] * 20, finder=finder) == ([], 20)


def test_mouth_tracks_keep_the_whole_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_tracks, "make_finder", lambda detector: SquareFinder())
    frames = [EMPTY] * 15 + [square(20 + k, 30) for k in range(20)] + [EMPTY] * 10 + [square(45, 30)] * 15
    write_film(tmp_path / "a.mp4", frames, [k / 25 for k in range(60)])
    (track,) = video.mouth_tracks(tmp_path / "a.mp4", progress=True)
    assert track.crops.shape == (60, 96, 96) and track.crops.dtype == np.uint8
    assert list(np.flatnonzero(track.present)) == [*range(15, 35), *range(45, 60)]
    assert not track.crops[~track.present].any() and np.isnan(track.boxes[~track.present]).all()
    assert (track.crops[track.present, 44:52, 44:52] > 150).all()
    assert track.boxes[20] == pytest.approx([25, 30, 84, 89], abs=2)
    (part,) = video.mouth_tracks(tmp_path / "a.mp4", start=0.4, duration=1.0)
    assert list(np.flatnonzero(part.present)) == [*range(5, 25)]
    assert video.mouth_tracks(tmp_path / "a.mp4", max_faces=0) == []


def test_long_videos_go_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_tracks, "make_finder", lambda detector: SquareFinder())
    monkeypatch.setattr(video, "IN_MEMORY", 1000)
    write_film(tmp_path / "a.mp4", [square(45, 30)] * 15, [k / 25 for k in range(15)])
    (track,) = video.mouth_tracks(tmp_path / "a.mp4")
    assert isinstance(track.crops, np.memmap) and track.present.all() and track.crops.any(axis=(1, 2)).all()


def test_crops_do_not_follow_the_lips() -> None:
    """A head that stays while its lips move: every frame has the same map,
    with the lips' median in the middle."""
    trail = Trail()
    rng = np.random.default_rng(0)
    looks = np.zeros(176, np.float32)
    for k in range(21):
        lips = np.array([0.0, 0.05 + 0.2 * rng.uniform(-1, 1) * (k != 10), 0.0])
        trail.add(k, Pose(40.0, np.eye(3), np.array([100.0, 80.0, 0.0]), lips,
                                    np.array([60, 30, 140, 120.0])),
                  True, looks)
    track = trail.track()
    maps = video.crop_maps(track, 25)
    assert np.isnan(maps[21:]).all()
    assert np.abs(maps[:21] - maps[0]).max() < 1e-9
    middle = np.array([100.0, 80.0 + 40.0 * float(np.median(track.lips[:, 1]))])
    assert maps[0, :, :2] @ middle + maps[0, :, 2] == pytest.approx([47.5, 47.5])


def test_a_turned_head_keeps_its_size_and_a_tilted_one_is_put_upright() -> None:
    from avspeech.media.heads import STABLE, pose_of_points

    points = np.zeros((468, 3))
    points[list(STABLE)] = np.array(list(STABLE.values())) * 50
    for yaw, roll in ((0, 0), (60, 0), (-45, 0), (0, 25), (30, -20)):
        a, b = np.radians(yaw), np.radians(roll)
        turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        tilt = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
        pose = pose_of_points(points @ (tilt @ turn).T)
        assert pose.scale == pytest.approx(50)
        assert np.degrees(pose.roll) == pytest.approx(roll)
        if not roll:
            assert pose.yaw == pytest.approx(yaw)


def test_large_faces_are_averaged_before_sampling() -> None:
    picture = np.zeros((1000, 1000), np.uint8)
    picture[::2] = 200  # stripes that sampling without averaging would show
    matrix = np.array([[0.2, 0.0, -52.5], [0.0, 0.2, -52.5]])
    crop = video.crop(picture, matrix)
    assert crop.std() < 20 and abs(crop.mean() - 100) < 5  # 100 without
    ramp = np.tile(np.linspace(0, 255, 1000), (1000, 1)).astype(np.uint8)
    wanted = np.tile((np.arange(96) + 52.5) / 0.2 * 255 / 999, (96, 1))
    assert np.abs(video.crop(ramp, matrix) - wanted).max() < 2.5


def test_crops_are_read_back_whole_and_in_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    crops, present = rng.integers(0, 255, (50, 96, 96)).astype(np.uint8), rng.uniform(size=50) > 0.3
    video.write_crops(tmp_path / "a.npz", crops, present, np.zeros((50, 4), np.float32))
    found, seen = video.read_crops(tmp_path / "a.npz")
    assert np.array_equal(found, crops) and np.array_equal(seen, present) and seen.dtype == bool
    found[0] = 0  # belongs to the caller
    found, seen = video.read_crops(tmp_path / "a.npz", start=0.4, duration=1.0)
    assert np.array_equal(found, crops[10:35]) and np.array_equal(seen, present[10:35])
    assert len(video.read_crops(tmp_path / "a.npz", start=1.8, duration=1.0)[0]) == 5
    assert len(video.read_crops(tmp_path / "a.npz", start=9.0)[0]) == 0
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert set(archive) == {"crops", "present", "boxes"}


def test_bad_crops_are_refused(tmp_path: Path) -> None:
    video.write_crops(tmp_path / "a.npz", np.zeros((5, 96, 96), np.uint8), np.ones(5, bool))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:3000])
    np.savez(tmp_path / "other.npz", crops=np.zeros((5, 96, 96), np.float32), present=np.ones(5, bool))
    np.savez(tmp_path / "less.npz", crops=np.zeros((5, 96, 96), np.uint8))
    for name in ("cut.npz", "other.npz", "less.npz", "gone.npz"):
        with pytest.raises(InputError, match=name):
            video.read_crops(tmp_path / name)
    with pytest.raises(InputError, match="uint8"):
        video.write_crops(tmp_path / "b.npz", np.zeros((5, 96, 96)), np.ones(5, bool))


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(InputError, match="mesh"):
        face_tracks.make_finder("magic")


@pytest.mark.real
@pytest.mark.parametrize("detector", ["mesh", "cascade"])
def test_real_mouths(real_data: Path, detector: str) -> None:
    if detector == "mesh" and models_folder() is None:
        pytest.skip("the landmark networks are not installed")
    clip = next((real_data / "grid" / "video" / "s1").glob("*.mpg"))
    (track,) = video.mouth_tracks(clip, duration=0.6, detector=detector)
    assert track.present.all() and track.crops.shape == (15, 96, 96)
    assert (track.boxes[:, 2] - track.boxes[:, 0] > 80).all()
    # lips are darker than the skin above and below
    rows = track.crops[:, :, 36:60].mean(axis=(0, 2))
    assert abs(int(np.argmin(rows[30:66])) + 30 - 48) < 10


def test_a_picture_of_nothing_but_a_mouth_is_its_own_track(tmp_path):
    from avspeech.media.muxing import write_pictures

    pictures = np.zeros((10, 48, 64, 3), np.uint8)
    pictures[:, :, 8:56] = 20 + np.arange(10, dtype=np.uint8)[:, None, None, None] * 20  # the middle square
    write_pictures(tmp_path / "mouth.mkv", pictures, 25.0)
    track = video.whole_picture(tmp_path / "mouth.mkv")
    assert track.crops.shape == (10, 96, 96) and track.present.all()
    np.testing.assert_allclose(track.crops.mean((1, 2)), 20 + np.arange(10) * 20, atol=2)


def test_long_videos_of_a_mouth_go_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / "a.mp4", [square(45, 30 + k) for k in range(15)], [k / 25 for k in range(15)])
    kept = video.whole_picture(tmp_path / "a.mp4")
    monkeypatch.setattr(video, "IN_MEMORY", 1000)
    filed = video.whole_picture(tmp_path / "a.mp4")
    assert isinstance(filed.crops, np.memmap) and not isinstance(kept.crops, np.memmap)
    assert np.array_equal(filed.crops, kept.crops) and np.array_equal(filed.boxes, kept.boxes)


@pytest.mark.parametrize("lead", ["no picture", "black pictures"])
def test_a_black_lead_shows_no_mouth(tmp_path: Path, lead: str) -> None:
    pictures = [np.full((48, 64, 3), 120, np.uint8)] * 20
    times = [0.6 + k / 25 for k in range(20)]
    if lead == "black pictures":
        pictures = [np.zeros((48, 64, 3), np.uint8)] * 15 + pictures
        times = [k / 25 for k in range(35)]
    write_film(tmp_path / "a.mkv", pictures, times, codec="mjpeg", tone=1.4)
    track = video.whole_picture(tmp_path / "a.mkv")
    assert track.present.tolist() == [False] * 15 + [True] * 20
    assert not track.crops[:15].any() and np.isnan(track.boxes[:15]).all()


def test_crops_that_do_not_fit_on_the_disk_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(face_tracks, "make_finder", lambda detector: SquareFinder())
    monkeypatch.setattr(video, "IN_MEMORY", 1000)

    def full(handle: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video.os, "posix_fallocate", full)
    write_film(tmp_path / "a.mp4", [square(45, 30)] * 15, [k / 25 for k in range(15)])
    with pytest.raises(InputError, match="TMPDIR") as caught:
        video.mouth_tracks(tmp_path / "a.mp4")
    assert "\n" not in str(caught.value)


def test_a_bar_ends_at_what_there_was(capsys: pytest.CaptureFixture[str]) -> None:
    """A length in seconds may promise a frame more, or less."""
    for expected in (4, 2, None):
        assert list(video._shown(iter("abc"), expected, "faces", progress=True)) == ["a", "b", "c"]
        assert "| 3/3 [" in capsys.readouterr().err.rpartition("\r")[2]
    frames = video._shown(iter("abc"), 2, "mouths", progress=True)
    assert [next(frames), next(frames)] == ["a", "b"]
    frames.close()  # type: ignore[attr-defined]
    assert "| 2/2 [" in capsys.readouterr().err.rpartition("\r")[2]
