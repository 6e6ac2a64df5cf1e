import numpy as np
import pytest

from avspeech.data.corpora.made.articulation import PARAMETERS, Manner, movements, viseme
from avspeech.media.espeak import Phone

AT = {name: i for i, name in enumerate(PARAMETERS)}


def spoken(*names: str, length: float = 0.12) -> list[Phone]:
    """Phones in a row, between pauses of 0.4 s."""
    phones, now = [], 0.0
    for name in ("sil", *names, "sil"):
        end = now + (0.4 if name == "sil" else length)
        phones.append(Phone(now, end, name))
        now = end
    return phones


def at(phones: list[Phone], number: int, parameter: str, manner: Manner | None = None) -> float:
    """A parameter in the middle of a phone."""
    middle = (phones[number].start + phones[number].end) / 2
    return float(movements(phones, np.array([middle]), manner=manner or Manner())[0, AT[parameter]])


@pytest.mark.parametrize("name", ["p", "b", "m"])
def test_bilabials_and_pauses_close_the_lips(name):
    phones = spoken("A:", name, "A:")
    assert at(phones, 2, "closure") > 0.8 > 0.3 > at(phones, 1, "closure")
    assert at(phones, 0, "closure") > 0.9 and at(phones, 0, "jaw") < 0.1


def test_vowels_differ_as_mouths_do():
    phones = spoken("A:", "k", "u:", "k", "i:", length=0.2)
    a, u, i = 1, 3, 5
    assert at(phones, a, "jaw") > 2 * max(at(phones, u, "jaw"), at(phones, i, "jaw"))
    assert at(phones, u, "protrusion") > 0.6 > 0.2 > at(phones, i, "protrusion")
    assert at(phones, i, "width") > 0.4 > -0.4 > at(phones, u, "width")


def test_rounding_is_there_before_its_vowel():
    assert at(spoken("t", "u:"), 1, "protrusion") > at(spoken("t", "i:"), 1, "protrusion") + 0.1


def test_a_broader_reach_blends_more():
    phones = spoken("A:", "s", "A:", length=0.09)
    assert at(phones, 2, "jaw", Manner(reach=2.5)) > at(phones, 2, "jaw", Manner(reach=0.7))


def test_a_louder_vowel_opens_further():
    phones, middle = spoken("a"), np.array([0.46])
    soft, loud = (movements(phones, middle, np.array([0.0, level, 0.0]))[0, AT["jaw"]] for level in (-6, 6))
    assert loud > 1.2 * soft


@pytest.mark.parametrize("name, parts",
                         [("aI", ("a", "I")), ("tS", ("S",)), ("sil", ("sil",)), ("_:", ("sil",)),
                          ("z", ("s",)), ("!", ("@",)), ("i:", ("i",)), ("a#", ("a",))])
def test_targets_of_a_phone(name, parts):
    assert viseme(name) == parts


def test_the_random_part_is_seeded_and_everything_is_finite():
    phones, times = spoken("b", "aU", "f", "@", "n"), np.arange(40) / 25
    one, two = (movements(phones, times, rng=np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, two) and one.shape == (40, len(PARAMETERS)) and np.isfinite(one).all()


def test_the_mouth_is_closed_before_and_after_its_speech():
    phones = [Phone(0.0, 0.2, "a"), Phone(0.2, 0.4, "A:"), Phone(0.4, 0.41, "sil")]
    path = movements(phones, np.array([-0.4, -0.2, 0.3, 0.6, 0.8]))
    closure, jaw = path[:, AT["closure"]], path[:, AT["jaw"]]
    assert (closure[[0, 1, 3, 4]] > 0.9).all() and closure[2] < 0.2
    assert (jaw[[0, 1, 3, 4]] < 0.1).all() and jaw[2] > 0.6
