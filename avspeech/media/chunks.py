"""Sound files that are made of chunks: WAV, AIFF, W64 and CAF.

A chunk has a name, its size and its content. In WAV and AIFF one of odd size is followed by a byte
that its size does not count, which some programs forget. Decoders then look for all that follows
one byte too late, and find no sound: `Padded` gives them the byte.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

MOST = 64  # chunks that are looked at
# Names that chunks of WAV and AIFF have (Microsoft, EBU, Apple, and what programs write)
KNOWN = {b"fmt ", b"data", b"fact", b"LIST", b"bext", b"iXML", b"axml", b"id3 ", b"ID3 ", b"cue ",
         b"smpl", b"inst", b"PEAK", b"JUNK", b"junk", b"FLLR", b"PAD ", b"cart", b"chna", b"DISP",
         b"plst", b"mext", b"qlty", b"levl", b"link", b"acid", b"_PMX", b"umid", b"wavl", b"ds64",
         b"SSND", b"COMM", b"MARK", b"INST", b"NAME", b"AUTH", b"(c) ", b"ANNO", b"APPL", b"COMT",
         b"FVER", b"MIDI", b"AESD", b"CHAN", b"LGWV", b"ResU", b"minf", b"elm1", b"regn", b"afsp"}


class Layout(NamedTuple):
    """How a format of chunks is laid out. Sizes are in bytes."""

    begin: int  # of the file's own header
    name: int  # length of a chunk's name
    size: int  # length of the number behind it
    order: str  # of that number's bytes: "little" or "big"
    sound: bytes  # how the name of the chunk with the samples begins
    whole: bool  # its number counts the chunk's header as well
    align: int  # chunks begin at multiples of it


class Chunk(NamedTuple):
    """One chunk. Places and sizes are in bytes."""

    name: bytes
    at: int  # where its name stands
    begin: int  # of its content
    size: int  # of its content, as it says
    pad: bool  # the byte is missing that should stand before it


RIFF = Layout(12, 4, 4, "little", b"data", False, 2)
LAYOUTS = (
    (rb"(RIFF|RF64|BW64)....WAVE", RIFF),
    (rb"RIFX....WAVE", RIFF._replace(order="big")),
    (rb"FORM....AIF[FC]", Layout(12, 4, 4, "big", b"SSND", False, 2)),
    (rb"riff\x2e\x91\xcf\x11", Layout(40, 16, 8, "little", b"data", True, 8)),
    (rb"caff\x00\x01", Layout(8, 4, 8, "big", b"data", False, 1)),
)


def layout_of(begin: bytes) -> Layout | None:
    """The layout of a file by its first bytes, 12 or more; None where it is none of chunks."""
    return next((layout for pattern, layout in LAYOUTS if re.match(pattern, begin, re.DOTALL)),
                None)


def walk(file: BinaryIO, layout: Layout) -> Iterator[Chunk]:
    """The chunks of a file one after another, `MOST` of them, as far as they go. Between two of
    them the file may be read elsewhere.

    Args:
        file: open for reading.
        layout: of its format.
    """
    length, head = os.fstat(file.fileno()).st_size, layout.name + layout.size
    at, pad, long = layout.begin, False, None
    for _ in range(MOST):
        file.seek(min(at, length))
        begin = file.read(head)
        size = int.from_bytes(begin[layout.name:], layout.order)  # type: ignore[arg-type]
        size -= head if layout.whole else 0
        if len(begin) < head or not 0 <= size < 2**62:
            return
        if begin.startswith(b"ds64"):  # RF64: sizes of 64 bits
            long = int.from_bytes(file.read(16)[8:], "little")
        elif begin.startswith(layout.sound) and size == 2**32 - 1 and long is not None:
            size = long
        chunk = Chunk(begin[: layout.name], at, at + head, size, pad)
        yield chunk
        end = chunk.begin + size
        at, pad = end + -size % layout.align, False
        if at != end and layout.align == 2 and end + head < length:
            file.seek(end)
            pad = _unpadded(file.read(head + 1), layout, length - end - head)
            at = end if pad else at


def _unpadded(data: bytes, layout: Layout, room: int) -> bool:
    """Whether a chunk begins with the first byte of `data`, not with the second one."""
    def fits(head: bytes) -> bool:
        size = int.from_bytes(head[layout.name:], layout.order)  # type: ignore[arg-type]
        return re.match(rb"[ -~]{4}", head) is not None and (
            size <= room or head.startswith(layout.sound))

    first, second = data[:-1], data[1:]
    known = first[:4] in KNOWN and second[:4] not in KNOWN
    return fits(first) and (known or not fits(second) and second[:4] not in KNOWN)


def unpadded(path: str | Path) -> list[int]:
    """Where the bytes are missing that should stand behind chunks of odd size, up to the one with
    the sound.

    Args:
        path: a file that exists, of any format.
    """
    found = []
    with open(path, "rb") as file:
        layout = layout_of(file.read(64))
        for chunk in walk(file, layout) if layout is not None and layout.align == 2 else ():
            found += [chunk.at] if chunk.pad else []
            if chunk.name.startswith(layout.sound if layout else b""):
                return found
    return []


class Padded(io.RawIOBase):
    """A file with the bytes that are missing in it, for reading alone.

    Args:
        path: the file.
        places: as `unpadded` gives them.
    """

    def __init__(self, path: str | Path, places: list[int]) -> None:
        self.name = f"file:{os.fspath(path)}"  # as PyAV calls what it opens by its name
        self._file = open(path, "rb")  # noqa: SIM115
        # Places of zeros as they are here
        self._zeros = [place + k for k, place in enumerate(places)]
        self._size = os.fstat(self._file.fileno()).st_size + len(places)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        before = sum(place < self._at for place in self._zeros)
        until = self._zeros[before] if before < len(self._zeros) else self._size
        if until == self._at < self._size:
            data = b"\0"
        else:
            self._file.seek(self._at - before)
            data = self._file.read(min(len(buffer), max(0, until - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: str | Path) -> BinaryIO | None:
    """A file with the bytes that are missing in it, to be closed by the caller; None where none
    is."""
    places = unpadded(path)
    return io.BufferedReader(Padded(path, places)) if places else None
