"""DAIC-WOZ: 189 interviews by a virtual agent, and how depressed the interviewed are (PHQ-8).

J. Gratch et al., "The Distress Analysis Interview Corpus of human and computer interviews", LREC
2014; split and scores as in the challenge AVEC 2017.

A participant's turns are cut from the interview by its transcript (300_TRANSCRIPT.csv: start_time,
stop_time, speaker, value, by tabs). Neighbouring turns become one segment, longer ones are cut:
each carries its participant's label, and it is participants that are judged.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avspeech.data.corpora import headers, layout, tables
from avspeech.data.corpora.scan import Read, Scan, first
from avspeech.data.manifest import Utterance
from avspeech.data.protocol import PUBLISHED, Protocol, identity
from avspeech.errors import InputError

ABOUT = layout.About(
    name="DAIC-WOZ",
    page="https://dcapswoz.ict.usc.edu/",
    terms="free for research, on a signed agreement",
    layout="300_P..492_P with NNN_AUDIO.wav and NNN_TRANSCRIPT.csv, and train_, "
           "dev_split_Depression_"
    "AVEC2017.csv and full_test_split.csv",
)

# Participants of each part, AVEC 2017 (Ringeval et al., Table 1). The four numbers are not in the
# release.
PARTICIPANTS = {"train": 107, "dev": 35, "test": 47}
NOT_RELEASED = (342, 394, 398, 460)
NUMBERS = tuple(str(n) for n in range(300, 493) if n not in NOT_RELEASED)
SPLIT_FILES = {"train": ("train_split_Depression_AVEC2017.csv",),
               "dev": ("dev_split_Depression_AVEC2017.csv",),
               "test": ("full_test_split.csv", "test_split_Depression_AVEC2017.csv")}
DEPRESSED = 10  # PHQ-8 score from which on a participant counts as depressed
HIGHEST = 24  # score
# The published label of 409 does not go with its score of 10; left as published.
KNOWN_ODD = ("409",)

# Faults of the recordings. That these interviews are faulty is in the corpus' documentation; the
# numbers are those in use in programs that read it (first, it seems, of Bailey and Plumbley,
# EUSIPCO 2021), which differ by up to 3 s for 373: the wider interval is taken. They could not be
# checked against the recordings here.
INTERRUPTED = {"373": (395.0, 431.0), "444": (285.0, 387.0)}  # seconds in which others speak
LATE = {"318": 34.319917, "321": 3.8379167, "341": 6.1892,
        "362": 16.8582}  # to add to the transcript's times

GAP = 1.0  # seconds between turns of a participant that are still one segment
MAX_BEYOND = 5.0  # seconds a transcript may go on after the sound; what is beyond is cut off
_NOISE = re.compile(r"scrubbed_entry|</?synch?[>.]?|\[synch?(ing)?\]|<talking to experimenter>",
                    re.I)


@dataclass(frozen=True)
class Participant:
    """One interview."""

    number: str
    labels: dict[str, Any]  # split; phq8, depressed and sex where the tables have them
    audio: Path
    transcript: Path

    @property
    def whole(self) -> bool:
        """Whether both files are there."""
        return self.audio.is_file() and self.transcript.is_file()


def _table(source: Path, names: Sequence[str]) -> Path | None:
    places = [source, *(f for f in layout.folders(source) if not f.name.endswith("_P"))]
    return next((place / name for name in names for place in places if (place / name).is_file()),
                None)


def read_split(path: Path) -> dict[str, dict[str, Any]]:
    """Reads one of the tables. The test table of the challenge has no scores.

    Args:
        path: the table.

    Returns:
        {"300": {"phq8": 2, "depressed": "no", "sex": "male"}, ...}.

    Raises:
        InputError: the table has no participants.
    """
    found: dict[str, dict[str, Any]] = {}
    for where, row in tables.read_rows(path):
        name = row.get("participant_id", "")
        binary, score = (row.get(f"phq8_{k}", row.get(f"phq_{k}", "")) for k in ("binary", "score"))
        if not name.isdigit() or binary not in ("", "0", "1") or (
                score and not (score.isdigit() and int(score) <= HIGHEST)):
            raise InputError(f"{where}: expected Participant_ID, PHQ8_Binary (0 or 1), PHQ8_Score "
                             f"(0 to {HIGHEST}) and Gender, got {list(row.values())[:4]}")
        labels: dict[str, Any] = {}
        labels.update({"phq8": int(score)} if score else {})
        labels.update({"depressed": "yes" if binary == "1" else "no"} if binary else {})
        labels.update({"sex": {"1": "male", "0": "female"}[row["gender"]]}
                      if row.get("gender") in ("0", "1") else {})
        found[name] = labels
    return found


def read_transcript(path: Path, number: str = "") -> list[tuple[float, float, str]]:
    """The participant's turns. Times are corrected for the interviews that are known to be late;
    interruptions and technical remarks are left out.

    Args:
        path: the transcript.
        number: of the participant.

    Returns:
        (start, end, words), in seconds in the recording, in order.

    Raises:
        InputError: the file is not a transcript.
    """
    turns = []
    late = LATE.get(number, 0.0)
    first, last = INTERRUPTED.get(number, (math.inf, math.inf))
    for where, row in tables.read_rows(path, "\t", required=3):  # some rows have no words
        try:
            start, end = float(row["start_time"]) + late, float(row["stop_time"]) + late
        except (KeyError, ValueError):
            raise InputError(f"{where}: expected start_time, stop_time, speaker and value, by tabs"
                             ) from None
        words = row.get("value", "")
        if (row.get("speaker", "").lower() == "participant" and end > start
            and not _NOISE.search(words)
            and (end <= first or start >= last)):
            turns.append((start, end, words))
    return sorted(turns)


def segments(turns: Sequence[tuple[float, float, str]], shortest: float,
             longest: float) -> list[tuple[float, float, str]]:
    """Joins turns that are less than GAP apart, and cuts long turns into equal parts, each with all
    words of the turn.

    Args:
        turns: of `read_transcript`.
        shortest: seconds; shorter segments are left out.
        longest: seconds of a segment at most.

    Returns:
        (start, end, words) of each segment.
    """
    joined: list[tuple[float, float, str]] = []
    for start, end, words in turns:
        if joined and start - joined[-1][1] < GAP and end - joined[-1][0] <= longest:
            before = joined[-1]
            joined[-1] = (before[0], max(end, before[1]), f"{before[2]} {words}".strip())
        else:
            parts = max(1, math.ceil((end - start) / longest))
            edges = [start + (end - start) * k / parts for k in range(parts + 1)]
            joined += [(a, b, words) for a, b in zip(edges, edges[1:])]
    return [s for s in joined if s[1] - s[0] >= shortest]


def participants(source: Path) -> list[Participant]:
    """All participants in the tables, with or without files.

    Args:
        source: the corpus.

    Raises:
        InputError: a table cannot be read.
    """
    found: dict[str, Participant] = {}
    for split, names in SPLIT_FILES.items():
        table = _table(source, names)
        for number, labels in (read_split(table) if table else {}).items():
            if number in found:
                raise InputError(f"{table}: participant {number} is also in the "
                                 f"{found[number].labels['split']} part")
            own = f"{number}_P"
            audio = first(*(layout.sound(folder / f"{number}_AUDIO.wav") for folder in (
                source / own, source / own / own, source, *(
                    (table.parent / own, table.parent) if table else ()))))
            found[number] = Participant(number, {"split": split, "participant": number, **labels},
                                        audio, audio.parent / f"{number}_TRANSCRIPT.csv")
    return list(found.values())


def _missing(source: Path, found: Sequence[Participant]) -> list[str]:
    problems = [f"{' or '.join(names)} missing" for names in SPLIT_FILES.values()
                if _table(source, names) is None]
    problems += layout.grouped("participants in none of the tables",
                               [n for n in NUMBERS if n not in {p.number for p in found}])
    problems += layout.grouped("participants who are not of the corpus",
                               [p.number for p in found if p.number not in NUMBERS])
    problems += layout.grouped("files missing", [
        layout.below(path, source) for p in found for path in (p.audio, p.transcript)
        if not path.is_file()])
    problems += layout.grouped("participants without a score; full_test_split.csv has those of "
                               "the test part",
                               [p.number for p in found if "phq8" not in p.labels])
    problems += layout.grouped("participants whose label does not go with their score "
                               f"({DEPRESSED} is "
                               "depressed)", [
        p.number for p in found if p.number not in KNOWN_ODD and {"phq8",
                                                                  "depressed"} <= set(p.labels)
        and (p.labels["phq8"] >= DEPRESSED) != (p.labels["depressed"] == "yes")])
    return problems + layout.empty((p.audio for p in found if p.audio.is_file()), source)


def scan(source: Path, shortest: float = 1.0, longest: float = 15.0) -> Scan[Participant]:
    """The interviews; of each, segments of the participant's speech become utterances. Labels:
    split ("train", "dev", "test", as published), participant, phq8 (0..24), depressed ("yes",
    "no"), sex.

    Args:
        source: the corpus.
        shortest: seconds of a segment at least.
        longest: seconds of a segment at most.

    Raises:
        InputError: for a table that cannot be read, and for other limits.
    """
    if not 0 < shortest <= longest / 2:
        raise InputError(f"daic_woz: shortest={shortest}, longest={longest}: expected seconds, "
                         "the second at "
                         "least twice the first")
    found = participants(source)

    def read(p: Participant) -> Read:
        if not p.whole:
            return Read([])  # `_missing` reports it
        seconds = headers.media(p.audio).audio
        cut = segments(read_transcript(p.transcript, p.number), shortest, longest)
        beyond = [s for s in cut if s[1] > seconds + MAX_BEYOND]
        if beyond or not cut:
            raise InputError(f"{p.number}: " + (
                f"the transcript runs to {beyond[-1][1]:.1f} s, the sound to {seconds:.1f} s"
                if beyond
                else "no turn of the participant"))
        utterances = []
        for k, (start, end, words) in enumerate(cut):
            length = min(end, seconds) - start
            if length >= shortest:
                utterances.append(Utterance(
                    id=f"daic_woz-{p.number}-{k:03}", audio=layout.below(p.audio, source),
                    start=round(start, 3), duration=round(length, 3),
                    speaker=f"daic_woz-{p.number}", text=words or None, labels=dict(p.labels)))
        return Read(utterances)

    have = Counter(p.labels["split"] for p in found if p.whole)
    whole = ", ".join(layout.counted(have[split], number, f"participants of {split}")
                      for split, number in PARTICIPANTS.items())
    return Scan(found, [whole], _missing(source, found), read, noun="interviews")


# The published parts; participants are counted and judged.
PROTOCOLS = (
    Protocol(
        name="daic_woz", corpus="daic_woz", label="depressed", kind="classification",
        classes=("no", "yes"), mapping=identity(("no", "yes")), group="split", folds=PUBLISHED,
        counts={"no": 133, "yes": 56}, unit="participant",
        source="the published parts (AVEC 2017), 189 participants"),
    Protocol(
        name="daic_woz-phq8", corpus="daic_woz", label="phq8", kind="regression", classes=(),
        mapping={}, group="split", folds=PUBLISHED, counts={"utterances": 189}, unit="participant",
        source="the published parts (AVEC 2017), 189 participants; scores 0 to 24"))
