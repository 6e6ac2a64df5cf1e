"""BAVED: 59 speakers say seven Arabic words with low, normal and high emotion.

A. Aouf, "Basic Arabic Vocal Emotions Dataset", 2019.

A file's name is speaker-sex-age-word-level-number: 100-f-6-0-2-2 is speaker 100, female, six years
old, word 0, high emotion. The level says how much emotion, not which: 0 is tired or down, 1 as
every day, 2 strong, be it joy or anger. So no class of it is a class of another corpus. Its page
counts 61 speakers; the published names hold 60, of which 53 is 46: all 21 files of the one are
those of the other, byte for byte, so both count as speaker 46 here. One clip lies in the folder of
another word than its name says; the name counts.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="BAVED",
    page="https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    terms="free to download, no agreement; no license stated",
    layout="0/*.wav, 1/*.wav, ..., 6/*.wav",
)

WORDS = ("اعجبني", "لم يعجبني", "هذا", "الفيلم", "رائع", "مقول", "سيئ")
LEVELS = ("low", "normal", "high")
# Counted from the published repository: 1,935 in all.
CLIPS = dict(zip(LEVELS, (585, 672, 678)))
SAME = {"53": "46"}  # a number that the names have -> the speaker of the same recordings
SPEAKERS = tuple(str(n) for n in (*range(52), *range(54, 57), *range(100, 104)))

_NAME = re.compile(r"(\d+)-([mf])-(\d+)-([0-6])-([0-2])-\d+")


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by word and name. Labels: level, statement, sex, age."""
    clips, wrong = [], []
    for path in [p for word in range(len(WORDS))
                 for p in layout.files(source / str(word), ".wav", ".flac")]:
        match = _NAME.fullmatch(path.stem)
        if match is None or match.group(1) not in (*SPEAKERS, *SAME):
            wrong.append(layout.below(path, source))
            continue
        speaker, sex, age, word, level = match.groups()
        clips.append(Clip(path.stem, path, SAME.get(speaker, speaker), {
            "level": LEVELS[int(level)], "statement": word, "age": int(age),
            "sex": "female" if sex == "f" else "male"}, WORDS[int(word)]))
    total, problems = counts(Counter(c.labels["level"] for c in clips), CLIPS, "clips")
    have = {c.speaker for c in clips}
    problems += layout.grouped("speakers missing", [s for s in SPEAKERS if s not in have])
    problems += layout.grouped("files that are not named as BAVED's", wrong)
    return Scan(clips, [f"{layout.counted(len(have), len(SPEAKERS), 'speakers')}, {total[0]}"],
                problems)


PROTOCOLS = (Protocol(
    name="baved-5fold-59", corpus="baved", label="level", kind="classification", classes=LEVELS,
    mapping=identity(LEVELS), group="speaker", folds=dealt([f"baved-{s}" for s in SPEAKERS]),
    counts=CLIPS,
    source="1,935 words; folds chosen here: speakers dealt by number"),)
