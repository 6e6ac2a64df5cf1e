"""Docstrings keep their form: a re-wrapping must not run arguments together."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(str(p.relative_to(ROOT)) for folder in ("avspeech", "recipes", "tools")
               for p in (ROOT / folder).rglob("*.py"))
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
        block = doc.partition("Args:\n")[2].partition("\n\n")[0]
        arguments = node.args.args + node.args.kwonlyargs if isinstance(node, ast.FunctionDef) else []
        for argument in arguments:
            if re.search(rf"[.;:)\d]\s+{argument.arg}: ", re.sub(r"\n +", " ", block)) \
                    and not re.search(rf"^ +([\w*]+, )*{argument.arg}(, [\w*]+)*: ", block, re.M):
                found.append(f"{node.name}: {argument.arg}")
    return found


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
