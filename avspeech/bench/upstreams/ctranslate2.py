"""Weights of a CTranslate2 model, `model.bin`, read with struct and NumPy alone.

The format (versions 5 and 6) is little-endian; a string is the uint16 number of its bytes, then
these, with a closing zero:

    uint32 version, string specification, uint32 revision, uint32 variables, and for each
        string name, uint8 rank, uint32 * rank shape, uint8 type, uint32 bytes, the bytes in C order
    uint32 aliases, and for each: string alias, string name

Types: float32, int8, int16, int32, float16, bfloat16. A matrix of int8 or int16 has a variable
`NAME_scale` by which it was multiplied: one for the matrix, or one a row.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from avspeech.errors import InputError

TYPES = ("<f4", "i1", "<i2", "<i4", "<f2", "<u2")
BFLOAT16 = 5


def read(file: Path) -> tuple[str, dict[str, np.ndarray]]:
    """(name of the specification, every variable by name) of a `model.bin`.

    Matrices come as float32; scalars keep their type.

    Raises:
        InputError: not a whole CTranslate2 model of version 5 or 6.
    """
    try:
        return parse(file.read_bytes(), str(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None


def parse(data: bytes, where: str) -> tuple[str, dict[str, np.ndarray]]:
    """`read` of the bytes themselves; where: for messages."""
    place = 0

    def take(size: int) -> bytes:
        nonlocal place
        if size > len(data) - place:
            raise InputError(f"{where}: not a whole CTranslate2 model: it ends at byte "
                             f"{len(data)}, where {place + size} were expected; get it again")
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
        raise InputError(f"{where}: expected a CTranslate2 model of format version 5 or 6, it says "
                         f"{version}")
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
        if values.size != math.prod(shape) or len(shape) > 8:
            raise InputError(f"{where}: variable '{key}' has {values.size} values for shape "
                             f"{shape}")
        if kind == BFLOAT16:
            values = (values.astype(np.uint32) << 16).view(np.float32)
        raw[key] = values.reshape(shape)
    for _ in range(number("I")):
        alias, key = text(), text()
        if key not in raw:
            raise InputError(f"{where}: alias '{alias}' of '{key}', which is not there")
        raw[alias] = raw[key]
    # Aliases share one array, as values and as floats: many names of a large one take no memory
    done: dict[tuple[int, int], np.ndarray] = {}
    for key, values in raw.items():
        scale = raw.get(f"{key}_scale")
        if (id(values), id(scale)) not in done:
            done[id(values), id(scale)] = _float(values, scale, f"{where}: variable '{key}'")
    return name, {key: done[id(values), id(raw.get(f"{key}_scale"))] for key, values in raw.items()}


def _float(values: np.ndarray, scale: np.ndarray | None, what: str) -> np.ndarray:
    if scale is not None:
        shape = (-1, *[1] * (values.ndim - 1)) if scale.ndim else ()
        if scale.ndim and scale.size not in (1, len(values) if values.ndim else 1):
            raise InputError(f"{what}: {scale.size} scales for shape {list(values.shape)}")
        with np.errstate(divide="ignore", invalid="ignore"):
            return values.astype(np.float32) / scale.astype(np.float32).reshape(shape)
    return values.astype(np.float32) if values.ndim and values.dtype.kind == "f" else values
