"""URDU: 400 utterances of four emotions, cut from Urdu talk shows; spontaneous speech.

S. Latif et al., "Cross Lingual Speech Emotion Recognition: Urdu vs. Western Languages", FIT 2018,
arXiv 1812.10411.

A file's name is speaker, number of the speaker's file, and emotion with its number: SM1_F10_A010 is
the man 1, his tenth file, angry. The paper counts 38 speakers (27 men, 11 women); the names of the
published files count 29 (18 men, 11 women).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="URDU",
    page="https://github.com/siddiquelatif/URDU-Dataset",
    terms="free to download, no agreement; for research only, by its page",
    layout="Angry/*.wav, Happy/*.wav, Neutral/*.wav, Sad/*.wav",
)

EMOTIONS = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
CLIPS = dict.fromkeys(EMOTIONS.values(), 100)  # its README
# Counted from the published names.
SPEAKERS = (*(f"SF{n}" for n in range(1, 12)), *(f"SM{n}" for n in (*range(1, 8), *range(17, 28))))

_NAME = re.compile(r"(S[FM]\d+)_F\d+_([AHNS])\d+")


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by emotion and name. Labels: emotion, sex."""
    clips, wrong = [], []
    for path in [p for emotion in EMOTIONS.values()
                 for p in layout.files(source / emotion.title(), ".wav", ".flac")]:
        match = _NAME.fullmatch(path.stem)
        if (match is None or match.group(1) not in SPEAKERS
                or EMOTIONS[match.group(2)] != path.parent.name.lower()):
            wrong.append(layout.below(path, source))
            continue
        speaker, emotion = match.group(1), EMOTIONS[match.group(2)]
        clips.append(Clip(path.stem, path, speaker, {
            "emotion": emotion, "sex": "female" if speaker[1] == "F" else "male"}))
    total, problems = counts(Counter(c.labels["emotion"] for c in clips), CLIPS, "clips")
    have = {c.speaker for c in clips}
    problems += layout.grouped("speakers missing", [s for s in SPEAKERS if s not in have])
    problems += layout.grouped("files that are not named as URDU's", wrong)
    return Scan(clips, [f"{layout.counted(len(have), len(SPEAKERS), 'speakers')}, {total[0]}"],
                problems, rate=44_100)


_CLASSES = tuple(EMOTIONS.values())
PROTOCOLS = (Protocol(
    name="urdu-5fold", corpus="urdu", label="emotion", kind="classification", classes=_CLASSES,
    mapping=identity(_CLASSES), group="speaker", folds=dealt([f"urdu-{s}" for s in SPEAKERS]),
    counts=CLIPS,
    source="400 utterances; folds chosen here: speakers dealt in order of their names"),)
