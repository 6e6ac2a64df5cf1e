"""One hash of all recordings that manifests name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from avspeech.core import storage
from avspeech.data.manifest import Utterance, resolve


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
