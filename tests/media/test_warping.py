"""Pictures without OpenCV are those that OpenCV makes."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.media import warping

pytest.importorskip("cv2")


def scene() -> np.ndarray:
    """A smooth picture, uint8 [144, 180, 3]."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (12, 15, 3)).astype(np.uint8)
    return warping.resize(coarse, (180, 144), area=False)


TURN = np.array([[0.6, 0.1, 3.3], [-0.1, 0.6, 20.7]])
NEGATIVE = np.arange(256, dtype=np.uint8)[::-1].copy()
CASES = {
    "warped": (lambda image: warping.warp(image, TURN, (96, 96), edges=True), 1),
    "warped, black around": (lambda image: warping.warp(image[..., 0], TURN, (192, 192)), 8),
    "smaller": (lambda image: warping.resize(image, (67, 53)), 1),
    "half": (lambda image: warping.resize(image, (90, 72)), 1),
    "larger": (lambda image: warping.resize(image, (256, 205), area=False), 1),
    "grey": (warping.grey, 1),
    "lab": (warping.lab, 2),
    "looked up": (lambda image: warping.looked_up(image[..., 0], NEGATIVE), 0),
}


@pytest.mark.parametrize("case", CASES)
def test_numpy_gives_what_opencv_gives(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, most = CASES[case]
    image = scene()
    wanted = make(image)
    monkeypatch.setattr(warping, "opencv", lambda: None)
    got = make(image)
    away = np.abs(got.astype(int) - wanted)
    assert got.shape == wanted.shape and got.dtype == wanted.dtype == np.uint8
    assert away.max() <= most and np.mean(away > 1) < 0.002
