"""What is known of a recording beside its sound: text, word times, phones; from a `.json` or a
manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avspeech.core.listing import plain_name
from avspeech.errors import InputError


@dataclass
class Notes:
    """What is known of one recording; None where it is not known."""

    text: str | None = None  # as written, markup allowed
    words: list[tuple[float, float]] | None = None  # (start, end) of each word in seconds, in order
    phones: int | None = None  # how many


def beside(sound: Path) -> Notes:
    """Reads the `.json` of the same name beside a sound, as `avspeech speak --timestamps` writes
    it.

    Args:
        sound: the sound file. Its notes are a JSON object with "text"; "words", a list of objects
            with "start" and "end" or of lists [start, end, ...], in seconds; "phones", a list or a
            number.

    Returns:
        The notes; empty ones where there is no such file.

    Raises:
        InputError: the file is no JSON object of this kind.
    """
    note = sound.with_suffix(".json")
    if not note.is_file():
        return Notes()
    try:
        record = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{note}: not JSON ({error})") from None
    if not isinstance(record, dict):
        raise InputError(f"{note}: expected a JSON object with text, words or phones")
    return _notes(record, str(note))


def of_manifest(path: Path) -> dict[str, Notes | None]:
    """Reads the notes of a manifest's utterances.

    Args:
        path: a JSONL manifest; "words" and "phones" are labels of its utterances.

    Returns:
        Notes by utterance id, and by each ending of the sound's path without its suffix
        ("s1/a" and "a" of s1/a.wav); None for an ending that utterances with other notes share.

    Raises:
        InputError: the manifest cannot be read, or its words are not times.
    """
    from avspeech.data.manifest import read_manifest

    ids: dict[str, Notes | None] = {}
    found: dict[str, Notes | None] = {}
    for utterance in read_manifest(path):
        record = {**utterance.labels, "text": utterance.text}
        notes = _notes(record, f"{path}, {utterance.id}")
        parts = Path(plain_name(utterance.audio)).with_suffix("").parts
        for k in range(len(parts)):
            ending = "/".join(parts[k:])
            found[ending] = notes if found.get(ending, notes) == notes else None
        ids[plain_name(utterance.id)] = notes
    return {**found, **ids}


def find(known: Mapping[str, Notes | None], name: str) -> Notes | None:
    """The notes of a sound in those of a manifest; None where it is not there.

    Args:
        known: of `of_manifest`.
        name: its path without suffix, as `plain_name`.

    Raises:
        InputError: several utterances have that name.
    """
    parts = name.split("/")
    key = next((key for key in ("/".join(parts[k:]) for k in range(len(parts))) if key in known),
               None)
    if key is None:
        return None
    if (notes := known[key]) is None:
        raise InputError(f"'{key}' is the name of several utterances of the manifest: name the "
                         "sounds by their ids, or keep them in the folders that it names")
    return notes


def _notes(record: Mapping[str, Any], where: str) -> Notes:
    words, phones, text = record.get("words"), record.get("phones"), record.get("text")
    try:
        times = None if words is None else [_times(word) for word in words]
        number = len(phones) if isinstance(phones,
                                           list) else int(phones) if phones is not None else None
    except (KeyError, IndexError, TypeError, ValueError):
        raise InputError(f"{where}: 'words' should be a list of objects with start and end in "
                         "seconds, 'phones' a list or a number") from None
    if times is not None and not all(0 <= start <= end < float("inf") for start, end in times):
        raise InputError(f"{where}: a word ends before it starts, or its time is not a number of "
                         "seconds")
    return Notes(text if isinstance(text, str) else None, times or None, number)


def _times(word: Any) -> tuple[float, float]:
    if isinstance(word, dict):
        return float(word["start"]), float(word["end"])
    return float(word[0]), float(word[1])
