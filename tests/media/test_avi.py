"""Chunks of AVI that do not follow each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from films import shades, write_film  # noqa: E402

from avspeech.media import avi, recordings  # noqa: E402


def test_damage_is_told_and_a_cut_and_room_are_none(tmp_path: Path) -> None:
    path = write_film(tmp_path / "x.avi", shades(75), [k / 25 for k in range(75)], codec="mjpeg", tone=3.0)
    data, rng = path.read_bytes(), np.random.default_rng(0)
    assert not avi.damage(path)
    first, last = data.index(b"movi") + 1000, data.index(b"idx1") - 8000

    def told(changed: bytes) -> list[str]:
        path.write_bytes(changed)
        return avi.damage(path)

    for at in rng.integers(first, last, 20):
        assert told(data[:at] + bytes(7000) + data[at + 7000:])
        assert not told(data[:at])
    assert not told(data + bytes(5000)) and not told(b"RIFFxxxxWAVE" + data)
    told(data[:first] + bytes(7000) + data[first + 7000:])
    assert any("no chunk of AVI" in note for note in recordings.survey(path).faults)
