"""M3ED: 990 Mandarin dialogues of two, from 56 television series, in seven emotions.

J. Zhao et al., "M3ED: Multi-modal Multi-scene Multi-label Emotional Dialogue Database", ACL 2022.

annotation.json: {series: {dialogue: {"SpeakerInfo": {"A": {"Name", ...}, ...}, "Dialog":
{utterance: {"Speaker", "Text", "EmoAnnotation": {"final_main_emo", ...}}}}}}, and
splitInfo/movie_list_*.txt name the series of the train, val and test part. This much is certain
from the published repository and from programs that read it. The clips are distributed separately.
They are expected as modality_speech/<A or B>_<utterance>.wav, as EmoBox reads them, at any depth
below `source`. The keys for sex and age in SpeakerInfo and their values are a guess; unknown values
are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.labels import is_nobody
from avspeech.data.protocol import PUBLISHED, Protocol, identity
from avspeech.errors import InputError
from avspeech.media.audio import sound_files

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
EMOTIONS = {"Happy": "happy", "Neutral": "neutral", "Sad": "sad", "Disgust": "disgust",
            "Anger": "anger", "Fear": "fear", "Surprise": "surprise"}
_SEX = {"male": "male", "female": "female", "m": "male", "f": "female",
        "男": "male", "女": "female"}


def _splits(source: Path) -> dict[str, str]:
    where: dict[str, str] = {}
    for part, name in SPLITS.items():
        path = source / "splitInfo" / f"movie_list_{part}.txt"
        if not path.is_file():
            raise InputError(f"{path}: missing; it names the series of the {part} part "
                             f"({ABOUT.page})")
        for one in " ".join(tables.lines(path)).split():
            if where.setdefault(one, name) != name:
                raise InputError(f"{path}: series '{one}' is also in the {where[one]} part")
    return where


def _labels(content: dict[str, Any], letter: str) -> tuple[str, dict[str, Any]]:
    """(name or "" , sex and age as far as they are understood) of one of the two of a dialogue."""
    about = content.get("SpeakerInfo", {}).get(letter) or {}
    known = {str(key).lower(): str(value).strip() for key, value in about.items()}
    sex = _SEX.get(known.get("gender", known.get("sex", "")).lower())
    labels = {**({"sex": sex} if sex else {}), **({"age": known["age"]} if known.get("age")
                                                  else {})}
    name = str(about.get("Name") or "").strip()
    return "" if is_nobody(name) else name, labels


def scan(source: Path) -> Scan[Clip]:
    """All utterances of the annotation, in order. Labels: emotion, split ("train", "dev", "test",
    as published), series, dialogue, and sex and age (a word) where the annotation has them. Raises
    InputError for an annotation that is not as described above."""
    annotation = source / "annotation.json"
    if not annotation.is_file():
        return Scan([], [])
    where = _splits(source)
    sounds = {p.stem: p for p in sound_files(source)}
    record = tables.read_json(annotation)
    clips, strange = [], []
    try:
        for series, dialogues in record.items():
            if series not in where:
                raise InputError(f"{annotation}: series '{series}' is in none of "
                                 "splitInfo/movie_list_*.txt")
            for dialogue, content in dialogues.items():
                for name, turn in content["Dialog"].items():
                    letter = str(turn["Speaker"])
                    emotion = str(turn["EmoAnnotation"]["final_main_emo"])
                    who, about = _labels(content, letter)
                    path = sounds.get(f"{letter}_{name}") or sounds.get(str(name))
                    labels = {"emotion": EMOTIONS.get(emotion), "split": where[series],
                              "series": series, "dialogue": str(dialogue), **about}
                    if emotion not in EMOTIONS:
                        strange.append(f"{name} '{emotion}'")
                    clips.append(Clip(str(name), path
                                      or source / "modality_speech" / f"{letter}_{name}.wav",
                                      f"{series}-{who or f'{dialogue}-{letter}'}", labels,
                                      str(turn.get("Text") or "") or None))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{annotation}: not as published ({type(error).__name__}: {error}); "
                         "expected "
                         "series > dialogue > 'Dialog' > utterance > 'EmoAnnotation'") from None
    problems = []
    if len(clips) != UTTERANCES:
        problems.append(f"annotation.json: {layout.counted(len(clips), UTTERANCES, 'utterances')}")
    for part, name in SPLITS.items():
        number = len({c.labels["series"] for c in clips if c.labels["split"] == name})
        if number != SERIES[part]:
            problems.append(f"{part}: {layout.counted(number, SERIES[part], 'series')}")
    problems += layout.grouped("clips missing that annotation.json names",
                               [c.id for c in clips if not c.path.is_file()])
    problems += layout.grouped("utterances of an emotion that is not one of the seven", strange)
    there = [c for c in clips if c.path.is_file()]
    dialogues = {(c.labels["series"], c.labels["dialogue"]) for c in there}
    found = [", ".join([layout.counted(len({c.labels["series"] for c in there}),
                                       sum(SERIES.values()), "series"),
                        layout.counted(len(dialogues), DIALOGUES, "dialogues"),
                        layout.counted(len(there), UTTERANCES, "utterances")])]
    return Scan([c for c in there if c.labels["emotion"]], found, problems)


# The published parts. Classes as the published repository numbers them; their counts add up to the
# paper's 24,449 and exceed those of EmoBox by the 12 clips it lacks, and were not held against the
# annotation itself.
_CLASSES = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
PROTOCOLS = (Protocol(
    name="m3ed", corpus="m3ed", label="emotion", kind="classification", classes=_CLASSES,
    mapping=identity(_CLASSES), group="split", folds=PUBLISHED,
    counts=dict(zip(_CLASSES, (2287, 10028, 3957, 1497, 5234, 395, 1051))),
    source="the published parts, 24,449 utterances; EmoBox finds the sound of all but 12"),)
