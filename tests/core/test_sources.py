"""The code that a function depends on is found: all of it, and little more."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Set
from pathlib import Path
from types import ModuleType

import pytest

from avspeech.core import sources

ROOT = Path(__file__).resolve().parents[2]
RECIPE = '''
"""A recipe."""
from __future__ import annotations
import numpy as np
from helpers import used, unused
from avspeech.media import audio
from avspeech.text import symbols

FACTOR = 2

def stage(cfg: symbols.Config, exp):
    """Does it."""
    return used(FACTOR)  # a comment

def other(cfg, exp):
    return symbols
'''
HELPERS = '''
from avspeech.media import pitch
def used(x):
    from avspeech.media.audio import read
    return deep(x)
def deep(x):
    return x + 1
def unused():
    return pitch
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "run_it.py").write_text(RECIPE)
    (tmp_path / "helpers.py").write_text(HELPERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("run_it", "helpers"):
        sys.modules.pop(name, None)


def load(folder: Path, text: str | None = None) -> ModuleType:
    if text is not None:
        (folder / "run_it.py").write_text(text)
    for name in ("run_it", "helpers"):
        sys.modules.pop(name, None)
    spec = importlib.util.spec_from_file_location("run_it", folder / "run_it.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_a_stage_uses_counts_and_what_others_use_does_not(folder: Path) -> None:
    found = sources.code_of(load(folder).stage)
    assert {"run_it.py:stage", "run_it.py:FACTOR", "helpers.py:used", "helpers.py:deep",
            "media/audio.py", "errors.py"} <= set(found)
    assert not {"run_it.py:other", "helpers.py:unused", "media/pitch.py", "text/symbols.py"} & set(found)


@pytest.mark.parametrize(("old", "new", "same"), [
    ("# a comment", "# another", True),
    ('"""Does it."""', '"""Says it otherwise."""', True),
    ("cfg: symbols.Config, exp", "cfg, exp", True),
    ("return symbols", "return None", True),
    ("FACTOR = 2", "FACTOR = 3", False),
    ("used(FACTOR)", "used(FACTOR + 1)", False),
])
def test_the_hash_follows_what_is_run(folder: Path, old: str, new: str, same: bool) -> None:
    before = sources.code_hash(load(folder).stage)
    assert old in RECIPE
    after = sources.code_hash(load(folder, RECIPE.replace(old, new)).stage)
    assert (before == after) is same


def test_a_deep_helper_counts(folder: Path) -> None:
    before = sources.code_hash(load(folder).stage)
    (folder / "helpers.py").write_text(HELPERS.replace("x + 1", "x + 2"))
    assert sources.code_hash(load(folder).stage) != before


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of avspeech; shared, as a first look at all of its files takes seconds."""
    copy = tmp_path_factory.mktemp("copied") / "avspeech"
    shutil.copytree(ROOT / "avspeech", copy, ignore=shutil.ignore_patterns("released", "__pycache__"))
    return copy


@pytest.fixture
def package(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy in the place of avspeech; `changes` may edit it."""
    monkeypatch.setattr(sources, "PACKAGE", copied)
    return copied


def changes(path: Path, more: bytes, module: str, names: Set[str] = frozenset()) -> bool:
    """Whether more at the end of a file changes the hash of a module. The file is then as it was."""
    before, kept, times = sources.module_hash(module, names), path.read_bytes(), path.stat()
    path.write_bytes(kept + more)
    try:
        return sources.module_hash(module, names) != before
    finally:
        path.write_bytes(kept)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # files are told apart by their times


@pytest.mark.parametrize(("file", "module", "names", "expected"), [
    ("media/face_tracks.py", "avspeech.media.video", set(), True),
    ("synthesis/vocoder.py", "avspeech.synthesis.alignment", set(), True),
    ("media/espeak.py", "avspeech.text", set(), True),
    ("emotion/conformer.py", "avspeech.emotion.cells", {"conformer-edge"}, True),
    ("emotion/conformer.py", "avspeech.emotion.cells", {"conv_transformer"}, False),
    ("emotion/conformer.py", "avspeech.emotion.cells", set(), True),  # no name: all that could be
    ("data/corpora/vctk.py", "avspeech.emotion.cells", {"conv_transformer", "ravdess-6fold"}, False),
    ("data/corpora/ravdess.py", "avspeech.emotion.cells", {"conv_transformer", "ravdess-6fold"}, True),
    ("synthesis/prosodyfm.py", "avspeech.emotion.cells", {"conv_transformer"}, False),
    ("bench/upstreams/whisper.py", "avspeech.bench.upstreams", {"whisper-base"}, True),
    ("bench/upstreams/onnx.py", "avspeech.bench.upstreams", {"whisper-base"}, False),
])
def test_what_a_part_of_avspeech_depends_on(package: Path, file: str, module: str, names: set[str],
                                            expected: bool) -> None:
    assert changes(package / file, b"\nADDED = 1\n", module, names) is expected


def test_tables_that_a_module_reads_count(package: Path) -> None:
    assert changes(package / "text" / "tables" / "cmudict.xz", b"x", "avspeech.text")


def test_imports_for_type_checkers_alone_do_not_count() -> None:
    import ast

    tree = ast.parse(textwrap.dedent("""
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from avspeech.emotion import cells
        def f():
            from ..media import audio
            import importlib
            importlib.import_module("avspeech.cli")
    """))
    found = sources.imported(tree, "avspeech.core")
    assert {"avspeech.media.audio", "avspeech.cli"} <= found and "avspeech.emotion" not in found
