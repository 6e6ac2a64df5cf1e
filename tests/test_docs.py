"""Pages lead where they say, name commands that exist, and are part of the site."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from avspeech import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(p for pattern in ("*.md", "docs/*.md", "egs/*/README.md", "examples/**/*.md", "findings/*.md")
               for p in ROOT.glob(pattern))
NAMES = [str(p.relative_to(ROOT)) for p in PAGES]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as repository hosts and MyST make them."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), re.M):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"[`*_]", "", heading).lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(other), f"{name}: {target}"


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set()
    for block in re.findall(r"```\{toctree\}(.*?)```", (ROOT / "docs/index.md").read_text("utf-8"), re.S):
        listed |= {line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")}
    assert listed == {p.stem for p in (ROOT / "docs").glob("*.md")} - {"index"}


def commands(text: str) -> list[list[str]]:
    """The lines that call avspeech, in words up to a redirection or a comment."""
    found = []
    for line in re.findall(r"^[ >]*(?:\.venv/bin/)?(avspeech [a-z][^\n]*)$", text, re.M):
        line = line.rstrip("\\").split("; ")[0]
        found.append(shlex.split(line, comments=True))
    return found


def options_of(words: list[str]) -> set[str]:
    """The options of the subcommand that words name; SystemExit where there is none."""
    parser: argparse.ArgumentParser = cli._parser()
    for word in words[1:]:
        actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not actions:
            break
        assert word in actions[0].choices, f"avspeech has no command {' '.join(words[1:3])}"
        parser = actions[0].choices[word]
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("name", NAMES)
def test_commands_exist_with_their_options(name: str) -> None:
    for words in commands((ROOT / name).read_text(encoding="utf-8")):
        used = {w.partition("=")[0] for w in words if re.match(r"--[a-z]", w)}
        assert used <= options_of(words), f"{name}: {' '.join(words)}"


def test_recipes_that_pages_name_exist() -> None:
    for name in NAMES:
        for script in re.findall(r"\begs/\w+/\w+/run\.sh", (ROOT / name).read_text(encoding="utf-8")):
            assert (ROOT / script).exists(), f"{name}: {script}"
