"""The voices of a video's faces, in a folder that outlives a recognizer which fails.

Looking for faces and extracting voices takes most of the time. So they are written beside the
results before anything is recognized, and `transcribe` removes them at its end. Where it does not
come so far, the same command finds them there and goes on; `voices.json` says what they were made
of.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from avspeech.core import storage
from avspeech.errors import InputError
from avspeech.version import __version__

RECORD = "voices.json"


@dataclass(frozen=True)
class Voices:
    """What is known of the faces whose voices are recognized, in their order."""

    wavs: list[str]  # names of files in the folder
    boxes: list[list[list[float]]]  # of `pages.face_boxes`, a list for each; empty: not known
    # [seconds at which each step begins, how sure the extractor was in it], None where not known
    trust: list[tuple[list[float], list[float]] | None]
    doubts: list[str | None]  # what the extractor warns of, None where of nothing


def folder_of(out: Path, stem: str) -> Path:
    """Where the voices of a video are kept.

    Args:
        out: folder of the results.
        stem: of the video.

    Raises:
        InputError: something else is there.
    """
    folder = out / f"{stem}_captions_voices"
    if folder.exists() and not (folder / RECORD).is_file():
        raise InputError(f"{folder}: not replaced, as it holds no voices of an earlier run; choose "
                         "another --out, or move it")
    return folder


def key_of(videos: Sequence[Path], **settings: Any) -> str:
    """What the voices are made of, as a hash.

    Args:
        videos: their content counts.
        settings: all else that changes the voices.
    """
    parts = {"version": __version__, "videos": [storage.content_hash(path) for path in videos],
             **settings}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def kept(folder: Path, key: str) -> Voices | None:
    """The voices in a folder, if they were made of the same; else None.

    Args:
        folder: of `folder_of`.
        key: of `key_of`.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record.pop("key") != key or not all(
                storage.content_hash(folder / name) == digest
                for name, digest in record.pop("sha256").items()):
            return None
        return Voices(**record)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def make(folder: Path, key: str, work: Callable[[Path], Voices]) -> Voices:
    """Makes voices and keeps them in a folder, whole or not at all.

    Args:
        folder: of `folder_of`.
        key: of `key_of`.
        work: writes the sounds into the folder it is given.
    """
    storage.sweep_beside(folder)
    with storage.writing_folder(folder) as aside:
        made = work(aside)
        sums = {name: storage.file_hash(aside / name) for name in made.wavs}
        record: Mapping[str, Any] = {"key": key, "sha256": sums, **asdict(made)}
        storage.write_file(aside / RECORD, json.dumps(record).encode())
    return made


def remove(folder: Path) -> None:
    """Removes what `make` wrote."""
    shutil.rmtree(folder, ignore_errors=True)


def tell(folder: Path) -> str:
    """What to say where the work ends before the voices are recognized."""
    return f"the extracted voices are kept in {folder}: the same command goes on from them"


def tell_taken(folder: Path) -> None:
    """Says that the voices of an earlier run are taken."""
    warnings.warn(f"{folder}: its voices, of an earlier run, are taken", stacklevel=2)
