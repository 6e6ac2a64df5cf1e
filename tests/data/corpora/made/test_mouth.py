import numpy as np
import pytest

from avspeech.data.corpora.made.articulation import PARAMETERS
from avspeech.data.corpora.made.mouth import Face, Scene, camera, draw, shape
from avspeech.data.manifest import VIEW_ANGLES


def posture(**values: float) -> np.ndarray:
    return np.array([[values.get(name, 0.0) for name in PARAMETERS]], np.float32)


def picture(view: str, face: Face | None = None, **values: float) -> np.ndarray:
    """One frame, without noise, as float [96, 96]."""
    face = face or Face()
    scene = Scene(np.zeros((1, 2)), np.ones(1), noise=0.0)
    return draw(shape(posture(**values), face), face, camera(*VIEW_ANGLES[view], np.zeros((1, 3))),
                scene)[0].astype(float)


def change(view: str, before: dict[str, float], after: dict[str, float]) -> float:
    """Mean absolute difference of two postures around the mouth."""
    return float(np.abs(picture(view, **before) - picture(view, **after))[20:80].mean())


@pytest.mark.parametrize("view", VIEW_ANGLES)
def test_every_view_sees_the_mouth_open(view):
    assert change(view, {"closure": 1.0}, {"jaw": 0.9, "upper": 0.4}) > 2.0


def test_the_upper_lip_hides_teeth_from_above_but_not_from_below():
    teeth = [(picture(view, upper=0.6, lower=0.7, jaw=0.1)[30:66] > 195).sum()
             for view in ("top", "front", "down")]
    assert teeth[0] < 0.6 * teeth[2] and teeth[1] > 0


def test_left_is_right_in_a_mirror():
    even = Scene(np.full((1, 2), 0.0), np.ones(1), light=(0.0, 0.5, 0.85), noise=0.0)
    face, mouth = Face(), posture(jaw=0.5, protrusion=0.3)
    left, right = (draw(shape(mouth, face), face, camera(yaw, 0.0, np.zeros((1, 3))), even)[0].astype(float)
                   for yaw in (60.0, -60.0))
    assert np.abs(left - right[:, ::-1]).mean() < 0.3 * np.abs(left - right).mean()


def test_a_turned_head_is_a_camera_at_the_other_side():
    straight = camera(30.0, 0.0, np.zeros((1, 3)))
    assert np.allclose(camera(0.0, 0.0, np.array([[-30.0, 0.0, 0.0]])), straight)
    assert np.allclose(straight[0] @ straight[0].T, np.eye(3), atol=1e-6)


def test_frames_are_seeded_and_faces_differ():
    rng = np.random.default_rng(3)
    faces = [Face.random(rng, male) for male in (True, False)]
    assert faces[0] != faces[1]
    scene = Scene(np.zeros((2, 2)), np.ones(2), noise=4.0, seed=7)
    mouth = np.repeat(posture(jaw=0.4), 2, 0)
    one, two = (draw(shape(mouth, faces[0]), faces[0], camera(0.0, 30.0, np.zeros((2, 3))), scene)
                for _ in range(2))
    assert one.shape == (2, 96, 96) and one.dtype == np.uint8 and np.array_equal(one, two)
    assert not np.array_equal(one[0], one[1])


def test_protrusion_shows_from_the_side_and_width_from_the_front():
    rest = {"closure": 1.0}

    def change(view, **after):
        return float(np.abs(picture(view, **rest) - picture(view, **rest | after))[20:80].mean())

    for side in ("left_60", "right_60"):
        assert change(side, protrusion=1.0) > 1.4 * change("front", protrusion=1.0)
        assert change("front", width=-1.0) > 1.4 * change(side, width=-1.0)
