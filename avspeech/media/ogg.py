"""Whether all pages of an Ogg file are there, to its end.

Decoders put silence in the place of a page that is missing, and say nothing where the last one is.
"""

from __future__ import annotations

import mmap
import os
import zlib
from pathlib import Path
from typing import BinaryIO

PAGE = 27 + 255 + 255 * 255  # bytes of the longest page of Ogg
FIRST_PAGE, LAST_PAGE = 2, 4  # the bits of its header that begin and end a stream
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
MANY = 100_000  # pages, as many as a day has: of a number beyond it a bit is wrong


def without_end(file: BinaryIO) -> list[str]:
    """A sentence where the last page of an Ogg file does not end its stream.

    Args:
        file: an Ogg file that is open for reading.
    """
    length = os.fstat(file.fileno()).st_size
    file.seek(max(0, length - 2 * PAGE))
    tail = file.read()
    at = len(tail)
    while (at := tail.rfind(b"OggS\0", 0, at)) >= 0:
        page = tail[at:]
        if len(page) < 27 or page[5] < 8:  # else by chance, within the sound
            break
    else:
        return []
    parts = page[26] if len(page) > 26 else 255
    if len(page) < 27 + parts or len(page) < 27 + parts + sum(page[27: 27 + parts]):
        return ["it is cut off: its last page of Ogg is not whole"]
    if page[5] & LAST_PAGE:
        return []
    return ["its last page of Ogg is not marked as the last: it was cut off, or its writer marks "
            "no end"]


def lost_pages(path: str | Path) -> list[str]:
    """A sentence where pages of an Ogg file are missing or damaged: their sound is silence.

    Args:
        path: a file that exists, of any format.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"OggS":
            return []
        lost = 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            numbers: dict[bytes, tuple[int, bool]] = {}  # by stream: next number, sound has begun
            at = 0
            while 0 <= at <= len(data) - 27:
                head = data[at: at + 27 + data[at + 26]]
                end = at + len(head) + sum(head[27:])
                page = data[at: end]
                number, stream = int.from_bytes(head[18:22], "little"), head[14:18]
                sounds = 0 < int.from_bytes(head[6:14], "little") < 2**63
                if head[:5] != b"OggS\0" or _checksum(page) != head[22:26]:
                    # One that is there, before the first whole one with sound
                    lost += (head[:5] == b"OggS\0" and sounds and end <= len(data)
                             and not numbers.get(stream, (0, True))[1])
                    at = data.find(b"OggS\0", at + 1)
                    continue
                # What is recorded from a broadcast has its titles first, and then any page
                due, begun = numbers.get(stream, (number, False))
                begun = begun and not head[5] & FIRST_PAGE
                lost += min(max(0, number - due), MANY) if begun else 0
                begun = begun or sounds
                numbers[stream] = number + 1, begun
                at = end
    return [f"{lost} of its pages of Ogg are missing or damaged: they are silence, or left out at "
            "the beginning"] if lost else []


def _checksum(page: bytes) -> bytes:
    """The checksum of a page of Ogg: CRC-32, but with the highest bit of each byte first."""
    bare = page[:22] + bytes(4) + page[26:]
    found = ~zlib.crc32(bare.translate(REVERSED), 2**32 - 1) & 2**32 - 1
    return found.to_bytes(4, "big").translate(REVERSED)
