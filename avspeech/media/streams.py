"""Whether MPEG transport and program streams, FLV and ASF end with a whole packet.

A transport stream is made of packets of one length; one that ends within a packet was cut off. In a
program stream each packet tells its length. Neither tells how long the whole should be, nor does
FLV, in which the length of each packet stands behind it. ASF (WMA, WMV) has it in its header.
"""

from __future__ import annotations

import os
from typing import BinaryIO

LAYOUTS = ((188, 0), (192, 4), (204, 0))  # bytes of a packet, and before its mark
MARK = 0x47  # with which packets of transport streams begin
LOOKED_AT = 32  # packets at both ends
PACK, END = b"\0\0\1\xba", b"\0\0\1\xb9"
FLV, TAGS = b"FLV\x01", (8, 9, 18)  # sound, pictures, data
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # of an ASF file
LAST = 2**20  # bytes at the end of a program stream that are looked at


def cut_off(file: BinaryIO) -> list[str]:
    """A sentence where a transport or program stream, FLV or ASF ends within a packet.

    Args:
        file: open for reading, of any format.
    """
    length = os.fstat(file.fileno()).st_size
    file.seek(0)
    begin = file.read(204 * LOOKED_AT)
    if begin.startswith(ASF):
        return _asf(begin, length)
    if begin.startswith(PACK):
        within = _within_pack(file, length)
    elif begin.startswith(FLV):
        within = _within_tag(file, length)
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


def _within_tag(file: BinaryIO, length: int) -> bool:
    """Whether behind the last tag of FLV its length is not there. It counts the tag's own header;
    some writers leave it 0."""
    file.seek(max(0, length - 4))
    size = int.from_bytes(file.read(4), "big")
    if not 11 <= size <= length - 17:
        return size != 0
    file.seek(length - 4 - size)
    tag = file.read(4)
    return tag[0] & 31 not in TAGS or int.from_bytes(tag[1:], "big") + 11 != size


def _asf(begin: bytes, length: int) -> list[str]:
    """A sentence where an ASF file is shorter than its header says; that of a broadcast says
    nothing."""
    at = begin.find(PROPERTIES)
    if at < 0 or at + 92 > len(begin) or begin[at + 88] & 1:
        return []
    whole = int.from_bytes(begin[at + 40: at + 48], "little")
    return [f"it is cut off: of {whole:,} bytes {length:,} are there"] if length < whole else []
