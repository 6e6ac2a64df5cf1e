"""The feature store: what an upstream made of an utterance, found again by content.

    STORE/<identity>/<pooling>-<dtype>/<shard>.safetensors    a tensor an utterance, by its key
    STORE/files.json                                          hashes of sound files

A key is a digest of the bytes of the sound file and of the part of it that is the utterance. A
corpus that is moved or renamed, or shares files with another, is not computed again; a file whose
content has changed is, whatever its name, size and times. The identity is that of the upstream and
of the code that reads sound (`jobs.identity`).

A shard holds about 128 utterances (10^5 utterances are 800 files), is named by its keys, and is
written aside and renamed: any number of writers can work on one store, and one that is killed
leaves nothing half-written. There is no index; a shelf reads the headers of its shards.

The pooling "mean" stores [L, D], the mean of each layer over frames, which is enough for every head
that is linear up to its mean over time; "none" stores [L, T, D]. The dtype float16 halves the
store; `cost.py` measures what it changes.

`files.json` remembers the hash of a file by its path, device, inode, size, time of modification and
time of status change (ctime). Programs that copy a file set its size and modification time, but no
program can set its ctime: the system does that at every write. So the hashes are valid on one
machine, as long as its clock is not set back. The hash of a file that was changed less than two
seconds before is not kept, since two writes may fall into one tick of a coarse clock.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core.storage import SETTLED, file_hash, write_atomically
from avspeech.errors import InputError

log = logging.getLogger("avspeech")
SHARD = 128  # utterances in a shard
DTYPES = {"float32": np.float32, "float16": np.float16}


def fits(feature: np.ndarray, dtype: str) -> bool:
    """Whether a feature is finite in a dtype of the store."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(np.asarray(feature, DTYPES[dtype])).all())


class Shelf:
    """The features of one upstream, pooling and dtype; the last `scan` found `keys`."""

    def __init__(self, store: str | Path, identity: str, pooling: str = "mean",
                 dtype: str = "float32"):
        if pooling not in ("mean", "none") or dtype not in DTYPES:
            raise InputError(f"features: pooling {pooling}, dtype {dtype}; known: mean, none; "
                             f"{', '.join(DTYPES)}")
        self.folder = Path(store) / _folder(identity) / f"{pooling}-{dtype}"
        self.dtype = DTYPES[dtype]
        self._where: dict[str, Path] = {}
        self._seen: set[str] = set()
        self.scan()

    def scan(self) -> None:
        """Looks for new shards; one that cannot be read is ignored."""
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name in self._seen:
                continue
            try:
                with _open(path) as shard:
                    keys = list(shard.keys())
            except Exception as error:  # safetensors raises its own kinds for a damaged file
                log.warning("%s: not readable, its utterances are computed again (%s)", path, error)
                continue
            self._seen.add(path.name)
            for key in keys:
                self._where.setdefault(key, path)

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def __len__(self) -> int:
        return len(self._where)

    def bytes(self) -> int:
        """Size on disk."""
        return sum((self.folder / name).stat().st_size for name in self._seen)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys that are not stored, each once, in order."""
        return [key for key in dict.fromkeys(keys) if key not in self._where]

    def write(self, features: Mapping[str, np.ndarray]) -> Path:
        """Writes a shard. Raises InputError for features that are not finite in this dtype."""
        from safetensors.numpy import save

        stored = {}
        for key in sorted(features):
            with np.errstate(over="ignore"):
                stored[key] = np.ascontiguousarray(features[key], self.dtype)
            if not np.isfinite(stored[key]).all():
                raise InputError(f"features of {key} are not finite as {self.dtype.__name__}")
        name = hashlib.sha256("\n".join(stored).encode()).hexdigest()[:24]
        path = self.folder / f"{name}.safetensors"
        sums = {key: _sum(feature) for key, feature in stored.items()}
        write_atomically(path, save(stored, metadata=sums))
        return path

    def read(self, keys: Sequence[str]) -> list[np.ndarray]:
        """The features of `keys`, in their order. Raises InputError where one is missing, or is not
        what was stored."""
        absent = self.missing(keys)
        if absent:
            raise InputError(f"{self.folder}: {len(absent):,} of {len(keys):,} utterances have no "
                             "features")
        by_shard: dict[Path, list[str]] = {}
        for key in dict.fromkeys(keys):
            by_shard.setdefault(self._where[key], []).append(key)
        found: dict[str, np.ndarray] = {}
        for path, own in by_shard.items():
            with _open(path) as shard:
                sums = shard.metadata() or {}  # shards of before have none
                for key in own:
                    found[key] = shard.get_tensor(key)
                    if sums and sums.get(key) != _sum(found[key]):
                        raise InputError(f"{path}: damaged, its features are not those that were "
                                         "stored; remove this file, and run the sweep again")
        return [found[key] for key in keys]


def _sum(feature: np.ndarray) -> str:
    return str(zlib.crc32(feature.tobytes()))


def _open(path: Path) -> Any:
    from safetensors import safe_open

    return safe_open(str(path), framework="numpy")


def _folder(identity: str) -> str:
    """The name of the folder of an identity: the identity where it can be a name, else a digest."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in identity)
    if plain == identity and len(identity) <= 80 and not identity.startswith("."):
        return identity
    return plain[:40].lstrip(".") + "-" + hashlib.sha256(identity.encode()).hexdigest()[:16]


Mark = tuple[str, int, int, int, int, int]  # path, device, inode, size, mtime, ctime (ns)


def mark(path: str | Path) -> Mark:
    """A mark that changes whenever a file does. Raises OSError for a file that does not exist."""
    stat = os.stat(path)
    return (os.path.realpath(path), stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns,
            stat.st_ctime_ns)


def content_key(sha256: str, start: float, duration: float) -> str:
    """The store's key of a part of a file, in seconds."""
    return hashlib.sha256(f"{sha256} {start:.4f} {duration:.4f}".encode()).hexdigest()[:32]


def content_keys(store: str | Path, parts: Sequence[tuple[str, float, float]],
                 progress: bool = False) -> dict[tuple[str, float, float], str]:
    """The keys of parts of sound files.

    Args:
        store: folder of the feature store, which remembers the hashes.
        parts: (path, start, duration in seconds) of each.
        progress: show a bar where there are many files.

    Returns:
        The key of each part; "" where its file is not there or cannot be read.
    """
    from tqdm import tqdm

    memory = Path(store) / "files.json"
    known = _remembered(memory)
    sums: dict[str, str] = {}
    fresh = {}
    paths = list(dict.fromkeys(path for path, _, _ in parts))
    quiet = None if progress and len(paths) > 500 else True
    for path in tqdm(paths, "hash of sounds", unit="file", disable=quiet):
        try:
            before = mark(path)
            name = " ".join(map(str, before))
            if name in known:
                sums[path] = known[name]
                continue
            now = time.time_ns()
            sums[path] = file_hash(path)
            if mark(path) == before and max(before[-2:]) < now - SETTLED:
                fresh[name] = sums[path]
        except OSError:
            sums[path] = ""
    if fresh:
        write_atomically(memory, json.dumps(_remembered(memory) | fresh, sort_keys=True).encode())
    return {part: content_key(sums[part[0]], part[1], part[2]) if sums[part[0]] else ""
            for part in parts}


def _remembered(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # without it, files are hashed again
    if not isinstance(known, dict) or not all(isinstance(value, str) for value in known.values()):
        return {}
    return known
