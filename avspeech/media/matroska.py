"""Whether the elements of a Matroska or WebM file follow each other to its end.

Each element has a name and its size. Decoders look for the next one that they know behind damage,
pass over all between, and say nothing.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import BinaryIO

# The file's header, and a cluster, which begins with a checksum or its time
EBML, CLUSTER = b"\x1aE\xdf\xa3", b"\x1fC\xb6u"
IN_CLUSTER = (b"\xe7", b"\xbf")
# What clusters hold: time, blocks, sizes and places of others, empty room, checksums, silent tracks
HELD = {b"\xe7", b"\xa3", b"\xa0", b"\xab", b"\xa7", b"\xec", b"\xbf", b"\xaf", b"\x58\x54"}
# What may stand between clusters: tags, index, chapters, tracks, attachments, info, places; another
# file that was joined, whose segment holds all the others
OUTER = (b"\x18S\x80g",)
BESIDE = (b"\x12T\xc3g", b"\x1cS\xbbk", b"\x10C\xa7p", b"\x16T\xaek", b"\x19A\xa4i",
          b"\x15I\xa9f", b"\x11M\x9bt", EBML, *OUTER)
ROOM = 4096  # bytes that are looked at behind the last element


def cut_off(file: BinaryIO) -> list[str]:
    """A sentence where the last element of a Matroska file is not whole. A recorder that is killed
    has not written how long the file is.

    Args:
        file: one of Matroska, open for reading.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = len(data)
        while (at := data.rfind(CLUSTER, 0, at)) > 0:
            begin, _ = _element(data, at)
            if data[begin: begin + 1] in IN_CLUSTER:
                break
        else:
            return []
        while 0 <= at < len(data):
            begin, size = _element(data, at)
            # Of a cluster without a size the elements in it follow
            at = begin + size if size >= 0 else begin
            if begin < 0:
                return []
        return [] if at == len(data) else [
            "it is cut off within its last element: a recorder that was killed, or a copy that "
            "stopped"]


def _element(data: mmap.mmap, at: int) -> tuple[int, int]:
    """Where the content of an element of Matroska begins, and its size, below 0 where it is
    unknown. (-1, -1) for what is none; beyond the end of the file for what is cut."""
    first = data[at]
    if first < 16:
        return -1, -1
    at += 9 - first.bit_length()
    if at >= len(data):
        return len(data) + 1, 0
    first = data[at]
    wide = 9 - first.bit_length()
    if wide > 8:
        return -1, -1
    if at + wide > len(data):
        return len(data) + 1, 0
    size = int.from_bytes(data[at: at + wide], "big") - (1 << 7 * wide)
    return at + wide, -1 if size == (1 << 7 * wide) - 1 else size


def damage(path: str | Path) -> list[str]:
    """A sentence where elements of a Matroska file do not follow each other.

    Args:
        path: a file that exists, of any format.
    """
    with open(path, "rb") as file:
        if file.read(4) != EBML:
            return []
        places = 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = _next(data, 0)
            while 0 <= at < len(data):
                at, whole = _through(data, at)
                if not whole:
                    behind, at = at, _next(data, at)
                    # Zeros at the end are room that was set aside
                    places += at >= 0 or any(data[behind: behind + ROOM])
    if not places:
        return []
    return [f"it is damaged: at {places} place{'s' * (places > 1)} what follows is no element of "
            "Matroska; what was there is missing"]


def _next(data: mmap.mmap, at: int) -> int:
    """Where the next cluster begins, from a place on; -1 for none."""
    while (at := data.find(CLUSTER, at)) >= 0:
        begin, _ = _element(data, at)
        if data[begin: begin + 1] in IN_CLUSTER:
            return at
        at += 1
    return -1


def _through(data: mmap.mmap, at: int) -> tuple[int, bool]:
    """Where the elements of a cluster, and those up to the next one, end, and whether each is
    where it should be. At the end of the file the last one may be cut."""
    at, size = _element(data, at)
    end = at + size if size >= 0 else None  # of the cluster; None: not known, or behind
    while at + 4 <= len(data):
        if end is not None and at >= end:
            if at > end:
                break
            end = None
        name = data[at: at + 4]
        if end is None and name == CLUSTER:
            return at, True
        known = name[: 1 if name[0] >= 128 else 2] in HELD
        begin, size = _element(data, at)
        if begin < 0 or not known and not (end is None and name.startswith(BESIDE)):
            return at + 1, False
        at = begin + size if size >= 0 and name not in OUTER else begin
    return (end, False) if end is not None and end < min(at, len(data)) else (len(data), True)
