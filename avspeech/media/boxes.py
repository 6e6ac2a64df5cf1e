"""The boxes that MP4 and MOV files are made of: a size, a name of four letters, and what is in it.
ISO/IEC 14496-12, 4.2."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """A box, by places in the file."""

    name: bytes
    at: int
    content: int  # where its content begins
    end: int  # beyond the end of the file where it is cut off; before `content` where it is no box


def walk(data: mmap.mmap, begin: int, end: int) -> Iterator[Box]:
    """The boxes in a part of a file, one behind the other, up to the first that is none.

    Args:
        data: the file.
        begin: where the first of them is.
        end: of the part; a box without a size ends there.
    """
    while begin + 8 <= end:
        size, name = struct.unpack(">I4s", data[begin: begin + 8])
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[begin + 8: begin + 16], "big"), 16
        box = Box(name, begin, begin + head, begin + size if size else end)
        yield box
        if box.end < box.content:
            return
        begin = box.end
