"""Films that are cut by an edit list: where pictures may come early behind the cuts it is said."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")

from films import numbers, shades, write_film  # noqa: E402

from avspeech.media import edit_list, video  # noqa: E402

UNITS = 1000  # a second, of the movie


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def inner(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at: at + 8])
        found.append((name, data[at + 8: at + size]))
        at += size
    return found


def cut(path: Path, parts: list[tuple[float, float]], units: int, first: int) -> None:
    """Shows parts (seconds, begin; below 0: nothing) of a film; `first`: units of the first picture."""
    entries = b"".join(struct.pack(">IiI", round(length * UNITS), -1 if since < 0 else
                                   round(since * units) + first, 1 << 16) for length, since in parts)
    edits = box(b"edts", box(b"elst", struct.pack(">II", 0, len(parts)) + entries))
    out = b""
    for name, content in inner(path.read_bytes()):
        if name == b"moov":  # behind the pictures, whose places stay
            content = b"".join(box(n, b"".join(box(m, c) for m, c in inner(rest) if m != b"edts") + edits)
                               if n == b"trak" else box(n, rest) for n, rest in inner(content))
        out += box(name, content)
    path.write_bytes(out)


@pytest.mark.parametrize("between", [0, 2])
@pytest.mark.parametrize(("parts", "shown"), [
    ([(2.0, 0.4)], list(range(10, 60))),
    ([(0.6, 0.4), (0.6, 1.0)], list(range(10, 40))),  # one goes on where the other ends
    ([(0.6, 0.0), (0.6, 2.0)], [*range(15), *range(50, 65)]),
    ([(0.6, 2.0), (0.6, 0.0)], [*range(50, 65), *range(15)])])
def test_cuts_behind_which_pictures_may_come_early_are_said(tmp_path: Path, parts: list[tuple[float, float]],
                                                        shown: list[int], between: int) -> None:
    path = write_film(tmp_path / "x.mp4", shades(75), [k / 25 for k in range(75)], codec="libx264",
                      options={"bf": str(between), "g": "10", "crf": "1", "sc_threshold": "0"})
    assert edit_list.parts(path) <= 1
    units = 12800
    cut(path, parts, units, 512 * min(between, 2))
    jump = np.abs(np.diff(shown)).max() > 1
    assert edit_list.parts(path) == 1 + jump
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = numbers(list(video.read_frames(path)))
    assert any("2 parts by an edit list" in str(w.message) for w in caught) == bool(jump and between)
    if not (jump and between):
        assert found[1:-1] == shown[1: len(found) - 1] and len(found) >= len(shown) - 1


def test_what_is_no_edit_list_has_no_parts(tmp_path: Path) -> None:
    path = write_film(tmp_path / "x.mp4", shades(5), [k / 25 for k in range(5)], codec="libx264")
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(50):
        damaged = bytearray(data)
        for at in rng.integers(8, len(data), 20):
            damaged[at] = rng.integers(256)
        path.write_bytes(bytes(damaged[: rng.integers(9, len(data))]))
        assert edit_list.parts(path) >= 0
    path.write_bytes(b"\x1aE\xdf\xa3" + bytes(100))
    assert edit_list.parts(path) == 0
