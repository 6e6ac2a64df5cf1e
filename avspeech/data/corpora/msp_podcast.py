"""MSP-Podcast: turns cut from podcasts, rated by many for emotion, arousal, valence and dominance.

R. Lotfian and C. Busso, "Building Naturalistic Emotionally Balanced Speech Corpus by Retrieving
Emotional Speech From Existing Podcast Recordings", IEEE Transactions on Affective Computing 10(4),
2019.

A turn whose speaker was not identified counts as a speaker of its own. Labels of the part Test3 are
withheld by the corpus' makers: its turns have none here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, first
from avspeech.data.corpora.tables import columns, file_name, number, spoken
from avspeech.data.labels import is_nobody
from avspeech.errors import InputError

ABOUT = layout.About(
    name="MSP-Podcast",
    page="https://lab-msp.com/MSP/MSP-Podcast.html",
    terms="for research, by an agreement of your institution",
    layout="Audios/MSP-PODCAST_*.wav and Labels/labels_consensus.csv",
)

# Turns of each part by release, or in all where the parts' sizes are not known here. Each list adds
# up to the size its release was announced with (1.12: its readme); not held against the files
# themselves.
RELEASES: dict[str, dict[str, int] | int] = {
    "1.10": {"Train": 63076, "Development": 10999, "Test1": 16903, "Test2": 13289},
    "1.11": {"Train": 84030, "Development": 19815, "Test1": 30647, "Test2": 14815, "Test3": 2347},
    "1.12": 207136, "2.0": 264705,
}
WITHHELD = "Test3"
EMOTIONS = {"A": "anger", "S": "sadness", "H": "happiness", "U": "surprise", "F": "fear",
            "D": "disgust", "C": "contempt", "N": "neutral", "O": "other", "X": "undecided"}


def scan(source: Path, test: str = "Test1") -> Scan[Clip]:
    """The turns of Train, Development and one test part. Labels: emotion, arousal, valence,
    dominance (1 to 7), sex, split.

    Args:
        source: the corpus.
        test: which of the published test parts is the test; turns of the others are left out.

    Raises:
        InputError: a table is invalid.
    """
    path = first(*(folder / f"labels_{word}.csv" for word in ("consensus", "concensus")
                   for folder in (source / "Labels", source)))  # the second until release 1.9
    if not path.is_file():
        return Scan([], [])
    rows = columns(path, "filename", "emoclass", "emoact", "emoval", "emodom", "spkrid", "gender",
                   "split_set")
    have = Counter(row["split_set"] for row in rows)
    if test not in have or test in ("Train", "Development", "Validation"):
        raise InputError(f"{path}: test={test}: no such test part; there are "
                         f"{', '.join(sorted(have))}")
    parts = {"Train": "train", "Development": "dev", "Validation": "dev", test: "test"}
    sounds = first(source / "Audios" / "Audio", source / "Audios", source / "Audio")
    clips = []
    for row in rows:
        if row["split_set"] not in parts:
            continue
        name = Path(file_name(row["filename"])).stem
        labels: dict[str, Any] = {"split": parts[row["split_set"]]}
        if row["emoclass"] or row["split_set"] != WITHHELD:
            if row["emoclass"] not in EMOTIONS:
                raise InputError(f"{path}: {row['filename']}: emotion '{row['emoclass']}' is not "
                                 "known; "
                                 f"expected one of {', '.join(EMOTIONS)}")
            labels = {"emotion": EMOTIONS[row["emoclass"]], **labels}
            labels |= {ours: number(row, theirs, path, 1, 7) for ours, theirs in (
                ("arousal", "emoact"), ("valence", "emoval"), ("dominance", "emodom"))}
        if row["gender"].lower() in ("male", "female"):
            labels["sex"] = row["gender"].lower()
        clips.append(Clip(name, sounds / f"{name}.wav",
                          f"of-{name}" if is_nobody(row["spkrid"]) else row["spkrid"], labels,
                          spoken(source / "Transcripts" / f"{name}.txt")))
    found, problems = _release(have)
    others = {part: n for part, n in sorted(have.items()) if part not in parts}
    found += [f"{sum(others.values()):,} turns of {', '.join(others)} left out"] if others else []
    return Scan(clips, found, problems, labels=("emotion",))


def _release(have: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """(a line with the release that has these turns, a problem where none has)."""
    turns = f"{sum(have.values()):,} turns"
    sizes = {}
    for release, published in RELEASES.items():
        sizes[release] = published if isinstance(published, int) else sum(published.values())
        if published in (dict(have), sum(have.values())):
            return [f"{turns}, as release {release}"], []
    known = ", ".join(f"{size:,} ({release})" for release, size in sizes.items())
    return [turns], [f"{turns} in the table; releases that are known here have {known}"]
