"""Imports run one way: a file imports only from its own layer or a lower one;
nothing of avspeech imports recipes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "avspeech"
# From the bottom up. A single file of the package that is not named here belongs to the lowest layer.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset(p.stem for p in PACKAGE.glob("*.py")),
    frozenset({"nn", "text"}),
    frozenset({"models", "data"}),
    frozenset({"pretrained", "export", "export_synthesis"}),
    frozenset({"tasks", "pipelines"}),
    frozenset({"bench"}),
    frozenset({"cli", "doctor", "__main__", "__init__"}),
)
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


def offences(source: str, file: str) -> list[str]:
    """What a file of avspeech, by its path under the package, imports and may not."""
    parts = Path(file).with_suffix("").parts
    own = LAYER_OF[parts[0]]
    package = ".".join(["avspeech", *parts[:-1]])
    bad = []
    for name in sorted(imported(ast.parse(source), package)):
        top, _, rest = name.partition(".")
        inner = rest.partition(".")[0]
        if top in {"recipes", "egs", "tests", "tools"}:
            bad.append(f"{file} imports {name}")
        elif top == "avspeech" and inner in LAYER_OF and LAYER_OF[inner] > own:
            bad.append(f"{file} (layer {own}) imports {name} (layer {LAYER_OF[inner]})")
    return bad


FILES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES)
def test_imports_run_downward(file: str) -> None:
    assert Path(file).with_suffix("").parts[0] in LAYER_OF, (
        f"avspeech/{file}: give its folder a layer in LAYERS")
    assert offences((PACKAGE / file).read_text(encoding="utf-8"), file) == []


@pytest.mark.parametrize(("source", "file"), [
    ("import avspeech.tasks.extraction", "nn/lips.py"),
    ("from avspeech import models", "audio.py"),
    ("def f():\n    from avspeech.pipelines import extractor", "trainer.py"),
    ("from ..models import mvtf", "nn/lips.py"),
    ("from .. import tasks", "models/mvtf.py"),
    ("import recipes.tse.run", "cli.py"),
    ("import importlib\nimportlib.import_module('avspeech.bench.probe')", "tasks/extraction.py"),
])
def test_an_upward_import_is_found(source: str, file: str) -> None:
    assert offences(source, file)


@pytest.mark.parametrize(("source", "file"), [
    ("from avspeech.errors import InputError", "config.py"),
    ("from . import gridnet", "nn/lips.py"),
    ("from avspeech import __version__", "doctor.py"),
    ("import numpy.models", "audio.py"),
])
def test_a_downward_import_is_not(source: str, file: str) -> None:
    assert offences(source, file) == []
