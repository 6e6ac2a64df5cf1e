"""Traces in the bytes of a sound that a card, a disk or a transfer has left.

A card loses blocks of 512 bytes, or several of them, at their own places in the file; they are read
as zeros, or as ones where flash memory was erased and not written. What was muted begins and ends
anywhere. A transfer as text puts a carriage return before each line feed, of which every sound has
one in some 256 bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avspeech.media.notes import SILENT, Note

SIZE = 512  # bytes of a sector
LEAST = 8  # of them one after another
BLOCK = 2048 * SIZE  # bytes that are looked at at once
FEEDS = 50  # line feeds, of fewer nothing is said
LOOKED_AT = 2**20  # bytes in which they are counted


def lost(path: str | Path, begins: int, told: int) -> list[Note]:
    """A note where sectors of a sound hold nothing.

    Args:
        path: a file that exists.
        begins: where its samples begin, in bytes.
        told: how many bytes there are of them.
    """
    ends = _ends(path, -(-begins // SIZE), (begins + told) // SIZE)
    edges = np.flatnonzero(np.diff(ends[:, 0])) + 1
    found = []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        value = int(ends[first, 0])
        # What was muted ends within a sector
        if value >= 0 and last - first >= LEAST and value not in (ends[first - 1, 2],
                                                                  ends[last, 1]):
            found.append((int(first), int(last - first)))
    if not found:
        return []
    size, share = SIZE * sum(length for _, length in found), found[0][0] / len(ends)
    return [Note(f"{size:,} bytes of its sound hold nothing, in whole blocks of {SIZE}, the first "
                 f"after {100 * share:.0f} % of it (a card or a disk lost them): what was said "
                 "there is missing", SILENT, fault=True)]


def _ends(path: str | Path, first: int, last: int) -> np.ndarray:
    """Of each sector `[N, 3]`: the value of all its bytes where that is 0 or 255, else -1; its
    first byte; its last one."""
    found = [np.zeros((0, 3), np.int16)]
    with open(path, "rb") as file:
        file.seek(first * SIZE)
        while first < last:
            data = np.frombuffer(file.read(min(BLOCK, (last - first) * SIZE)), np.uint8)
            rows = data[: len(data) // SIZE * SIZE].reshape(-1, SIZE)
            if not len(rows):
                break
            values = rows[:, 0].astype(np.int16)
            values[((values != 0) & (values != 255)) | (rows != rows[:, :1]).any(axis=1)] = -1
            found.append(np.stack([values, rows[:, 0], rows[:, -1]], axis=1).astype(np.int16))
            first += len(rows)
    return np.concatenate(found)


def line_feeds(path: str | Path) -> bool:
    """Whether each line feed of a file has a carriage return before it, as a transfer as text
    leaves it. A text may be so by itself."""
    with open(path, "rb") as file:
        data = file.read(LOOKED_AT)
    count = data.count(b"\n")
    return count >= FEEDS and data.count(b"\r\n") == count
