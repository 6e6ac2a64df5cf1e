"""What the tests of recipes share."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from avspeech.core import sources

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def recipe_module(task: str) -> ModuleType:
    folder = ROOT / "recipes" / task
    spec = importlib.util.spec_from_file_location(f"recipe_{task}", folder / "run.py")
    assert spec and spec.loader
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # as for a script, which imports what lies beside it
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


def check_what_is_trained_again(recipe: Any, arguments: list[str], exp: Path, product: str,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """What a training left is kept where the stage alone has lost its marker; --force, and other code, make
    it anew."""
    only = [*arguments, "--stage", "train", "--stop-stage", "train"]

    def trained_again(*more: str) -> bool:
        before = (exp / product).stat().st_mtime_ns
        recipe.run([*only, *more])
        return (exp / product).stat().st_mtime_ns != before

    (exp / ".stages" / "train.json").unlink(missing_ok=True)
    assert not trained_again()
    assert trained_again("--force")
    assert not trained_again()
    with monkeypatch.context() as patch:
        patch.setattr(sources, "code_hash", lambda function, names=(): "other code")
        assert trained_again()
        assert not trained_again()
