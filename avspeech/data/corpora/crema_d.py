"""CREMA-D: 91 actors say twelve sentences in six emotions, one of the sentences in three
intensities.

H. Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", IEEE Transactions on
Affective Computing 5(4), 2014, doi:10.1109/TAFFC.2014.2336244.

The emotion is the one that the actor had to express, which is also in the file's name:
1001_DFA_ANG_XX is actor 1001, sentence DFA, anger, level not specified.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.protocol import Protocol, dealt, identity
from avspeech.errors import InputError

ABOUT = layout.About(
    name="CREMA-D",
    page="https://github.com/CheyneyComputerScience/CREMA-D",
    terms="free to download by Git LFS, a form asks who you are; Open Database License",
    layout="AudioWAV/*.wav and VideoDemographics.csv",
)

# Counts and codes: the README of the published repository; the twenty recordings that were never
# made are those its AudioWAV folder lacks.
ACTORS = tuple(str(n) for n in range(1001, 1092))
EMOTIONS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral",
            "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
SENTENCES = {
    "IEO": "It's eleven o'clock.", "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.", "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.", "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.", "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.", "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.", "WSI": "We'll stop in a couple of minutes.",
}
NEVER_MADE = frozenset({"1002_TIE_NEU_XX", "1076_ITS_NEU_XX"} | {
    f"{actor_sentence}_{emotion}_XX" for actor_sentence in ("1008_WSI", "1009_MTI", "1019_ITH")
    for emotion in EMOTIONS})
CLIPS = 7442
MISNAMED = {"1040_ITH_SAD_X": "1040_ITH_SAD_XX"}  # as it is named in published copies of the sound
SILENT = "1076_MTI_SAD_XX"  # has no sound, according to the README of the published repository
# Others that programs which read CREMA-D leave out; they could not be checked against the sound
# here.
FAULTY = {"1064_IEO_DIS_MD": "reported to hold the sentence in all emotions, one after the other",
          "1064_TIE_SAD_XX": "reported to be cut",
          "1076_MTI_NEU_XX": "reported to be nearly silent"}


def names() -> list[str]:
    """The names of all 7,442 clips. Sentence IEO has three levels of each emotion but neutral."""
    return [name for actor in ACTORS for sentence in SENTENCES for emotion in EMOTIONS
            for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
            if (name := f"{actor}_{sentence}_{emotion}_{level}") not in NEVER_MADE]


def read_actors(path: Path) -> dict[str, dict[str, Any]]:
    """{"1001": {"sex": "male", "age": 51}} of VideoDemographics.csv. Raises InputError for another
    table."""
    actors: dict[str, dict[str, Any]] = {}
    for row in tables.read_table(path):
        if not {"actorid", "age", "sex"} <= set(row) or not row["age"].isdigit():
            raise InputError(f"{path}: expected columns ActorID, Age, Sex; got {', '.join(row)}")
        actors[row["actorid"]] = {"sex": row["sex"].lower(), "age": int(row["age"])}
    return actors


def scan(source: Path, silent: bool = False) -> Scan[Clip]:
    """All existing clips, by name. Labels: emotion, intensity, statement, sex, age.

    Args:
        source: the corpus.
        silent: keep the recording that was published without sound, as the protocol crema_d-5fold
            counts it.
    """
    table = source / "VideoDemographics.csv"
    about = read_actors(table) if table.is_file() else {}
    folder = source / "AudioWAV" if (source / "AudioWAV").is_dir() else source
    known = set(names())
    clips, wrong = [], []
    for path in layout.files(folder, ".wav", ".flac", ".mp3"):
        name = MISNAMED.get(path.stem, path.stem)
        if name not in known:
            wrong.append(layout.below(path, source))
            continue
        actor, sentence, emotion, level = name.split("_")
        labels = {"emotion": EMOTIONS[emotion], "intensity": LEVELS[level], "statement": sentence}
        clips.append(Clip(name, path, actor, labels | about.get(actor, {}),
                          SENTENCES[sentence]))
    have, actors = {c.id for c in clips}, {c.speaker for c in clips}
    problems = layout.grouped("actors missing", [a for a in ACTORS if a not in actors])
    problems += layout.grouped(f"clips missing, of {CLIPS:,}",
                               [n for n in names() if n not in have and n[:4] in actors])
    problems += layout.grouped("files that are not of CREMA-D", wrong)
    if not about:
        problems.append("VideoDemographics.csv missing: the actors' sex and age are not known")
    found = [layout.counted(len(actors), len(ACTORS), "actors") + ", "
             + layout.counted(len(clips), CLIPS, "clips")]
    if SILENT in have and not silent:
        clips = [c for c in clips if c.id != SILENT]
        found.append(f"{SILENT} left out: it was published without sound")
    found += [f"{name}: {fault}; it is kept" for name, fault in FAULTY.items() if name in have]
    return Scan(clips, found, problems, varied=True, rate=16_000)


# There are no published folds: actors are dealt in the order of their numbers.
_CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sad")
_WHOLE = Protocol(
    name="crema_d-5fold", corpus="crema_d", label="emotion", kind="classification",
    classes=_CLASSES,
    mapping=identity(_CLASSES), group="speaker", folds=dealt([f"crema_d-{n}" for n in ACTORS]),
    counts={name: 1087 if name == "neutral" else 1271 for name in _CLASSES},
    source="7,442 utterances, emotions as acted; folds chosen here: actors dealt by number; it "
           "counts "
    f"{SILENT}, which has no sound: prepare with silent=true, or take crema_d-5fold-7441")
PROTOCOLS = (_WHOLE, dataclasses.replace(
    _WHOLE, name="crema_d-5fold-7441", counts={**_WHOLE.counts, "sad": 1270},
    source=f"as crema_d-5fold, without {SILENT}, which has no sound"))
