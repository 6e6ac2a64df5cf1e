"""What a player shows: which stream, in which shape, at which times, of files with odd headers."""

from __future__ import annotations

import itertools
import warnings
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from films import numbers, set_matrix, shades, write_film

from avspeech.errors import InputError
from avspeech.media import picture_clock, pictures, video

CORNERS = [90, 140, 190, 240]  # top left, top right, bottom left, bottom right


def corners(picture: np.ndarray) -> list[int]:
    """The shades of the four quarters of a grey picture."""
    h, w = picture.shape
    means = [picture[y: y + h // 4, x: x + w // 4].mean() for y in (h // 16, 11 * h // 16)
             for x in (w // 16, 11 * w // 16)]
    return [CORNERS[int(np.argmin(np.abs(np.array(CORNERS) - m)))] for m in means]


def quartered(height: int = 64, width: int = 96) -> np.ndarray:
    picture = np.zeros((height, width, 3), np.uint8)
    for shade, (y, x) in zip(CORNERS, [(0, 0), (0, 1), (1, 0), (1, 1)]):
        picture[y * height // 2: (y + 1) * height // 2, x * width // 2: (x + 1) * width // 2] = shade
    return picture


ORIENTATIONS = {
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): lambda p: p[:, ::-1],
    (1, 0, 0, -1): lambda p: p[::-1],
    (-1, 0, 0, -1): lambda p: p[::-1, ::-1],
    (0, 1, 1, 0): lambda p: p.T,
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),  # a quarter turn clockwise
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (0, -1, -1, 0): lambda p: np.rot90(p.T, 2),
}


@pytest.mark.parametrize("matrix", list(ORIENTATIONS))
def test_all_eight_orientations(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    path = write_film(tmp_path / "a.mp4", [quartered()] * 3, [0.0, 0.04, 0.08])
    set_matrix(path, *matrix)
    right = ORIENTATIONS[matrix](quartered()[..., 0])
    grey = next(video.read_frames(path, grey=True))
    assert grey.shape == right.shape and corners(grey) == corners(right)
    colour = next(video.read_frames(path))
    assert corners(colour[..., 1]) == corners(right)


@pytest.mark.parametrize("orientation", list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 3)])
def test_orientations_are_equal_with_and_without_opencv(monkeypatch, orientation, shape) -> None:
    array = np.random.default_rng(0).integers(0, 256, (12, 20, *shape[2:]), np.uint8)[1:7, 2:11]
    quick = pictures.turned(array, orientation)
    monkeypatch.setattr(pictures.warping, "opencv", lambda: None)
    slow = pictures.turned(array, orientation)
    np.testing.assert_array_equal(quick, slow)
    assert slow.shape[:2] == (shape[:2][::-1] if orientation[0] else shape[:2])
    assert quick.flags.c_contiguous and slow.flags.c_contiguous


@pytest.mark.parametrize("matrix", list(ORIENTATIONS))
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_an_mp4_with_another_sound_is_shown_the_same_way(tmp_path, matrix, codec) -> None:
    from avspeech.media import audio
    from avspeech.media.muxing import mux

    path = write_film(tmp_path / "a.mp4", [quartered()] * 5, [k / 25 for k in range(5)], codec=codec,
                      aspect=Fraction(2, 1))
    set_matrix(path, *matrix)
    audio.write(tmp_path / "a.wav", np.zeros(3200), 16000)
    mux(path, tmp_path / "a.wav", tmp_path / "b.mp4")
    before = next(video.read_frames(path, grey=True))
    after = next(video.read_frames(tmp_path / "b.mp4", grey=True))
    assert before.shape == after.shape and corners(before) == corners(after)


@pytest.mark.parametrize(("aspect", "shape"), [(Fraction(2, 1), (64, 192)), (Fraction(16, 11), (64, 140)),
                                               (Fraction(1, 2), (128, 96)), (Fraction(1, 1), (64, 96))])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pixels_that_are_not_square(tmp_path, aspect, shape, suffix) -> None:
    path = write_film(tmp_path / f"a{suffix}", [quartered()] * 5, [k / 25 for k in range(5)], codec="libx264",
                      aspect=aspect)
    picture = next(video.read_frames(path, grey=True))
    assert picture.shape == shape and corners(picture) == CORNERS


def test_broadcast_pixels(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mpg", [quartered(72, 96)] * 5, [k / 25 for k in range(5)],
                      codec="mpeg2video", aspect=Fraction(4, 3))  # 16:9, which MPEG-2 can store
    assert next(video.read_frames(path, grey=True)).shape == (72, 128)


def test_pixels_are_widened_before_the_picture_is_turned(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", [quartered()] * 3, [0, 0.04, 0.08], aspect=Fraction(2, 1))
    set_matrix(path, 0, 1, -1, 0)
    picture = next(video.read_frames(path, grey=True))
    assert picture.shape == (192, 64)
    assert next(p.shape for _, _, p in pictures.pictures(path)) == (192, 64)


def flipped(path: Path, number: int, bit: int) -> None:
    """Flips a bit of the time stamp of the number-th picture packet of an MPEG program stream."""
    data = bytearray(path.read_bytes())
    at, found = -1, []
    while (at := data.find(b"\0\0\1\xe0", at + 1)) >= 0:
        p = at + 6
        while data[p] == 0xFF:
            p += 1
        p += 2 if data[p] & 0xC0 == 0x40 else 0
        if data[p] & 0xC0 == 0x80:  # MPEG-2: flags, then the length of the header
            has, p = data[p + 1] & 0x80, p + 3
        else:
            has = data[p] & 0x20
        if has:
            found.append(p)
    p = found[number]
    place = {31: (0, 2), 26: (1, 4), 20: (2, 6)}[bit]  # which byte of the five, which bit of it
    data[p + place[0]] ^= 1 << place[1]
    path.write_bytes(data)


@pytest.mark.parametrize("number", [0, 1, 2, -1])
@pytest.mark.parametrize("bit", [31, 26, 20])
def test_one_wrong_bit_in_a_time_stamp(tmp_path: Path, number: int, bit: int) -> None:
    path = write_film(tmp_path / "a.mpg", shades(75), [k / 25 for k in range(75)], codec="mpeg2video",
                      options={"bf": "0"})
    before = numbers(list(video.read_frames(path)))
    assert before == list(range(75))
    flipped(path, number, bit)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frames = []
        for frame in video.read_frames(path):
            frames.append(frame)
            assert len(frames) < 200
    after = numbers(frames)
    assert sum(a == b for a, b in zip(before, after)) >= 70 and abs(len(after) - 75) <= 1
    assert len(said) <= 1


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_recordings_that_were_joined_follow_one_another(tmp_path: Path, suffix: str) -> None:
    codec = "mpeg2video"
    one = write_film(tmp_path / f"one{suffix}", shades(60)[:40], [k / 25 for k in range(40)], codec=codec)
    two = write_film(tmp_path / f"two{suffix}", shades(60)[40:], [9000 + k / 25 for k in range(20)],
                     codec=codec)
    for first, second, order in ((one, two, range(60)), (two, one, [*range(40, 60), *range(40)])):
        joined = tmp_path / f"joined{suffix}"
        joined.write_bytes(first.read_bytes() + second.read_bytes())
        with pytest.warns(UserWarning, match="jumps by") as said:
            found = numbers(list(video.read_frames(joined, duration=10.0)))
        assert len(said) == 1 and len(found) in (59, 60, 61)
        assert len(set(order) - set(found)) <= 1 and found[:15] == list(order)[:15]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            part = numbers(list(video.read_frames(joined, start=1.8, duration=0.4)))
        assert part == found[45:55]


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
@pytest.mark.parametrize("length", [10, 20, 25])
def test_short_recordings_that_were_joined(tmp_path: Path, suffix: str, length: int) -> None:
    parts = [write_film(tmp_path / f"{k}{suffix}", shades(75)[k * length: (k + 1) * length],
                        [n / 25 for n in range(length)], codec="mpeg2video") for k in range(3)]
    joined = tmp_path / f"joined{suffix}"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.warns(UserWarning, match="jumps by") as said:
        found = numbers(list(video.read_frames(joined, duration=10.0)))
    assert len(said) == 1 and abs(len(found) - 3 * length) <= 1
    assert len(set(range(3 * length)) - set(found)) <= 1 and found == sorted(found)


def test_a_long_still_picture_is_believed(tmp_path: Path) -> None:
    times = [0.0, 0.04, 14.0, 30.0, 30.04]
    path = write_film(tmp_path / "a.mkv", shades(5), times, codec="mjpeg")
    with pytest.warns(UserWarning, match="no pictures for 30.0 s in all, the first time at 0.04 s"):
        found = numbers(list(video.read_frames(path)))
    assert len(found) in (751, 752) and found[100] == 1 and found[400] == 2 and found[-1] == 4


@pytest.mark.parametrize("suffix", [".avi", ".wmv"])
def test_b_frames_in_containers_without_times_of_showing(tmp_path: Path, suffix: str) -> None:
    from avspeech.media import audio
    from avspeech.media.muxing import mux

    path = write_film(tmp_path / f"a{suffix}", shades(100), [k / 25 for k in range(100)], codec="libx264",
                      options={"bf": "3", "b-adapt": "0", "preset": "medium"})
    assert numbers(list(video.read_frames(path))) == list(range(100))
    audio.write(tmp_path / "a.wav", np.zeros(64000), 16000)
    mux(path, tmp_path / "a.wav", tmp_path / "b.mp4")
    assert numbers(list(video.read_frames(tmp_path / "b.mp4"))) == list(range(100))


def two_tracks(path: Path, default: int | None) -> Path:
    """Two video streams: shades from 0 on and from 64 on."""
    with av.open(str(path), "w") as target:
        streams = [target.add_stream("libx264", rate=25, options={"bf": "0"}) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 112, 64, "yuv420p"
            if default is not None:
                stream.disposition = av.stream.Disposition(1 if number == default else 0)
        for k in range(20):
            for number, stream in enumerate(streams):
                frame = av.VideoFrame.from_ndarray(shades(128)[k + 64 * number], format="rgb24")
                frame.pts, frame.time_base = k, Fraction(1, 25)
                target.mux(stream.encode(frame))
        for stream in streams:
            target.mux(stream.encode(None))
    return path


def test_the_default_track_is_shown(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="2 video streams, number 1"):
        found = numbers(list(video.read_frames(two_tracks(tmp_path / "a.mkv", 1))))
    assert found == list(range(64, 84))
    assert numbers(list(video.read_frames(two_tracks(tmp_path / "b.mkv", 0)))) == list(range(20))


def test_a_preview_of_one_picture_is_not_the_film(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as target:
        streams = [target.add_stream("mpeg4", rate=25, width=96, height=64) for _ in range(2)]
        for stream, many in zip(streams, (1, 20), strict=True):
            for k in range(many):
                frame = av.VideoFrame.from_ndarray(quartered(), format="rgb24")
                frame.pts, frame.time_base = k, Fraction(1, 25)
                target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
    with pytest.warns(UserWarning, match="2 video streams, number 1"):
        assert len(list(video.read_frames(tmp_path / "a.mp4"))) == 20


@pytest.mark.parametrize("both", [False, True])
def test_a_track_that_cannot_be_decoded_is_passed_over(tmp_path: Path, both: bool) -> None:
    path = two_tracks(tmp_path / "a.mkv", 0)
    data = path.read_bytes()
    known = b"V_MPEG4/ISO/AVC"
    data = data.replace(known, b"V_UNKNOWN/NOTHX", 2 if both else 1)
    path.write_bytes(data)
    if both:
        with pytest.raises(InputError, match="a.mkv: .*cannot decode") as caught:
            list(video.read_frames(path))
        assert "\n" not in str(caught.value)
    else:
        with pytest.warns(UserWarning, match="number 1"):
            assert numbers(list(video.read_frames(path))) == list(range(64, 84))


def test_a_mouth_video_is_as_long_as_its_pictures_not_as_its_header(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mouth.mp4"
    write_film(path, shades(20), [k / 25 for k in range(20)])
    monkeypatch.setattr(video, "_duration", lambda path: 1e6)  # a damaged header
    assert abs(len(video.whole_picture(path).crops) - 20) <= 1


def colored(form: str, color_range: int, space: int) -> av.VideoFrame:
    """A frame `[64, 96]` of skin, hair and cloth, in a format, range and color space."""
    rng = np.random.default_rng(1)
    shades_of = np.array([(205, 160, 140), (90, 60, 50), (120, 130, 160)], np.uint8)
    cells = np.repeat(np.repeat(shades_of[rng.integers(0, 3, (8, 12))], 8, axis=0), 8, axis=1)
    frame = av.VideoFrame.from_ndarray(cells, format="rgb24").reformat(format=form)
    frame.color_range, frame.colorspace = color_range, space
    return frame


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "nv12"])
@pytest.mark.parametrize("color_range", [0, 1, 2])
@pytest.mark.parametrize("space", [1, 2, 5, 6])
def test_grey_from_brightness_is_grey_from_colors(form, color_range, space) -> None:
    import cv2

    picture = pictures.Picture(colored(form, color_range, space))
    by_colors = cv2.cvtColor(picture.array(), cv2.COLOR_RGB2GRAY).astype(int)
    difference = picture.array(grey=True).astype(int) - by_colors
    assert np.abs(difference).mean() < 1.0
    assert (pictures._brightness(picture.frame) is None) == (space == 1)


def test_a_shared_converter_gives_what_each_frame_gives(tmp_path: Path) -> None:
    frames = [quartered(), quartered(48, 64), quartered()]
    convert = av.video.reformatter.VideoReformatter()
    for picture in frames:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        expected = pictures.Picture(frame).array()
        assert np.array_equal(pictures.Picture(frame, 1.0, convert).array(), expected)
        wide = pictures.Picture(frame, 2.0).array()
        assert np.array_equal(pictures.Picture(frame, 2.0, convert).array(), wide)


def told(path: Path) -> str:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        list(pictures.pictures(path))
    return " ".join(str(w.message) for w in found)


def test_pictures_that_are_missing_are_told(tmp_path: Path) -> None:
    """Where packets of a transport stream are lost, a face stands still; nobody was told."""
    shown = shades(40)
    whole = write_film(tmp_path / "a.ts", shown, [k / 25 for k in range(40)], codec="mpeg2video")
    assert told(whole) == ""
    lost = write_film(tmp_path / "b.ts", shown[:10] + shown[22:],
                            [k / 25 for k in (*range(10), *range(22, 40))], codec="mpeg2video")
    assert "no pictures for 0.5 s in all, the first time at 0.36 s" in told(lost)


@pytest.mark.parametrize("late", [2, 3, 7])
def test_a_picture_of_before_a_loss_that_comes_late_is_no_jump_of_the_clock(
        tmp_path: Path, recwarn: pytest.WarningsRecorder, late: int) -> None:
    """A decoder of H.264 keeps pictures back to bring them in order; where packets were lost, the
    last one before comes in between those behind."""
    path = write_film(tmp_path / "a.ts", shades(125), [k / 25 for k in range(125)], codec="mpeg2video")
    numbered = [*range(50), *range(90, 90 + late), 50, *range(90 + late, 125)]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        clock = picture_clock.Clock(path, container, stream)
        zero = round(clock.zero * 25)
        frames = [SimpleNamespace(pts=zero + k, time_base=Fraction(1, 25)) for k in numbered]
        times = [round(25 * at) for at, _ in clock.times(frames)]
    assert times == [k for k in numbered if k != 50]
    assert not [w for w in recwarn if "jumps" in str(w.message)]



@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG"), (1, "")])
def test_hdr_is_told(curve: int, name: str) -> None:
    class Frame:
        color_trc = curve

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        pictures._tell_colors("a.mp4", Frame())
    assert [f"HDR ({name})" in str(w.message) for w in found] == ([True] if name else [])


@pytest.mark.parametrize(("rate", "slow"), [(1, True), (5, True), (15, False), (60, False)])
def test_too_few_pictures_to_read_lips_are_told(tmp_path: Path, rate: int, slow: bool) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as target:
        stream = target.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for k in range(2 * rate + 1):
            frame = av.VideoFrame.from_ndarray(quartered(), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, rate)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert len(list(pictures.pictures(tmp_path / "a.mp4"))) == 2 * rate + 1
    assert [f"it has {rate} pictures a second" in str(w.message) for w in found] == [True] * slow
