"""Whether MPEG transport and program streams end with a whole packet.

A transport stream is made of packets of one length; one that ends within a packet was cut off. In a
program stream each packet tells its length. Neither tells how long the whole should be.
"""

from __future__ import annotations

import os
from typing import BinaryIO

LAYOUTS = ((188, 0), (192, 4), (204, 0))  # bytes of a packet, and before its mark
MARK = 0x47  # with which packets of transport streams begin
LOOKED_AT = 32  # packets at both ends
PACK, END = b"\0\0\1\xba", b"\0\0\1\xb9"
LAST = 2**20  # bytes at the end of a program stream that are looked at


def cut_off(file: BinaryIO) -> list[str]:
    """A sentence where a transport or program stream ends within a packet.

    Args:
        file: open for reading, of any format.
    """
    length = os.fstat(file.fileno()).st_size
    file.seek(0)
    begin = file.read(204 * LOOKED_AT)
    if begin.startswith(PACK):
        within = _within_pack(file, length)
    else:
        within = any(_in_step(begin, size, before) and _within_packet(file, length, size, before)
                     for size, before in LAYOUTS)
    return ["it is cut off within its last packet: a recorder that was killed, or a copy that "
            "stopped"] if within else []


def _in_step(data: bytes, size: int, before: int) -> bool:
    """Whether packets of so many bytes follow each other in some data, the last may be cut."""
    marks = data[before::size]
    return len(marks) >= LOOKED_AT // 2 and set(marks) == {MARK}


def _within_packet(file: BinaryIO, length: int, size: int, before: int) -> bool:
    rest = length % size
    file.seek(max(0, length - rest - LOOKED_AT * size))
    data = file.read()
    return rest > before and _in_step(data, size, before)


def _within_pack(file: BinaryIO, length: int) -> bool:
    file.seek(max(0, length - LAST))
    data = file.read()
    at = data.rfind(PACK)
    if at < 0 or at + 14 > len(data):
        return at >= 0
    at += 14 + (data[at + 13] & 7) if data[at + 4] >> 6 == 1 else 12  # MPEG-2; MPEG-1
    while at + 6 <= len(data):
        if data[at: at + 3] != PACK[:3] or data[at: at + 4] == END:
            return False  # what follows is none
        at += 6 + int.from_bytes(data[at + 4: at + 6], "big")
    return at != len(data) and (at > len(data) or PACK.startswith(data[at: at + 3]))
