"""ADReSS: people with and without Alzheimer's dementia describe a picture.

S. Luz et al., "Alzheimer's Dementia Recognition through Spontaneous Speech: The ADReSS Challenge",
Interspeech 2020.

The labels of the test part are distributed separately, as meta_data_test.txt (also meta_data.txt)
with a column Label (0 or 1), in test/ or beside it. Without them the test recordings have no label,
and a line says so. A gender of 0 counts as male, 1 as female. The text is what the participant says
(*PAR: in the transcript), without the marks of the transcribers. There is no published development
part; here it is every fifth training recording of each class by name.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, counts, first
from avspeech.data.corpora.tables import columns
from avspeech.errors import InputError

ABOUT = layout.About(
    name="ADReSS",
    page="https://luzs.gitlab.io/adress/",
    terms="for members of DementiaBank, free",
    layout="train/Full_wave_enhanced_audio/{cc,cd}/S*.wav, train/{cc,cd}_meta_data.txt, "
           "train/transcription "
    "and test/Full_wave_enhanced_audio/S*.wav",
)

# The paper's table 1: recordings, each of another person; cc is without, cd with dementia.
CLIPS = {"train cc": 54, "train cd": 54, "test": 48}
_NAME = r"S\d{3}"


def read_people(path: Path) -> dict[str, dict[str, str]]:
    """{"S001": {"age": "74", "gender": "male", "mmse": "NA"}} of a file of cells separated by
    ';'."""
    if not path.is_file():
        return {}
    people: dict[str, dict[str, str]] = {}
    for row in columns(path, "id", "age", "gender", delimiter=";"):
        name = row["id"].removesuffix(".wav")
        if people.setdefault(name, row) != row:
            raise InputError(f"{path}: {name} is given twice, with other values; leave one row")
    return people


def participant(path: Path) -> str | None:
    """What *PAR: says in a CHAT transcript (.cha); None where there is no file."""
    if not path.is_file():
        return None
    speaker, said = "", []
    for line in tables.lines(path, western=True):
        if not line.startswith("\t"):
            speaker = line.split(":", 1)[0]
            line = line.partition(":")[2]
        if speaker == "*PAR":
            said.append(line)
    whole = re.sub(r"[()]", "", " ".join(said))  # "(th)e": the letters in brackets were left out
    text = re.sub(r"\x15[^\x15]*\x15|\[[^\]]*\]|&\S*|\+\S*|[<>/]", " ", whole)
    return " ".join(text.split()) or None


def _person(row: dict[str, str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if row.get("gender", "").lower() in ("0", "1", "male", "female"):
        known["sex"] = {"0": "male", "1": "female"}.get(row["gender"], row["gender"].lower())
    for name in ("age", "mmse"):
        if row.get(name, "").replace(".", "", 1).isdigit():
            known[name] = float(row[name])
    return known


def scan(source: Path) -> Scan[Clip]:
    """All existing recordings. Labels: dementia, mmse, age, sex, split. Raises InputError for a
    table that is another."""
    clips, have = [], Counter[str]()
    gone, strange = [], list[Path]()
    for kind, label in (("cc", "no"), ("cd", "yes")):
        table = source / "train" / f"{kind}_meta_data.txt"
        people = read_people(table)
        gone += [] if people else [f"{layout.below(table, source)} missing: age, sex and mmse are "
                                   "not known"]
        folder = source / "train" / "Full_wave_enhanced_audio" / kind
        for number, path in enumerate(layout.files(folder, ".wav", stem=_NAME,
                                                      strange=strange)):
            have[f"train {kind}"] += 1
            clips.append(Clip(
                path.stem, path, path.stem,
                {"dementia": label, "split": "dev" if number % 5 == 4 else "train",
                 **_person(people.get(path.stem, {}))},
                participant(source / "train" / "transcription" / kind / f"{path.stem}.cha")))
    table = first(*(place / name for name in ("meta_data_test.txt", "meta_data.txt")
                    for place in (source / "test", source)))
    people = read_people(table)
    for path in layout.files(source / "test" / "Full_wave_enhanced_audio", ".wav", stem=_NAME,
                             strange=strange):
        have["test"] += 1
        row = people.get(path.stem, {})
        labels: dict[str, Any] = {"split": "test", **_person(row)}
        if row.get("label"):
            if row["label"] not in ("0", "1"):
                raise InputError(f"{table}: {path.stem}: label: expected 0 or 1, got "
                                 f"'{row['label']}'")
            labels["dementia"] = ("no", "yes")[int(row["label"])]
        clips.append(Clip(path.stem, path, path.stem, labels,
                          participant(source / "test" / "transcription" / f"{path.stem}.cha")))
    whole, problems = counts(have, CLIPS, "recordings")
    problems += (gone if clips else []) + layout.misnamed(strange, source, "ADReSS")
    return Scan(clips, whole, problems, labels=("dementia",), optional=("sex", "age"))
