"""EMOVO: six Italian actors say fourteen sentences in seven emotional states.

G. Costantini, I. Iaderola, A. Paoloni, M. Todisco, "EMOVO Corpus: an Italian Emotional Speech
Database", LREC 2014.

A file's name is emotion-actor-sentence: rab-f1-b1 is actor f1, a woman, in anger (rabbia), sentence
b1. All files but one have two channels.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="EMOVO",
    page="https://aclanthology.org/L14-1478/",
    terms="free to download, no agreement; no license stated, to be cited",
    layout="f1/*.wav, f2/*.wav, ..., m3/*.wav",
)

EMOTIONS = {"dis": "disgust", "gio": "joy", "neu": "neutral", "pau": "fear", "rab": "anger",
            "sor": "surprise", "tri": "sadness"}
SPEAKERS = ("f1", "m1", "f2", "m2", "f3", "m3")
SENTENCES = ("b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5")
CLIPS = dict.fromkeys(EMOTIONS.values(), len(SPEAKERS) * len(SENTENCES))  # 588 in all

_NAME = re.compile(rf"({'|'.join(EMOTIONS)})-({'|'.join(SPEAKERS)})-({'|'.join(SENTENCES)})")


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by actor and name. Labels: emotion, statement, sex."""
    clips, wrong = [], []
    for path in [p for s in SPEAKERS for p in layout.files(source / s, ".wav", ".flac")]:
        match = _NAME.fullmatch(path.stem)
        if match is None or match.group(2) != path.parent.name:
            wrong.append(layout.below(path, source))
            continue
        emotion, speaker, statement = match.groups()
        clips.append(Clip(path.stem, path, speaker, {
            "emotion": EMOTIONS[emotion], "statement": statement,
            "sex": "female" if speaker[0] == "f" else "male"}))
    total, problems = counts(Counter(c.labels["emotion"] for c in clips), CLIPS, "clips")
    have = {c.speaker for c in clips}
    problems += layout.grouped("actors missing", [s for s in SPEAKERS if s not in have])
    problems += layout.grouped("files that are not named as EMOVO's", wrong)
    return Scan(clips, [f"{layout.counted(len(have), len(SPEAKERS), 'actors')}, {total[0]}"],
                problems, rate=48_000)


_CLASSES = tuple(EMOTIONS.values())
PROTOCOLS = (Protocol(
    name="emovo-loso", corpus="emovo", label="emotion", kind="classification", classes=_CLASSES,
    mapping=identity(_CLASSES), group="speaker",
    folds=dealt([f"emovo-{s}" for s in SPEAKERS], len(SPEAKERS)), counts=CLIPS,
    source="leave one actor out, 588 clips; development: the next actor"),)
