"""Matroska and WebM files: elements, each a name and a size of a few bytes, then its content."""

from __future__ import annotations

import mmap
from typing import BinaryIO

EBML = b"\x1aE\xdf\xa3"  # how a file begins
# A part of the sound and pictures, which begins with a checksum or with its time
CLUSTER = b"\x1fC\xb6u"
IN_CLUSTER = (b"\xe7", b"\xbf")


def cut_off(file: BinaryIO) -> list[str]:
    """A sentence where the last element of a file is not whole. A recorder that is killed has not
    written how long the file is.

    Args:
        file: open, a file that begins with `EBML`.
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
    unknown. (-1, -1) where there is no element; a place beyond the end of the file where the
    element is cut off."""
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
