"""Who is who through cuts, absences, changes of size and shape. People are drawn as patterns."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import write_film

from avspeech.media import face, face_tracks, video
from avspeech.media.face import models_folder
from avspeech.media.heads import Face, Pose, Region, pose_of_face
from avspeech.media.trails import FaceTrack

av = pytest.importorskip("av")
FRAME = (220, 30, 220)  # the colour around each drawn face, by which it is found


def person(seed: int, size: int) -> np.ndarray:
    """A pattern `[size, size, 3]` that is one person's, in a frame of one colour."""
    rng = np.random.default_rng(seed)
    cells = np.repeat(rng.integers(0, 250, (5, 5, 1)), 3, axis=2).astype(np.uint8)
    picture = cv2.resize(cells, (size, size), interpolation=cv2.INTER_NEAREST)
    edge = max(2, size // 16)
    picture[:edge], picture[-edge:], picture[:, :edge], picture[:, -edge:] = FRAME, FRAME, FRAME, FRAME
    return picture


def scene(*people: tuple[int, int, int, int], height: int = 180, width: int = 320,
          backdrop: int = 110) -> np.ndarray:
    """A picture with people (seed, x, y, size)."""
    picture = np.full((height, width, 3), backdrop, np.uint8)
    for seed, x, y, size in people:
        picture[y: y + size, x: x + size] = person(seed, size)
    return picture


class PatternFinder:
    """Finds the drawn people; `follows` as the networks do."""

    follows = True

    def detect(self, image: np.ndarray, small: bool = False) -> list[Face]:
        r, g, b = (image[..., i].astype(int) for i in range(3))
        mask = ((r - g > 60) & (b - g > 60)).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        faces = []
        for x, y, w, h, _ in stats[1:]:
            if w > 15 and 0.8 < w / h < 1.25:
                box = np.array([x, y, x + w, y + h], float)
                mx, my = x + w / 2, y + 0.75 * h
                points = [(mx - w / 5, my - w / 3), (mx + w / 5, my - w / 3), (mx, my - w / 6), (mx, my),
                          (x, my), (x + w, my)]
                faces.append(Face(box, np.array(points), 0.9))
        return faces

    def pose(self, image: np.ndarray, region: Region) -> Pose | None:
        x, y, side, angle = region
        if abs(angle) > 1:
            return None
        for found in self.detect(image):
            box = found.box
            if np.hypot(*((box[:2] + box[2:]) / 2 - (x, y))) < side / 4:
                return pose_of_face(found)
        return None


def follow(frames: list[np.ndarray]) -> list[FaceTrack]:
    return face_tracks.track_faces(frames, finder=PatternFinder())[0]


def people_of(frames: list[np.ndarray], who: dict[int, dict[int, int]]) -> None:
    """Checks that each track is one person: `who` has {person: {frame: left edge}}."""
    tracks = follow(frames)
    assert len(tracks) == len(who)
    found = []
    for track in tracks:
        owner = {person for person, places in who.items()
                 for frame, box in zip(track.frames, track.boxes)
                 if frame in places and abs(box[0] - places[frame]) < 4}
        assert len(owner) == 1
        found.append(owner.pop())
        assert len(track.frames) >= 0.9 * len(who[found[-1]])
    assert sorted(found) == sorted(who)


def test_two_people_who_change_places_at_a_cut() -> None:
    frames = [scene((1, 30, 40, 90), (2, 190, 50, 90))] * 30 + [scene((2, 30, 40, 90), (1, 190, 50, 90))] * 30
    people_of(frames, {1: {k: 30 if k < 30 else 190 for k in range(60)},
                       2: {k: 190 if k < 30 else 30 for k in range(60)}})


def test_another_person_in_the_same_place_after_a_cut() -> None:
    frames = [scene((1, 30, 40, 90))] * 30 + [scene((2, 30, 40, 90))] * 30
    people_of(frames, {1: dict.fromkeys(range(30), 30), 2: dict.fromkeys(range(30, 60), 30)})


def room(frame: np.ndarray, seed: int) -> np.ndarray:
    """A scene before furniture in place of one color."""
    cells = np.random.default_rng(seed).integers(60, 160, (9, 16, 1)).repeat(3, 2).astype(np.uint8)
    wall = cv2.resize(cells, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.where((frame == frame[0, 0]).all(-1, keepdims=True), wall, frame)


def test_a_face_that_a_caption_surrounds_stays_one_person() -> None:
    """It looks different at once; nothing else of the picture does, and its middle is as it was."""
    plain, marked = scene((1, 30, 40, 90)), scene((1, 30, 40, 90))
    marked[24:39, 14:136] = marked[131:146, 14:136] = marked[24:146, 14:29] = 250
    shown = [room(plain, 1)] * 30 + [room(marked, 1)] * 30
    assert [len(track.frames) for track in follow(shown)] == [60]


def test_a_cut_in_one_room_between_two_people_parts_them() -> None:
    frames = [room(scene((1, 30, 40, 90)), 1)] * 30 + [room(scene((2, 30, 40, 90)), 2)] * 30
    people_of(frames, {1: dict.fromkeys(range(30), 30), 2: dict.fromkeys(range(30, 60), 30)})


def test_shot_and_counter_shot() -> None:
    one, two = scene((1, 30, 40, 90), backdrop=60), scene((2, 190, 30, 100))
    frames = ([one] * 20 + [two] * 20) * 3
    people_of(frames, {1: {k: 30 for k in range(120) if k // 20 % 2 == 0},
                       2: {k: 190 for k in range(120) if k // 20 % 2}})


def test_a_cut_to_a_closer_view_of_the_same_person() -> None:
    frames = [scene((1, 30, 40, 60))] * 30 + [scene((1, 150, 20, 140))] * 30
    people_of(frames, {1: {k: 30 if k < 30 else 150 for k in range(60)}})


@pytest.mark.parametrize("place", [30, 190])
def test_a_face_that_is_away_for_three_seconds(place: int) -> None:
    frames = [scene((1, 30, 40, 90))] * 30 + [scene()] * 75 + [scene((1, place, 40, 90))] * 30
    people_of(frames, {1: {k: 30 if k < 30 else place for k in (*range(30), *range(105, 135))}})


def test_another_person_comes_when_one_has_gone() -> None:
    frames = [scene((1, 30, 40, 90))] * 30 + [scene()] * 25 + [scene((2, 34, 40, 90))] * 30
    people_of(frames, {1: dict.fromkeys(range(30), 30), 2: dict.fromkeys(range(55, 85), 34)})


def test_people_seen_together_are_never_one() -> None:
    frames = [scene((1, 30, 40, 90), (1, 190, 40, 90))] * 30
    assert [len(t.frames) for t in follow(frames)] == [30, 30]


class CountingFinder(PatternFinder):
    """Counts how often pictures are searched and landmarks are looked for."""

    def __init__(self) -> None:
        self.searches = self.landmarks = 0

    def detect(self, image: np.ndarray, small: bool = False) -> list[Face]:
        self.searches += 1
        return super().detect(image, small)

    def pose(self, image: np.ndarray, region: Region) -> Pose | None:
        self.landmarks += 1
        self.searches -= 1  # those of `pose` are its own
        return super().pose(image, region)


def test_a_still_face_is_measured_now_and_then_and_seen_in_every_frame() -> None:
    finder = CountingFinder()
    (track,), count = face_tracks.track_faces([scene((1, 30, 40, 90))] * 100, finder=finder)
    assert count == 100 and track.frames.tolist() == list(range(100))
    assert finder.searches <= 2  # at 0 s and 2 s
    assert finder.landmarks <= 50


def test_a_moving_face_is_measured_in_every_frame() -> None:
    finder = CountingFinder()
    frames = [scene((1, 30 + 2 * k, 40, 90)) for k in range(60)]
    (track,), _ = face_tracks.track_faces(frames, finder=finder)
    assert finder.landmarks >= 59
    assert np.abs(track.boxes[:, 0] - [30 + 2 * k for k in range(60)]).max() < 2


@pytest.mark.parametrize("gap", [1, 2])
@pytest.mark.parametrize("begin", [31, 32, 33])
def test_a_face_covered_for_a_frame_is_not_seen_in_it(begin: int, gap: int) -> None:
    frames = [scene((1, 30, 40, 90))] * 60
    frames[begin: begin + gap] = [scene((2, 190, 40, 90))] * gap
    tracks = follow(frames)
    mine = max(tracks, key=lambda t: len(t.frames))
    assert mine.frames.tolist() == [k for k in range(60) if not begin <= k < begin + gap]


@pytest.mark.parametrize("begin", [31, 32, 33, 40])
def test_a_face_that_comes_beside_a_still_one_is_found_soon(begin: int) -> None:
    frames = [scene((1, 30, 40, 90)) if k < begin else scene((1, 30, 40, 90), (2, 190, 50, 60))
              for k in range(75)]
    one, two = follow(frames)
    assert len(one.frames) == 75
    assert two.frames[0] - begin <= 10 and two.frames[-1] == 74


def film_of_sizes(path: Path, pictures: list[np.ndarray]) -> Path:
    """VP8 in Matroska, as browsers send it: the size changes at a key frame."""
    from fractions import Fraction

    with av.open(str(path), "w") as target:
        stream = None
        for k, picture in enumerate(pictures):
            if k == 0 or picture.shape != pictures[k - 1].shape:
                encoder = av.CodecContext.create("libvpx", "w")
                encoder.height, encoder.width = picture.shape[:2]
                encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
                encoder.bit_rate, encoder.framerate = 3_000_000, Fraction(25)
                encoder.options = {"deadline": "realtime", "lag-in-frames": "0"}
                if stream is None:
                    stream = target.add_stream("libvpx", rate=25)
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            for packet in encoder.encode(frame):
                packet.stream = stream
                target.mux(packet)
    return path


def test_a_picture_that_changes_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_tracks, "make_finder", lambda detector: PatternFinder())
    large = scene((1, 100, 80, 200), height=360, width=640)
    small = cv2.resize(large, (320, 180), interpolation=cv2.INTER_AREA)
    path = film_of_sizes(tmp_path / "a.mkv", [large] * 15 + [small] * 15 + [large] * 15)
    shapes = [f.shape[1] for f in video.read_frames(path)]
    assert shapes == [640] * 15 + [320] * 15 + [640] * 15
    (track,) = video.mouth_tracks(path)
    assert track.present.all()
    assert np.abs(track.boxes - track.boxes[0]).max() < 4
    steady = track.crops[2:].astype(int)
    assert np.abs(steady - steady[0]).mean(axis=(1, 2)).max() < 12


def test_large_pictures_are_made_smaller_once_before_they_are_searched() -> None:
    """The network sees nothing larger than 2560 pixels when it searches the whole picture."""
    seen = []

    class Net:
        size = 256

    detector = face.Detector.__new__(face.Detector)
    detector._net = Net()
    detector._square = lambda image, x, y, side: seen.append(image.shape[:2]) or [
        Face(np.array([x, y, x + 10.0, y + 10.0]), np.zeros((6, 2)) + (x, y), 0.9)]
    found = detector(np.zeros((2160, 3840, 3), np.uint8))
    assert seen == [(1080, 1920), (1080, 1080), (1080, 1080), (1080, 1080)]
    assert sorted(f.box[2] for f in found) == [20.0, 860.0, 1700.0]
    seen.clear()
    detector(np.zeros((2160, 3840, 3), np.uint8), small=True)
    assert len(seen) > 4 and seen[4] == (900, 900)


class TwoWays:
    """A landmark network that fits one way up better than the other."""

    follows = True

    def __init__(self, upright: float, turned: float | None) -> None:
        self.misfit = {False: upright, True: turned}

    def pose(self, image, region):
        angle = (region[3] + np.pi) % (2 * np.pi) - np.pi
        misfit = self.misfit[abs(angle) > 2]
        if misfit is None:
            return None
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
        return Pose(40.0, turn, np.zeros(3), np.zeros(3), np.array([0, 0, 80.0, 80]), misfit)


@pytest.mark.parametrize(("upright", "turned", "over"), [(0.006, None, False), (0.006, 0.02, False),
                                                         (0.02, 0.01, True), (0.015, 0.0145, False)])
def test_a_head_is_taken_the_way_up_that_fits(upright, turned, over) -> None:
    points = np.array([(25, 30), (55, 30), (40, 45), (40, 60), (0, 40), (80, 40)], float)
    found = Face(np.array([0, 0, 80.0, 80]), points, 0.9)
    pose, meshed = face_tracks._measure(found, TwoWays(upright, turned), np.zeros((90, 90, 3), np.uint8))
    assert meshed and (abs(pose.roll) > 2) == over
    for turned_before in (False, True):  # it was so in the frame before: heads do not turn over in one
        last = TwoWays(0.01, 0.01).pose(None, (0, 0, 0, np.pi * turned_before))
        kept = face_tracks._measure(found, TwoWays(0.01, 0.01), np.zeros((90, 90, 3), np.uint8), last)[0]
        assert (abs(kept.roll) > 2) == turned_before


def test_squares_cover_every_place() -> None:
    for height, width, side in ((720, 1280, 720), (240, 1920, 240), (1440, 2560, 720), (2160, 500, 500)):
        seen = np.zeros((height, width), bool)
        inner = np.zeros((height, width), bool)  # in some square, and a sixth of its side from its edges
        for x, y in face._tiles(height, width, side, 2):
            assert x + side <= width and y + side <= height
            seen[y: y + side, x: x + side] = True
            edge = side // 6
            inner[0 if y == 0 else y + edge: height if y + side == height else y + side - edge,
                  0 if x == 0 else x + edge: width if x + side == width else x + side - edge] = True
        assert seen.all() and inner.all()


@pytest.fixture(scope="module")
def talking(real_data: Path) -> list[np.ndarray]:
    """30 frames of a real face."""
    if models_folder() is None:
        pytest.skip("the landmark networks are not installed")
    clip = sorted((real_data / "grid" / "video" / "s1").glob("*.mp4"))[0]
    return list(video.read_frames(clip, duration=1.2))


def tracks_of(frames: list[np.ndarray], folder: Path) -> list[video.MouthTrack]:
    path = write_film(folder / "a.mkv", frames, [k / 25 for k in range(len(frames))], codec="ffv1")
    return video.mouth_tracks(path)


def alike(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, two)]))


@pytest.mark.real
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_real_face_is_put_upright(talking, tmp_path, turns) -> None:
    (upright,) = tracks_of(talking, tmp_path)
    (turned,) = tracks_of([np.ascontiguousarray(np.rot90(f, turns)) for f in talking], tmp_path)
    assert turned.present.all() and alike(turned.crops, upright.crops) > 0.95


@pytest.mark.real
@pytest.mark.parametrize("height", [400, 1080, 2160])
def test_a_small_real_face_anywhere_in_a_wide_or_large_picture(talking, height) -> None:
    finder = face.MeshFinder()
    width = {400: 2000, 1080: 1920, 2160: 3840}[height]
    head = talking[0][40:260, 90:270]
    small = cv2.resize(head, None, fx=40 / 105, fy=40 / 105, interpolation=cv2.INTER_AREA)
    missed = []
    for x in np.linspace(0, width - small.shape[1], 5).astype(int):
        for y in np.linspace(0, height - small.shape[0], 5).astype(int):
            picture = np.full((height, width, 3), 90, np.uint8)
            picture[y: y + small.shape[0], x: x + small.shape[1]] = small
            if not any(face_tracks._measure(f, finder, picture)[0] for f in finder.detect(picture, True)):
                missed.append((int(x), int(y)))
    assert not missed


def test_only_the_notice_of_the_networks_is_kept_off_standard_error(capfd) -> None:
    with pytest.raises(ValueError, match="kept"), face.without_notice():
        os.write(2, b"before\n" + face.NOTICE + b" for CPU.\n")
        os.write(2, b"behind\n")
        raise ValueError("kept")
    os.write(2, b"later\n")
    assert capfd.readouterr().err.split() == ["before", "behind", "later"]
