"""ASED: 65 speakers say seven Amharic sentences in each of five emotions, as far as eight judges
agreed.

E. A. Retta et al., "A New Amharic Speech Emotion Dataset and Classification Benchmark", ACM Trans.
Asian Low-Resour. Lang. Inf. Process., 2022, doi:10.1145/3529759.

A file's name is emotion-sentence-repetition-sex-speaker: a5-03-01-02-50 is speaker 50, a man,
angry, sentence 3, the first time. Numbers of speakers are unique over both sexes. Five names of
five men say 01 or 02 where all others of that speaker say the other; the sex that most say counts.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.protocol import Protocol, dealt, identity

ABOUT = layout.About(
    name="ASED",
    page="https://github.com/Ethio2021/ASED_V1",
    terms="free to download, no agreement; no license stated, to be cited",
    layout="01Neutral/*.wav, 02Fearful/*.wav, ..., 05Angry/*.wav",
)

# Counted from the published repository; its README and paper say 2,474 in all.
EMOTIONS = {"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"}
CLIPS = dict(zip(EMOTIONS.values(), (522, 510, 486, 470, 486)))
FOLDERS = ("01Neutral", "02Fearful", "03Happy", "04Sad", "05Angry")
SPEAKERS = tuple(f"{n:02}" for n in range(1, 66))
SEXES = {"01": "female", "02": "male"}

_NAME = re.compile(r"([nfhsa])([1-5])-(\d\d)-(\d\d)-(01|02)-(\d\d)", re.I)


def scan(source: Path) -> Scan[Clip]:
    """All existing clips, by emotion and name. Labels: emotion, statement, repetition, sex."""
    matches, wrong = [], []
    for path in [p for name in FOLDERS for p in layout.files(source / name, ".wav", ".flac")]:
        match = _NAME.fullmatch(path.stem)
        if match and match.group(6) in SPEAKERS and match.group(2) == path.parent.name[1]:
            matches.append((match, path))
        else:
            wrong.append(layout.below(path, source))
    sexes: dict[str, Counter[str]] = {}
    for match, _ in matches:
        sexes.setdefault(match.group(6), Counter())[SEXES[match.group(5)]] += 1
    clips = []
    for match, path in matches:
        emotion, number, statement, repetition, _, speaker = match.groups()
        labels = {"emotion": EMOTIONS[emotion.lower()], "statement": f"{number}-{statement}",
                  "repetition": int(repetition), "sex": sexes[speaker].most_common(1)[0][0]}
        clips.append(Clip(path.stem.lower(), path, speaker, labels))
    total, problems = counts(Counter(c.labels["emotion"] for c in clips), CLIPS, "clips")
    problems += layout.grouped("speakers missing", [s for s in SPEAKERS if s not in sexes])
    problems += layout.grouped("files that are not named as ASED's", wrong)
    speakers = layout.counted(len(sexes), len(SPEAKERS), "speakers")
    return Scan(clips, [f"{speakers}, {total[0]}"], problems, rate=16_000)


_CLASSES = tuple(EMOTIONS.values())
PROTOCOLS = (Protocol(
    name="ased-5fold", corpus="ased", label="emotion", kind="classification", classes=_CLASSES,
    mapping=identity(_CLASSES), group="speaker", folds=dealt([f"ased-{s}" for s in SPEAKERS]),
    counts=CLIPS,
    source="2,474 utterances; folds chosen here: speakers dealt by number"),)
