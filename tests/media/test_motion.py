"""Pictures of a slow camera that are stored several times are told; those of a usual one are not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from films import write_film

from avspeech.media import video


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
