"""Files whose header tells of floats, but whose bytes are other floats, or whole numbers.

Decoders make of them silence, numbers beyond all scales, or NaN, and say nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avspeech.media import endings
from avspeech.media.misread import ROUGH, SMOOTHER, roughness

PLACES, BLOCK = 8, 4096  # places of a file that are looked at, and numbers of 8 bytes in each
LEAST = 256  # such numbers, fewer tell nothing
BROKEN = 0.01  # share of numbers that are not finite, from which on they are no floats
QUIETEST, LOUDEST = 1e-9, 2.0**31  # of sound the median, and the largest, of what is not zero
LARGE = 0.25  # of full scale: the mean size of whole numbers that are sound stays below it
READINGS = {"floats of 32 bits": "<f4", "floats of 64 bits": "<f8",
            "floats of 32 bits, the highest byte first": ">f4",
            "floats of 64 bits, the highest byte first": ">f8",
            "whole numbers of 16 bits": "<i2", "whole numbers of 32 bits": "<i4"}
WIDTHS = {"FLOAT": 4, "DOUBLE": 8}
ORDERS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"riff": "<", b"RIFX": ">", b"FORM": ">",
          b".snd": ">"}  # of other formats either may be right


def note(path: str | Path, subtype: str, channels: int) -> str | None:
    """A sentence for the user where the floats of a file are of another kind; None elsewhere.

    Args:
        path: the file.
        subtype: of its samples, as libsndfile calls it.
        channels: of its header.
    """
    told, there = endings.bytes_told(path) or (0, 0)
    frame = 8 * channels
    part = min(told, there) // PLACES // frame * frame
    if subtype not in WIDTHS or part < 8 * LEAST:
        return None
    with open(path, "rb") as file:
        order = ORDERS.get(file.read(4), "")
        first = file.seek(0, 2) - there
        blocks = []
        for k in range(PLACES):
            file.seek(first + k * part)
            blocks.append(file.read(min(part, BLOCK // channels * frame)))
    blocks = [block for block in blocks if any(block)]
    if not blocks:
        return None
    rough = {name: float(np.median([_roughness(block, kind, channels) for block in blocks]))
             for name, kind in READINGS.items()}
    own = [rough[name] for name, kind in READINGS.items()
           if kind[0] == (order or kind[0]) and kind[1:] == f"f{WIDTHS[subtype]}"]
    best = min(rough, key=lambda name: rough[name])
    if rough[best] > ROUGH or min(own) <= SMOOTHER * rough[best]:
        return None
    return (f"its samples are not what its header says (floats of {8 * WIDTHS[subtype]} bits): "
            f"read as {best}, which was not done, they are a smooth sound; make the file anew")


def _roughness(block: bytes, kind: str, channels: int) -> float:
    """Of the first channel of bytes that are read as numbers of a kind; infinite where these are no
    sound."""
    values = np.frombuffer(block, kind)[::channels]
    with np.errstate(all="ignore"):
        finite = np.isfinite(values)
        values = values[finite].astype(np.float64)
        sizes = np.abs(values[values != 0])
        if (finite.mean() < 1 - BROKEN or not len(sizes) or np.median(sizes) < QUIETEST
                or sizes.max() > LOUDEST):
            return np.inf
        if kind[1] == "i" and sizes.mean() > LARGE * 2.0 ** (8 * int(kind[2]) - 1):
            return np.inf  # floats near zero, of either sign
        return roughness(values)
