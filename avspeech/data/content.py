"""Hashes of the recordings that manifests name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from avspeech.core import storage
from avspeech.data.manifest import Utterance, resolve
from avspeech.errors import InputError


def digest(utterances: Iterable[Utterance], roots: Mapping[str, Path]) -> str:
    """A hash that changes with any recording, label, text or time of the utterances, and with their
    order.

    Args:
        utterances: of one or several manifests.
        roots: {utterance id: the folder that its audio path is relative to}.

    Returns:
        16 hexadecimal digits.
    """
    found = hashlib.sha256()
    for u in utterances:
        found.update(repr(u).encode())
        found.update(storage.content_hash(resolve(roots[u.id], u.audio)).encode())
    return found.hexdigest()[:16]


def contents(paths: Iterable[str], root: str | Path) -> dict[str, str]:
    """{path: a name of its content}, the path itself where no other has it. Only files of the same
    size and with the same bytes in the middle are read completely.

    Args:
        paths: as in a manifest.
        root: folder of the corpus.

    Raises:
        InputError: a file does not exist.
    """
    files = {path: path for path in paths}
    alike: dict[tuple[int, bytes], list[str]] = {}
    for path in files:
        try:
            alike.setdefault(_glance(resolve(root, path)), []).append(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read in {root} ({error.strerror})") from None
    for same in alike.values():
        if len(same) > 1:
            files.update({path: storage.content_hash(resolve(root, path)) for path in same})
    return files


def _glance(path: Path) -> tuple[int, bytes]:
    """The size and 64 bytes from the middle, which distinguish most files."""
    with open(path, "rb") as data:
        size = data.seek(0, 2)
        data.seek(size // 2)
        return size, data.read(64)
