"""From sound files to features: what `jobs.extract` does for each utterance.

The code of this file, of what it imports, and the versions of the packages that read sound are part
of the identity under which features are stored.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from avspeech.bench import store
from avspeech.core import sources, storage
from avspeech.errors import InputError


def identity(upstream: Any, batch_seconds: float = 0.0) -> str:
    """A digest of what features depend on beside the sound: 64 hexadecimal digits.

    Args:
        upstream: its own `identity` covers weights, configuration, settings and code.
        batch_seconds: as `batches` takes it; in a batch, features change in their last digits.
    """
    versions = {name: _version(name) for name in ("numpy", "soundfile", "soxr", "av")}
    parts = [str(upstream.identity), batch_seconds, sources.module_hash(__name__), versions]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def read_sound(path: str, start: float, duration: float, sample_rate: int) -> np.ndarray:
    """The samples [N] float32 of an utterance.

    Args:
        path: of the file.
        start, duration: of the utterance in it, in seconds.
        sample_rate: wanted, in hertz.

    Raises:
        InputError: a file that cannot be read, is shorter than half of the duration, or not finite.
    """
    from avspeech.media import audio

    wave = audio.read(path, sample_rate, start, duration)
    if len(wave) < 0.5 * duration * sample_rate or not len(wave):
        raise InputError(f"{path}: {len(wave) / sample_rate:.2f} s of sound where {duration:.2f} s "
                         "are expected")
    if not np.isfinite(wave).all():
        raise InputError(f"{path}: samples that are not finite numbers")
    return wave


def check_content(path: str, start: float, duration: float, key: str) -> None:
    """Raises InputError if a file no longer has the content of which `key` was made."""
    try:
        sha256 = storage.content_hash(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if store.content_key(sha256, start, duration) != key:
        raise InputError(f"{path}: changed while the sweep ran; run it again")


def features(upstream: Any, waves: Sequence[np.ndarray], pooling: str) -> list[np.ndarray]:
    """The features of some utterances.

    Args:
        upstream: as `upstreams.load` returns it.
        waves: samples [N] of each.
        pooling: "mean" (over frames, summed in float64) or "none".

    Returns:
        [L, D] of each utterance, or [L, T, D] without pooling; float32.
    """
    import torch

    if len(waves) > 1 and max(map(len, waves)) <= upstream.max_seconds * upstream.sample_rate:
        lengths = torch.tensor([len(w) for w in waves])
        padded = torch.nn.utils.rnn.pad_sequence([torch.as_tensor(w) for w in waves],
                                                 batch_first=True)
        hidden, frames = upstream(padded, lengths)
        parts = [[hidden[:, i, :int(n)]] for i, n in enumerate(frames)]
    else:
        parts = [upstream.chunks(torch.as_tensor(w)) for w in waves]
    return [_pooled(p) if pooling == "mean" else torch.cat(list(p), 1).float().cpu().numpy()
            for p in parts]


def _pooled(parts: Any) -> np.ndarray:
    total, frames = 0.0, 0
    for part in parts:
        total = total + part.double().sum(1)
        frames += part.shape[1]
    return (total / frames).float().cpu().numpy()  # type: ignore[attr-defined]


def batches(items: Sequence[Any], batch_seconds: float) -> Iterator[list[Any]]:
    """Items (..., duration) in batches of similar length.

    Args:
        items: (key, id, path, start, duration).
        batch_seconds: of a whole batch once padded; 0: one by one, in order.
    """
    batch: list[Any] = []
    for item in sorted(items, key=lambda i: (i[4], i[0])) if batch_seconds else items:
        if batch and (not batch_seconds or item[4] * (len(batch) + 1) > batch_seconds):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
