"""Which source code a function depends on, and its hash.

    sources.code_hash(train_cell, names=["conformer"])

What is kept on disk is keyed by the code that made it. That code is found in the syntax trees, not
listed by hand: the definitions of its own file that a function uses, those of other files in the
same folder (a recipe's), and every file of avspeech that these import, with all that it imports in
turn. Comments, docstrings and annotations do not count, as they change no result.

Modules that are looked up by name in a literal table (models, corpora, upstreams) count where the
name occurs among `names`, usually the words of a configuration; where none of a table's names
occurs, all of its modules count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]


def code_hash(function: Callable[..., Any], names: Iterable[str] = ()) -> str:
    """The hash of the code that a function depends on.

    Args:
        function: a function of avspeech, or of a file that imports avspeech, such as a recipe's
            stage.
        names: words that may name a model, a corpus or an upstream (see above).

    Returns:
        16 hexadecimal digits.
    """
    return _hash(code_of(function, names))


def module_hash(module: str, names: Iterable[str] = ()) -> str:
    """As `code_hash`, for a whole module.

    Args:
        module: of avspeech, e.g. "avspeech.bench.jobs".
        names: words that may name a model, a corpus or an upstream.
    """
    return _hash(_closure({module}, set(names)))


def code_of(function: Callable[..., Any], names: Iterable[str] = ()) -> dict[str, str]:
    """What `code_hash` hashes.

    Returns:
        {where: text}: source without comments and docstrings, by definition ("run.py:train") or by
        the path of a file under avspeech ("core/trainer.py"); of tables and other data files, their
        SHA-256.
    """
    file = Path(inspect.getfile(function)).resolve()
    known = set(names)
    if file.is_relative_to(PACKAGE):
        return _closure({_module(file)}, known)
    found: dict[str, str] = {}
    entered: set[str] = set()
    for where, node in _definitions(file, function).items():
        found[where] = _text(ast.parse(ast.unparse(node)))
        known |= _constants(node)
        entered |= _entered(node)
    return found | _closure(entered, known)


def words(value: Any) -> set[str]:
    """The keys and strings of a configuration (dicts and lists), which may name models, corpora and
    upstreams."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        return set(map(str, value)).union(*map(words, value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*map(words, value))
    return set()


def imported(tree: ast.AST, package: str) -> set[str]:
    """Dotted names that a syntax tree imports anywhere, within functions too.

    Args:
        tree: of a file or a part of it.
        package: the package of the file, for relative imports.

    Returns:
        Names of modules and of what is taken from them ("avspeech.media", "avspeech.media.audio").
        Imports for type checkers alone are left out.
    """
    return _imported(_walk(tree), package)


def _imported(nodes: Iterable[ast.AST], package: str) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[:len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and _called(node) == "import_module":
            names |= {a.value for a in node.args
                      if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return names


# --- the definitions of a recipe's folder ---------------------------------------------------------


def _definitions(file: Path, function: Callable[..., Any]) -> dict[str, ast.AST]:
    """"file:name" -> node, of the function and all that it uses in the files of its folder. Imports
    that are used are nodes too."""
    found: dict[str, ast.AST] = {}
    own = next((n for n in ast.walk(_tree(file)) if isinstance(n, ast.FunctionDef)
                and n.name == function.__name__ and _first_line(n) == _line_of(function)), None)
    todo: list[tuple[Path, str, ast.AST]] = [(file, function.__name__, own or _tree(file))]
    while todo:
        where, name, node = todo.pop()
        key = f"{where.name}:{name}"
        if key in found:
            continue
        found[key] = node
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            todo += list(_siblings(where, node))
            continue
        top = _top_level(where)
        todo += [(where, used, top[used]) for used in _used(node) if used in top]
        for inner in _walk(node):
            if isinstance(inner, (ast.Import, ast.ImportFrom)):
                todo += list(_siblings(where, inner))
    return found


def _siblings(file: Path, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[Path, str, ast.AST]]:
    """What an import takes from files of the same folder."""
    if isinstance(node, ast.ImportFrom):
        other = file.parent / f"{node.module}.py"
        if not node.level and other.is_file():
            top = _top_level(other)
            yield from ((other, alias.name, top[alias.name]) for alias in node.names
                        if alias.name in top)
        return
    for alias in node.names:
        other = file.parent / f"{alias.name}.py"
        if other.is_file():
            yield other, "*", _tree(other)


@functools.cache
def _top_level_of(file: Path, version: int) -> dict[str, ast.AST]:
    top: dict[str, ast.AST] = {}
    for node in _tree(file).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            top[node.name] = node
        elif isinstance(node, ast.Assign):
            top |= {t.id: node for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            top[node.target.id] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                single = type(node)(**{**vars(node), "names": [alias]})
                top[(alias.asname or alias.name).partition(".")[0]] = single
    return top


def _top_level(file: Path) -> dict[str, ast.AST]:
    """Name -> node of what a file defines or imports; an import is cut down to the one name."""
    return _top_level_of(file, file.stat().st_mtime_ns)


def _used(node: ast.AST) -> set[str]:
    return {inner.id for inner in _walk(node) if isinstance(inner, ast.Name)}


def _entered(node: ast.AST) -> set[str]:
    """Modules of avspeech that a definition imports itself."""
    return {m for name in imported(node, "") for m in [_existing(name)] if m}


def _line_of(function: Callable[..., Any]) -> int:
    return function.__code__.co_firstlineno


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


# --- the files of avspeech ------------------------------------------------------------------------


def _closure(modules: set[str], names: set[str]) -> dict[str, str]:
    """{path under avspeech: text} of modules and of all that they import."""
    found: dict[str, str] = {}
    todo = sorted(modules)
    while todo:
        file = _file(todo.pop())
        name = str(file.relative_to(PACKAGE))
        if name in found:
            continue
        scanned = _scan(file, file.stat().st_mtime_ns)
        found[name] = scanned.text
        todo += scanned.imports | _looked_up(scanned.tables, names)
        found |= {str(f.relative_to(PACKAGE)): _file_digest(f, f.stat().st_mtime_ns)
                  for f in scanned.data}
    return found


class _Scanned:
    """A file of avspeech: its text, the modules that it imports, its tables of modules, its data
    files."""

    def __init__(self, file: Path):
        tree = _tree(file)
        package = ".".join(("avspeech", *file.relative_to(PACKAGE).parts[:-1]))
        self.text = _lines(file.read_text(encoding="utf-8"), tree)
        nodes = list(_walk(tree))
        names = _imported(nodes, package)
        self.imports = {m for name in names for m in [_existing(name)] if m}
        self.imports.discard(_module(file))
        self.tables = [table for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))
                       and node.value is not None for table in [_table(node.value, package)]
                       if table]
        self.data: list[Path] = []
        for text in sorted(_strings(nodes)):
            place = file.parent / text
            if 0 < len(text) < 60 and "/" not in text and place.suffix != ".py" and text.strip("."):
                if place.is_file():
                    self.data.append(place)
                elif place.is_dir() and not any(place.rglob("*.py")):
                    self.data += sorted(p for p in place.rglob("*") if p.is_file())


@functools.cache
def _scan(file: Path, version: int) -> _Scanned:
    return _Scanned(file)


Table = dict[str, set[str]]  # name -> modules ("avspeech.x") and other names that stand for it


def _table(value: ast.expr, package: str) -> Table:
    """A literal table of names: {"name": "avspeech.x.y:Class"}, {"name": ("other name", ...)}, or a
    tuple of names that are files of the package or of its folders. Empty for anything else."""
    table: Table = {}
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                table[key.value] = {_existing(c.partition(":")[0]) or c for c in _constants(item)}
    elif isinstance(value, (ast.Tuple, ast.List)):
        for item in value.elts:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                module = _in_package(package, item.value)
                if module:
                    table[item.value] = {module}
    return table


def _looked_up(tables: list[Table], names: set[str]) -> set[str]:
    """The modules that names stand for in a file's tables; all of them where no name is in them."""
    merged: Table = {}
    for table in tables:
        for name, stands_for in table.items():
            merged.setdefault(name, set()).update(stands_for)
    modules = {m for values in merged.values() for m in values if m.startswith("avspeech.")}
    if not modules:
        return set()
    found: set[str] = set()
    # A protocol's name begins with the name of its corpus: "ravdess-6fold".
    todo = [n for name in names for n in {name, name.partition("-")[0]} if n in merged]
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        found |= merged[name] & modules
        todo += [other for other in merged[name] if other in merged]
    return found or modules


def _in_package(package: str, name: str) -> str | None:
    folder = PACKAGE.parent.joinpath(*package.split("."))
    if not name.isidentifier():
        return None
    for file in [folder / f"{name}.py", *sorted(folder.glob(f"*/{name}.py"))]:
        if file.is_file():
            return _module(file)
    return None


def _existing(name: str) -> str | None:
    """The module of avspeech that a dotted name is, or lies in; None for others. The names that the
    top of avspeech itself gives are those of `avspeech/__init__.py`."""
    parts = name.split(".")
    if parts[0] != "avspeech" or len(parts) == 1:
        return None
    for count in range(len(parts), 1, -1):
        if _file(".".join(parts[:count])).is_file():
            return ".".join(parts[:count])
    return None


def _file(module: str) -> Path:
    place = PACKAGE.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _module(file: Path) -> str:
    parts = ("avspeech", *file.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# --- syntax trees ---------------------------------------------------------------------------------


def _tree(file: Path) -> ast.Module:
    return _parsed(file, file.stat().st_mtime_ns)


@functools.cache
def _parsed(file: Path, version: int) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, without annotations, decorators of functions, and what is for type checkers
    alone."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        # Not `ast.iter_fields`: of all that this module does, this loop takes the longest.
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if name not in ("annotation", "returns") and not isinstance(value, _MARKS):
                    todo.append(value)
            elif isinstance(value, list) and value:
                if name == "decorator_list" and isinstance(node, ast.FunctionDef):
                    continue
                if name == "body" and isinstance(node, ast.If) \
                        and "TYPE_CHECKING" in ast.unparse(node.test):
                    continue
                todo += [v for v in value if isinstance(v, ast.AST)]


# Parts of an expression that hold nothing: whether a name is read or written, and operators.
_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


def _lines(source: str, tree: ast.Module) -> str:
    """The lines of a file without docstrings, blank lines, and lines that are a comment. (To
    unparse a tree would leave out every comment, but takes twenty times as long.)"""
    dropped: set[int] = set()
    kept: set[int] = set()  # within long strings, where a line may look like a comment
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        is_definition = isinstance(node, _DOCUMENTED)
        if not is_definition and getattr(node, "end_lineno", None) == getattr(node, "lineno", 0):
            continue  # nothing in it reaches over lines
        todo += ast.iter_child_nodes(node)
        if is_definition:
            doc = _docstring(node)
            if doc is not None:
                dropped |= set(range(doc.lineno, (doc.end_lineno or doc.lineno) + 1))
        elif isinstance(node, (ast.Constant, ast.JoinedStr)):
            kept |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(source.split("\n"), 1)
    return "\n".join(line for number, line in lines if number not in dropped
                     and (number in kept or (line.strip() and not line.strip().startswith("#"))))


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _docstring(node: ast.AST) -> ast.Expr | None:
    first = node.body[0] if getattr(node, "body", None) else None  # type: ignore[attr-defined]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) \
        and isinstance(first.value.value, str)
    return first if is_text else None


def _text(tree: ast.Module) -> str:
    """Source without comments, docstrings, annotations of functions, and the decorators of a stage.
    Changes the tree."""
    return ast.unparse(_Bare().visit(tree))


class _Bare(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(getattr(node, "body", None), list) and _docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.decorator_list = [d for d in node.decorator_list if "stage" not in ast.unparse(d)]
        return node


def _constants(tree: ast.AST) -> set[str]:
    return _strings(_walk(tree))


def _strings(nodes: Iterable[ast.AST]) -> set[str]:
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


@functools.cache
def _file_digest(file: Path, version: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _hash(found: dict[str, str]) -> str:
    text = "\0".join(f"{where}\0{found[where]}" for where in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
