"""nEMO: nine Polish speakers act ninety sentences in six emotions.

I. Christop, "nEMO: Dataset of Emotional Speech in Polish", LREC-COLING 2024.

`data.tsv` names every file, <speaker>_<emotion>_<sentence>.wav, with text, speaker, sex and age.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan
from avspeech.data.protocol import Protocol, balanced, identity
from avspeech.errors import InputError

ABOUT = layout.About(
    name="nEMO",
    page="https://github.com/amu-cai/nEMO",
    terms="free to download, no agreement; CC BY-NC-SA 4.0",
    layout="samples/*.wav and data.tsv",
)

# Counted from the published data.tsv.
EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
CLIPS = {"EB0": 539, "IC0": 540, "KD0": 540, "KS0": 540, "MK0": 450, "MP0": 256, "SM0": 538,
         "TP0": 539, "WR0": 539}  # 4,481 in all
COLUMNS = ("file_id", "emotion", "raw_text", "speaker_id", "gender", "age")


def scan(source: Path) -> Scan[Clip]:
    """The lines of data.tsv, in order. Labels: emotion, statement, sex, age. Raises InputError for
    a line that is not of it."""
    table = source / "data.tsv"
    clips = []
    for where, row in tables.read_rows(table, "\t") if table.is_file() else []:
        gone = [c for c in COLUMNS if not row.get(c)]
        if gone:
            raise InputError(f"{where}: no '{gone[0]}'; expected the columns {', '.join(COLUMNS)}")
        name = row["file_id"]
        if not re.fullmatch(r"[\w.-]+\.wav", name) or row["emotion"] not in EMOTIONS:
            raise InputError(f"{where}: file '{name}', emotion '{row['emotion']}': "
                             f"expected a .wav and one of {', '.join(EMOTIONS)}")
        statement = name[:-4].rsplit("_", 1)[-1]
        labels: dict[str, Any] = {"emotion": row["emotion"], "statement": statement,
                                  "sex": row["gender"]}
        labels |= {"age": int(row["age"])} if row["age"].isdigit() else {}
        clips.append(Clip(name[:-4], source / "samples" / name, row["speaker_id"], labels,
                          row["raw_text"]))
    listed = Counter(c.speaker for c in clips)
    problems = layout.grouped("speakers of whom data.tsv does not list what was published", [
        f"{s} has {layout.counted(listed[s], CLIPS[s], 'clips')}" for s in CLIPS
        if listed[s] != CLIPS[s]], len(CLIPS))
    problems += layout.grouped("speakers that are not of nEMO", sorted(set(listed) - set(CLIPS)))
    names = {c.path.name for c in clips}
    problems += layout.grouped("files that data.tsv does not list", [
        p.name for p in layout.files(source / "samples", ".wav") if p.name not in names])
    problems += layout.grouped("clips missing that data.tsv lists",
                               [c.path.name for c in clips if not c.path.is_file()])
    there = [c for c in clips if c.path.is_file()]
    found = [layout.counted(len({c.speaker for c in there}), len(CLIPS), "speakers") + ", "
             + layout.counted(len(there), sum(CLIPS.values()), "clips")]
    return Scan(there, found, problems, varied=True, rate=24_000)


# There are no published folds: each speaker is tested; for development the woman and the man that
# follow.
_SEX = {"EB0": "female", "IC0": "female", "KD0": "female", "KS0": "male", "MK0": "female",
        "MP0": "male", "SM0": "male", "TP0": "male", "WR0": "male"}
PROTOCOLS = (Protocol(
    name="nemo-loso", corpus="nemo", label="emotion", kind="classification", classes=EMOTIONS,
    mapping=identity(EMOTIONS), group="speaker",
    folds=balanced([(f"nemo-{s}",) for s in _SEX], {f"nemo-{s}": sex for s, sex in _SEX.items()},
                   1),
    counts=dict(zip(EMOTIONS, (749, 736, 749, 809, 769, 669))),
    source="leave one speaker out, 4,481 utterances; folds chosen here, development as for EmoDB"),)
