"""Whether the chunks of an AVI file follow each other.

Decoders look for the next chunk behind damage and say nothing. AVI has no times: all sound and all
pictures behind a chunk that is lost are too early.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

NAME = re.compile(rb"[ -~]{4}")
# A chunk of pictures or sound: the number of its stream, and what it holds
MEDIA = re.compile(rb"[0-9]{2}(?:db|dc|wb)")
LISTS = (b"LIST", b"RIFF")  # chunks that hold others, behind four letters


def damage(path: str | Path) -> list[str]:
    """A sentence where chunks of an AVI file do not follow each other.

    Args:
        path: a file that exists, of any format.
    """
    with open(path, "rb") as file:
        begin = file.read(12)
        if begin[:4] != b"RIFF" or begin[8:] != b"AVI ":
            return []
        places = at = 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            while at + 8 <= len(data):
                name, size = data[at: at + 4], int.from_bytes(data[at + 4: at + 8], "little")
                if NAME.fullmatch(name):
                    at += 12 if name in LISTS else 8 + size + size % 2
                    continue
                behind = MEDIA.search(data, at)
                if behind is None:  # room that was set aside, or an index that is damaged
                    break
                places, at = places + 1, behind.start()
    if not places:
        return []
    return [f"it is damaged: at {places} place{'s' * (places > 1)} what follows is no chunk of "
            "AVI; what was there is missing, and sound and pictures behind it may be apart"]
