"""Docstrings keep their form: a re-wrapping must not run arguments together."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(str(p.relative_to(ROOT)) for folder in ("avspeech", "recipes", "tools")
               for p in (ROOT / folder).rglob("*.py"))
BEGINS = re.compile(r"    [*\w`\"<>.\[\]]+(, [*\w`\"<>.]+)*( \(.*\))?:")  # an argument, or several alike
SECTION = re.compile(r"(Args|Returns|Raises|Yields|Attributes):")


def faults(source: str) -> list[str]:
    """"function: argument" where an argument begins behind another one's sentence, and headings of
    sections that do not stand alone on their line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        doc = ast.get_docstring(node) or ""
        found += [f"{node.name}: {line.strip()}" for line in doc.split("\n")
                  if SECTION.search(line) and re.match(r".*(Args|Raises|Yields): \S", line)]
        for heading in ("Args:\n", "Attributes:\n"):
            block = doc.partition(heading)[2].partition("\n\n")[0]
            found += [f"{node.name}: {line.strip()}" for line in block.split("\n")
                      if re.match(r"    \S", line) and not BEGINS.match(line)]
            for name in names_of(node):
                if re.search(rf"[.;:)\d]\s+{name}: ", re.sub(r"\n +", " ", block)) \
                        and not re.search(rf"^ +([\w*]+, )*{name}(, [\w*]+)*: ", block, re.M):
                    found.append(f"{node.name}: {name}")
    return found


def names_of(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """The arguments of a function, or of a class, and its fields."""
    if isinstance(node, ast.FunctionDef):
        return [a.arg for a in node.args.args + node.args.kwonlyargs]
    names = [part.target.id for part in node.body
             if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)]
    made = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
    return names + [name for part in made for name in names_of(part)]


def test_each_argument_begins_a_line() -> None:
    found = {file: faults((ROOT / file).read_text(encoding="utf-8")) for file in FILES}
    assert {file: wrong for file, wrong in found.items() if wrong} == {}


def test_arguments_that_run_together_are_found() -> None:
    ruined = '''
def f(a, b):
    """Does.

    Args:
        a: the first. b: the
            second.
    """
'''
    assert faults(ruined) == ["f: b"]
    assert faults(ruined.replace("first. b: the", "first.\n        b: the")) == []
    assert faults(ruined.replace("b: the\n            second", "\n        second")) == ["f: second."]
    fields = ruined.replace("def f(a, b)", "class F").replace("Args", "Attributes")
    assert faults(fields + "    a: int\n    b: int\n") == ["F: b"]
