"""M3ED: 990 Mandarin dialogues of two, from 56 television series, in seven emotions.

J. Zhao et al., "M3ED: Multi-modal Multi-scene Multi-label Emotional Dialogue Database", ACL 2022.

annotation.json: {series: {dialogue: {"SpeakerInfo": {"A": {"Name", ...}, ...}, "Dialog": {utterance:
{"Speaker", "Text", "EmoAnnotation": {"final_main_emo", ...}}}}}}, and splitInfo/movie_list_*.txt name the
series of the train, val and test part. That much is certain, from the published repository and programs that
read it. The clips come apart from it: taken to be modality_speech/<A or B>_<utterance>.wav, as EmoBox reads
them, at any depth below `source`; names of keys for sex and age in SpeakerInfo, and their values, are a
guess, and what is not understood is left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="M3ED",
    page="https://github.com/AIM3-RUC/RUCM3ED",
    terms="free for research; the clips are linked there",
    layout="annotation.json, splitInfo/movie_list_*.txt and modality_speech/*.wav",
)

# The paper: 990 dialogues, 24,449 utterances; series of each part: the published lists.
SERIES = {"train": 38, "val": 7, "test": 11}
DIALOGUES = 990
UTTERANCES = 24_449
SPLITS = {"train": "train", "val": "dev", "test": "test"}
EMOTIONS = {"Happy": "happy", "Neutral": "neutral", "Sad": "sad", "Disgust": "disgust", "Anger": "anger",
            "Fear": "fear", "Surprise": "surprise"}
_SEX = {"male": "male", "female": "female", "m": "male", "f": "female", "男": "male", "女": "female"}


@dataclass(frozen=True)
class Line:
    """One utterance of the annotation, and its clip where there is one. split: "train", "dev", "test"."""

    series: str
    dialogue: str
    name: str
    split: str
    who: str
    text: str
    emotion: str
    about: dict[str, Any]
    path: Path | None


def _splits(source: Path) -> dict[str, str]:
    where: dict[str, str] = {}
    for part, name in SPLITS.items():
        path = source / "splitInfo" / f"movie_list_{part}.txt"
        try:
            series = path.read_text(encoding="utf-8").split()
        except OSError:
            raise InputError(f"{path}: missing; it names the series of the {part} part "
                             f"({ABOUT.page})") from None
        for one in series:
            if where.setdefault(one, name) != name:
                raise InputError(f"{path}: series '{one}' is also in the {where[one]} part")
    return where


def lines(source: str | Path) -> list[Line]:
    """All utterances of the annotation, in order. Raises InputError, saying where to get M3ED, where it is
    absent, and for an annotation that is not as described above."""
    source = Path(source)
    annotation = source / "annotation.json"
    if not annotation.is_file():
        raise layout.absent(source, ABOUT)
    where = _splits(source)
    sounds = {p.stem: p for p in sorted(source.rglob("*.wav"))}
    try:
        record = json.loads(annotation.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{annotation}: not JSON; get it again from {ABOUT.page}") from None
    found = []
    try:
        for series, dialogues in record.items():
            if series not in where:
                raise InputError(f"{annotation}: series '{series}' is in none of splitInfo/movie_list_*.txt")
            for dialogue, content in dialogues.items():
                for name, said in content["Dialog"].items():
                    letter = str(said["Speaker"])
                    about = content.get("SpeakerInfo", {}).get(letter) or {}
                    who = str(about.get("Name") or f"{dialogue}-{letter}").strip()
                    found.append(Line(series, str(dialogue), str(name), where[series], who,
                                      str(said.get("Text", "")), str(said["EmoAnnotation"]["final_main_emo"]),
                                      dict(about), sounds.get(f"{letter}_{name}") or sounds.get(str(name))))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{annotation}: not as published ({type(error).__name__}: {error}); expected "
                         "series > dialogue > 'Dialog' > utterance > 'EmoAnnotation'") from None
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def summary(found: Sequence[Line]) -> str:
    """Counts against the published ones."""
    there = [line for line in found if line.path]
    return ", ".join([layout.counted(len({line.series for line in there}), sum(SERIES.values()), "series"),
                      layout.counted(len({(line.series, line.dialogue) for line in there}), DIALOGUES,
                                     "dialogues"),
                      layout.counted(len(there), UTTERANCES, "utterances")])


def _missing(source: Path, found: Sequence[Line]) -> list[str]:
    problems = []
    if len(found) != UTTERANCES:
        problems.append(f"annotation.json: {layout.counted(len(found), UTTERANCES, 'utterances')}")
    for part, name in SPLITS.items():
        number = len({line.series for line in found if line.split == name})
        if number != SERIES[part]:
            problems.append(f"{part}: {layout.counted(number, SERIES[part], 'series')}")
    problems += layout.grouped("clips missing that annotation.json names",
                               [line.name for line in found if line.path is None])
    problems += layout.grouped("utterances of an emotion that is not one of the seven", [
        f"{line.name} '{line.emotion}'" for line in found if line.emotion not in EMOTIONS])
    return problems + layout.empty((line.path for line in found if line.path), source)


def _read(source: Path, found: Sequence[Line], workers: int) -> tuple[list[Utterance], list[str]]:
    def work(line: Line) -> Utterance:
        assert line.path is not None
        labels: dict[str, Any] = {"emotion": EMOTIONS[line.emotion], "split": line.split,
                                  "series": line.series, "dialogue": line.dialogue}
        about = {str(key).lower(): str(value).strip() for key, value in line.about.items()}
        sex = _SEX.get(about.get("gender", about.get("sex", "")).lower())
        labels.update({"sex": sex} if sex else {})
        labels.update({"age": about["age"]} if about.get("age") else {})
        return Utterance(id=f"m3ed-{line.name}", audio=layout.below(line.path, source),
                         duration=layout.media(line.path).audio, speaker=f"m3ed-{line.series}-{line.who}",
                         text=line.text or None, labels=labels)

    read, unusable = layout.gather([line for line in found if line.path and line.emotion in EMOTIONS], work,
                                   "M3ED", workers)
    return read, layout.grouped("unusable clips", unusable)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion, split ("train", "dev", "test", as published), series, dialogue, and
    sex and age (a word) where the annotation has them.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where M3ED is absent, and where it is not whole.
    """
    source = Path(source)
    found = lines(source)
    utterances, unusable = _read(source, found, workers)
    return layout.finish_whole(out, ABOUT, "m3ed", source, utterances, [summary(found)],
                               _missing(source, found) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: series, utterances, clips, files that do not open. Raises
    InputError where M3ED is absent."""
    source = Path(source)
    found = lines(source)
    return _missing(source, found) + _read(source, found, 4)[1]
