"""Files below a folder, without those that nobody put there on purpose, and names by which files
pair."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

SYSTEM = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "Thumbs.db",
          "desktop.ini"}


def files_below(folder: str | Path) -> list[Path]:
    """Every file below a folder, through links to folders as well.

    Args:
        folder: where to look.

    Returns:
        In order. Not what is hidden, as macOS puts a file beside each file ("._a.wav") and a folder
        of these into archives (__MACOSX). A link that leads nowhere is among them.
    """
    found: list[Path] = []
    _add(Path(folder), [], found)
    return sorted(found)


def _add(folder: Path, above: list[str], found: list[Path]) -> None:
    real = os.path.realpath(folder)
    if real in above:  # a link to a folder that it lies in
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if is_hidden(entry.name):
            continue
        if entry.is_dir():
            _add(folder / entry.name, [*above, real], found)
        else:
            found.append(folder / entry.name)


def is_hidden(name: str) -> bool:
    """Whether a file or a folder is hidden, or put there by a system."""
    return name.startswith(".") or name in SYSTEM


def plain_name(name: str) -> str:
    """A name with its accents in one form: macOS and others write them in two."""
    return unicodedata.normalize("NFC", name)
