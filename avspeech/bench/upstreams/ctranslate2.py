"""Weights of a CTranslate2 model, `model.bin`, read with struct and NumPy alone.

The format (versions 5 and 6), little-endian, a string being a uint16 of its bytes with a closing zero:

    uint32 version, string specification, uint32 revision, uint32 variables, and for each
        string name, uint8 rank, uint32 * rank shape, uint8 type, uint32 bytes, the bytes in C order
    uint32 aliases, and for each: string alias, string name

Types: float32, int8, int16, int32, float16, bfloat16. A matrix of int8 or int16 has a variable `NAME_scale`
by which it was multiplied: one for the matrix, or one a row.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from avspeech.errors import InputError

TYPES = ("<f4", "i1", "<i2", "<i4", "<f2", "<u2")
BFLOAT16 = 5


def read(parts: Sequence[Path]) -> tuple[str, dict[str, np.ndarray]]:
    """The specification's name, and every variable by name, matrices as float32; scalars keep their type.

    parts: `model.bin`, or the files it was split into, in order. Raises InputError for anything else.
    """
    return parse(b"".join(part.read_bytes() for part in parts), str(parts[0]))


def parse(data: bytes, where: str) -> tuple[str, dict[str, np.ndarray]]:
    """`read` of the bytes themselves; where: for messages."""
    place = 0

    def take(size: int) -> bytes:
        nonlocal place
        if size > len(data) - place:
            raise InputError(f"{where}: not a whole CTranslate2 model: it ends at byte {len(data)}, where "
                             f"{place + size} were expected; get it again")
        place += size
        return data[place - size: place]

    def number(code: str) -> int:
        return int(struct.unpack("<" + code, take(struct.calcsize(code)))[0])

    def text() -> str:
        try:
            return take(number("H")).rstrip(b"\0").decode()
        except UnicodeDecodeError:
            raise InputError(f"{where}: not a CTranslate2 model: no name at byte {place}") from None

    version = number("I")
    if version not in (5, 6):
        raise InputError(f"{where}: expected a CTranslate2 model of format version 5 or 6, it says {version}")
    name = text()
    number("I")  # revision
    raw: dict[str, np.ndarray] = {}
    for _ in range(number("I")):
        key = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if kind >= len(TYPES):
            raise InputError(f"{where}: variable '{key}' is of type {kind}, which is not known")
        values = np.frombuffer(take(size), TYPES[kind])
        if values.size != int(np.prod(shape, dtype=np.int64)):
            raise InputError(f"{where}: variable '{key}' has {values.size} values for shape {shape}")
        if kind == BFLOAT16:
            values = (values.astype(np.uint32) << 16).view(np.float32)
        raw[key] = values.reshape(shape)
    for alias, key in [(text(), text()) for _ in range(number("I"))]:
        if key not in raw:
            raise InputError(f"{where}: alias '{alias}' of '{key}', which is not there")
        raw[alias] = raw[key]
    return name, {key: _float(key, raw) for key in raw}


def _float(key: str, raw: dict[str, np.ndarray]) -> np.ndarray:
    values, scale = raw[key], raw.get(f"{key}_scale")
    if scale is not None:
        shape = (-1, *[1] * (values.ndim - 1)) if scale.ndim else ()
        return values.astype(np.float32) / scale.astype(np.float32).reshape(shape)
    return values.astype(np.float32) if values.ndim and values.dtype.kind == "f" else values
