"""CMU-MOSEI: sentences of people who speak to a camera, rated for sentiment from -3 to 3.

A. Zadeh et al., "Multimodal Language Analysis in the Wild: CMU-MOSEI Dataset and Interpretable
Dynamic Fusion Graph", ACL 2018.

The layout is the one of clips with a `label.csv` (as MMSA distributes it): Raw/<video>/<clip>.mp4.
The speakers are not published; each video counts as one speaker, and the published parts share no
video. Some clips say something else than their text, where the published times are wrong (MMSA's
issue 66).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.corpora.tables import columns, number
from avspeech.errors import InputError

ABOUT = layout.About(
    name="CMU-MOSEI",
    page="http://multicomp.cs.cmu.edu/resources/cmu-mosei-dataset/",
    terms="free for research; the videos are their makers'",
    layout="label.csv and Raw/<video>/<clip>.mp4 (or .wav)",
)

# Of MMSA's label.csv, whose parts these are; 22,856 in all, as papers that use it have it. The
# paper itself counts 23,453 sentences, some of which lost their label.
LACKING = "Y7qkyMyanjU"  # a video that MMSA's copy lacks (its issue 61)
CLIPS = {"train": 16326, "valid": 1871, "test": 4659}


def scan(source: Path) -> Scan[Clip]:
    """The clips of label.csv. Labels: sentiment, sentiment_score (-3 to 3), video, split. Raises
    InputError for an invalid table."""
    path = source / "label.csv"
    if not path.is_file():
        return Scan([], [])
    rows = columns(path, "video_id", "clip_id", "text", "label", "mode")
    clips = []
    for row in rows:
        if row["mode"] not in CLIPS:
            raise InputError(f"{path}: mode: expected train, valid or test, got '{row['mode']}'")
        score = number(row, "label", path, -3, 3)
        sound = source / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4"
        labels = {"sentiment": "negative" if score < 0 else "positive" if score > 0 else "neutral",
                  "sentiment_score": score, "video": row["video_id"],
                  "split": {"valid": "dev"}.get(row["mode"], row["mode"])}
        clips.append(Clip(f"{row['video_id']}-{row['clip_id']}", sound, row["video_id"], labels,
                          row["text"]))
    whole, problems = counts(Counter(row["mode"] for row in rows), CLIPS, "clips")
    there = [c for c in clips if c.speaker != LACKING or layout.is_file(c.path)]
    if len(there) < len(clips):
        whole.append(f"{len(clips) - len(there)} clips left out: MMSA's copy lacks the video "
                     f"{LACKING}")
    return Scan(there, whole, problems)
