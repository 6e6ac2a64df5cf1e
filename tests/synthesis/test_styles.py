"""Pitch and volume by frame."""

from __future__ import annotations

import numpy as np
import pytest

from avspeech.synthesis import styles
from avspeech.text import Token
from avspeech.text.script import PLAIN, SILENT, Contour, Style


def tokens(*wanted: Style) -> list[Token]:
    return [Token("a", "phone", i, i, i + 1, style=style) for i, style in enumerate(wanted)]


def test_nothing_asked_is_nothing() -> None:
    assert styles.shifts(tokens(PLAIN, PLAIN), np.array([3, 4])) is None
    assert styles.gains(tokens(PLAIN, PLAIN), np.array([3, 4])) is None


def test_a_contour_runs_over_its_stretch_whatever_stands_within() -> None:
    """A token of another style within the stretch (a break) takes its share of the time."""
    line = Style(contour=Contour(((0.0, -2.0), (1.0, 2.0)), 7))
    durations = np.array([5, 10, 10, 20, 5])
    found = styles.shifts(tokens(PLAIN, line, PLAIN, line, PLAIN), durations)
    assert found is not None and len(found) == 50
    assert found[7:43] == pytest.approx(-2 + 4 * (np.arange(2, 38) + 0.5) / 40, abs=1e-5)
    assert not found[:4].any() and not found[46:].any()
    other = Style(contour=Contour(((0.0, -2.0), (1.0, 2.0)), 9))  # another element
    apart = styles.shifts(tokens(line, other), np.array([20, 20]))
    assert apart is not None and apart[2:18] == pytest.approx(apart[22:38], abs=1e-5)


def test_beyond_its_points_a_contour_stays() -> None:
    found = styles.shifts(tokens(Style(pitch=1, contour=Contour(((0.5, 3.0),), 0))), np.array([20]))
    assert found == pytest.approx(np.full(20, 4.0), abs=1e-6)


def test_gains_at_samples() -> None:
    factors = styles.gains(tokens(Style(gain=-20), Style(gain=SILENT), PLAIN), np.array([2, 2, 3]))
    assert factors == pytest.approx([0.1, 0.1, 0, 0, 1, 1, 1])
    assert factors is not None
    at = styles.at_samples(factors, 4)
    assert len(at) == 28 and at[:4] == pytest.approx(0.1) and at[-4:] == pytest.approx(1.0)
    assert np.abs(np.diff(at)).max() <= 0.25 + 1e-6  # no step
