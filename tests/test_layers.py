"""Imports run one way: a room of avspeech (a top-level file or folder) imports only from rooms of
lower layers, so no wing imports another; nothing of avspeech imports recipes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "avspeech"
# From the bottom up: the rooms of avspeech, its files and folders.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "version"}),
    frozenset({"core"}),
    frozenset({"media"}),
    frozenset({"report", "text"}),
    frozenset({"data"}),
    frozenset({"extraction", "synthesis", "emotion", "bench"}),
    frozenset({"semi", "transcribe"}),
    frozenset({"__init__", "doctor"}),
    frozenset({"app"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
WINGS = LAYERS[5]
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}


def imported(tree: ast.AST, package: str) -> set[str]:
    """Dotted names of all modules imported anywhere in a file, within functions too.
    package: for relative imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif (isinstance(node, ast.Call)
              and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"):
            names |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return names


def rooms(name: str) -> set[str]:
    """The rooms that the import of a dotted name of avspeech enters."""
    top, _, rest = name.partition(".")
    if top != "avspeech":
        return set()
    return {rest.partition(".")[0]} & set(LAYER_OF) or {"__init__"} if rest else set()


def offences(source: str, file: str) -> list[str]:
    """What a file of avspeech, by its path under the package, imports and may not."""
    parts = Path(file).with_suffix("").parts
    own = parts[0]
    package = ".".join(["avspeech", *parts[:-1]])
    bad = []
    for name in sorted(imported(ast.parse(source), package)):
        if name.partition(".")[0] in {"recipes", "egs", "tests", "tools"}:
            bad.append(f"{file} imports {name}")
        for room in rooms(name) - {own}:
            if LAYER_OF[room] >= LAYER_OF[own]:
                bad.append(f"{file} (layer {LAYER_OF[own]}) imports {name} (layer {LAYER_OF[room]})")
    return bad


FILES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py"))


def test_imports_run_downward() -> None:
    for file in FILES:
        assert Path(file).with_suffix("").parts[0] in LAYER_OF, (
            f"avspeech/{file}: give its folder a layer in LAYERS")
    assert [bad for file in FILES
            for bad in offences((PACKAGE / file).read_text(encoding="utf-8"), file)] == []


@pytest.mark.parametrize("wing", sorted(WINGS))
def test_no_wing_imports_another(wing: str) -> None:
    entered: set[str] = set()
    for file in (PACKAGE / wing).rglob("*.py"):
        package = ".".join(["avspeech", *file.relative_to(PACKAGE).parts[:-1]])
        for name in imported(ast.parse(file.read_text(encoding="utf-8")), package):
            entered |= rooms(name)
    assert entered & WINGS <= {wing}


@pytest.mark.parametrize(("source", "file"), [
    ("import avspeech.cli", "extraction/lips.py"),
    ("import avspeech.emotion.training", "extraction/lips.py"),
    ("from avspeech import bench", "media/audio.py"),
    ("from avspeech import __version__", "synthesis/export.py"),
    ("from avspeech import load", "report/report.py"),
    ("def f():\n    from avspeech.extraction import extractor", "core/trainer.py"),
    ("from ..synthesis import prosody", "extraction/lips.py"),
    ("from .. import emotion", "data/manifest.py"),
    ("import recipes.tse.run", "cli.py"),
    ("import importlib\nimportlib.import_module('avspeech.bench.probe')", "extraction/training.py"),
])
def test_an_upward_import_is_found(source: str, file: str) -> None:
    assert offences(source, file)


@pytest.mark.parametrize(("source", "file"), [
    ("from avspeech.errors import InputError", "core/config.py"),
    ("from . import gridnet", "extraction/lips.py"),
    ("from avspeech.version import __version__", "doctor.py"),
    ("from avspeech.media import audio", "bench/jobs.py"),
    ("import numpy.models", "media/audio.py"),
])
def test_a_downward_import_is_not(source: str, file: str) -> None:
    assert offences(source, file) == []
