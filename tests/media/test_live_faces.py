"""One mouth in pictures that come one by one. People are drawn as patterns."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from test_face_tracks import PatternFinder, scene

from avspeech.media import video
from avspeech.media.face_tracks import track_faces
from avspeech.media.live_faces import LiveMouth


def mouths(frames: list[np.ndarray], **options) -> list[np.ndarray | None]:
    live = LiveMouth(finder=PatternFinder(), **options)
    return [live.push(frame) for frame in frames]


def cut_later(frames: list[np.ndarray], back: int = 0) -> list[np.ndarray]:
    """The crops of the first face that are cut when all is known, where it was `back` frames before."""
    track = track_faces(frames, finder=PatternFinder())[0][0]
    maps = video.crop_maps(track, len(frames))
    return [video.crop(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), maps[max(0, k - back)])
            for k, frame in enumerate(frames)]


def far(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def test_a_still_face_is_cut_as_in_the_whole_video() -> None:
    frames = [scene((1, 40, 30, 100))] * 40
    found, whole = mouths(frames), cut_later(frames)
    assert [one is not None for one in found] == [False] * 9 + [True] * 31  # chosen after 0.4 s
    assert max(far(a, b) for a, b in zip(found[9:], whole[9:], strict=True) if a is not None) < 1


def test_a_moving_face_is_followed() -> None:
    frames = [scene((1, 40 + k, 30, 100)) for k in range(60)]
    found, whole = mouths(frames), cut_later(frames)
    ahead = [scene((1, 40 + k, 30, 100)) for k in range(40)]
    assert all(one is not None for one in found[9:])
    # The smoothed path lags by about a frame
    assert far(found[30], cut_later(frames, 1)[30]) < far(found[30], whole[30])
    assert far(found[30], whole[30]) < far(cut_later(frames, 2)[30], whole[30])
    # what follows has no influence on what was cut
    assert all(np.array_equal(a, b) for a, b in zip(mouths(ahead)[9:], found[9:40], strict=True))


def test_the_largest_face_or_the_one_that_is_asked_for() -> None:
    frames = [scene((1, 10, 60, 70), (2, 160, 20, 120))] * 30
    large, small = mouths(frames)[-1], mouths(frames, face=2)[-1]
    alone = [mouths([scene(person)] * 30)[-1] for person in ((2, 160, 20, 120), (1, 10, 60, 70))]
    assert far(large, alone[0]) < 1 and far(small, alone[1]) < 1 and far(large, small) > 5
    assert all(one is None for one in mouths(frames, face=3))


def test_the_person_stays_through_a_cut_and_an_absence() -> None:
    frames = ([scene((1, 10, 30, 110), (2, 200, 60, 60))] * 30
              + [scene((2, 20, 30, 110))] * 30 + [scene((1, 180, 30, 110))] * 30)
    found = mouths(frames)
    there = [one is not None for one in found]
    assert not any(there[30:60]) and all(there[62:])
    assert far(found[-1], mouths([scene((1, 180, 30, 110))] * 30)[-1]) < 1


def test_pictures_change_their_size() -> None:
    frames = [scene((1, 40, 30, 100))] * 30 + [scene((1, 80, 60, 200), height=360, width=640)] * 30
    found = mouths(frames)
    assert all(one is not None for one in found[34:])
    assert far(found[-1], found[29]) < 6


def test_pictures_without_a_face_change_their_shape() -> None:
    sizes = ((180, 320), (320, 180), (180, 180))
    assert mouths([scene(height=h, width=w) for h, w in sizes for _ in range(20)]) == [None] * 60


def test_memory_is_bounded() -> None:
    live = LiveMouth(finder=PatternFinder())
    for k in range(600):
        live.push(scene((1, 40, 30, 100)) if k % 100 < 60 else scene())
    assert len(live._path) <= 250 and len(live._tracker.ended) == 0
    assert all(len(trail.frames) == 1 for trail in live._tracker.live)


@pytest.mark.parametrize("frames", [[scene()] * 30])
def test_no_face(frames: list[np.ndarray]) -> None:
    assert mouths(frames) == [None] * 30
