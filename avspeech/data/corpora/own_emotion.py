"""Sounds of your own with labels of your own, to train emotion models on.

`source` is one of

    a folder of folders    LABEL/NAME.wav, or LABEL/SPEAKER/NAME.wav where speakers are known
    a table                .csv or .tsv with the columns file, label and, where known, speaker
    a manifest             .jsonl with the keys file, label and, where known, speaker

Paths in tables and manifests are relative to their folder. Without speakers each sound counts as a
speaker of its own: then one person may be in training and test, which is said, as it makes numbers
look better than they are for voices not heard before. Sounds that are the same are found by their
content, and refused where they are in two parts.

The protocol own_emotion-held-out is made from what is there: a fifth of the speakers for test, a
fifth for development, dealt so that their classes are alike.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avspeech.core.listing import files_below, is_hidden
from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, read
from avspeech.data.labels import NOBODY, canonical, missing, spells_nothing
from avspeech.data.manifest import read_jsonl
from avspeech.data.protocol import FROM_WHAT_IS_THERE, Protocol
from avspeech.errors import InputError
from avspeech.media.audio import SOUND_SUFFIXES

ABOUT = layout.About(
    name="your own sounds",
    page="your own disk",
    terms="yours",
    layout="LABEL/*.wav or LABEL/SPEAKER/*.wav, or a .csv, .tsv or .jsonl with file, label and "
           "speaker",
)
# Columns that say where a part of a sound begins
BEGINS = ("start", "begin", "onset", "start_time", "starttime")


def _sounds(source: Path, others: list[Path]) -> Iterator[tuple[Path, str, str]]:
    """(file, label, speaker) of a folder of folders; `others` takes what is no such file."""
    others += [path for path in sorted(source.iterdir())
               if path.is_file() and not is_hidden(path.name)]
    for label in layout.folders(source):
        if spells_nothing(label.name):
            raise InputError(f"{label}: a folder of what has no label, by its name; move it away, "
                             "or, where it is a class, call it otherwise")
        for path in files_below(label):
            if path.suffix.lower() not in SOUND_SUFFIXES:
                others.append(path)
            else:
                inner = path.relative_to(label).parts[:-1]
                speaker = "/".join(inner)
                yield path, label.name, "" if spells_nothing(speaker, NOBODY) else speaker


def _listed(source: Path, ignored: list[str]) -> Iterator[tuple[Path, str, str]]:
    """(file, label, speaker) of a table or a manifest; `ignored` takes names of other columns."""
    known = {"file", "label", "speaker"}
    rows: Any
    if source.suffix.lower() == ".jsonl":
        rows = read_jsonl(source)
    else:
        rows = tables.read_rows(source, "\t" if source.suffix.lower() == ".tsv" else ",")
    first: dict[Path, str] = {}
    for where, row in rows:
        if not isinstance(row, dict):
            raise InputError(f"{where}: expected an object with file, label and speaker")
        for key in row:
            if key not in known:
                known.add(key)
                ignored.append(key)
        gone = [key for key in ("file", "label")
                if row.get(key) is None or not str(row[key]).strip()]
        if gone:
            raise InputError(f"{where}: no '{gone[0]}'; expected file, label and, where known, "
                             "speaker")
        for key in ("file", "speaker"):
            if not isinstance(row.get(key), (str, int, float, type(None))):
                raise InputError(f"{where}: {key}: expected a name, got {str(row[key])[:40]}")
            if any(sign < " " for sign in str(row.get(key) or "").strip()):
                raise InputError(f"{where}: {key}: a control character in {row[key]!r}; leave it "
                                 "out")
        begin = next((key for key in BEGINS if _later(row.get(key))), None)
        if begin:
            raise InputError(f"{where}: {begin} {row[begin]}: a part of a sound, but each row "
                             "stands for a whole file here; cut the sounds, and leave the times "
                             "out")
        label = row["label"]
        label = tables.bare(label) if isinstance(label, str) else label
        if (not isinstance(label, (str, int, float)) or missing(label)
                or any(sign < " " for sign in str(label))):
            raise InputError(f"{where}: label: expected one word, got "
                             f"{' '.join(str(label)[:40].split())}; leave out what has no label")
        inner = os.path.relpath(source.parent / str(row["file"]), source.parent)
        if inner.split(os.sep)[0] == os.pardir:
            raise InputError(f"{where}: {row['file']}: not in {source.parent}, the table's folder; "
                             "move the table to a folder that all its sounds are in")
        path = source.parent / inner
        if not layout.is_file(path):
            slashes = "; write / for \\ in paths" if "\\" in str(row["file"]) else ""
            raise InputError(f"{where}: {path}: no such file; paths are relative to "
                             f"{source.parent}{slashes}")
        if first.setdefault(path.resolve(), where) != where:
            raise InputError(f"{where}: {path} is listed already at {first[path.resolve()]}; "
                             "leave one of them")
        speaker = tables.bare(str("" if row.get("speaker") is None else row["speaker"]))
        yield path, str(label), "" if spells_nothing(speaker, NOBODY) else speaker


def _later(begin: Any) -> bool:
    """Whether a cell says that a part of a sound begins behind the sound's own beginning."""
    text = str(begin or "").strip()
    return any("1" <= sign <= "9" for sign in text) and not set(text) - set("0123456789.,:")


def _one_spelling(clips: list[Clip]) -> list[str]:
    """Gives classes that are spelled in several ways ("angry", "ANGRY", "anger") the spelling that
    is there most often; returns what to say about it."""
    spelled = Counter(c.labels["emotion"] for c in clips)
    best: dict[str, str] = {}
    for name, _ in spelled.most_common():
        best.setdefault(canonical(name), name)
    for clip in clips:
        clip.labels["emotion"] = best[canonical(clip.labels["emotion"])]
    others = [f"'{name}' as '{best[canonical(name)]}'" for name in spelled
              if best[canonical(name)] != name]
    return [f"one class in several spellings: {layout.named(others, 20)}"] if others else []


def scan(source: Path) -> Scan[Clip]:
    """All sounds, in order. Labels: emotion. Raises InputError for a table that cannot be used, or
    fewer than two labels."""
    listed = source.is_file()
    if listed and source.suffix.lower() not in (".csv", ".tsv", ".txt", ".jsonl"):
        raise InputError(f"{source}: expected a folder, or a table .csv, .tsv or .jsonl")
    root = source.parent if listed else source
    clips, seen = [], Counter[str]()
    others: list[Path] = []
    ignored: list[str] = []
    for path, label, speaker in (_listed(source, ignored) if listed else _sounds(source, others)):
        name = "-".join(path.relative_to(root).with_suffix("").parts).replace(" ", "_")
        seen[name] += 1
        if seen[name] > 1:
            name += f"-{seen[name]}"
        clips.append(Clip(name, path, speaker or f"unknown-{name}", {"emotion": label}))
    if listed and not clips:
        raise InputError(f"{source}: no row in it; expected file, label and, where known, speaker "
                         "a row")
    merged = _one_spelling(clips)
    labels = Counter(c.labels["emotion"] for c in clips)
    if clips and len(labels) < 2:
        raise InputError(f"{source}: one label, '{next(iter(labels))}'; expected two or more")
    known = {c.speaker for c in clips if not c.speaker.startswith("unknown-")}
    alike = Counter(name.casefold() for name in known)
    same = sorted((name for name in known if alike[name.casefold()] > 1), key=str.casefold)
    without = sum(c.speaker.startswith("unknown-") for c in clips)
    found = [f"{len(clips):,} sounds, {len(known):,} known speakers, labels: "
             + layout.named([f"{name} ({n:,})" for name, n in labels.most_common()], 20)]
    found += merged
    found += layout.grouped("files left out, which are no sound by their name or not in a label's "
                            "folder", [layout.below(path, root) for path in others])
    if ignored:
        found.append(f"columns that are not used: {layout.named(ignored, 6)}")
    if same:
        found.append(f"names that differ in capitals alone count as {len(same)} speakers: "
                     f"{layout.named(same, 6)}; where they are one person, write them alike")
    if without:
        found.append(f"{without:,} sounds without a known speaker: voices of the test may have "
                     "been heard in training, and numbers may be better than for new voices")
    return Scan(clips, found)


def prepare(source: str | Path | None, out: str | Path, incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes one manifest of all sounds.

    Args:
        source: a folder of folders, a table or a manifest.
        out: folder for the manifest.
        incomplete: go on without sounds that cannot be used.
        workers: threads that open files.

    Returns:
        The path of the manifest.

    Raises:
        InputError: there is no sound, or some cannot be used and `incomplete` is off.
    """
    source = Path(str(source))
    found = scan(source) if source.exists() else Scan[Clip]([], [])
    if not found.clips:
        raise layout.absent(source, ABOUT)
    root = source.parent if source.is_file() else source
    utterances, problems, _ = read("own_emotion", root, found, workers)
    if problems and not incomplete:
        raise InputError(f"{source}: {'; '.join(problems[:3])}. Mend or remove them, or go on "
                         "without them with incomplete=true (in a recipe: corpus.incomplete=true)")
    return layout.finish(out, {"all": utterances}, layout.Prepared(
        "own_emotion", str(root.resolve()), "none", 0, found=found.found, problems=problems))


def check(source: str | Path) -> list[str]:
    """The sounds that cannot be used, one line for each problem. Raises InputError where there is
    no sound."""
    source = Path(source)
    found = scan(source) if source.exists() else Scan[Clip]([], [])
    if not found.clips:
        raise layout.absent(source, ABOUT)
    return read("own_emotion", source.parent if source.is_file() else source, found, 4)[1]


PROTOCOLS = (Protocol(
    name="own_emotion-held-out", corpus="own_emotion", label="emotion", kind="classification",
    classes=(), mapping={}, group="speaker", folds=FROM_WHAT_IS_THERE,
    source="a fifth of the speakers for test, a fifth for development"),)
