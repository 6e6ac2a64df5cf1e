"""MSP-Podcast: turns cut from podcasts, rated by many for emotion, arousal, valence and dominance.

R. Lotfian and C. Busso, "Building Naturalistic Emotionally Balanced Speech Corpus by Retrieving Emotional
Speech From Existing Podcast Recordings", IEEE Transactions on Affective Computing 10(4), 2019.

A turn whose speaker was not identified counts as a speaker of its own.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout, tabled
from avspeech.errors import InputError

ABOUT = layout.About(
    name="MSP-Podcast",
    page="https://lab-msp.com/MSP/MSP-Podcast.html",
    terms="for research, by an agreement of your institution",
    layout="Audios/MSP-PODCAST_*.wav and Labels/labels_consensus.csv",
)

# Turns of each part by release. Each list adds up to the size its release was announced with; not held
# against the files themselves.
RELEASES = {
    "1.10": {"Train": 63076, "Development": 10999, "Test1": 16903, "Test2": 13289},
    "1.11": {"Train": 84030, "Development": 19815, "Test1": 30647, "Test2": 14815, "Test3": 2347},
}
EMOTIONS = {"A": "anger", "S": "sadness", "H": "happiness", "U": "surprise", "F": "fear", "D": "disgust",
            "C": "contempt", "N": "neutral", "O": "other", "X": "undecided"}


def scan(source: str | Path, test: str = "Test1") -> tabled.Scan:
    """The turns of Train, Development and `test`. Raises InputError for a table that is another."""
    source = Path(source)
    path = source / "Labels" / "labels_consensus.csv"
    if not path.is_file():
        return tabled.Scan([], [])
    rows = tabled.columns(path, "filename", "emoclass", "emoact", "emoval", "emodom", "spkrid", "gender",
                          "split_set")
    have = Counter(row["split_set"] for row in rows)
    if test not in have or test in ("Train", "Development"):
        raise InputError(f"{path}: test={test}: no such test part; there are {', '.join(sorted(have))}")
    parts = {"Train": "train", "Development": "dev", test: "test"}
    clips = []
    for row in rows:
        if row["split_set"] not in parts:
            continue
        if row["emoclass"] not in EMOTIONS:
            raise InputError(f"{path}: {row['filename']}: emotion '{row['emoclass']}' is not known")
        name = Path(row["filename"]).stem
        known = row["spkrid"].lower() not in ("", "unknown")
        labels = {"emotion": EMOTIONS[row["emoclass"]], "split": parts[row["split_set"]],
                  **{ours: tabled.number(row, theirs, path) for ours, theirs in (
                      ("arousal", "emoact"), ("valence", "emoval"), ("dominance", "emodom"))}}
        if row["gender"].lower() in ("male", "female"):
            labels["sex"] = row["gender"].lower()
        clips.append(tabled.Clip(name, source / "Audios" / f"{name}.wav",
                                 row["spkrid"] if known else f"of-{name}", labels,
                                 tabled.spoken(source / "Transcripts" / f"{name}.txt")))
    if dict(have) in RELEASES.values():
        return tabled.Scan(clips, [f"{len(rows):,} turns, as release "
                                   f"{[r for r, c in RELEASES.items() if c == dict(have)][0]}"])
    known_sizes = ", ".join(f"{sum(c.values()):,} ({r})" for r, c in RELEASES.items())
    return tabled.Scan(clips, [f"{len(rows):,} turns"],
                       [f"{len(rows):,} turns in the table; releases that are known here have {known_sizes}"])


def prepare(source: str | Path, out: str | Path, test: str = "Test1", incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion, arousal, valence, dominance (1 to 7), sex, split.

    test: which of the published test parts is the test; turns of the others are left out. incomplete: go
    on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where MSP-Podcast is absent, and where it is not whole.
    """
    return tabled.prepare("msp_podcast", ABOUT, source, out, scan(source, test), incomplete, workers)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each. Raises InputError where MSP-Podcast is absent."""
    return tabled.check("msp_podcast", ABOUT, source, scan(source))
