"""Films that end before their header says are told, those that are whole are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from films import shades, write_film

from avspeech.media import endings, recordings


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "mjpeg"), (".avi", "mpeg4"), (".mxf", "mpeg2video")])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95, 1.0])
def test_films_that_are_cut_off(tmp_path: Path, suffix: str, codec: str, share: float) -> None:
    times = [k / 25 for k in range(50)]
    path = write_film(tmp_path / f"x{suffix}", shades(50), times, codec=codec)
    path.write_bytes(path.read_bytes() + bytes(4000))  # padding is no sound
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[: round(share * whole)])
    assert len(endings.cut_off(path)) == (whole - path.stat().st_size > 4000 + endings.PADDING)


def test_a_header_that_does_not_say_is_believed_to_be_whole(tmp_path: Path) -> None:
    path = write_film(tmp_path / "x.avi", shades(50), [k / 25 for k in range(50)], codec="mjpeg", tone=2.0)
    assert not any("cut off" in note for note in recordings.survey(path).notes)
    data = path.read_bytes()
    for size in (0, 2**32 - 1, 2**31):
        path.write_bytes(data[:4] + size.to_bytes(4, "little") + data[8:20_000])
        assert endings.cut_off(path) == []
