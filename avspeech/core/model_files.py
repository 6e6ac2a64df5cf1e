"""The files of a model folder: their names, what may stand in it, and their sums."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from avspeech.core import engine as runtime
from avspeech.core import storage
from avspeech.errors import InputError

CONFIG, WEIGHTS, CARD, SUMS = "config.json", "model.safetensors", "README.md", "SHA256SUMS"
LARGEST, LARGEST_WEIGHTS = 16 * 2**20, 16 * 2**30  # bytes of a file of a model folder
GRAPH = re.compile(r"[a-z]+\.onnx")  # the name of a graph's file
_FOREIGN = {".bin", ".ckpt", ".h5", ".onnx", ".pt", ".pth", ".pkl", ".tar"}


def graph_names(folder: Path) -> list[str]:
    """The names of a folder's graphs."""
    return sorted(path.name for path in folder.iterdir() if GRAPH.fullmatch(path.name))


def graphs_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those files of a folder that are graphs."""
    return {name: data for name, data in files.items() if GRAPH.fullmatch(name)}


def verified(folder: Path, wanted: Sequence[str] = ()) -> dict[str, bytes]:
    """Compares the files of a model folder with SHA256SUMS.

    Args:
        folder: of the model.
        wanted: files to return beside config.json and the card.

    Returns:
        {name: content}.

    Raises:
        InputError: a file is missing, too large or altered.
    """
    found = sorted(path.name for path in folder.iterdir())
    for name in (CONFIG, WEIGHTS, SUMS):
        if name not in found:
            foreign = [other for other in found if Path(other).suffix in _FOREIGN]
            hint = f"; '{foreign[0]}' is not read, weights are safetensors only" if foreign else ""
            raise InputError(f"{folder}: not a whole model folder, {name} is missing{hint}")
    sums = {}
    if (folder / SUMS).stat().st_size > LARGEST:
        raise InputError(f"{folder / SUMS}: too large for a list of files")
    lines = (folder / SUMS).read_bytes().decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](\S+)", line)
        if not match or not (match[2] in (CONFIG, WEIGHTS, CARD) or GRAPH.fullmatch(match[2])):
            raise InputError(f"{folder / SUMS}:{number}: expected a SHA-256 and one of {CONFIG}, "
                             f"{WEIGHTS}, {CARD}, NAME{runtime.SUFFIX}")
        sums[match[2]] = match[1]
    files = {}
    for name in sorted({*sums, *wanted, CONFIG, WEIGHTS}):
        if name not in found or name not in sums:
            raise InputError(f"{folder}: {name} is missing"
                             + (f" from {SUMS}" if name in found else ""))
        size = (folder / name).stat().st_size
        if size > (LARGEST_WEIGHTS if name == WEIGHTS else LARGEST):
            raise InputError(f"{folder / name}: {size:,} bytes are more than such a file may have")
        if name in wanted or name in (CONFIG, CARD):
            files[name] = (folder / name).read_bytes()
            digest = hashlib.sha256(files[name]).hexdigest()
        else:
            digest = storage.file_hash(folder / name)
        if digest != sums[name]:
            raise InputError(f"{folder / name}: does not match {SUMS}; "
                             "it is truncated or was altered, get it again")
    return files
