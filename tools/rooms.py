"""Counts the rooms of the project and the imports between them: python tools/rooms.py [ROOT]

A room is a top-level file or folder of avspeech/, and each of recipes/, tools/ and egs/. Prints the
rooms by floor (the floor of a room is one above the highest room that it imports), the number of
arrows (pairs of rooms where one imports the other), circles, and the imports between wings.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

WINGS = {"extraction", "synthesis", "emotion", "bench"}


def arrows(root: Path) -> dict[str, set[str]]:
    """{room: the rooms that it imports}, from the syntax trees, with imports inside functions."""
    package = root / "avspeech"
    names = {p.stem for p in package.glob("*.py")}
    names |= {p.name for p in package.iterdir() if any(p.rglob("*.py"))}
    found: dict[str, set[str]] = {name: set() for name in names}
    found |= {f"{name}/": set() for name in ("recipes", "tools", "egs") if (root / name).is_dir()}
    for folder in ("avspeech", "recipes", "tools", "egs"):
        for file in (root / folder).rglob("*.py"):
            parts = file.relative_to(root).with_suffix("").parts
            room = parts[1] if folder == "avspeech" else f"{folder}/"
            found[room] |= entered(file, names) - {room}
    return found


def entered(file: Path, names: set[str]) -> set[str]:
    """The rooms of avspeech that a file imports."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            imported = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in imported):
            if parts[0] == "avspeech" and len(parts) > 1:
                rooms.add(parts[1] if parts[1] in names else "__init__")
    return rooms


def floors(found: dict[str, set[str]]) -> tuple[list[list[str]], list[str]]:
    """(rooms of each floor from the bottom up, rooms in or above a circle of imports)."""
    placed: set[str] = set()
    levels: list[list[str]] = []
    while len(placed) < len(found):
        level = sorted(room for room in found if room not in placed and found[room] <= placed)
        if not level:
            return levels, sorted(set(found) - placed)
        levels.append(level)
        placed |= set(level)
    return levels, []


def main() -> None:
    """Prints the counts of a checkout."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    found = arrows(root)
    levels, circle = floors(found)
    for number, level in enumerate(levels):
        print(f"{number}: {' '.join(level)}")
    count = sum(map(len, found.values()))
    print(f"rooms {len(found)}, floors {len(levels)}{' and more' if circle else ''}, "
          f"arrows {count}, in or above a circle: {' '.join(circle) or 'none'}")
    between = [f"{wing} -> {other}" for wing in sorted(WINGS & set(found))
               for other in sorted(found[wing] & WINGS)]
    print(f"imports between wings: {', '.join(between) or 'none'}")


if __name__ == "__main__":
    main()
