"""Elements of Matroska that do not follow each other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from films import shades, write_film  # noqa: E402
from sounds import encode, murmur  # noqa: E402

from avspeech.media import matroska, recordings  # noqa: E402


def whole(path: Path, sized: bool) -> bytearray:
    encode(path, [murmur(4, 48000)], 48000, "libopus",
           container={"live": "1", "cluster_time_limit": "1000"})
    data = bytearray(path.read_bytes())
    for at in [found.start() + 4 for found in re.finditer(re.escape(matroska.CLUSTER), data)]:
        wide = 9 - data[at].bit_length()
        if not sized:
            data[at: at + wide] = ((2 << 7 * wide) - 1).to_bytes(wide, "big")
    return data


@pytest.mark.parametrize("sized", [True, False])
def test_damage_is_told_where_it_stands_and_a_cut_is_none(tmp_path: Path, sized: bool) -> None:
    path = tmp_path / "x.mkv"
    data, rng = whole(path, sized), np.random.default_rng(0)
    first = data.index(matroska.CLUSTER)

    def told(changed: bytes) -> list[str]:
        path.write_bytes(changed)
        return matroska.damage(path)

    assert not told(data) and not told(data + bytes(5000))
    missed = 0
    for at in rng.integers(first + 20, len(data) - 3000, 20):
        assert told(data[:at] + bytes(2000) + data[at + 2000:])
        missed += not told(data[:at] + data[at + 2001:])  # some bytes are not there
        assert not told(data[:at])
    assert missed <= 2  # what follows may look like an element by chance
    changed = data[: first + 5000] + bytes(2000) + data[first + 7000:]
    assert told(changed) and any("no element of Matroska" in note
                                 for note in recordings.survey(path).faults)


def test_films_of_all_writers_are_whole(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", shades(60), [k / 25 for k in range(60)], codec="mjpeg", tone=2.4)
    assert not matroska.damage(film)
    data = film.read_bytes()
    (tmp_path / "b.mkv").write_bytes(data + data)  # joined as they are
    assert not matroska.damage(tmp_path / "b.mkv")
    (tmp_path / "c.mkv").write_bytes(b"RIFF" + data)
    assert not matroska.damage(tmp_path / "c.mkv")
