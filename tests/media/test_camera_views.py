"""Views of cameras beside, above and below, rendered from a mesh with a texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2")

from avspeech.cli import main  # noqa: E402
from avspeech.errors import InputError  # noqa: E402
from avspeech.media import camera_views, face  # noqa: E402
from avspeech.media.camera_views import Camera, Surface  # noqa: E402

SCALE = 120.0  # pixels of an eye distance
CENTER = np.array([200.0, 240.0, 0.0])
MOUTH = np.zeros(3)


def head(nose: float = 0.0, apart: float = 0.1) -> np.ndarray:
    """468 points of a rounded head, symmetrical, in eye distances; a nose stands out above the mouth."""
    rng = np.random.default_rng(0)
    half = rng.uniform([0.02, -1.4], [0.85, 0.7], (233, 2))
    plane = np.concatenate([half, half * [-1, 1], [[0, -0.45], [0, -1.3]]])
    plane[camera_views.UPPER], plane[camera_views.LOWER] = (0.0, 0.0), (0.0, apart)
    deep = 0.9 * (np.square(plane[:, 0]) + 0.3 * np.square(plane[:, 1] + 0.3))
    deep -= nose * np.exp(-np.square(plane - [0, -0.45]).sum(1) / 0.02)
    return np.column_stack([plane, deep])


def mesh(points: np.ndarray, turned: float = 0.0) -> camera_views._Meshed:
    return camera_views._Meshed(points, SCALE, Camera("", yaw=turned).rotation(), CENTER)


def texture() -> np.ndarray:
    """Smooth blotches, symmetrical about the head's middle line."""
    import cv2

    noise = np.random.default_rng(1).uniform(0, 255, (480, 401)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 6)
    soft = (soft + soft[:, ::-1]) / 2
    return np.clip(128 + 9 * (soft - 128), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def surface() -> Surface:
    return Surface([head()])


def difference(a: np.ndarray, b: np.ndarray, margin: int = 12) -> float:
    middle = (slice(margin, -margin), slice(margin, -margin))
    return float(np.abs(a[middle].astype(float) - b[middle]).mean())


def test_from_the_front_it_is_the_crop(surface: Surface) -> None:
    """A far camera in front sees what a crop of the picture is."""
    import cv2

    from avspeech.media import video

    seen = surface.render(texture(), mesh(head()), MOUTH, Camera("", distance=1e6))
    zoom = video.EYE_SPAN / SCALE
    middle = (video.STORED_CROP - 1) / 2
    matrix = np.array([[zoom, 0, middle - zoom * CENTER[0]], [0, zoom, middle - zoom * CENTER[1]]])
    plain = cv2.GaussianBlur(texture(), (0, 0), 0.5)  # a crop of a smaller scale is averaged
    assert difference(seen, video.crop(plain, matrix), margin=4) < 4


@pytest.mark.parametrize("yaw", [20, 50])
def test_left_is_the_mirror_image_of_right(surface: Surface, yaw: float) -> None:
    left = surface.render(texture(), mesh(head()), MOUTH, Camera("", yaw=yaw))
    right = surface.render(texture(), mesh(head()), MOUTH, Camera("", yaw=-yaw))
    front = surface.render(texture(), mesh(head()), MOUTH, Camera(""))
    assert difference(left, right[:, ::-1]) < 0.25 * difference(left, front)


def test_a_turned_head_seen_from_its_front_is_a_frontal_one(surface: Surface) -> None:
    """A camera at -30 degrees undoes a head's own turn of 30 degrees, as far as the turned head showed it."""
    import cv2

    points = surface.with_skirt(head())
    place = (SCALE * points + CENTER)[:, :2].astype(np.float32)
    turned = mesh(head(), 30)
    there = (SCALE * points @ turned.rotation.T + CENTER)[:, :2].astype(np.float32)
    picture, paint = np.zeros((480, 401), np.uint8), texture()
    for triangle in surface.triangles:  # the texture painted on the turned head, far parts first
        warp = cv2.getAffineTransform(place[triangle], there[triangle])
        mask = cv2.fillConvexPoly(np.zeros_like(picture), np.round(there[triangle]).astype(np.int32), 1)
        picture = np.where(mask > 0, cv2.warpAffine(paint, warp, picture.shape[::-1]), picture)
    seen = surface.render(picture, turned, MOUTH, Camera("", yaw=-30, distance=1e6))
    wanted = surface.render(texture(), mesh(head()), MOUTH, Camera("", distance=1e6))
    other = surface.render(picture, turned, MOUTH, Camera("", distance=1e6))
    assert difference(seen, wanted, 24) < 0.5 * difference(other, wanted, 24)


def test_what_is_behind_is_hidden() -> None:
    """A dark spot beside a long nose is seen from its own side and hidden from the other."""
    points = head(nose=0.8)
    surface = Surface([points])
    picture = np.full((480, 401), 200, np.uint8)
    x, y = (CENTER[:2] + SCALE * np.array([0.22, -0.45])).astype(int)
    picture[y - 8: y + 8, x - 5: x + 5] = 0
    own = surface.render(picture, mesh(points), MOUTH, Camera("", yaw=50))
    other = surface.render(picture, mesh(points), MOUTH, Camera("", yaw=-50))
    assert own.min() < 60 < 150 < other[:60].min()


def test_depth_and_light(surface: Surface) -> None:
    flat = surface.render(texture(), mesh(head()), MOUTH, Camera("", yaw=40, depth=0.25))
    deep = surface.render(texture(), mesh(head()), MOUTH, Camera("", yaw=40, depth=2))
    assert difference(flat, deep) > 5
    grey = np.full((480, 401), 100, np.uint8)
    lit = surface.render(grey, mesh(head()), MOUTH, Camera("", light=2.0)).mean(0)
    assert lit[-1] / lit[0] == pytest.approx(2, rel=0.05) and (np.diff(lit) >= 0).all()


@pytest.mark.parametrize("bad", [dict(yaw=100), dict(pitch=-70), dict(yaw=float("nan")), dict(distance=1),
                                 dict(depth=0), dict(light=9)])
def test_cameras_that_cannot_be(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match="view 'x'"):
        Camera("x", **bad)


def test_two_of_one_name_and_no_face(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="same name"):
        camera_views.views("x.mp4", [Camera("a"), Camera("a", yaw=3)])
    if face.models_folder() is None:
        pytest.skip("needs the face networks")
    from avspeech.media import muxing

    muxing.write_pictures(tmp_path / "x.mkv", np.full((5, 64, 64, 3), 90, np.uint8), 25)
    assert main(["data", "views", str(tmp_path / "x.mkv"), "-o", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("camera", [
    Camera("side", yaw=90, pitch=-60, distance=2, depth=4, light=0.25), Camera("front", depth=0.25, light=4)])
def test_varied_cameras_are_near_and_possible(camera: Camera) -> None:
    made = [camera.varied(np.random.default_rng(seed)) for seed in range(50)]
    assert len({(c.yaw, c.pitch, c.distance, c.depth, c.light) for c in made}) > 40
    assert all(c.name == camera.name and abs(c.yaw - camera.yaw) <= 5 and abs(c.pitch - camera.pitch) <= 5
               for c in made)
    assert camera.varied(np.random.default_rng(3)) == made[3]


def test_a_camera_that_goes_around_stands_where_it_should() -> None:
    camera = Camera("rotating", yaw=-60, until=60, pitch=10)
    assert [camera.at(share).yaw for share in (0, 0.25, 1)] == [-60, -30, 60]
    assert camera.at(0.5) == Camera("rotating", yaw=0, pitch=10)
    still = Camera("left", yaw=30)
    assert still.at(0.7) == still
    with pytest.raises(InputError, match="-60 to 100"):
        Camera("far", yaw=-60, until=100)
