"""The hash of recordings follows their sound and their labels, not their times."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from avspeech.data import content
from avspeech.data.manifest import Utterance


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    u = Utterance("a", "a.wav", 1.0, "s")
    before = content.digest([u], {"a": tmp_path})
    os.utime(tmp_path / "a.wav")
    assert content.digest([u], {"a": tmp_path}) == before
    times = os.stat(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(b"other")
    os.utime(tmp_path / "a.wav", ns=(times.st_atime_ns, times.st_mtime_ns))
    changed = content.digest([u], {"a": tmp_path})
    other = content.digest([dataclasses.replace(u, labels={"emotion": "sad"})], {"a": tmp_path})
    assert len({before, changed, other}) == 3
