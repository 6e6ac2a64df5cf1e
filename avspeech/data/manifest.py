"""Manifests: one JSONL file, one frozen `Utterance` a line, paths relative to a root.

Preparing a corpus writes manifests (`data/corpora/<name>.py`), and tasks read nothing else. Files
are named by paths relative to a root folder, so a corpus can be moved; a path that leads out of its
root is refused.

There are two roots, and loaders take both. `Utterance.audio` and `View.video` are relative to the
corpus (`root`), which is only read. `View.crops` is relative to the cache (`cache`), a folder of
files that can be made again. `corpus.json` beside the manifests of a prepared corpus names its root
(`data.corpora.layout.read_prepared`).
"""

from __future__ import annotations

import dataclasses
import functools
import gc
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avspeech.core import storage
from avspeech.core.strict_json import once
from avspeech.data.labels import is_nobody, spells_nothing
from avspeech.errors import InputError, such_as

# The camera angles of MEAD in degrees: (yaw, pitch). Yaw > 0: the camera is at the speaker's left;
# pitch > 0: it is above.
VIEW_ANGLES = {
    "front": (0.0, 0.0),
    "top": (0.0, 30.0),
    "down": (0.0, -30.0),
    "left_30": (30.0, 0.0),
    "left_60": (60.0, 0.0),
    "right_30": (-30.0, 0.0),
    "right_60": (-60.0, 0.0),
}


LONGEST = 2**24  # characters of a line of a JSONL file
ENDLESS = 1e9  # seconds: no recording is as long
TIMED = ("words", "phones", "breaks")  # labels that are lists of stretches of time
PART = "split"  # the label that is no class: of a published part; "none" is out of all
LISTS = ("tones",)  # and those that are other lists, of the corpora made on the spot
# Types that JSON may give to a field, by its annotation
KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,), "float": (float, int), "int": (int,), "str | None": (str, type(None)),
    "float | None": (float, int, type(None)), "dict[str, Any]": (dict,)}


@dataclass(frozen=True, slots=True)
class View:
    """One camera's view of an utterance."""

    video: str  # path of the video file, relative to the root; "" if there are only `crops`
    name: str = "front"  # of the view
    yaw: float | None = None  # camera angle in degrees; None: unknown
    pitch: float | None = None  # camera angle in degrees; None: unknown
    face: int = 0  # which face of the video, 0: the largest
    # Path of cached mouth crops (`video.read_crops`), relative to the cache root; None: no crops
    crops: str | None = None
    start: float = 0.0  # time of the utterance's first sample in the video file, in seconds


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech by one speaker, with its camera views."""

    id: str  # unique in its manifest
    audio: str  # path of a sound or video file, relative to the root
    duration: float  # seconds
    speaker: str  # unique over all corpora, e.g. "grid-s1"
    start: float = 0.0  # seconds in the file
    text: str | None = None  # transcript
    views: tuple[View, ...] = ()
    # Labels of any task by name: numbers or strings. "words", "phones" and "breaks" are lists of
    # [start, end, label], in seconds from the utterance's first sample. A label that is null is
    # left out; one that spells it ("None", "NaN", "N/A") is refused. Utterances of a manifest with
    # the same labels share them: they are not to be changed
    labels: dict[str, Any] = field(default_factory=dict)

    def view(self, name: str) -> View:
        """The view with a name.

        Args:
            name: for example "front".

        Raises:
            InputError: the utterance has no such view.
        """
        for view in self.views:
            if view.name == name:
                return view
        raise InputError(f"{self.id}: no view '{name}'; "
                         f"it has {', '.join(v.name for v in self.views) or 'none'}")


def resolve(root: str | Path, path: str) -> Path:
    """The absolute path of a file of a manifest.

    Args:
        root: folder that the path is relative to.
        path: as in the manifest.

    Raises:
        InputError: the path is absolute, or leaves the root by ".." or through a symbolic link.
    """
    base = os.path.realpath(root)
    try:
        full = os.path.realpath(os.path.join(base, path))
    except ValueError:  # NUL
        raise InputError(f"{path!r}: no file can have this name") from None
    if os.path.isabs(path) or (full != base and not full.startswith(base.rstrip(os.sep) + os.sep)):
        raise InputError(f"{path}: leads out of its root {root}; give a path relative to the root")
    return Path(full)


@functools.cache
def _fields(cls: type) -> tuple[dict[str, tuple[type, ...]], frozenset[str]]:
    """The names of the fields of a dataclass with the types that JSON may give them (none: any),
    and the names of those without a default."""
    fields = dataclasses.fields(cls)
    required = {f.name for f in fields
                if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    return {f.name: KINDS.get(str(f.type), ()) for f in fields}, frozenset(required)


def _checked(cls: type, record: Any, where: str) -> dict[str, Any]:
    """`record`, if its keys are fields of the dataclass `cls`, of their types, and no required one
    is missing."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected a JSON object for {cls.__name__}, "
                         f"got {type(record).__name__}")
    known, required = _fields(cls)
    if not known.keys() >= record.keys():
        raise InputError(f"{where}: unknown key '{min(record.keys() - known.keys())}'; "
                         f"known: {', '.join(known)}")
    if not record.keys() >= required:
        name = next(name for name in known if name in required and name not in record)
        raise InputError(f"{where}: key '{name}' is missing")
    for name, value in record.items():
        kinds = known[name]
        if kinds and type(value) not in kinds:
            _wrong_type(cls, record, where)
    return record


def _wrong_type(cls: type, record: dict[str, Any], where: str) -> None:
    """Raises InputError for the first field whose value is of another type."""
    for f in dataclasses.fields(cls):
        value, kinds = record.get(f.name), KINDS.get(str(f.type))
        if f.name in record and kinds and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise InputError(f"{where}: key '{f.name}' should be {f.type}, got {value!r}")


def utterance_from_dict(record: Any, where: str = "utterance") -> Utterance:
    """An Utterance from a decoded JSON object.

    Args:
        record: the object.
        where: start of an error message, for example "file:line".

    Raises:
        InputError: the object is not an utterance.
    """
    record = dict(_checked(Utterance, record, where))
    views = record.get("views", ())
    if not isinstance(views, (list, tuple)):
        raise InputError(f"{where}: key 'views' should be a list, got {views!r}")
    record["views"] = tuple(View(**_checked(View, view, f"{where}: view {i}"))
                            for i, view in enumerate(views)) if views else ()
    if not record["id"].strip():
        raise InputError(f"{where}: an empty id; give each utterance a name of its own")
    for name in ("id", "audio", "speaker"):
        if not record[name].isprintable() and min(record[name]) < " ":
            raise InputError(f"{where}: key '{name}': a control character in {record[name]!r}; "
                             "leave it out")
    if not 0 < record["duration"] < ENDLESS or not 0 <= record.get("start", 0.0) < ENDLESS:
        raise InputError(f"{where}: duration must be above 0 and start not below 0 (seconds)")
    for view in record["views"]:
        if not 0 <= view.start < ENDLESS:
            raise InputError(f"{where}: the start of a view must not be below 0 (seconds)")
        if view.face < 0:
            raise InputError(f"{where}: a face below 0; expected 0 for the largest, 1 for the next")
    if is_nobody(record["speaker"]):
        raise _nobody(record["speaker"], where)
    # Of a million rows, the same few names and classes are kept once
    record["speaker"] = sys.intern(str(record["speaker"]))
    labels = {sys.intern(str(name)): _label(name, value, where)
              for name, value in record.get("labels", {}).items() if not _missing(value)}
    try:  # with their types, as 1 is 1.0
        labels = _shared(tuple((name, type(value), value) for name, value in labels.items()))
    except TypeError:  # lists
        pass
    return Utterance(**{**record, "labels": labels})


@functools.lru_cache(maxsize=10_000)
def _shared(labels: tuple[tuple[str, type, Any], ...]) -> dict[str, Any]:
    return {name: value for name, _, value in labels}


def _nobody(speaker: str, where: str) -> InputError:
    name = speaker.strip()
    return InputError(f"{where}: " + (f"the speaker '{name}'" if name else "an empty speaker")
                      + ", who would be in training and test alike; give a name, or where it is "
                      "not known one of its own to each utterance")


def _label(name: str, value: Any, where: str) -> Any:
    """A label as it is. Raises InputError where it is no label."""
    if name != PART and spells_nothing(value):
        raise InputError(f"{where}: label '{name}' is the text '{value.strip()}', which programs "
                         "write where there is none; leave the label out, or, where it is a class, "
                         "call it otherwise")
    if isinstance(value, float) and math.isinf(value):
        raise InputError(f"{where}: label '{name}' is infinite; give a number")
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, (int, float)):
        return value
    if name in LISTS and isinstance(value, list):
        return value
    if name not in TIMED or not isinstance(value, list):
        raise InputError(f"{where}: label '{name}' should be a word or a number, got "
                         f"{json.dumps(value)[:60]}; give one, or leave the label out")
    for number, item in enumerate(value, 1):
        times: Any = item if isinstance(item, list) else ()
        if isinstance(item, dict):
            times = item.get("start"), item.get("end")
        if (len(times) < 2 or not isinstance(times[0], (int, float))
                or not isinstance(times[1], (int, float))
                or not 0 <= times[0] <= times[1] < ENDLESS):
            raise InputError(f"{where}: label '{name}', item {number}: expected [start, end, "
                             "label] in seconds, the start not below 0 and the end not before it, "
                             f"got {json.dumps(item)[:60]}")
    return value


def _missing(label: Any) -> bool:
    """Whether a label is none: null, NaN (as tables of pandas write what is not there) or blank."""
    if isinstance(label, float):
        return math.isnan(label)
    return label is None or isinstance(label, str) and not label.strip()


def read_jsonl(path: str | Path) -> Iterator[tuple[str, Any]]:
    """Reads a JSONL file. Empty lines are skipped.

    Args:
        path: the file.

    Yields:
        ("file:line", record) for each line.

    Raises:
        InputError: the file cannot be read, or a line is not JSON.
    """
    decode = json.JSONDecoder(object_pairs_hook=once).decode
    try:
        with open(path, encoding="utf-8-sig") as lines:
            read = functools.partial(lines.readline, LONGEST + 1)
            for number, line in enumerate(iter(read, ""), 1):
                where = f"{path}:{number}"
                if len(line) > LONGEST:
                    raise InputError(f"{where}: a line of more than {LONGEST:,} characters; is it "
                                     "a manifest?")
                if line.strip():
                    try:
                        yield where, decode(line)
                    except (ValueError, RecursionError) as error:
                        raise InputError(f"{where}: not JSON ({error}); expected one object "
                                         "of JSON a line") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; expected a file of JSON lines"
                         + such_as(sorted(Path(path).glob("*.jsonl")))) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; is it a manifest? "
                         "Save it as UTF-8") from None


def write_jsonl(path: str | Path, records: Iterable[Any]) -> None:
    """Writes dataclass instances to a JSONL file, atomically. Keys with their default are left out.

    Args:
        path: the file to write or replace.
        records: one for each line.
    """
    with storage.writing(path) as aside, open(aside, "w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(_compact(record), ensure_ascii=False, sort_keys=False) + "\n")


def _compact(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {}
        for f in dataclasses.fields(value):
            item = getattr(value, f.name)
            default = f.default
            if f.default_factory is not dataclasses.MISSING:
                default = f.default_factory()
            if default is dataclasses.MISSING or item != default:
                kept[f.name] = _compact(item)
        return kept
    return [_compact(v) for v in value] if isinstance(value, (list, tuple)) else value


def read_manifest(path: str | Path) -> list[Utterance]:
    """Reads a manifest.

    Args:
        path: the JSONL file.

    Returns:
        Its utterances, in order.

    Raises:
        InputError: a line is invalid, an id occurs twice, or there is no utterance.
    """
    utterances, seen = [], set()
    collects = gc.isenabled()
    gc.disable()  # it would go through millions of objects again and again, and find nothing
    try:
        for where, record in read_jsonl(path):
            utterance = utterance_from_dict(record, where)
            if utterance.id in seen:
                raise InputError(f"{where}: id '{utterance.id}' is given twice; "
                                 "ids must be unique in a manifest")
            seen.add(utterance.id)
            utterances.append(utterance)
    finally:
        if collects:
            gc.enable()
    if not utterances:
        raise InputError(f"{path}: contains no utterance")
    names = {u.speaker for u in utterances}
    for name in names:
        if is_nobody(name, names):
            raise _nobody(name, str(path))
    return utterances


def write_manifest(path: str | Path, utterances: Iterable[Utterance]) -> None:
    """Writes a manifest.

    Args:
        path: the JSONL file to write or replace.
        utterances: in order.
    """
    write_jsonl(path, utterances)
