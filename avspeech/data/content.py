"""Hashes of the recordings that manifests name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

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


def same_sounds(utterances: Sequence[Utterance], root: str | Path) -> dict[str, str]:
    """{path: a name of what is heard}: as `contents`, and files that differ in format or channels
    alone have one name. Only files of the same length are decoded.

    Args:
        utterances: of a corpus, whose files are sounds.
        root: folder of the corpus.

    Raises:
        InputError: a file does not exist.
    """
    named = contents([u.audio for u in utterances], root)
    lengths: dict[float, set[str]] = {}
    for u in utterances:
        lengths.setdefault(round(u.start + u.duration, 3), set()).add(u.audio)
    heard: dict[str, str] = {}
    for paths in lengths.values():
        if len({named[path] for path in paths}) > 1:
            for path in paths:
                heard[path] = _heard(resolve(root, path)) or named[path]
    return {path: heard.get(path, name) for path, name in named.items()}


class Heard:
    """A hash of samples, rounded to 16 bits, that are given piece by piece."""

    def __init__(self) -> None:
        self._found, self._loud = hashlib.sha256(), False

    def add(self, samples: np.ndarray) -> None:
        """Takes samples `[n]`, of full scale 1."""
        scaled = np.rint(32768 * np.nan_to_num(samples, posinf=0, neginf=0))
        rounded = np.clip(scaled, -32768, 32767).astype("<i2")
        self._loud |= bool(rounded.any())
        self._found.update(rounded.tobytes())

    def name(self, rate: int) -> str:
        """Of the samples at a rate in hertz; "" where all are silent."""
        return f"{rate}-{self._found.hexdigest()[:16]}" if self._loud else ""


def _heard(path: Path) -> str:
    """The `Heard.name` of a file's sound; "" where it cannot be decoded or is silent."""
    from avspeech.media import audio

    found, hertz = Heard(), 0
    try:
        for samples, rate in audio.blocks(path, []):
            found.add(samples)
            hertz = rate
    except InputError:
        return ""
    return found.name(hertz)


def _glance(path: Path) -> tuple[int, bytes]:
    """The size and 64 bytes from the middle, which distinguish most files."""
    with open(path, "rb") as data:
        size = data.seek(0, 2)
        data.seek(size // 2)
        return size, data.read(64)
