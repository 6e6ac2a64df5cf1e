"""URTIC: German speech of 630 people, some of whom have a cold; the Cold task of ComParE 2017.

B. Schuller et al., "The INTERSPEECH 2017 Computational Paralinguistics Challenge: Addressee, Cold &
Snoring", Interspeech 2017.

Who speaks is not published, only that the three parts share no speaker; nor are the labels of the
test part, in most copies. Without them the development part is the test, and a fifth of the
training clips, by a digest of their names, is for development: they may share voices with training,
never with the test. Each clip counts as a speaker of its own, so intervals by speaker are intervals
by clip here, and too narrow.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.errors import InputError

ABOUT = layout.About(
    name="URTIC",
    page="http://www.compare.openaudio.eu/",
    terms="for research, by an agreement with its owners",
    layout="wav/{train,devel,test}_*.wav and lab/ComParE2017_Cold.tsv",
)

# The challenge paper's table 1: clips, and those with a cold where they are published.
CLIPS = {"train": 9505, "devel": 9596, "test": 9551}
COLDS = {"train": 970, "devel": 1011}
LABELS = {"C": "yes", "NC": "no"}


def scan(source: Path) -> Scan[Clip]:
    """The clips that have a label. Labels: cold, split, part. Raises InputError for another
    table."""
    path = source / "lab" / "ComParE2017_Cold.tsv"
    if not path.is_file():
        return Scan([], [])
    rows = tables.read_table(path, "\t")
    heads = list(rows[0]) if rows else []
    if len(heads) != 2 or heads[0] != "file_name":
        raise InputError(f"{path}: expected two columns, file_name and the label")
    found: dict[str, list[tuple[str, str]]] = {part: [] for part in CLIPS}
    for row in rows:
        name, label = Path(tables.file_name(row["file_name"])).stem, row[heads[1]]
        part = name.partition("_")[0]
        if part not in CLIPS or label not in (*LABELS, "?"):
            raise InputError(f"{path}: expected train_, devel_ or test_ and C, NC or ?, got "
                             f"'{name}' {label}")
        found[part].append((name, label))
    open_ = any(label != "?" for _, label in found["test"])
    clips = []
    for part, items in found.items():
        for name, label in items:
            if label != "?":
                held = hashlib.sha256(name.encode()).digest()[0] < 51
                split = ({"train": "train", "devel": "dev", "test": "test"}[part] if open_ else
                         {"train": "dev" if held else "train", "devel": "test"}[part])
                clips.append(Clip(name, source / "wav" / f"{name}.wav", name,
                                  {"cold": LABELS[label], "split": split, "part": part}))
    whole, problems = counts({part: len(items) for part, items in found.items()}, CLIPS, "clips")
    problems += counts(Counter(part for part, items in found.items() for _, label in items
                                      if label == "C"), COLDS, "clips with a cold")[1]
    bare = sum(map(len, found.values())) - len(clips)
    whole += [f"{bare:,} clips left out: their label is not published"] if bare else []
    whole.append(f"test: the published {'test' if open_ else 'development'} part")
    return Scan(clips, whole, problems)
