"""Whisper out of packages: joined once, checked, kept under its hash."""

from __future__ import annotations

import hashlib
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from avspeech.core import packaged_whisper
from avspeech.errors import InputError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleSpec]:
    """Two packages that hold a model "x" in two parts, and a cache folder."""
    specs = {}
    for number in (1, 2):
        folder = tmp_path / f"p{number}" / "data"
        folder.mkdir(parents=True)
        (folder / f"part{number}").write_bytes(b"%d" % number)
        specs[f"p{number}"] = ModuleSpec(f"p{number}", None, origin=str(tmp_path / f"p{number}/__init__.py"))
    (tmp_path / "p1" / "data" / "config.json").write_text("{}")
    (tmp_path / "p1" / "data" / "vocabulary.txt").write_text("a")
    monkeypatch.setattr(packaged_whisper, "PARTS", {"x": [("p1", "data", "part1"), ("p2", "data", "part2")]})
    monkeypatch.setattr(packaged_whisper, "SHA256", {"x": hashlib.sha256(b"12").hexdigest()})
    monkeypatch.setattr(packaged_whisper.importlib.util, "find_spec", specs.get)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return specs


def test_parts_are_joined_once(installed: dict[str, ModuleSpec], tmp_path: Path) -> None:
    folder = packaged_whisper.folder("x")
    assert folder is not None and (folder / "model.bin").read_bytes() == b"12"
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.bin", "vocabulary.txt"]
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
    made = (folder / "model.bin").stat().st_mtime_ns
    assert packaged_whisper.folder("x") == folder
    assert (folder / "model.bin").stat().st_mtime_ns == made


def test_what_is_not_installed_is_not_there(installed: dict[str, ModuleSpec]) -> None:
    assert packaged_whisper.folder("y") is None
    del installed["p2"]
    assert packaged_whisper.folder("x") is None


def test_other_parts_than_the_published_ones_are_refused(installed: dict[str, ModuleSpec],
                                                         tmp_path: Path) -> None:
    (tmp_path / "p2" / "data" / "part2").write_bytes(b"3")
    with pytest.raises(InputError, match="another SHA-256"):
        packaged_whisper.folder("x")
    assert list((tmp_path / "cache" / "avspeech").iterdir()) == []
