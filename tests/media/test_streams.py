"""MPEG transport and program streams that end within a packet."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("av")

import numpy as np  # noqa: E402
from films import shades, write_film  # noqa: E402

from avspeech.media import endings, streams  # noqa: E402


def film(path: Path) -> bytes:
    return write_film(path, shades(100), [k / 25 for k in range(100)], codec="mpeg2video",
                      tone=4.0).read_bytes()


def told(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    with open(path, "rb") as file:
        within = bool(streams.cut_off(file))
    assert bool(endings.cut_off(path)) is within
    return within


@pytest.mark.parametrize("size", [188, 192, 204])
def test_transport_streams_are_told_where_they_end_within_a_packet(tmp_path: Path, size: int) -> None:
    whole = film(tmp_path / "a.ts")
    before, behind = (b"time", b"") if size == 192 else (b"", bytes(size - 188))
    packets = [before + whole[k: k + 188] + behind for k in range(0, len(whole), 188)]
    data, middle = b"".join(packets), len(packets) // 2 * size
    for rest, cut in ((0, False), (100, True), (size - 1, True)):
        assert told(tmp_path / "b.ts", data[: middle + rest]) is cut
    # What a camera set aside, or another file's end, is no packet
    assert not told(tmp_path / "b.ts", data + bytes(10_001))


@pytest.mark.parametrize("suffix", [".mpg", ".vob"])
def test_program_streams_are_told_where_they_end_within_a_packet(tmp_path: Path, suffix: str) -> None:
    whole = film(tmp_path / f"a{suffix}")
    place = tmp_path / f"b{suffix}"
    assert not told(place, whole)
    packs = [k for k in range(0, len(whole), 2048) if whole[k: k + 4] == streams.PACK]
    middle = packs[len(packs) // 2]
    assert not told(place, whole[:middle])
    assert all(told(place, whole[: middle + more]) for more in (30, 700, 2047))
    assert not told(place, whole[:middle] + bytes(5000))


@pytest.mark.parametrize(("suffix", "codec"), [(".flv", "flv"), (".wmv", "wmv2")])
def test_flv_and_asf_are_told_where_they_end_too_early(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_film(tmp_path / f"a{suffix}", shades(50), [k / 25 for k in range(50)], codec=codec)
    whole = path.read_bytes()
    place = tmp_path / f"b{suffix}"
    assert not told(place, whole)
    cuts = np.random.default_rng(0).integers(len(whole) // 3, len(whole) - 5, 20)
    assert sum(told(place, whole[:cut]) for cut in cuts) >= 16  # zeros may stand for no length
    if suffix == ".flv":  # one that was cut between two tags, as a recorder does
        size = int.from_bytes(whole[-4:], "big")
        assert not told(place, whole[: -4 - size])


def test_other_files_are_none(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 100_001, dtype=np.uint8).tobytes()
    for data in (b"", b"G" * 10, noise, b"RIFF" + noise, bytes(1000)):
        assert not told(tmp_path / "x", data) if data else True
