"""Reads timed captions: scenes with a start, an end and a text, of the public benchmark, WebVTT or
SubRip (.srt).

    read("ours_gt_file.json", reference=True)      # JSON lines, a JSON list, or one JSON object
    read("merged_result.jsonl", reference=False)   # what a captioner wrote
    read("captions.vtt", reference=False)          # one video
    read("folder", reference=False)                # a folder of .vtt files, one for each video

JSON, one object for each video:

- `clip_path` (or `video`, or `id`) names the video.
- A reference has its scenes under `scenes`, or under the only key whose value is a list of objects.
  A scene has `timestamp` (or `time`, or `start` and `end`), and under `key_points` (or directly) a
  list of texts for each dimension.
- A prediction has its scenes under `prediction_json`, under `prediction` (a list, or a string that
  is JSON, also between ``` fences), or under `scenes`. All texts of a scene are joined. Null, an
  empty list and an empty string are a video without predictions.

`clip_path`, `prediction`, `prediction_json`, `timestamp` and `segment_detail_caption` are names
that the benchmark documents. The names of its key points are not documented, so a key stands for
the dimension whose stem (`STEMS`) it contains: `visual_background` is `background`. A key that fits
none, or two, is refused.

WebVTT: each cue is a scene. In a reference each line of a cue is one key point: of `speech` within
a voice span (`<v Name>`), of the dimension that it names where it begins with one of the six names
and a colon (`Camera: a slow pan`), of `events` otherwise. These rules are a choice made here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from avspeech.core.listing import files_below, plain_name
from avspeech.core.strict_json import once
from avspeech.errors import InputError
from avspeech.report import webvtt

DIMENSIONS = ("events", "background", "acoustics", "style", "speech", "camera")
STEMS = {"event": "events", "background": "background", "acoustic": "acoustics",
         "style": "style", "edit": "style", "speech": "speech", "dialog": "speech",
         "camera": "camera"}
_NAMES = ("clip_path", "video", "id")
_TIMES = ("timestamp", "time", "start", "end")
_MEDIA = {".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".mpg", ".ts", ".wav", *webvtt.SUFFIXES}
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(?:(\d{1,6}):)?(\d{1,9}(?:\.\d{1,9})?)", re.ASCII)
_LONGEST = 1e9  # seconds; a time beyond this is no time of a video
_LABEL = re.compile(rf"\s*({'|'.join(DIMENSIONS)})\s*:\s*(?=\S)", re.IGNORECASE)
_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*?)```\s*", re.DOTALL)


@dataclass(frozen=True)
class Scene:
    """A stretch of a video and what is said of it."""

    start: float  # seconds
    end: float  # seconds, at least `start`
    text: str = ""  # all texts of the scene, one a line
    points: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # {dimension: key points}


@dataclass
class Captions:
    """The captions of one file or folder."""

    videos: dict[str, list[Scene]]  # {name of the video without its suffix: scenes as written}
    problems: dict[str, str]  # {name of a video, or its place: why it is unreadable, in one line}
    unnamed: bool = False  # one WebVTT file: the name of its video is not known


def read(path: str | Path, reference: bool) -> Captions:
    """Reads the captions of a file or of a folder of .vtt files.

    A video that cannot be read is in `problems`, with its file and line; the others are read.

    Args:
        path: .json or .jsonl (see above), .vtt, .srt, or a folder that is searched for the latter.
        reference: whether the scenes need key points; otherwise they are predictions.

    Returns:
        The scenes of each video.

    Raises:
        InputError: the file cannot be read at all, or has another suffix.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path, reference)
    if path.suffix.lower() in webvtt.SUFFIXES:
        return Captions({path.stem: _vtt(path, reference)}, {}, unnamed=True)
    if path.suffix.lower() in (".json", ".jsonl"):
        return _json_file(path, reference)
    raise InputError(f"{path}: expected .json, .jsonl, .vtt, .srt or a folder of .vtt or "
                     f".srt files{webvtt.instead(path)}")


def seconds(value: object) -> tuple[float, float]:
    """A time span: a pair of numbers, or a text such as `00:05-00:12`, `5-12.5`, `1:02:03-1:02:09`.

    Args:
        value: a list of two numbers or times, or a text with a hyphen or dash in the middle.

    Returns:
        Start and end in seconds.

    Raises:
        ValueError: it is none of these, or the end is before the start.
    """
    parts: list[Any] | tuple[Any, ...]
    if isinstance(value, str):
        parts = re.split(r"\s*[-–—]\s*", value.strip().strip("[]()").strip())
    elif isinstance(value, (list, tuple)):
        parts = value
    else:
        parts = ()
    if len(parts) != 2:
        raise ValueError(f"{_shown(value)} is no time span; expected two numbers or mm:ss-mm:ss")
    start, end = _instant(parts[0]), _instant(parts[1])
    if end < start:
        raise ValueError(f"{_shown(value)} ends before it starts")
    return start, end


def _instant(value: object) -> float:
    """Seconds from a number, or from ss, mm:ss or h:mm:ss."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if 0 <= value <= _LONGEST:
            return float(value)
    elif isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())):
        first, second, last = match.groups()
        if first is None:
            return float(last)
        if float(last) < 60 and (second is None or int(second) < 60):
            hours, minutes = (0, first) if second is None else (int(first), second)
            return hours * 3600 + int(minutes) * 60 + float(last)
    raise ValueError(f"{_shown(value)} is no time; expected seconds, mm:ss or h:mm:ss")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _name(name: str) -> str:
    """The name of a video without its suffix, by which references and predictions pair."""
    name = plain_name(name)
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in _MEDIA else name


def _add(captions: Captions, name: str, where: str, scenes: list[Scene]) -> None:
    if name in captions.videos or name in captions.problems:
        captions.problems[where] = f"{where}: the video '{name}' comes twice; one is expected"
    else:
        captions.videos[name] = scenes


# JSON


def _load(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def _records(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """(line, object), an exception in place of an object that is no JSON."""
    lines = text.split("\n")  # a text may hold U+2028 and the like, which splitlines() would cut at
    first = next((line for line in lines if line.strip()), "")
    by_line = path.suffix.lower() == ".jsonl"
    if not by_line:
        with suppress(ValueError):  # the benchmark calls JSON lines .json
            by_line = isinstance(_load(first), dict)
    if by_line:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield number, _load(line)
                except ValueError as error:
                    yield number, error
        return
    start = len(text) - len(text.lstrip())
    try:
        whole = _load(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: no JSON ({error.msg})") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    if not isinstance(whole, list):
        yield text.count("\n", 0, start) + 1, whole
        return
    decoder = json.JSONDecoder()
    place = start + 1
    for _ in whole:  # once more, one by one, for their lines
        while text[place] in " \t\r\n,":
            place += 1
        line_number = text.count("\n", 0, place) + 1
        item, place = decoder.raw_decode(text, place)
        yield line_number, item


def _json_file(path: Path, reference: bool) -> Captions:
    captions = Captions({}, {})
    for line, record in _records(path, "\n".join(webvtt.lines_of(path))):
        where = f"{path}:{line}"
        name = ""
        try:
            if isinstance(record, Exception):
                raise ValueError(f"no JSON ({record})")
            if not isinstance(record, dict):
                raise ValueError("expected a JSON object for each video")
            name = _name(next((str(record[key]) for key in _NAMES if record.get(key)), ""))
            if not name:
                raise ValueError(f"the video has no name; expected {' or '.join(_NAMES)}")
            if not name.isprintable():
                name, shown = "", " ".join(name.split())
                raise ValueError(f"'{shown}': the name of a video has a line break or the like")
            found = _reference(record) if reference else _prediction(record)
            scenes = []
            for number, item in enumerate(found, 1):
                try:
                    scenes.append(_scene(item, reference))
                except ValueError as error:
                    raise ValueError(f"scene {number}: {error}") from None
            if reference and not any(scene.points for scene in scenes):
                raise ValueError("the reference has no key points; at least one is expected")
        except ValueError as error:
            key = name if name and name not in captions.videos else where
            captions.problems[key] = f"{where}: {f'{name}: ' if name else ''}{error}"
            continue
        _add(captions, name, where, scenes)
    if not captions.videos and not captions.problems:
        raise InputError(f"{path}: holds no video; expected a JSON object for each")
    return captions


def _reference(record: Mapping[str, Any]) -> list[Any]:
    if isinstance(record.get("scenes"), list):
        return list(record["scenes"])
    found = []
    for key, value in record.items():
        objects = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
        if objects and key not in ("prediction", "prediction_json"):
            found.append(value)
    if len(found) != 1:
        raise ValueError(f"{len(found)} keys hold a list of objects; give the scenes as 'scenes'")
    return list(found[0])


def _prediction(record: Mapping[str, Any]) -> list[Any]:
    keys = [key for key in ("prediction_json", "prediction", "scenes") if key in record]
    if not keys:
        raise ValueError("expected 'prediction' or 'prediction_json'")
    # The parsed form is null where the raw one could not be parsed: then the raw one decides
    value = next((record[key] for key in keys if record[key] is not None), None)
    if isinstance(value, str):
        fenced = _FENCE.fullmatch(value)
        raw = fenced[1] if fenced else value
        if not raw.strip():
            return []
        try:
            value = _load(raw)
        except ValueError as error:
            raise ValueError(f"the prediction is no JSON ({error})") from None
    if isinstance(value, dict):
        value = [value]
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("the prediction is no list of scenes")
    return value


def _scene(item: Any, reference: bool) -> Scene:
    if not isinstance(item, dict):
        raise ValueError("expected a JSON object")
    if "start" in item and "end" in item:
        start, end = seconds([item["start"], item["end"]])
    else:
        key = next((key for key in ("timestamp", "time") if key in item), None)
        if key is None:
            raise ValueError("it has no time; expected 'timestamp', or 'start' and 'end'")
        start, end = seconds(item[key])
    texts = [text for key, value in item.items() if key not in _TIMES for text in _strings(value)]
    return Scene(start, end, "\n".join(texts), _points(item) if reference else {})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _points(item: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    given = item.get("key_points")
    if given is None:
        given = {key: v for key, v in item.items() if isinstance(v, list) and key not in _TIMES}
    if not isinstance(given, dict):
        raise ValueError("'key_points' should be an object: a list of texts for each dimension")
    points: dict[str, tuple[str, ...]] = {}
    for key, texts in given.items():
        if texts is None:
            continue
        fits = {dimension for stem, dimension in STEMS.items() if stem in str(key).lower()}
        if len(fits) != 1:
            raise ValueError(f"'{key}' names none, or two, of the dimensions "
                             f"{', '.join(DIMENSIONS)}")
        dimension = fits.pop()
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise ValueError(f"'{key}' should be a list of texts")
        if dimension in points:
            raise ValueError(f"two keys name the dimension {dimension}")
        points[dimension] = tuple(text for text in texts if text.strip())
    return {dimension: texts for dimension, texts in points.items() if texts}


# WebVTT


def _folder(path: Path, reference: bool) -> Captions:
    captions = Captions({}, {})
    files = [p for p in files_below(path) if p.suffix.lower() in webvtt.SUFFIXES and p.is_file()]
    if not files:
        raise InputError(f"{path}: holds no .vtt or .srt file")
    for file in files:
        name = plain_name(file.relative_to(path).with_suffix("").as_posix())
        try:
            _add(captions, name, str(file), _vtt(file, reference))
        except InputError as error:
            captions.problems[name] = str(error)
    return captions


def _vtt(path: Path, reference: bool) -> list[Scene]:
    """The cues of a file."""
    scenes = [_scene_of(cue, reference) for cue in webvtt.read(path)]
    if reference and not any(scene.points for scene in scenes):
        raise InputError(f"{path}: the reference has no text; at least one cue is expected")
    return scenes


def _scene_of(cue: webvtt.Cue, reference: bool) -> Scene:
    texts: list[str] = []
    points: dict[str, tuple[str, ...]] = {}
    speaking = False
    for line in cue.lines:
        voices = webvtt.VOICE.findall(line)
        spoken = speaking or "" in voices
        speaking = voices[-1] == "" if voices else speaking
        text = html.unescape(webvtt.TAG.sub("", line)).strip()
        if not text:
            continue
        texts.append(text)
        label = None if spoken else _LABEL.match(text)
        dimension = label[1].lower() if label else "speech" if spoken else "events"
        if reference:
            point = text[label.end():] if label else text
            points[dimension] = (*points.get(dimension, ()), point)
    return Scene(cue.start, cue.end, "\n".join(texts), points)
