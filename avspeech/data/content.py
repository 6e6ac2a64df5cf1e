"""The content of the recordings that a manifest names, as one hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from avspeech.core import storage
from avspeech.data.manifest import Utterance, resolve


def digest(utterances: Iterable[Utterance], roots: Mapping[str, Path]) -> str:
    """A hash that changes with any sound, label, text or stretch of the utterances, and with their
    order.

    Args:
        utterances: of one or several manifests.
        roots: the folder that an utterance's audio is relative to, by the utterance's id.

    Returns:
        16 hexadecimal digits.
    """
    found = hashlib.sha256()
    for u in utterances:
        found.update(repr(u).encode())
        found.update(storage.content_hash(resolve(roots[u.id], u.audio)).encode())
    return found.hexdigest()[:16]
