"""The feature store: what an upstream made of an utterance, found again by content.

    STORE/<identity>/<pooling>-<dtype>/<shard>.safetensors    a tensor an utterance, by its content key
    STORE/files.json                                         content of files seen, by path, size and time

A key is a digest of the sound file's bytes and of the part of it that is the utterance: a corpus that is
moved or renamed, or shares files with another, is not computed again. A shard holds about 128 utterances
(10^5 utterances are 800 files), is named by its keys, and is written aside and renamed: any number of
writers can work on one store, and one that is killed leaves nothing half. There is no index to go wrong: a
shelf reads the shards' headers.

pooling "mean": [L, D], each layer's mean over frames; all that a head needs which is linear up to its mean
over time. pooling "none": [L, T, D]. dtype float16 halves the store; the effect is measured by `cost.py`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.bench.records import write_bytes
from avspeech.errors import InputError

log = logging.getLogger("avspeech")
SHARD = 128  # utterances in a shard
DTYPES = {"float32": np.float32, "float16": np.float16}


class Shelf:
    """The features of one upstream, pooling and dtype. `keys` is what was there at the last `scan`."""

    def __init__(self, store: str | Path, identity: str, pooling: str = "mean", dtype: str = "float32"):
        if pooling not in ("mean", "none") or dtype not in DTYPES:
            raise InputError(f"features: pooling {pooling}, dtype {dtype}; known: mean, none; "
                             f"{', '.join(DTYPES)}")
        self.folder = Path(store) / _folder(identity) / f"{pooling}-{dtype}"
        self.dtype = DTYPES[dtype]
        self._where: dict[str, Path] = {}
        self._seen: set[str] = set()
        self.scan()

    def scan(self) -> None:
        """Looks for shards that have come since; one that cannot be read is as if not there."""
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
        """Those that are not there, each once, in order."""
        return [key for key in dict.fromkeys(keys) if key not in self._where]

    def write(self, features: Mapping[str, np.ndarray]) -> Path:
        """Writes a shard. Raises InputError for features that are not finite in this shelf's dtype."""
        from safetensors.numpy import save

        stored = {}
        for key in sorted(features):
            with np.errstate(over="ignore"):
                stored[key] = np.ascontiguousarray(features[key], self.dtype)
            if not np.isfinite(stored[key]).all():
                raise InputError(f"features of {key} are not finite as {self.dtype.__name__}")
        name = hashlib.sha256("\n".join(stored).encode()).hexdigest()[:24]
        path = self.folder / f"{name}.safetensors"
        write_bytes(path, save(stored))
        return path

    def read(self, keys: Sequence[str]) -> list[np.ndarray]:
        """The features of `keys`, in their order. Raises InputError where one is not there."""
        absent = self.missing(keys)
        if absent:
            raise InputError(f"{self.folder}: {len(absent):,} of {len(keys):,} utterances have no features")
        by_shard: dict[Path, list[str]] = {}
        for key in dict.fromkeys(keys):
            by_shard.setdefault(self._where[key], []).append(key)
        found: dict[str, np.ndarray] = {}
        for path, own in by_shard.items():
            with _open(path) as shard:
                found.update((key, shard.get_tensor(key)) for key in own)
        return [found[key] for key in keys]


def _open(path: Path) -> Any:
    from safetensors import safe_open

    return safe_open(str(path), framework="numpy")


def _folder(identity: str) -> str:
    """An identity as the name of a folder: itself where it is one, else its digest."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in identity)
    if plain == identity and len(identity) <= 80 and not identity.startswith("."):
        return identity
    return plain[:40].lstrip(".") + "-" + hashlib.sha256(identity.encode()).hexdigest()[:16]


def content_keys(store: str | Path, parts: Sequence[tuple[str, float, float]],
                 progress: bool = False) -> dict[tuple[str, float, float], str]:
    """The key of each (path of a sound file, start, duration in seconds); "" for a file that is not there or
    cannot be read. Files are hashed once and remembered by size and time of change."""
    from tqdm import tqdm

    memory = Path(store) / "files.json"
    known = _remembered(memory)
    sums: dict[str, str] = {}
    fresh = {}
    paths = list(dict.fromkeys(path for path, _, _ in parts))
    quiet = None if progress and len(paths) > 500 else True
    for path in tqdm(paths, "hash of sounds", unit="file", disable=quiet):
        try:
            stat = os.stat(path)
            mark = f"{os.path.realpath(path)} {stat.st_size} {stat.st_mtime_ns}"
            sums[path] = known.get(mark) or hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError:
            sums[path] = ""
            continue
        if mark not in known:
            fresh[mark] = sums[path]
    if fresh:
        write_bytes(memory, json.dumps(_remembered(memory) | fresh, sort_keys=True).encode())
    return {part: hashlib.sha256(f"{sums[part[0]]} {part[1]:.4f} {part[2]:.4f}".encode()).hexdigest()[:32]
            if sums[part[0]] else "" for part in parts}


def _remembered(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        return {}  # a memory that cannot be read only costs time
