"""What may not be in the code, by its syntax tree: reading that runs what it reads, shells,
and errors thrown away."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("avspeech", "recipes", "tools")
FILES = sorted(str(p.relative_to(ROOT)) for folder in FOLDERS for p
               in (ROOT / folder).rglob("*.py"))

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
           "torchvision"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput",
         "subprocess.getstatusoutput", "yaml.load", "yaml.load_all", "yaml.unsafe_load",
         "yaml.unsafe_load_all", "yaml.full_load", "yaml.full_load_all", "torch.jit.load",
         "torch.hub.load", "runpy.run_path", "runpy.run_module", "shutil.unpack_archive"}
BROAD = {"Exception", "BaseException"}
# These files look a name up in a literal table of theirs before they import what stands there.
TABLES = {"avspeech/__init__.py", "avspeech/core/models.py", "avspeech/data/corpora/__init__.py",
          "avspeech/bench/upstreams/__init__.py"}
NAMES = ("MODELS", "CORPORA", "FAMILIES", "PIPELINES", "MODULES")
TORCHAUDIO = {"avspeech/core/torchaudio_door.py"}
POOLS = "avspeech/core/pools.py"  # elsewhere workers would stay where who started them is killed


def dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """"a.b.c" of a name or attribute, its first part replaced by what was imported under that
    name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value, aliases)}.{node.attr}"
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else "?"


def is_true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def is_false(node: ast.AST | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and not node.value)


def offences(source: str, file: str) -> list[str]:
    """ "line: what" for each banned thing in a file."""
    tree = ast.parse(source)
    aliases: dict[str, str] = {}
    modules: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [(node.lineno, alias.name) for alias in node.names]
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.append((node.lineno, node.module or ""))
            aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias
                        in node.names}
    bad = [f"{line}: import {name}" for line, name in modules if name.partition(".")[0] in MODULES]
    if file not in TORCHAUDIO:
        bad += [f"{line}: import {name}" for line, name in modules
                if name.partition(".")[0] == "torchaudio"]

    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = any(k is None or dotted(k, aliases) in BROAD for k in kinds)
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if node.type is None and not raises:
                bad.append(f"{node.lineno}: bare except")
            elif broad and node.name is None and not raises:
                bad.append(f"{node.lineno}: except Exception that looks at nothing")
        if not isinstance(node, ast.Call):
            continue
        name, last = dotted(node.func, aliases), dotted(node.func, aliases).rpartition(".")[2]
        given = {k.arg: k.value for k in node.keywords}
        literal = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if (name in CALLS
                or (last == "ProcessPoolExecutor" and file != POOLS)
                or not is_false(given.get("shell"))
                or (name in ("torch.load", "torch.serialization.load")
                    and not is_true(given.get("weights_only")))
                or (last == "load" and not is_false(given.get("allow_pickle")))
                or (name in ("numpy.load", "np.load") and (len(node.args) > 2 or None in given))
                or (last in ("extractall", "extract") and "tarfile" in source and "filter" not
                    in given)
                or (last == "extractall" and "filter" not in given)
                or (last == "import_module" and not literal and file not in TABLES)
                or (last == "suppress" and BROAD & {dotted(a, aliases) for a in node.args})):
            bad.append(f"{node.lineno}: {ast.unparse(node)}")
    return bad


def test_nothing_banned() -> None:
    assert [f"{file}:{bad}" for file in FILES
            for bad in offences((ROOT / file).read_text(encoding="utf-8"), file)] == []


@pytest.mark.parametrize("file", sorted(TABLES))
def test_the_tables_are_literal(file: str) -> None:
    """The tables of module names in these files are spelled out, so that no name from elsewhere is
    imported."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tables = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id in NAMES:
            tables[target.id] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
    assert tables
    for table in tables.values():  # modules by name, or names of modules in a package of ours
        if isinstance(table, dict):
            assert all(where.startswith("avspeech.") for where in table.values())
        else:
            assert all(name.isidentifier() for name in table)


@pytest.mark.parametrize("source", [
    "import pickle",
    "from pickle import loads",
    "import torchaudio",
    "def f():\n    import torchaudio.functional",
    "eval('1')",
    "exec(text)",
    "import os\nos.system('ls')",
    "from os import system as s\ns('ls')",
    "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
    "from yaml import load\nload(text)",
    "import subprocess\nsubprocess.run('ls', shell=True)",
    "import torch\ntorch.load('a.pt')",
    "import torch as t\nt.load('a.pt', weights_only=False)",
    "import numpy as np\nnp.load('a.npy', allow_pickle=True)",
    "from numpy import load\nload('a.npy', allow_pickle=flag)",
    "import numpy as np\nnp.load('a.npy', None, True)",
    "import tarfile\ntarfile.open('a').extractall('b')",
    "import zipfile\nzipfile.ZipFile('a').extractall('b')",
    "import importlib\nimportlib.import_module(name)",
    "from importlib import import_module\nimport_module(config['model'])",
    "try:\n    f()\nexcept:\n    pass",
    "try:\n    f()\nexcept Exception:\n    x = 1",
    "try:\n    f()\nexcept (ValueError, BaseException):\n    pass",
    "import contextlib\nwith contextlib.suppress(Exception):\n    f()",
    "from concurrent import futures\nfutures.ProcessPoolExecutor(2)",
])
def test_what_is_banned_is_found(source: str) -> None:
    assert offences(source, "avspeech/x.py")


@pytest.mark.parametrize("source", [
    "import torch\ntorch.load('a.pt', weights_only=True)",
    "import numpy as np\nnp.load('a.npy', allow_pickle=False)",
    "import tarfile\ntarfile.open('a').extractall('b', filter='data')",
    "import yaml\nyaml.safe_load(text)",
    "model.eval()",
    "import re\nre.compile('a')",
    "import importlib\nimportlib.import_module('avspeech.cli')",
    "try:\n    f()\nexcept BaseException:\n    undo()\n    raise",
    "try:\n    f()\nexcept Exception as error:\n    report(error)",
])
def test_what_is_not_banned_is_not(source: str) -> None:
    assert offences(source, "avspeech/x.py") == []
