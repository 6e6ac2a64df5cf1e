"""TurEV-DB: six Turkish speakers say 82 words in each of four emotions, acted.

S. F. Canpolat, Z. Ormanoğlu, D. Zeyrek, "Turkish Emotion Voice Database (TurEV-DB)", SLTU 2020.

A file's name is speaker_emotion_word: 1157_kz_acik is speaker 1157, kızgın (angry), the word
"açık".
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts, first
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="TurEV-DB",
    page="https://github.com/Xeonen/TurEV-DB",
    terms="free to download, no agreement; CC BY-NC-ND 4.0",
    layout="Sound Source/Angry/*.wav, Sound Source/Calm/*.wav, ...",
)

# Counted from the published repository: 1,735 in all.
EMOTIONS = {"kz": "angry", "sk": "calm", "mt": "happy", "hl": "sad"}
CLIPS = dict(zip(EMOTIONS.values(), (487, 408, 357, 483)))
SPEAKERS = {"1157": 150, "1234": 328, "1358": 328, "1984": 328, "6783": 328, "7895": 273}

_NAME = re.compile(r"(\d{4})_([a-z]{2})_([a-z]+\d?)")


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by emotion and name. Labels: emotion, statement (the word)."""
    folder = first(source / "Sound Source", source)
    clips, wrong = [], []
    for path in [p for emotion in EMOTIONS.values()
                 for p in layout.files(folder / emotion.title(), ".wav", ".flac")]:
        match = _NAME.fullmatch(path.stem)
        if (match is None or match.group(1) not in SPEAKERS
                or EMOTIONS.get(match.group(2)) != path.parent.name.lower()):
            wrong.append(layout.below(path, source))
            continue
        clips.append(Clip(path.stem, path, match.group(1), {
            "emotion": EMOTIONS[match.group(2)], "statement": match.group(3)}))
    total, problems = counts(Counter(c.labels["emotion"] for c in clips), CLIPS, "clips")
    have = Counter(c.speaker for c in clips)
    problems += layout.grouped("speakers with fewer or more clips than published", [
        f"{s} has {layout.counted(have[s], n, 'clips')}" for s, n in SPEAKERS.items()
        if have[s] != n])
    problems += layout.grouped("files that are not named as TurEV-DB's", wrong)
    return Scan(clips, [f"{layout.counted(len(have), len(SPEAKERS), 'speakers')}, {total[0]}"],
                problems, rate=44_100)


_CLASSES = tuple(EMOTIONS.values())
PROTOCOLS = (Protocol(
    name="turev-loso", corpus="turev", label="emotion", kind="classification", classes=_CLASSES,
    mapping=identity(_CLASSES), group="speaker",
    folds=dealt([f"turev-{s}" for s in SPEAKERS], len(SPEAKERS)), counts=CLIPS,
    source="leave one speaker out, 1,735 words; development: the next speaker"),)
