"""TIMIT: 630 speakers of eight dialect regions of American English, ten sentences each.

J. Garofolo et al., "TIMIT Acoustic-Phonetic Continuous Speech Corpus", LDC93S1, 1993.

Two sentences (SA) are the same for all, made to bring dialects out. The published parts are
training and test; for development, every fifth speaker of each region's training part by name,
chosen here.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, counts, first
from avspeech.data.corpora.tables import spoken

ABOUT = layout.About(
    name="TIMIT",
    page="https://catalog.ldc.upenn.edu/LDC93S1",
    terms="bought from the LDC",
    layout="TRAIN and TEST, each DR1..DR8/<speaker>/*.WAV, and DOC/SPKRINFO.TXT",
)

# Its documentation, table 1: regions, and speakers of each; ten clips of each speaker.
REGIONS = {"DR1": "new england", "DR2": "northern", "DR3": "north midland", "DR4": "south midland",
           "DR5": "southern", "DR6": "new york city", "DR7": "western", "DR8": "army brat"}
SPEAKERS = {"DR1": 49, "DR2": 102, "DR3": 102, "DR4": 100, "DR5": 98, "DR6": 46, "DR7": 100,
            "DR8": 33}
TRAIN, TEST = 462, 168  # speakers


def _folder(parent: Path, name: str) -> Path:
    """`parent`/NAME in upper or lower case: copies differ."""
    return next((p for p in (parent / name, parent / name.lower()) if p.exists()), parent / name)


def _year(date: str) -> float | None:
    """mm/dd/yy as a year with its fraction; None for one that is not known."""
    parts = date.split("/")
    if len(parts) != 3 or not all(p.isdigit() for p in parts):
        return None
    month, day, year = map(int, parts)
    return 1900 + year + (month - 1) / 12 + (day - 1) / 365


def read_ages(path: Path) -> dict[str, int]:
    """{"FCJF0": 31} of SPKRINFO.TXT: ID Sex DR Use RecDate BirthDate ...; years at the
    recording."""
    ages = {}
    for line in tables.lines(path, western=True):
        cells = line.split()
        if len(cells) >= 6 and not line.startswith(";"):
            recorded, born = _year(cells[4]), _year(cells[5])
            if recorded is not None and born is not None and recorded > born:
                ages[cells[1] + cells[0]] = int(recorded - born)
    return ages


def scan(source: Path) -> Scan[Clip]:
    """All existing utterances. Labels: dialect, sex, age, sentence, split."""
    table = first(_folder(_folder(source, "DOC"), "SPKRINFO.TXT"), source / "SPKRINFO.TXT")
    inner = _folder(source, "DATA")  # of copies with TRAIN and TEST in it
    source = inner if inner.is_dir() else source
    ages = read_ages(table) if table.is_file() else {}
    clips, have, parts = [], Counter[str](), Counter[str]()
    strange: list[Path] = []
    for part in ("TRAIN", "TEST"):
        for region, dialect in REGIONS.items():
            for number, folder in enumerate(layout.folders(_folder(_folder(source, part), region))):
                name = folder.name.upper()
                have[region] += 1
                parts[part] += 1
                split = "test" if part == "TEST" else "dev" if number % 5 == 4 else "train"
                for path in layout.files(folder, ".wav", strange=strange,
                                         stem=r"S[AIX]\d+(\.wav)?"):
                    sentence = path.name.split(".")[0].upper()  # some copies: SA1.WAV.wav
                    if (folder / f"{path.name}.wav").is_file():
                        continue
                    labels: dict[str, Any] = {"dialect": dialect, "sentence": sentence,
                                              "split": split, "sex": "female"
                                              if name.startswith("F") else "male"}
                    if name in ages:
                        labels["age"] = ages[name]
                    text = spoken(_folder(folder,
                                          f"{sentence}.TXT"))  # first sample, last sample, words
                    clips.append(Clip(f"{name}-{sentence}", path, name, labels,
                                      text.split(" ", 2)[-1] if text else None))
    whole, problems = counts(have, SPEAKERS, "speakers")
    problems += counts(parts, {"TRAIN": TRAIN, "TEST": TEST}, "speakers")[1]
    if len(clips) != 10 * sum(SPEAKERS.values()):
        problems.append(layout.counted(len(clips), 10 * sum(SPEAKERS.values()), "utterances"))
    problems += layout.misnamed(strange, source, "TIMIT")
    problems += [] if ages else ["DOC/SPKRINFO.TXT missing: no ages"]
    return Scan(clips, whole, problems, optional=("age",) if ages else ())
