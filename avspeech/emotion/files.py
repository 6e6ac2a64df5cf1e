"""The emotions of files, printed: what `avspeech emotion` does.

--json: a line for each file, a JSON object with the keys file, label, posteriors {label:
probability}, seconds, speech, notes, error, and track, a list of {start, end, label, posteriors,
speech}. --csv: a line for each file, whose part is "file", followed by one for each of its windows,
whose part is "window". For a file that cannot be read, `error` says why and the rest is empty.
"""

from __future__ import annotations

import csv
import json
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from avspeech.core.listing import files_below
from avspeech.data.corpora import own_emotion
from avspeech.emotion.recognizer import Emotion, EmotionRecognizer, Moment
from avspeech.errors import InputError

DIGITS = 4


def sounds_of(places: Iterable[Path]) -> list[Path]:
    """Files as they are given, and for each folder the sounds and videos below it, in order.

    Args:
        places: files and folders.

    Raises:
        InputError: a folder holds no sound and no video.
    """
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            found.append(place)
            continue
        below = files_below(place)
        inside = [f for f in below if f.suffix.lower() in own_emotion.SOUNDS]
        others = len(below) - len(inside)
        if not inside:
            raise InputError(f"{place}: none of the {others} files below this folder is a sound or "
                             "a video; expected .wav, .flac, .mp3, .mp4 or the like")
        if others:
            warnings.warn(f"{place}: {others} files that are no sounds or videos by their suffix "
                          "are left out", stacklevel=2)
        found += inside
    return found


def print_emotions(recognizer: EmotionRecognizer, files: Iterable[str | Path], form: str = "text",
                   progress: bool = False, track: int | None = None) -> int:
    """Prints the emotions of files on stdout, each as soon as it is known.

    A file that cannot be read is named in one line on stderr, and the next one follows.

    Args:
        recognizer: gives the answers.
        files: sound or video.
        form: "text", "json" or "csv".
        progress: show a bar on stderr.
        track: which of each file's tracks of sound, from 1; None: see `media.audio.read`.

    Returns:
        The number of files that could not be read.
    """
    bad, told = 0, False
    labels = list(recognizer.labels)
    table = csv.writer(sys.stdout, lineterminator="\n")
    if form == "csv":
        table.writerow(["file", "part", "start", "end", "label", "speech",
                        *(f"p_{x}" for x in labels), "notes", "error"])
    for path in files:
        emotion, error = _answer(recognizer, path, progress, track)
        if error is not None:
            bad += 1
            print(f"avspeech: error: {error}", file=sys.stderr)
        if form == "json":
            print(json.dumps(record(path, emotion, error), ensure_ascii=False))
        elif form == "csv":
            table.writerows(rows(path, emotion, error, labels))
        elif emotion is not None:
            told = told or recognizer.caution in emotion.notes
            print("\n".join(lines(path, emotion, recognizer.caution)))
        sys.stdout.flush()
    if told:  # it is about the model, not about a file
        print(f"note: {recognizer.caution}")
    return bad


def _answer(recognizer: EmotionRecognizer, path: str | Path, progress: bool,
            track: int | None) -> tuple[Emotion | None, str | None]:
    """The answer for a file, or in one line why there is none."""
    try:
        return recognizer.file(path, progress, track), None
    except InputError as problem:
        return None, " ".join(str(problem).split())
    except Exception as problem:  # whatever a decoder raises, the other files must not be lost
        text = " ".join(str(problem).split())
        return None, f"{path}: cannot be processed ({type(problem).__name__}{text and ': '}{text})"


def record(path: str | Path, emotion: Emotion | None, error: str | None) -> dict[str, Any]:
    """The JSON object of a file; it always has the same keys.

    Args:
        path: the file.
        emotion: its answer, if there is one.
        error: why there is none.
    """
    keys = ("label", "posteriors", "seconds", "speech", "notes", "track")
    values: dict[str, Any] = {**dict.fromkeys(keys), "notes": [], "track": []}
    if emotion:
        values = _rounded(emotion.as_dict())
    return {"file": str(path), **{key: values[key] for key in keys[:-1]}, "error": error,
            "track": values["track"]}


def rows(path: str | Path, emotion: Emotion | None, error: str | None,
         labels: list[str]) -> list[list[Any]]:
    """The rows of a CSV table for a file: its own, then its windows'. Arguments as for `record`."""
    if emotion is None:
        return [[str(path), "file", "", "", "", "", *[""] * len(labels), "", error]]
    parts: list[tuple[float, float, Emotion | Moment, str]] = [
        (0.0, emotion.seconds, emotion, "; ".join(emotion.notes)),
        *((m.start, m.end, m, "") for m in emotion.track)]
    out = []
    for start, end, part, notes in parts:
        numbers = [round(part.posteriors[label], DIGITS) for label in labels]
        out.append([str(path), "file" if part is emotion else "window", round(start, DIGITS),
                    round(end, DIGITS), part.label or "", round(part.speech, DIGITS), *numbers,
                    notes, ""])
    return out


def lines(path: str | Path, emotion: Emotion, known: str | None = None) -> list[str]:
    """Lines for the terminal: the file, its notes and, where there are several, its windows.

    Args:
        path: the file.
        emotion: its answer.
        known: a note that is told elsewhere.
    """
    out = [f"{path}: {_ranked(emotion.label, emotion.posteriors, 3)}  [{emotion.seconds:.1f} s, "
           f"{100 * emotion.speech:.0f} % speech]"]
    out += [f"  note: {note}" for note in emotion.notes if note != known]
    if len(emotion.track) > 1:
        for m in emotion.track:
            answer = _ranked(m.label, m.posteriors, 2)
            out.append(f"  {_clock(m.start)} - {_clock(m.end)}  {answer}")
    return out


def _ranked(label: str | None, posteriors: dict[str, float], count: int) -> str:
    """The `count` most probable classes."""
    if label is None:
        return "silence"
    ranked = sorted(posteriors.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{name} {100 * p:.0f} %" for name, p in ranked)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes):3d}:{rest:04.1f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, DIGITS) if isinstance(value, float) else value
