"""Turns the result files of an experiment into RESULTS.md and one HTML page.

A result file is JSON: `{"rows": [{"system": "mvtf", "seed": 0, "condition": "front", "n": 100,
"si_sdri": 9.1}, ...], "meta": {"command": "...", "commit": "...", "config": "<hash>"}}`. A row is
one cell of one run: its key (system, seed, condition, ...), the number n of utterances, and any
number of measures. A measure that is null or absent is a missing value; "none" says that there was
nothing to measure. A system without randomness (the unprocessed mixture) has seed null.

    rows, meta = read_results("exp/tse")
    summary = aggregate(rows, value="si_sdri")
    sections = [Text("..."), summary.table("SI-SDRi"), training_curves("exp/tse/log.jsonl")]
    write_markdown("RESULTS.md", "Extraction", sections, meta)
    write_html("report.html", "Extraction", sections, meta)
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.report.data_uris import image_uri, uri
from avspeech.report.figures import spectrogram_peak, spectrogram_png, training_svg
from avspeech.report.intervals import mean_and_spread

GAP = "missing"
NONE = "none"  # a measure of which there is nothing to measure: it is not missing
Row = Mapping[str, Any]

# --- results --------------------------------------------------------------------------------------


def write_results(path: str | Path, rows: Sequence[Row],
                  meta: Mapping[str, Any] | None = None) -> None:
    """Writes a result file atomically.

    Args:
        path: where to write it.
        rows: one dict for each cell of a run (see above). NaN and infinite values become null,
            because neither could be averaged.
        meta: command, commit, config hash and the like.
    """

    def plain(value: Any) -> Any:
        value = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    plain_rows = [{k: plain(v) for k, v in row.items()} for row in rows]
    data = {"rows": plain_rows, "meta": dict(meta or {})}
    _write(path, json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_results(path: str | Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Reads one result file, or all of a folder.

    Args:
        path: a file, or a folder with `results/*.json` or `*.json`, which are read in order of
            name.

    Returns:
        (rows, meta). Where files differ in a value of meta, all its values are joined by "; ".

    Raises:
        InputError: there is no result file, or a file is not one.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted((path / "results").glob("*.json")) or sorted(path.glob("*.json"))
    else:
        files = [path] if path.exists() else []
    if not files:
        raise InputError(f"{path}: no result file (results/*.json) there; "
                         "run the evaluate stage first")
    rows: list[dict[str, Any]] = []
    metas: dict[str, list[str]] = {}
    for file in files:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: cannot be read as JSON ({error})") from None
        listed = data.get("rows") if isinstance(data, dict) else None
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise InputError(f'{file}: not a result file; expected {{"rows": [{{...}}, ...], '
                             f'"meta": {{...}}}}')
        rows += listed
        for key, value in (data.get("meta") or {}).items():
            value = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if value not in metas.setdefault(key, []):
                metas[key].append(value)
    return rows, {key: "; ".join(values) for key, values in metas.items()}


@dataclass(frozen=True)
class Cell:
    """One cell of a table over its seeds."""

    mean: float
    std: float  # n - 1; NaN for one seed
    n: int  # seeds with a value
    missing: tuple[Any, ...] = ()  # seeds without a value
    utterances: int = 0  # of one seed; the largest number if they differ

    def text(self, digits: int = 2) -> str:
        """"12.34 ± 0.56". The spread is left out for one seed; "(2/3)" follows where seeds are
        missing.
        """
        if not self.n:
            return GAP if self.missing else NONE
        text = f"{self.mean:.{digits}f}" + ("" if math.isnan(self.std)
                                            else f" ± {self.std:.{digits}f}")
        return text + (f" ({self.n}/{self.n + len(self.missing)})" if self.missing else "")


@dataclass(frozen=True)
class Summary:
    """Cells of a table by their key."""

    by: tuple[str, ...]  # names of the parts of the key
    value: str  # name of the measure
    # In order of first appearance. An expected key without any value is there too, with n = 0.
    cells: dict[tuple[Any, ...], Cell]

    def missing(self) -> list[str]:
        """One line for every cell that lacks a seed."""
        lines = []
        for key, cell in self.cells.items():
            if cell.missing:
                seeds = ", ".join(str(s) for s in cell.missing if s is not None)
                lines.append(f"{' / '.join(map(str, key))}: "
                             + (f"seed {seeds}" if seeds else "not there"))
        return lines

    def names(self, position: int) -> list[Any]:
        """The values of one part of the keys, in order of first appearance.

        Args:
            position: of the part in `by`.
        """
        return list(dict.fromkeys(key[position] for key in self.cells))

    def table(self, title: str = "", digits: int = 2, columns: Sequence[Any] | None = None,
              note: str = "") -> Table:
        """The cells as a table. Rows are the first part of `by`; columns are the second, or all
        other parts joined by " / ". Missing cells are named below the table.

        Args:
            title: of the table.
            digits: decimal places.
            columns: which columns, in which order; None: all.
            note: text below the table.
        """
        column = {key: " / ".join(map(str, key[1:])) or self.value for key in self.cells}
        names = [str(c) for c in (dict.fromkeys(column.values()) if columns is None else columns)]
        rows = []
        for name in self.names(0):
            cells = {column[key]: cell for key, cell in self.cells.items() if key[0] == name}
            rows.append([str(name), *(cells[c].text(digits) if c in cells else "" for c in names)])
        seeds = {cell.n for cell in self.cells.values() if cell.n > 1}
        notes = [note] if note else []
        if seeds:
            count = str(max(seeds)) if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
            notes.append(f"Mean ± standard deviation over {count} seeds.")
        if self.missing():
            notes.append("Missing, and in no mean: " + "; ".join(self.missing()) + ".")
        return Table(title=title, header=[self.by[0], *names], rows=rows, note="\n".join(notes))


def aggregate(
    rows: Iterable[Row],
    by: Sequence[str] = ("system", "condition"),
    value: str = "si_sdri",
    expected: Iterable[Sequence[Any]] | None = None,
    seeds: Iterable[Any] | None = None,
) -> Summary:
    """Mean and spread of a measure over seeds.

    Args:
        rows: of `read_results`.
        by: the parts of the key of a cell.
        value: the measure.
        expected: keys, in the order of `by`, that should exist; None: those of the rows, with or
            without a value.
        seeds: that each key should have; None: all seeds of all rows, but a key that has only seed
            null needs just that one.

    Returns:
        A Summary. What is missing is named in it and enters no mean.

    Raises:
        InputError: a row lacks a part of the key, or two rows have the same key and seed.
    """
    by = tuple(by)
    values: dict[tuple[Any, ...], dict[Any, float | str | None]] = {}
    counts: dict[tuple[Any, ...], int] = {}
    if expected is not None:
        values = {tuple(key): {} for key in expected}
    for number, row in enumerate(rows, 1):
        for name in by:
            if name not in row:
                raise InputError(f"results, row {number}: key '{name}' is missing; "
                                 f"it has {', '.join(row)}")
        key, seed, x = tuple(row[name] for name in by), row.get("seed"), row.get(value)
        cell = values.setdefault(key, {})
        if seed in cell:
            raise InputError(f"results: {' / '.join(map(str, key))}, seed {seed} is given twice; "
                             "remove one of its files")
        if x == NONE:
            cell[seed] = NONE
        else:
            cell[seed] = float(x) if isinstance(x, (int, float)) and math.isfinite(x) else None
        counts[key] = max(counts.get(key, 0), int(row.get("n") or 0))
    if seeds is None:
        seeds = {s for cell in values.values() for s in cell if s is not None}
    wanted = sorted(seeds, key=str)
    cells = {}
    for key, cell in values.items():
        there = [x for x in cell.values() if isinstance(x, float)]
        need = [None] if set(cell) == {None} or not wanted else wanted
        missing = tuple(s for s in dict.fromkeys([*need, *cell]) if cell.get(s) is None)
        mean, std, n = mean_and_spread(there) if there else (math.nan, math.nan, 0)
        cells[key] = Cell(mean, std, n, missing, counts.get(key, 0))
    return Summary(by, value, cells)


# --- sections -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Paragraphs, separated by an empty line. Plain text: no markup in it is interpreted."""

    body: str
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows. Cells are shown as str(), None as missing."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture."""

    # Bytes or path of a PNG, JPEG or SVG file, or an array uint8 [H, W] (gray) or [H, W, 3] (RGB)
    image: bytes | Path | np.ndarray
    title: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Track:
    """A sound to play."""

    label: str
    samples: np.ndarray  # [N], full scale is 1
    sample_rate: int  # Hz
    note: str = ""  # text below the label, for example "SI-SDRi 9.1 dB"


@dataclass(frozen=True)
class Audio:
    """Players side by side, each with its spectrogram. All are played with one common gain, so that
    their levels can be compared. The gain is 1, or less where a sound exceeds full scale."""

    tracks: Sequence[Track]
    title: str = ""
    caption: str = ""
    spectrograms: bool = True


Section = Text | Table | Picture | Audio


def audio_section(
    title: str, sounds: Mapping[str, np.ndarray], sample_rate: int = 16000,
    notes: Mapping[str, str] | None = None, caption: str = "",
) -> Audio:
    """An Audio section.

    Args:
        title: of the section.
        sounds: {label: samples [N]}, for example "mixture", "target", "estimate".
        sample_rate: in Hz.
        notes: {label: text below it}.
        caption: text below the section.
    """
    tracks = [Track(label, samples, sample_rate, (notes or {}).get(label, ""))
              for label, samples in sounds.items()]
    return Audio(tracks, title, caption)


# --- pictures -------------------------------------------------------------------------------------


def training_curves(logs: str | Path | Mapping[str, str | Path], title: str = "Training",
                    caption: str = "") -> Picture:
    """Training loss and validation score over the steps. A step whose loss was not finite is marked
    by a dotted line.

    Args:
        logs: path of the trainer's `log.jsonl`, or {label: path}.
        title: of the section.
        caption: text below it.

    Raises:
        InputError: a log cannot be read, or none of them holds a value.
    """
    return Picture(training_svg(logs if isinstance(logs, Mapping) else {"": logs}), title, caption)


# --- writers --------------------------------------------------------------------------------------


def write_markdown(
    path: str | Path, title: str, sections: Iterable[Section], meta: Mapping[str, Any] | None = None
) -> None:
    """Writes RESULTS.md: meta, texts and tables. Pictures and sounds are only in the HTML page. It
    contains no date, so the same results give the same bytes.

    Args:
        path: where to write it.
        title: of the page.
        sections: its content, in order.
        meta: command, commit and the like.
    """
    parts = [f"# {_markdown(title)}"]
    if meta:
        parts.append("\n".join(f"- {_markdown(key)}: {_code(str(value))}"
                               for key, value in meta.items()))
    for section in sections:
        if not isinstance(section, (Text, Table)):
            continue
        if section.title:
            parts.append(f"## {_markdown(section.title)}")
        if isinstance(section, Text):
            parts += [_markdown(p) for p in _paragraphs(section.body)]
            continue
        cells = [[_markdown(_cell(c)) for c in row] for row in [section.header, *section.rows]]
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        marks = (" :-- " if left else " --: " for left in _is_text(section))
        lines.insert(1, "|" + "|".join(marks) + "|")
        parts.append("\n".join(lines))
        parts += [_markdown(line) for line in section.note.splitlines()]
    _write(path, "\n\n".join(parts) + "\n")


def write_html(
    path: str | Path, title: str, sections: Iterable[Section], meta: Mapping[str, Any] | None = None
) -> None:
    """Writes one HTML page without scripts and without other files: pictures and sounds are inside.

    Args:
        path: where to write it.
        title: of the page.
        sections: its content, in order.
        meta: command, commit and the like.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("avspeech.report"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    views = [_view(number, section) for number, section in enumerate(sections)]
    template = environment.get_template("report.html")
    _write(path, template.render(title=title, sections=views, meta=meta or {}, gap=GAP))


def print_table(table: Table) -> None:
    """Prints a table on the terminal, transposed where it fits only so.

    Args:
        table: the table.
    """
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table as Grid
    from rich.text import Text as Plain

    def grid(table: Table, left: Sequence[bool]) -> Grid:
        made = Grid(title=Plain(table.title) if table.title else None, title_justify="left")
        for name, at_left in zip(table.header, left):
            made.add_column(Plain(str(name)), justify="left" if at_left else "right", no_wrap=True)
        for row in table.rows:
            made.add_row(*(Plain(_cell(c)) for c in row))
        return made

    console = Console()
    wide = console.options.update(max_width=10_000)
    upright, turned = grid(table, _is_text(table)), grid(*_turned(table))
    widths = [Measurement.get(console, wide, g).maximum for g in (upright, turned)]
    fits = widths[0] <= console.width or widths[1] >= widths[0]
    if min(widths) > console.width:  # nothing is truncated; the terminal wraps the lines
        console = Console(width=min(widths))
    console.print(upright if fits else turned)
    for line in table.note.splitlines():
        console.print(Plain(line))


def _turned(table: Table) -> tuple[Table, list[bool]]:
    """The transposed table, and for each of its columns whether it is aligned to the left."""
    sides = [[name, *(_cell(row[i]) for row in table.rows)] for i, name in enumerate(table.header)]
    turned = Table(sides[0], sides[1:], table.title, table.note)
    return turned, [True] + [False] * len(table.rows)


def _view(number: int, section: Section) -> dict[str, Any]:
    """The values of a section for the HTML template."""
    view: dict[str, Any] = {"kind": type(section).__name__, "number": number,
                            "title": section.title, "caption": ""}
    if isinstance(section, Text):
        view["paragraphs"] = _paragraphs(section.body)
    elif isinstance(section, Table):
        rows = [[_cell(c) for c in row] for row in section.rows]
        view.update(header=section.header, rows=rows, text=_is_text(section), caption=section.note)
    elif isinstance(section, Picture):
        view.update(uri=image_uri(section.image), caption=section.caption)
    else:
        view.update(tracks=_players(section), caption=section.caption)
    return view


def _players(section: Audio) -> list[dict[str, str]]:
    import soundfile

    sounds = [np.asarray(t.samples, np.float64) for t in section.tracks]
    for track, samples in zip(section.tracks, sounds, strict=True):
        if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
            raise ValueError(f"{track.label}: expected finite samples [N], "
                             f"got shape {samples.shape}")
    gain = min([1.0] + [0.999 / float(np.abs(s).max()) for s in sounds if s.any()])
    peaks = [spectrogram_peak(s, t.sample_rate) for s, t in zip(sounds, section.tracks)]
    top = max(peaks, default=0.0)
    players = []
    for track, samples in zip(section.tracks, sounds, strict=True):
        out = io.BytesIO()
        soundfile.write(out, samples * gain, track.sample_rate, format="FLAC", subtype="PCM_16")
        picture = ""
        if section.spectrograms:
            picture = uri(spectrogram_png(samples, track.sample_rate, top), "image/png")
        players.append({"label": track.label, "note": track.note, "picture": picture,
                        "uri": uri(out.getvalue(), "audio/flac")})
    return players


def _cell(value: Any) -> str:
    return GAP if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _is_text(table: Table) -> list[bool]:
    """For each column, whether it is aligned to the left: the first column, and those in which no
    cell starts with a number."""
    number = re.compile(r"^[-+−]?(\d|inf)")
    columns = range(len(table.header))
    return [i == 0 or not any(number.match(_cell(row[i])) for row in table.rows) for i in columns]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(p.split()) for p in re.split(r"\n\s*\n", text.strip()) if p.strip()]


def _markdown(text: str) -> str:
    """Plain text as Markdown: characters with a meaning in Markdown or HTML are escaped, and a line
    break becomes a space."""
    return re.sub(r"([\\`*|<>\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Text as a Markdown code span, also if it contains backticks."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def _write(path: str | Path, text: str) -> None:
    storage.write_atomically(path, text.encode("utf-8"))
