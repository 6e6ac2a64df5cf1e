"""EmoDB: ten actors say ten German sentences in seven emotions.

F. Burkhardt et al., "A database of German emotional speech", Interspeech 2005.

A file's name is its meaning: 03a01Fa is speaker 03, text a01, emotion F (Freude), version a. The
535 clips of 2005 are those whose emotion at least 80 % of the listeners recognized, so there is no
full grid to compare them with; what is known is how many clips each speaker has.

EmoDB 2.0 (F. Burkhardt et al., Interspeech 2025; https://zenodo.org/records/17651657) adds the 281
others, 816 clips in all, and tables in audformat: db.emotion.csv (file, emotion,
emotion.confidence: the share of listeners) and
db.emotion.categories.{train,test}.gold_standard.csv, which name the 535 by the published split of
six and four speakers. That much is taken from programs that read it; it was not compared with the
archive itself. Its clips all get the label `acted`, the emotion asked of the actor, and `split`;
the 535 alone get `emotion`, so the protocol emodb-loso finds the same clips in both releases. The
published split has no development part: of its training speakers, a man and a woman are chosen
here.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.corpora.tables import columns, file_name, number
from avspeech.data.protocol import PUBLISHED, Protocol, balanced, identity
from avspeech.errors import InputError

ABOUT = layout.About(
    name="EmoDB",
    page="http://emodb.bilderbar.info/",
    terms="free to download, no agreement; CC0 on its Zenodo page, as far as known",
    layout="wav/*.wav with names such as 03a01Fa.wav",
)

# Speakers, their sex and age, texts and letters: the database's page, "Additional information".
SPEAKERS = {"03": ("male", 31), "08": ("female", 34), "09": ("female", 21), "10": ("male", 32),
            "11": ("male", 26), "12": ("male", 30), "13": ("female", 32), "14": ("female", 35),
            "15": ("male", 25), "16": ("female", 31)}
TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
EMOTIONS = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness",
            "T": "sadness", "N": "neutral"}
AGREED = 0.8  # share of listeners from which on a clip is one of the 535
ALL_CLIPS = 816  # of release 2.0
DEV_SPEAKERS, TEST_SPEAKERS = ("10", "13"), ("12", "14", "15", "16")  # of release 2.0
# Of the published archive: clips of each speaker; 535 in all.
CLIPS = {"03": 49, "08": 58, "09": 43, "10": 38, "11": 55, "12": 35, "13": 61, "14": 69, "15": 56,
         "16": 71}


def read_agreement(source: Path) -> dict[str, float]:
    """{"03a01Fa": 0.9}: the share of listeners who recognized the emotion, of release 2.0's tables;
    {} where they are not there. Raises InputError for an invalid table."""
    table = source / "db.emotion.csv"
    found: dict[str, float] = {}
    for row in columns(table, "file", "emotion", "emotion.confidence") if table.is_file() else []:
        name = Path(file_name(row["file"])).stem
        if row["emotion"] != EMOTIONS.get(name[5:6]):
            raise InputError(f"{table}: {row['file']}: emotion '{row['emotion']}' is not that of "
                             "its "
                             "name")
        found[name] = number(row, "emotion.confidence", table, 0, 1)
    return found


def _split(speaker: str) -> str:
    return "test" if speaker in TEST_SPEAKERS else "dev" if speaker in DEV_SPEAKERS else "train"


def _strangers(source: Path, agreement: dict[str, float]) -> list[str]:
    """Where the published split and the 535 are not as described above, a line each."""
    problems, gold = [], set()
    for part, ours in (("train", ("train", "dev")), ("test", ("test",))):
        table = source / f"db.emotion.categories.{part}.gold_standard.csv"
        rows = columns(table, "file") if table.is_file() else []
        names = [Path(file_name(row["file"])).stem for row in rows]
        gold |= set(names)
        problems += layout.grouped(f"clips of {table.name} whose speaker is in another part",
                                   [name for name in names if _split(name[:2]) not in ours])
    agreed = {name for name, share in agreement.items() if share >= AGREED}
    if gold:
        problems += layout.grouped(f"clips that the gold standard names and {AGREED:.0%} agreement "
                                   "does not, or the reverse", sorted(gold ^ agreed))
    return problems


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by name. Labels: emotion, statement, sex, age; of release 2.0 also
    acted, agreement and split, and no emotion below 80 % agreement. Raises InputError for a table
    that is another."""
    agreement = read_agreement(source)
    newer = len(agreement) > sum(CLIPS.values())
    folder = source / "wav" if (source / "wav").is_dir() else source
    clips, wrong = [], []
    for path in layout.files(folder, ".wav", ".flac"):
        match = re.fullmatch(r"(\d\d)([ab]\d\d)([a-z])([a-z]?)", path.stem.lower())
        if (not match or match.group(1) not in SPEAKERS or match.group(2) not in TEXTS
                or match.group(3).upper() not in EMOTIONS):
            wrong.append(layout.below(path, source))
            continue
        speaker, text, emotion = match.group(1), match.group(2), EMOTIONS[match.group(3).upper()]
        name = f"{speaker}{text}{match.group(3).upper()}{match.group(4)}"
        if newer and name not in agreement:
            wrong.append(layout.below(path, source))
            continue
        sex, age = SPEAKERS[speaker]
        labels: dict[str, Any] = {"emotion": emotion, "statement": text, "sex": sex, "age": age}
        if newer:
            share = agreement[name]
            labels |= {"acted": emotion, "agreement": share, "split": _split(speaker)}
            if share < AGREED:
                del labels["emotion"]
        clips.append(Clip(name, path, speaker, labels, TEXTS[text]))
    if not newer and len(clips) > sum(CLIPS.values()):
        raise InputError(f"{source}: {len(clips):,} clips, more than the {sum(CLIPS.values())} of "
                         "2005: those of release 2.0 need its db.emotion.csv beside wav, which "
                         "says on which of them listeners agreed; put it there")
    have = Counter(c.speaker for c in clips if "emotion" in c.labels)
    problems = layout.grouped("speakers missing", [s for s in SPEAKERS if not have[s]],
                              len(SPEAKERS))
    problems += layout.grouped("speakers with fewer or more clips than published", [
        f"{s} has {layout.counted(have[s], CLIPS[s], 'clips')}" for s in SPEAKERS
        if have[s] not in (0, CLIPS[s])], len(SPEAKERS))
    problems += layout.grouped("files that are not named as EmoDB's", wrong)
    found = [layout.counted(len({c.speaker for c in clips}), len(SPEAKERS), "speakers") + ", "
             + layout.counted(sum(have.values()), sum(CLIPS.values()), "clips")]
    if newer:
        problems += _strangers(source, agreement)
        problems += layout.grouped("clips missing that db.emotion.csv lists",
                                   sorted(set(agreement) - {c.id for c in clips}))
        if len(clips) != ALL_CLIPS:
            problems.append(f"release 2.0: {layout.counted(len(clips), ALL_CLIPS, 'clips')}")
        doubtful = len(clips) - sum(have.values())
        found.append(f"release 2.0: {layout.counted(len(clips), ALL_CLIPS, 'clips')}, "
                     f"{doubtful:,} of "
                     f"them below {AGREED:.0%} agreement: these have the label acted and not "
                     "emotion")
    return Scan(clips, found, problems, shortest=0.8,
                varied=True, rate=16_000)  # the shortest published clip lasts 1.2 s


# Each speaker is tested; for development the woman and the man that follow.
_CLASSES = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")
PROTOCOLS = (
    Protocol(
        name="emodb-loso", corpus="emodb", label="emotion", kind="classification", classes=_CLASSES,
        mapping=identity(_CLASSES), group="speaker",
        folds=balanced([(f"emodb-{s}",) for s in SPEAKERS],
                       {f"emodb-{s}": sex for s, (sex, _) in SPEAKERS.items()}, 1),
        counts=dict(zip(_CLASSES, (127, 81, 46, 69, 71, 79, 62))),
        source="leave one speaker out, 535 utterances; development: the woman and the man that "
               "follow"),
    Protocol(
        name="emodb-2.0", corpus="emodb", label="acted", kind="classification", classes=_CLASSES,
        mapping=identity(_CLASSES), group="split", folds=PUBLISHED,
        counts={"utterances": ALL_CLIPS},
        source="all 816 utterances of release 2.0, emotions as acted; the published split, of "
               "whose "
        "six training speakers 10 and 13 are for development"))
