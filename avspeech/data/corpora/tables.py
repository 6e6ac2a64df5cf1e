"""Reading what comes with recordings: tables, lists and transcripts, as published corpora have
them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.errors import InputError


def lines(path: Path, errors: str = "strict") -> list[str]:
    """The lines of a text file in UTF-8, with or without a byte-order mark.

    Only CR and LF end a line. `str.splitlines` would also cut at U+2028, U+0085, VT, FF and FS,
    which occur inside the cells and sentences of published tables.

    Args:
        path: the file.
        errors: "strict", or "replace" where bytes that are no UTF-8 do no harm.

    Raises:
        InputError: for a file that cannot be read as text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors=errors)
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text in UTF-8") from None
    return text.removesuffix("\n").split("\n") if text else []


def read_rows(path: Path, delimiter: str = ",", required: int = 0) -> list[tuple[str,
                                                                                 dict[str, str]]]:
    """The rows of a table whose first line is a heading; rows without any text are passed over.

    Args:
        path: the table, text in UTF-8.
        delimiter: what parts the cells. Cells parted by a tab are taken as they are; others may be
            quoted, and may then hold line ends.
        required: number of cells that a row must have; 0: as many as the heading.

    Returns:
        For each row ("file:line", {heading in lower case: cell}), outer blanks of both taken off.

    Raises:
        InputError: for a file that is no such table, and for a row with too few or too many cells.
    """
    import csv

    quoting: Any = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    rows: list[tuple[str, dict[str, str]]] = []
    heads: list[str] = []
    line = 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, delimiter=delimiter, quoting=quoting)
            for cells in reader:
                where, line = f"{path}:{line}", reader.line_num + 1
                cells = [cell.strip() for cell in cells]
                if not heads:
                    heads = [cell.lower() for cell in cells]
                elif any(cells):
                    while len(cells) > len(heads) and not cells[-1]:
                        cells.pop()
                    if not (required or len(heads)) <= len(cells) <= len(heads):
                        raise InputError(f"{where}: expected {len(heads)} cells as in the heading "
                                         f"({layout.named(heads, 4)}), got {len(cells)}; mend this row")
                    rows.append((where, dict(zip(heads, cells))))
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text in UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path}:{line}: not a row of a table ({error})") from None
    return rows


def read_table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table (see `read_rows`), without their places."""
    return [row for _, row in read_rows(path, delimiter)]


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises InputError for one that is not JSON, or nested too deeply."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}); get it again") from None


def columns(path: Path, *names: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table (`read_table`). Raises InputError where one of these columns (in
    lower case) is not in it."""
    rows = read_table(path, delimiter)
    absent = [n for n in names if rows and n not in rows[0]]
    if absent or not rows:
        raise InputError(f"{path}: expected a table with columns {', '.join(names)}; "
                         + (f"{', '.join(absent)} not there" if absent else "no row in it"))
    return rows


def number(row: Mapping[str, str], name: str, path: Path) -> float:
    """A cell as a number. Raises InputError for one that is not."""
    try:
        return float(row[name])
    except (KeyError, ValueError):
        raise InputError(f"{path}: {name}: expected a number, got '{row.get(name, '')}'") from None


def spoken(path: Path) -> str | None:
    """The text of a file with a transcript; None where there is none."""
    if not layout.is_file(path):
        return None
    return " ".join(" ".join(lines(path, "replace")).split()) or None
