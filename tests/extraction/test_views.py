"""What cameras saw: frames by time, faces of several cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.extraction.views import _pairs, arrays_as_tracks, match_faces
from avspeech.media import video
from avspeech.media.mouths import MouthTrack


@dataclass
class Mouth(MouthTrack):
    seed: int = 0


def mouth(
    seed: int, frames: int = 100, x: float = 0.0, first: int = 0, last: int | None = None, view: int = 0
):
    """A mouth that opens and shuts in its own way, seen by a camera with a shade and noise of its own."""
    motion = np.random.default_rng(seed).random(frames)
    noise = np.random.default_rng(1000 * view + seed).normal(0, 3, (frames, 96, 96))
    crops = np.clip(60 + 20 * view + noise, 0, 255)
    crops[:, 40:60, 30:66] += (100 * motion)[:, None, None]
    present = np.zeros(frames, bool)
    present[first:last] = True
    boxes = np.where(present[:, None], np.array([x, 0, x + 9, 9]), np.nan)
    return Mouth(
        crops=np.clip(crops, 0, 255).astype(np.uint8), present=present, boxes=boxes, seed=seed
    )


def seeds(faces) -> list[list[int]]:
    return [[track.seed for track in face] for face in faces]


def test_frames_outside_are_missing() -> None:
    crops = np.full((50, 96, 96), 7, np.uint8)
    present = np.arange(50) % 10 != 3
    frames, mask = MouthTrack(crops, present).frames(40, 60, 25.0)
    assert frames.shape == (20, 88, 88) and mask.tolist() == present[40:].tolist() + [False] * 10
    assert (frames[mask] == 7).all() and not frames[~mask].any()
    frames, mask = MouthTrack(crops, present).frames(90, 95, 25.0)
    assert not mask.any() and not frames.any()
    assert MouthTrack(crops, present).span() == (0.0, 2.0)
    assert MouthTrack(crops, np.zeros(50, bool)).span() is None


def test_the_centre_of_a_crop_is_used() -> None:
    crops = np.random.default_rng(0).integers(0, 255, (5, 96, 96), dtype=np.uint8)
    frames, _ = MouthTrack(crops, np.ones(5, bool)).frames(0, 5, 25.0)
    np.testing.assert_array_equal(frames, crops[:, 4:92, 4:92])


def test_a_memory_map_reads_the_same_twice(tmp_path) -> None:
    stored = np.memmap(tmp_path / "crops", np.uint8, "w+", shape=(200, 96, 96))
    stored[:] = np.random.default_rng(0).integers(0, 255, stored.shape, dtype=np.uint8)
    view = MouthTrack(stored, np.ones(200, bool))
    for _ in range(2):
        np.testing.assert_array_equal(view.frames(20, 120, 25.0)[0], np.array(stored)[20:120, 4:92, 4:92])


def test_one_face_everywhere_is_one_face() -> None:
    assert seeds(match_faces([[mouth(1)], [mouth(1, view=1)], [mouth(1, view=2, last=20)]])) == [[1, 1, 1]]
    assert seeds(match_faces([[], [mouth(1)], []])) == [[1]]
    assert match_faces([[], []]) == []


def test_mouths_that_move_alike_are_one_face() -> None:
    front = [mouth(1, x=0), mouth(2, x=30), mouth(3, x=60)]
    behind = [mouth(3, x=0, view=1), mouth(1, x=60, view=1), mouth(2, x=30, view=1)]  # right is left there
    assert seeds(match_faces([front, behind])) == [[1, 1], [2, 2], [3, 3]]


def test_faces_seen_at_the_same_time_are_one_face() -> None:
    early, late = {"last": 45}, {"first": 55}
    views = [
        [mouth(1, **early), mouth(2, **late)],
        [mouth(4, view=1, **late), mouth(3, view=1, **early)],
        [mouth(5, view=2, **late)],
    ]
    assert seeds(match_faces(views)) == [[1, 3], [2, 4, 5]]


def test_still_faces_keep_their_order() -> None:
    def still(x: float, seed: int):
        track = mouth(seed, x=x)
        track.crops[:] = 9
        return track

    assert seeds(match_faces([[still(50, 1), still(0, 2)], [still(10, 3), still(80, 4)]])) == [[1, 4], [2, 3]]


def test_faces_are_found_in_pictures(monkeypatch) -> None:
    pictures = np.zeros((60, 48, 64, 3), np.uint8)
    pictures[:] = (4 * np.arange(60, dtype=np.uint8))[:, None, None, None]
    seen: list[int] = []

    def mouth_tracks(path: Path, **options):
        seen.extend(int(frame[0, 0, 0]) for frame in video.read_frames(path))
        return [mouth(1, len(seen), x=0), mouth(2, len(seen), x=30)]

    monkeypatch.setattr(video, "mouth_tracks", mouth_tracks)
    mask = np.arange(60) < 30
    (view,) = arrays_as_tracks(pictures, mask, 30.0, face=2)
    np.testing.assert_array_equal(seen, [4 * int(np.floor(k * 30 / 25 + 1e-6)) for k in range(50)])
    np.testing.assert_array_equal(view.crops, mouth(2, 50).crops)
    assert view.fps == 25.0 and view.present.tolist() == [k < 25 for k in range(50)]
    monkeypatch.setattr(video, "mouth_tracks", lambda path, **options: [])
    with pytest.raises(InputError, match="no face found"):
        arrays_as_tracks(pictures, None, 25.0)


@pytest.mark.parametrize("seed", range(20))
def test_pairs_have_the_greatest_total_score(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    score = rng.standard_normal((int(rng.integers(1, 7)), int(rng.integers(1, 7))))
    assert _pairs(score) == list(zip(*optimize.linear_sum_assignment(score, maximize=True), strict=True))
