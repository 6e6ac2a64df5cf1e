"""Reads tables, lists and transcripts of published corpora."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from avspeech.core.strict_json import once
from avspeech.data.corpora import layout
from avspeech.errors import InputError

T = TypeVar("T")

MOST_COLUMNS = 10_000
# Signs of no width that copying from pages and spreadsheets leaves at the ends of a cell
INVISIBLE = "\u200b\u200e\u200f\u2060\ufeff"
# What parts the cells of tables, as it is called.
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'"}


def bare(cell: str) -> str:
    """A cell without blanks and signs of no width at its ends."""
    return cell.strip().strip(INVISIBLE).strip()


def file_name(cell: str) -> str:
    """The name of the file in a cell, which may be a path of any system: "clips\\1.mp3"."""
    return cell.replace("\\", "/").rpartition("/")[2]


def put(found: dict[str, Any], key: str, value: Any, where: str) -> None:
    """Adds what a line says of `key`. Raises InputError where an earlier line says otherwise."""
    if found.setdefault(key, value) != value:
        raise InputError(f"{where}: '{key}' stands above already, with something else; keep the "
                         "line that is right")


def agreed(paths: Sequence[Path], read: Callable[[Path], T]) -> T:
    """What `read` makes of the first of several copies of a table. Raises InputError where another
    copy says something else."""
    found = read(paths[0])
    for other in paths[1:]:
        if read(other) != found:
            first = os.path.relpath(paths[0], other.parent)
            raise InputError(f"{other}: says something else than {first}; keep the one that is "
                             "right")
    return found


def lines(path: Path, western: bool = False) -> list[str]:
    """The lines of a text file in UTF-8, with or without a byte-order mark.

    Only CR and LF end a line. `str.splitlines` would also split at U+2028, U+0085, VT, FF and FS,
    which occur in the cells and sentences of published tables.

    Args:
        path: the file.
        western: of an English corpus, whose older texts may be in Windows-1252: "caf\xe9".

    Raises:
        InputError: the file cannot be read as text, or is UTF-16.
    """
    try:
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            if not western or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise
            text = data.decode("cp1252", "replace")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text in UTF-8; save it as UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path}: a NUL character; is it UTF-16? Save it as UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def read_rows(path: Path, delimiter: str = ",",
              required: int = 0) -> list[tuple[str, dict[str, str]]]:
    """The rows of a table whose first line is a heading. Rows without any text are skipped.

    Args:
        path: the table, text in UTF-8.
        delimiter: separates the cells. With a tab, quotes have no meaning, unless all headings are
            in quotes, as R writes them; with others, a cell may be quoted and then contain line
            breaks.
        required: number of cells that a row must have; 0: as many as the heading.

    Returns:
        ("file:line", {heading in lower case: cell}) for each row, without outer blanks and signs of
        no width.

    Raises:
        InputError: the file is not such a table, or a row has too few or too many cells.
    """
    import csv

    rows: list[tuple[str, dict[str, str]]] = []
    heads: list[str] = []
    line = 1
    try:
        quoted = delimiter != "\t" or _all_quoted(path)
        quoting: Any = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        with open(path, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, delimiter=delimiter, quoting=quoting,
                                skipinitialspace=delimiter != "\t")
            for cells in reader:
                where, line = f"{path}:{line}", reader.line_num + 1
                cells = [bare(cell) for cell in cells]
                if any("\0" in cell for cell in cells):
                    raise InputError(f"{where}: a NUL character; is it UTF-16? Save it as UTF-8")
                if not heads:
                    heads = [cell.lower() for cell in cells]
                    if heads and re.fullmatch("sep=.?", heads[0]) and not any(heads[1:]):
                        raise InputError(f"{where}: 'sep=' is a line for spreadsheet programs; "
                                         "remove it, as the headings should come first")
                    if len(heads) == 1 and heads[0].startswith("#"):
                        raise InputError(f"{where}: '{heads[0][:30]}' is a remark; remove such "
                                         "lines, as the headings should come first")
                    other = next((sign for sign in ";\t|," if len(heads) == 1
                                  and sign in heads[0] and sign != delimiter), "")
                    if other:
                        raise InputError(f"{where}: the cells are parted by {_SIGNS[other]}; "
                                         f"expected {_SIGNS[delimiter]}: save the table so")
                    if len(heads) > MOST_COLUMNS:
                        raise InputError(f"{where}: a heading of {len(heads):,} columns; expected "
                                         f"{MOST_COLUMNS:,} at most")
                elif any(cells):
                    if not rows and quoted and len(cells) == len(heads) + 1 and cells[-1]:
                        heads.insert(0, "")  # names of rows, to which R gives no heading
                    while len(cells) > len(heads) and not cells[-1]:
                        cells.pop()
                    if not (required or len(heads)) <= len(cells) <= len(heads):
                        raise InputError(f"{where}: expected {len(heads)} cells as in the heading "
                                         f"({layout.named(heads, 4)}), got {len(cells)}; "
                                         "correct this row")
                    row: dict[str, str] = {}
                    for head, cell in zip(heads, cells):
                        if head and row.setdefault(head, cell) != cell:
                            raise InputError(f"{where}: two columns are called '{head}', with "
                                             f"'{row[head]}' and '{cell}'; rename or remove one")
                    rows.append((where, row))
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text in UTF-8; save it as UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path}:{line}: not a row of a table ({error})") from None
    return rows


def _all_quoted(path: Path) -> bool:
    """Whether the first line of a table by tabs has quotes around every heading."""
    with open(path, "rb") as text:
        heads = text.readline(2**16).decode("utf-8-sig", "replace").rstrip("\r\n").split("\t")
    return all(len(head) > 1 and head[0] == head[-1] == '"' for head in heads)


def read_table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table (see `read_rows`), without their places.

    Args:
        path: the table.
        delimiter: separates the cells.
    """
    return [row for _, row in read_rows(path, delimiter)]


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Args:
        path: the file.

    Raises:
        InputError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}); get it again") from None


def columns(path: Path, *names: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table (`read_table`) that must have certain columns.

    Args:
        path: the table.
        names: of the columns, in lower case.
        delimiter: separates the cells.

    Raises:
        InputError: a column is missing, or there are no rows.
    """
    rows = read_table(path, delimiter)
    absent = [n for n in names if rows and n not in rows[0]]
    if absent or not rows:
        raise InputError(f"{path}: expected a table with columns {', '.join(names)}; "
                         + (f"{', '.join(absent)} not there" if absent else "no row in it"))
    return rows


def number(row: Mapping[str, str], name: str, path: Path, least: float = -math.inf,
           most: float = math.inf) -> float:
    """A cell as a number.

    Args:
        row: of a table.
        name: of the column.
        path: the table, for the error.
        least: the least of the scale: another may stand for no answer, as -1 does.
        most: the most of the scale.

    Raises:
        InputError: the cell is not a finite number, or not on the scale.
    """
    try:
        value = float(row[name])
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError
        return value
    except (KeyError, ValueError):
        scale = f" from {least:g} to {most:g}" if math.isfinite(most) else ""
        raise InputError(f"{path}: {name}: expected a number{scale}, got '{row.get(name, '')}' "
                         f"({', '.join(list(row.values())[:3])[:60]})") from None


def spoken(path: Path) -> str | None:
    """The text of a transcript file.

    Args:
        path: the file.

    Returns:
        Its words, or None if it does not exist or is empty.
    """
    if not layout.is_file(path):
        return None
    return " ".join(" ".join(lines(path, western=True)).split()) or None
