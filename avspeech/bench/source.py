"""The code behind a number as a digest, so that what is kept is made anew when the code changes."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def digest(*modules: str, imports: bool = True) -> str:
    """A digest of modules of avspeech, without their comments and docstrings.

    Args:
        modules: dotted names, as "avspeech.bench.upstreams.mel".
        imports: also the modules of avspeech that these import, and so on. Imports inside of
            functions count. Files that only make a folder a package do not.

    Returns:
        16 hexadecimal digits.
    """
    waiting, seen = [_file(name) for name in modules], dict[str, str]()
    while waiting:
        path = waiting.pop()
        name = str(path.relative_to(PACKAGE))
        if name in seen:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        seen[name] = ast.unparse(_plain(tree))
        if imports:
            waiting += _imported(tree)
    text = "\0".join(f"{name}\0{seen[name]}" for name in sorted(seen))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file(name: str) -> Path:
    path = _found(name)
    if path is None:
        raise ValueError(f"{name}: not a module of avspeech")
    return path


def _found(name: str) -> Path | None:
    """The file of a module; None for what is not a module of avspeech with a file of its own."""
    top, _, rest = name.partition(".")
    path = PACKAGE.joinpath(*rest.split(".")).with_suffix(".py")
    return path if top == "avspeech" and rest and path.is_file() else None


def _imported(tree: ast.AST) -> Iterator[Path]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (path for name in names if (path := _found(name)) is not None)


def _plain(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree
