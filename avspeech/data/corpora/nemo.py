"""nEMO: nine Polish speakers act ninety sentences in six emotions.

I. Christop, "nEMO: Dataset of Emotional Speech in Polish", LREC-COLING 2024.

`data.tsv` names every file, <speaker>_<emotion>_<sentence>.wav, with text, speaker, sex and age.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="nEMO",
    page="https://github.com/amu-cai/nEMO",
    terms="free to download, no agreement; CC BY-NC-SA 4.0",
    layout="samples/*.wav and data.tsv",
)

# Counted from the published data.tsv.
EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
CLIPS = {"EB0": 539, "IC0": 540, "KD0": 540, "KS0": 540, "MK0": 450, "MP0": 256, "SM0": 538, "TP0": 539,
         "WR0": 539}  # 4,481 in all
COLUMNS = ("file_id", "emotion", "raw_text", "speaker_id", "gender", "age")


@dataclass(frozen=True)
class Clip:
    """One line of data.tsv, and its file where there is one."""

    name: str
    emotion: str
    text: str
    speaker: str
    sex: str
    age: str
    path: Path


def clips(source: str | Path) -> list[Clip]:
    """The lines of data.tsv, in order. Raises InputError, saying where to get nEMO, where it is absent, and
    for a line that is not of it."""
    source = Path(source)
    table = source / "data.tsv"
    if not table.is_file():
        raise layout.absent(source, ABOUT)
    found = []
    for number, row in enumerate(layout.read_table(table, "\t"), 2):
        gone = [c for c in COLUMNS if not row.get(c)]
        if gone:
            raise InputError(f"{table}:{number}: no '{gone[0]}'; expected the columns {', '.join(COLUMNS)}")
        if not re.fullmatch(r"[\w.-]+\.wav", row["file_id"]) or row["emotion"] not in EMOTIONS:
            raise InputError(f"{table}:{number}: file '{row['file_id']}', emotion '{row['emotion']}': "
                             f"expected a .wav and one of {', '.join(EMOTIONS)}")
        found.append(Clip(row["file_id"][:-4], row["emotion"], row["raw_text"], row["speaker_id"],
                          row["gender"], row["age"], source / "samples" / row["file_id"]))
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def summary(found: Sequence[Clip]) -> str:
    """Counts against the published ones."""
    there = [c for c in found if c.path.is_file()]
    return (layout.counted(len({c.speaker for c in there}), len(CLIPS), "speakers") + ", "
            + layout.counted(len(there), sum(CLIPS.values()), "clips"))


def _missing(source: Path, found: Sequence[Clip]) -> list[str]:
    listed = {s: sum(c.speaker == s for c in found) for s in CLIPS}
    problems = layout.grouped("speakers of whom data.tsv does not list what was published", [
        f"{s} has {layout.counted(listed[s], CLIPS[s], 'clips')}" for s in CLIPS if listed[s] != CLIPS[s]],
        len(CLIPS))
    problems += layout.grouped("speakers that are not of nEMO",
                               sorted({c.speaker for c in found} - set(CLIPS)))
    problems += layout.grouped("clips missing that data.tsv lists",
                               [c.path.name for c in found if not c.path.is_file()])
    listed_names = {c.path.name for c in found}
    problems += layout.grouped("files that data.tsv does not list", [
        p.name for p in layout.files(source / "samples", ".wav") if p.name not in listed_names])
    there = [c.path for c in found if c.path.is_file()]
    return problems + layout.empty(there, source) + layout.unfetched(there, source)


def _read(source: Path, found: Sequence[Clip], workers: int) -> tuple[list[Utterance], list[str]]:
    def work(clip: Clip) -> Utterance:
        return Utterance(
            id=f"nemo-{clip.name}", audio=layout.below(clip.path, source),
            duration=layout.media(clip.path).audio, speaker=f"nemo-{clip.speaker}", text=clip.text,
            labels={"emotion": clip.emotion, "statement": clip.name.rsplit("_", 1)[-1], "sex": clip.sex,
                    **({"age": int(clip.age)} if clip.age.isdigit() else {})})

    read, unusable = layout.gather([c for c in found if c.path.is_file()], work, "nEMO", workers)
    return read, layout.grouped("unusable clips", unusable) + layout.cut_short(read)


def prepare(source: str | Path, out: str | Path, incomplete: bool = False, workers: int = 4) -> list[Path]:
    """Writes all.jsonl. Labels: emotion, statement, sex, age.

    incomplete: go on where clips are missing or wrong; workers: threads that open files. Raises InputError
    where nEMO is absent, and where it is not whole.
    """
    source = Path(source)
    found = clips(source)
    utterances, unusable = _read(source, found, workers)
    return layout.finish_whole(out, ABOUT, "nemo", source, utterances, [summary(found)],
                               _missing(source, found) + unusable, incomplete)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong, a line each: speakers, clips that data.tsv lists, files that it does not,
    files that do not open. Raises InputError where nEMO is absent."""
    source = Path(source)
    found = clips(source)
    return _missing(source, found) + _read(source, found, 4)[1]
