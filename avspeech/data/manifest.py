"""Manifests: one JSONL file, one frozen `Utterance` a line, paths relative to a root.

A manifest is what a corpus becomes (`data/corpora/<name>.py` writes it) and all that tasks ever
see. Files are referred to by paths relative to a root folder, so a corpus can be moved; a path that
leads out of its root is refused.

There are two roots, and loaders take both. `Utterance.audio` and `View.video` are relative to the
corpus (`root`), which is only ever read; `View.crops` is relative to the cache (`cache`), a folder
of ours that may be thrown away. Where a corpus was prepared to, `corpus.json` beside the manifests
names its root (`data.corpora.layout.read_prepared`).
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core import storage
from avspeech.errors import InputError

# The camera angles of MEAD, in degrees: (yaw, pitch). Yaw > 0 is a camera at the speaker's left,
# pitch > 0 one above.
VIEW_ANGLES = {
    "front": (0.0, 0.0),
    "top": (0.0, 30.0),
    "down": (0.0, -30.0),
    "left_30": (30.0, 0.0),
    "left_60": (60.0, 0.0),
    "right_30": (-30.0, 0.0),
    "right_60": (-60.0, 0.0),
}


@dataclass(frozen=True)
class View:
    """One camera's picture of an utterance.

    video: path of the video file, relative to the root. "" when only `crops` are kept. name: view
    name, e.g. "front"; yaw, pitch: camera angles in degrees, None when not known. face: which face
    of the video (0: the largest); crops: path of cached mouth crops (`video.read_crops`), relative
    to the cache root, or None. start: time in seconds, in the video file, of the utterance's first
    sample.
    """

    video: str
    name: str = "front"
    yaw: float | None = None
    pitch: float | None = None
    face: int = 0
    crops: str | None = None
    start: float = 0.0


@dataclass(frozen=True)
class Utterance:
    """One stretch of speech by one speaker, with the views that were filmed of it.

    id: unique in its manifest; audio: path of the sound (a sound or video file), relative to the
    root. start, duration: seconds in that file; text: transcript or None; speaker: unique over
    corpora ("grid-s1"). labels: anything a task may want, by name: numbers or strings, or lists of
    [start, end, label] (times in seconds, from the utterance's first sample) under "words" and
    "phones". A label that is null in a manifest is left out.
    """

    id: str
    audio: str
    duration: float
    speaker: str
    start: float = 0.0
    text: str | None = None
    views: tuple[View, ...] = ()
    labels: dict[str, Any] = field(default_factory=dict)

    def view(self, name: str) -> View:
        """The view of this name. Raises InputError where there is none."""
        for view in self.views:
            if view.name == name:
                return view
        raise InputError(f"{self.id}: no view '{name}'; "
                         f"it has {', '.join(v.name for v in self.views) or 'none'}")


def resolve(root: str | Path, path: str) -> Path:
    """`path` under `root`, as an absolute path. Raises InputError for an absolute path or one that
    leaves the root (by "..", or through a symbolic link)."""
    base = os.path.realpath(root)
    full = os.path.realpath(os.path.join(base, path))
    if os.path.isabs(path) or (full != base and not full.startswith(base.rstrip(os.sep) + os.sep)):
        raise InputError(f"{path}: leads out of its root {root}; give a path relative to the root")
    return Path(full)


def _strict(cls: type, record: Any, where: str) -> dict[str, Any]:
    """`record` if its keys are just the fields of dataclass `cls` and none without default is
    absent."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected a JSON object for {cls.__name__}, got {type(record).__name__}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(record) - set(fields))
    if unknown:
        raise InputError(f"{where}: unknown key '{unknown[0]}'; known: {', '.join(fields)}")
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in record:
            raise InputError(f"{where}: key '{name}' is missing")
    return record


def _typed(cls: type, record: dict[str, Any], where: str) -> dict[str, Any]:
    kinds: dict[str, Any] = {"str": str, "float": (int, float), "int": int, "str | None": (str,
                                                                                           type(None)),
             "float | None": (int, float, type(None)), "dict[str, Any]": dict}
    for f in dataclasses.fields(cls):
        kind = kinds.get(str(f.type))
        value = record.get(f.name)
        if f.name in record and kind and (not isinstance(value, kind) or isinstance(value, bool)):
            raise InputError(f"{where}: key '{f.name}' should be {f.type}, got {value!r}")
    return record


def utterance_from_dict(record: Any, where: str = "utterance") -> Utterance:
    """An Utterance from a decoded JSON object. Raises InputError, beginning with `where`,
    for anything else."""
    record = dict(_typed(Utterance, _strict(Utterance, record, where), where))
    views = record.get("views", ())
    if not isinstance(views, (list, tuple)):
        raise InputError(f"{where}: key 'views' should be a list, got {views!r}")
    record["views"] = tuple(View(**_typed(View, _strict(View, v, f"{where}: view {i}"),
                                          f"{where}: view {i}"))
                            for i, v in enumerate(views))
    if not 0 < record["duration"] < math.inf or not 0 <= record.get("start", 0.0) < math.inf:
        raise InputError(f"{where}: duration must be above 0 and start not below 0 (seconds)")
    if not all(0 <= view.start < math.inf for view in record["views"]):
        raise InputError(f"{where}: the start of a view must not be below 0 (seconds)")
    # A label that is null is one that the utterance does not have
    record["labels"] = {k: v for k, v in record.get("labels", {}).items() if v is not None}
    return Utterance(**record)


def read_jsonl(path: str | Path) -> Iterator[tuple[str, Any]]:
    """(where, record) for each line of a JSONL file; where is "file:line". Empty lines are passed
    over."""
    try:
        with open(path, encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{path}:{number}"
                if line.strip():
                    try:
                        yield where, json.loads(line)
                    except (ValueError, RecursionError) as error:
                        raise InputError(f"{where}: not JSON ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; is it a manifest?") from None


def write_jsonl(path: str | Path, records: Iterable[Any]) -> None:
    """Writes dataclass instances, one a line, atomically (aside, then renamed).
    Keys at their default are left out."""
    with storage.writing(path) as aside, open(aside, "w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(_compact(record), ensure_ascii=False, sort_keys=False) + "\n")


def _compact(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {}
        for f in dataclasses.fields(value):
            item = getattr(value, f.name)
            default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
            if default is dataclasses.MISSING or item != default:
                kept[f.name] = _compact(item)
        return kept
    return [_compact(v) for v in value] if isinstance(value, (list, tuple)) else value


def read_manifest(path: str | Path) -> list[Utterance]:
    """The utterances of a manifest, in order. Raises InputError with file and line for a bad line
    or a repeated id."""
    utterances, seen = [], set()
    for where, record in read_jsonl(path):
        utterance = utterance_from_dict(record, where)
        if utterance.id in seen:
            raise InputError(f"{where}: id '{utterance.id}' stands twice; ids are unique in a manifest")
        seen.add(utterance.id)
        utterances.append(utterance)
    if not utterances:
        raise InputError(f"{path}: no utterance in it")
    return utterances


def write_manifest(path: str | Path, utterances: Iterable[Utterance]) -> None:
    """Writes a manifest (see `read_manifest`)."""
    write_jsonl(path, utterances)
