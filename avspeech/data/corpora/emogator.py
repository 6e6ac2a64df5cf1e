"""EmoGator: 357 contributors give thirty emotions a voice without words, three times each.

F. Buhl, "EmoGator: A New Open Source Vocal Burst Dataset with Baseline Machine Learning
Classification Methodologies", arXiv 2301.00508.

A file is <contributor>-<emotion>-<instance>.mp3: 000023-05-1 is contributor 23, the fifth emotion,
the first time.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="EmoGator",
    page="https://github.com/fredbuhl/EmoGator",
    terms="free to download, no agreement; Apache 2.0",
    layout="data/mp3/*.mp3",
)

# Counts and names, in the order of their numbers: the README of the published repository.
CONTRIBUTORS, INSTANCES = 357, 3
EMOTIONS = (
    "adoration", "amusement", "anger", "awe", "confusion", "contempt", "contentment", "desire",
    "disappointment", "disgust", "distress", "ecstasy", "elation", "embarrassment", "fear", "guilt",
    "interest", "neutral", "pain", "pride", "realization", "relief", "romantic love", "sadness",
    "serenity", "shame", "surprise (negative)", "surprise (positive)", "sympathy", "triumph")
CLIPS = CONTRIBUTORS * len(EMOTIONS) * INSTANCES  # 32,130


def names() -> list[str]:
    """The names of all 32,130 clips."""
    numbers = itertools.product(range(1, CONTRIBUTORS + 1), range(1, len(EMOTIONS) + 1),
                                range(1, INSTANCES + 1))
    return [f"{contributor:06}-{emotion:02}-{i}" for contributor, emotion, i in numbers]


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by name. Labels: emotion."""
    folder = source / "data" / "mp3" if (source / "data" / "mp3").is_dir() else source
    known = set(names())
    clips, wrong = [], []
    for path in layout.files(folder, ".mp3", ".wav", ".flac"):
        if path.stem in known:
            contributor, emotion, _ = path.stem.split("-")
            clips.append(Clip(path.stem, path, contributor,
                              {"emotion": EMOTIONS[int(emotion) - 1]}))
        else:
            wrong.append(layout.below(path, source))
    have, contributors = {c.id for c in clips}, {c.speaker for c in clips}
    problems = layout.grouped("contributors missing", [
        n for n in (f"{c:06}" for c in range(1, CONTRIBUTORS + 1)) if n not in contributors])
    problems += layout.grouped(f"clips missing, of {CLIPS:,}",
                               [n for n in names() if n not in have and n[:6] in contributors])
    problems += layout.grouped("files that are not of EmoGator", wrong)
    found = [layout.counted(len(contributors), CONTRIBUTORS, "contributors") + ", "
             + layout.counted(len(clips), CLIPS, "clips")]
    return Scan(clips, found, problems, varied=True)


PROTOCOLS = (Protocol(
    name="emogator-5fold", corpus="emogator", label="emotion", kind="classification",
    classes=EMOTIONS, mapping=identity(EMOTIONS), group="speaker",
    folds=dealt([f"emogator-{n:06}" for n in range(1, CONTRIBUTORS + 1)]),
    counts=dict.fromkeys(EMOTIONS, CONTRIBUTORS * INSTANCES),
    source="32,130 vocal bursts; folds chosen here: contributors dealt by number"),)
