"""Edit lists of MP4 and MOV: parts of a recording that are to be shown one after another.

Programs that cut without coding anew (QuickTime Player is one) leave the recording whole and write
which parts of it are shown. FFmpeg follows such a list, but where pictures are coded in another
order than they are shown (B-frames), those of each part but the first may come early, where it does
not begin at a key picture: measured with FFmpeg 8 and 9 by 0 to 5 pictures.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from avspeech.media import boxes

SAME = 0.05  # seconds within which a part goes on where the last one ends


def parts(path: str | Path) -> int:
    """The number of parts of a recording, not next to each other in it, that make up the pictures
    of a file; the largest number of its tracks. 0 for other files and without an edit list."""
    with open(path, "rb") as file:
        if file.read(8)[4:] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return max((_parts(data, movie) for movie in _named(
                    data, 0, os.fstat(file.fileno()).st_size, b"moov")), default=0)
            except (struct.error, IndexError):  # damaged
                return 0


def _named(data: mmap.mmap, begin: int, end: int, *path: bytes) -> list[tuple[int, int]]:
    """Begin and end of the content of all boxes at a path of names."""
    found = [(box.content, box.end) for box in boxes.walk(data, begin, end)
             if box.name == path[0] and box.content <= box.end <= end]
    if len(path) == 1:
        return found
    return [box for a, b in found for box in _named(data, a, b, *path[1:])]


def _units(data: mmap.mmap, box: tuple[int, int]) -> int:
    """Units a second, of a header of a movie or of a track's media."""
    at = box[0] + (20 if data[box[0]] else 12)
    return int.from_bytes(data[at: at + 4], "big")


def _parts(data: mmap.mmap, movie: tuple[int, int]) -> int:
    found, heads = 0, _named(data, *movie, b"mvhd")
    for track in _named(data, *movie, b"trak"):
        kinds = _named(data, *track, b"mdia", b"hdlr")
        media = _named(data, *track, b"mdia", b"mdhd")
        lists = _named(data, *track, b"edts", b"elst")
        if not (heads and kinds and media and lists):
            continue
        if data[kinds[0][0] + 8: kinds[0][0] + 12] != b"vide":
            continue
        movie_units, units = _units(data, heads[0]), _units(data, media[0])
        begin, end = lists[0]
        long = data[begin] == 1
        form = struct.Struct(">QqI" if long else ">IiI")
        count, due = 0, -1.0
        for length, since, _ in form.iter_unpack(
                data[begin + 8: begin + 8 + (end - begin - 8) // form.size * form.size]):
            if since >= 0 and units and movie_units:  # below 0 nothing is shown
                count += not 0 <= due or abs(since / units - due) > SAME
                due = since / units + length / movie_units
        found = max(found, count)
    return found
