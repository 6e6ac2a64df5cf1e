"""Pictures of a slow camera that are stored several times are told; those of a usual one are not."""

from __future__ import annotations

import warnings
from pathlib import Path

import av
import numpy as np
import pytest
from films import write_film

from avspeech.media import video
from avspeech.media.motion import Motion


def waves(count: int, rate: float) -> list[np.ndarray]:
    """Pictures `[96, 128, 3]` of something that moves, with pauses, as a face does."""
    row, column = np.mgrid[:96, :128] / 12.0
    places = np.cumsum(np.abs(np.sin(np.arange(count) * 2.3 / rate)) * 12 / rate)
    return [np.repeat((128 + 60 * np.sin(row + place) * np.sin(column))[..., None], 3, 2).astype(np.uint8)
            for place in places]


def told(path: Path) -> list[str]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(list(video.read_frames(path))) > 100
    return [str(warning.message) for warning in said]


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", ".mp4"), ("mjpeg", ".mkv")])
@pytest.mark.parametrize("camera", [5, 8, 12.5, 25])
def test_what_is_new_counts(tmp_path: Path, camera: float, codec: str, suffix: str) -> None:
    shown = waves(round(6 * camera), camera)
    times = [k / 25 for k in range(150)]
    pictures = [shown[min(len(shown) - 1, int(time * camera + 1e-6))] for time in times]
    said = told(write_film(tmp_path / f"x{suffix}", pictures, times, codec=codec))
    assert len(said) == (camera < 10), said
    for text in said:
        new = float(text.split("only ")[1].split(" are new")[0])
        assert new == pytest.approx(camera, rel=0.1)


def test_a_still_picture_and_one_that_moves_now_and_then_are_no_slow_camera(tmp_path: Path) -> None:
    shown = waves(150, 25)
    times = [k / 25 for k in range(150)]
    still = [shown[0]] * 150
    seldom = [shown[0 if k % 60 < 50 else k] for k in range(150)]
    for k, pictures in enumerate((still, seldom)):
        assert told(write_film(tmp_path / f"{k}.mkv", pictures, times, codec="ffv1")) == []


def carried(count: int, fields: bool) -> list[np.ndarray]:
    """Pictures `[96, 128, 3]` of something that is carried from side to side, all lines taken at once, or the
    odd ones half a picture later."""
    row, column = np.mgrid[:96, :128] / 8.0
    shown = []
    for k in range(count):
        time = k + 0.5 * fields * (np.arange(96) % 2)[:, None]
        shown.append(128 + 60 * np.sin(row) * np.sin(column + 4 * np.sin(time / 6)))
    return [np.repeat(picture[..., None], 3, 2).astype(np.uint8) for picture in shown]


@pytest.mark.parametrize("fields", [False, True])
@pytest.mark.parametrize("marked", [False, True])
def test_combs_are_told_and_not_what_a_header_says(fields: bool, marked: bool) -> None:
    motion = Motion()
    for k, picture in enumerate(carried(40, fields)):
        motion.add(k / 25, av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p"))
    assert motion.fields(marked) is fields
    assert Motion().fields(marked) is marked  # where nothing moves the header is believed


@pytest.mark.parametrize("noise", [4.0, 16.0])
def test_noise_is_no_comb(noise: float) -> None:
    motion, rng = Motion(), np.random.default_rng(0)
    for k, picture in enumerate(carried(20, fields=False)):
        rough = picture + noise * rng.standard_normal(picture.shape[:2])[..., None]
        motion.add(k / 25, av.VideoFrame.from_ndarray(rough.clip(0, 255).astype(np.uint8), format="rgb24")
                   .reformat(format="yuv420p"))
    assert not motion.fields(False)


def test_a_film_with_combs_is_told(tmp_path: Path) -> None:
    times = [k / 25 for k in range(110)]
    for fields in (False, True):
        said = told(write_film(tmp_path / f"{fields}.mkv", carried(110, fields), times, codec="ffv1"))
        assert ["interlaced" in text for text in said] == [True] * fields
