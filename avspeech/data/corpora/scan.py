"""What those corpora share that are sounds and a table that says what they are: `Clip`s of a scan become one
manifest, `all.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError


@dataclass(frozen=True)
class Clip:
    """One clip: id and speaker without the corpus' name. start, end: seconds in the file, all of it by
    default."""

    id: str
    path: Path
    speaker: str
    labels: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True)
class Scan:
    """What is in a corpus: clips, whether or not their sound is there; found: counts, to be printed;
    problems: where they are not the published ones."""

    clips: list[Clip]
    found: list[str]
    problems: list[str] = field(default_factory=list)


def counts(have: Mapping[str, int], published: Mapping[str, int], noun: str) -> tuple[list[str], list[str]]:
    """(a line on the whole, a line for each part that is not as published)."""
    whole = [layout.counted(sum(have.values()), sum(published.values()), noun)]
    return whole, [f"{name}: {layout.counted(have.get(name, 0), number, noun)}"
                   for name, number in published.items() if have.get(name, 0) != number]


def columns(path: Path, *names: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a table (`layout.read_table`). Raises InputError where one of these columns (in lower case)
    is not in it."""
    rows = layout.read_table(path, delimiter)
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
    if not path.is_file():
        return None
    return " ".join(path.read_text(encoding="utf-8", errors="replace").split()) or None


def _read(corpus: str, source: Path, scan: Scan, workers: int) -> tuple[list[Utterance], list[str]]:
    there = [c for c in scan.clips if c.path.is_file()]
    problems = list(scan.problems) + layout.grouped(
        "clips without sound", [layout.below(c.path, source) for c in scan.clips if not c.path.is_file()])
    problems += layout.empty((c.path for c in there), source)

    def work(clip: Clip) -> Utterance:
        seconds = layout.media(clip.path).audio
        end = seconds if clip.end is None else min(clip.end, seconds)
        if end <= clip.start:
            raise InputError(f"{layout.below(clip.path, source)}: ends before {clip.id} begins")
        return Utterance(id=f"{corpus}-{clip.id}", audio=layout.below(clip.path, source),
                         duration=round(end - clip.start, 4), speaker=f"{corpus}-{clip.speaker}",
                         start=clip.start, text=clip.text, labels=clip.labels)

    read, unusable = layout.gather([c for c in there if c.path.stat().st_size], work, corpus, workers)
    return read, problems + layout.grouped("unusable clips", unusable)


def prepare(corpus: str, about: layout.About, source: str | Path, out: str | Path, scan: Scan,
            incomplete: bool, workers: int) -> list[Path]:
    """Writes all.jsonl. Raises InputError where the corpus is absent, or not whole and `incomplete` off."""
    source = Path(source)
    if not scan.clips:
        raise layout.absent(source, about)
    utterances, problems = _read(corpus, source, scan, workers)
    return layout.finish_whole(out, about, corpus, source, utterances, scan.found, problems, incomplete)


def check(corpus: str, about: layout.About, source: str | Path, scan: Scan) -> list[str]:
    """What is missing or wrong, a line each. Raises InputError where the corpus is absent."""
    source = Path(source)
    if not scan.clips:
        raise layout.absent(source, about)
    return _read(corpus, source, scan, 4)[1]
