"""DEBATE: Mandarin sentences that are ambiguous in writing but not in speech: 1,001 sentences, ten
speakers.

"DEBATE: A Dataset for Disentangling Textual Ambiguity in Mandarin Through Speech", arXiv
2506.07502.

Three tasks: how a character is pronounced (polyphone), where a pause parts the sentence (segment),
which word is stressed (stress). DEBATE_Audio/speaker_3/polyphone/s3_p_id_017.wav is spoken by
speaker 3; a table for each task gives its sentence and reading. The published tables are .xls: save
each as CSV beside it, or install xlrd. A table has an id, a text and the reading; headings differ,
so each is looked for by several names (`HEADINGS`).

Two readings of each sentence are labeled "first" and "second" (others are left out). A classifier
could learn the order of the table, which is arbitrary, so a hash decides which reading is the
first. A language model is given the readings themselves (`prompt`).

There is no published split. Ours (six speakers to train, two each for development and test) is
disjoint in speakers and in sentence groups: of the cross of both, what is neither in the same part
by speaker as by sentence is left out (labels["split"] is "none"), or the text would give the answer
away.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tables
from avspeech.data.corpora.scan import Clip, Scan, counts
from avspeech.data.labels import missing
from avspeech.errors import InputError

ABOUT = layout.About(
    name="DEBATE",
    page="https://arxiv.org/abs/2506.07502",
    terms="CC BY-NC 4.0",
    layout="DEBATE_Audio/speaker_*/{polyphone,segment,stress}/s*_{p,seg,s}_id_*.wav and "
           "Task_*.csv (or .xls)",
)

# The paper's: clips of each task, 10,010 in all, of ten speakers.
CLIPS = {"pronunciation": 2000, "pause": 4010, "stress": 4000}
SPEAKERS = 10
# task: (folder, letters in the names, start of the table's name)
TASKS = {"pronunciation": ("polyphone", "p", "Task_Proun"),
         "pause": ("segment", "seg", "Task_Pause"),
         "stress": ("stress", "s", "Task_Stres")}
HEADINGS = {"id": ("id", "no", "index", "序号", "编号"),
            "text": ("text", "sentence", "content", "句子", "文本"),
            "reading": ("label", "reading", "answer", "meaning", "读音", "标签", "答案", "含义")}
# Task_Proun has both the pronunciation of the character and its meaning; the pronunciation is used.
SPOKEN = ("pronunciation", "pinyin", "读音", "拼音")
_NAME = re.compile(r"s(\d+)_(p|seg|s)_id_(\d+)")


def read_readings(path: Path, task: str = "pronunciation") -> dict[int, tuple[str, str]]:
    """Reads the table of a task. An id may be written as in the names of files: 17, id_017 or
    p_id_017.

    Args:
        path: the table, CSV or XLS.
        task: a key of TASKS.

    Returns:
        {id: (text, reading)}.

    Raises:
        InputError: a column is missing, or an id is invalid or given twice.
    """
    rows = _sheet(path) if path.suffix == ".xls" else tables.read_rows(path)
    heads = list(rows[0][1]) if rows else []
    names = {**HEADINGS, "reading": (*(SPOKEN if task == "pronunciation" else ()),
                                     *HEADINGS["reading"])}
    column = {kind: next((h for n in names[kind] for h in heads if h == n), None) for kind in names}
    absent = [kind for kind, head in column.items() if head is None]
    if absent:
        raise InputError(f"{path}: no column for {', '.join(absent)}; it has "
                         f"{', '.join(heads) or 'none'}; "
                         f"expected one of {', '.join(names[absent[0]])}")
    given: dict[int, tuple[str, str]] = {}
    for where, row in rows:
        match = re.fullmatch(r"(?:\w*id_)?(\d+)(?:\.0*)?", row[str(column["id"])], re.IGNORECASE)
        if not match:
            raise InputError(f"{where}: id: expected a number, or a name such as id_017, got "
                             f"'{row[str(column['id'])]}'")
        text, reading = row[str(column["text"])], row[str(column["reading"])]
        if given.setdefault(int(match.group(1)), (text, reading)) != (text, reading):
            raise InputError(f"{where}: id {match.group(1)} is given twice")
    return {id: row for id, row in given.items() if not missing(row[1])}


def _sheet(path: Path) -> list[tuple[str, dict[str, str]]]:
    try:
        import xlrd
    except ImportError:
        raise InputError(f"{path}: to read it, pip install xlrd, or save it as "
                         f"{path.with_suffix('.csv').name} beside it") from None
    try:
        sheet = xlrd.open_workbook(str(path)).sheet_by_index(0)
    except (xlrd.XLRDError, OSError) as error:
        raise InputError(f"{path}: not a table that xlrd reads ({error})") from None
    rows = [[str(cell.value).strip() for cell in sheet.row(n)] for n in range(sheet.nrows)]
    heads = [head.lower() for head in rows[0]] if rows else []
    return [(f"{path}:{n}", dict(zip(heads, row))) for n, row in enumerate(rows[1:], 2)]


def part_of(key: str, shares: tuple[float, float] = (0.2, 0.2)) -> str:
    """The part of a sentence, by a hash.

    Args:
        key: the sentence.
        shares: of test and dev.

    Returns:
        "train", "dev" or "test".
    """
    place = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if place < shares[0] else "dev" if place < sum(shares) else "train"


def split(speaker: int, sentence: str) -> str:
    """The part of a clip: speakers 0 to 5 are for training, 6 and 7 for development, 8 and 9 for
    test.

    Args:
        speaker: its number.
        sentence: what the clip says.

    Returns:
        The part, or "none" where the part of the sentence differs from that of the speaker.
    """
    by_speaker = "train" if speaker <= 5 else "dev" if speaker <= 7 else "test"
    return by_speaker if part_of(sentence) == by_speaker else "none"


def numbered(readings: dict[int, tuple[str, str]]) -> dict[int, str]:
    """{id: "first" or "second"} of sentences with two readings or more; which is which, a digest of
    the sentence decides."""
    of: dict[str, list[str]] = {}
    for text, reading in readings.values():
        if reading not in of.setdefault(text, []):
            of[text].append(reading)
    names = {}
    for id, (text, reading) in readings.items():
        place = of[text].index(reading)
        if len(of[text]) > 1 and place < 2:
            flipped = hashlib.sha256(f"order/{text}".encode()).digest()[0] % 2
            names[id] = ("first", "second")[place ^ flipped]
    return names


def prompt(text: str, readings: list[str]) -> str:
    """The question to an audio language model.

    Args:
        text: the sentence.
        readings: its possible readings.
    """
    return (f"The sentence is ambiguous in writing: {text}\nListen to how it is said. Which "
            "reading is "
            f"meant? Answer with one of these and nothing else: {' | '.join(readings)}")


def scan(source: Path, task: str = "pronunciation") -> Scan[Clip]:
    """The clips of a task. Labels: task, reading, which, sentence, split.

    Args:
        source: the corpus.
        task: pronunciation, pause or stress.

    Raises:
        InputError: there is no such task, or a table is invalid.
    """
    layout.chosen("task", task, list(TASKS))
    folder, letters, table = TASKS[task]
    root = source / "DEBATE_Audio" if (source / "DEBATE_Audio").is_dir() else source
    sheets = (layout.files(source, ".csv", stem=f"{table}.*")
              or layout.files(source, ".xls", stem=f"{table}.*"))
    speakers = [f for f in layout.folders(root) if re.fullmatch(r"speaker_\d+", f.name)]
    if not speakers or not sheets:
        return Scan([], [])
    readings = tables.agreed(sheets, lambda sheet: read_readings(sheet, task))
    names = numbered(readings)
    clips, wrong = [], []
    # Its README numbers the speakers from 0; a copy that does so from 1 is split alike.
    numbers = {int(home.name.rpartition("_")[2]) for home in speakers}
    lowest = 1 if SPEAKERS in numbers and 0 not in numbers else 0
    for home in speakers:
        speaker = int(home.name.rpartition("_")[2]) - lowest
        for path in layout.files(home / folder, ".wav"):
            match = _NAME.fullmatch(path.stem)
            if (not match or match.group(2) != letters or int(match.group(3)) not in readings
                    or int(match.group(1)) != speaker + lowest or not 0 <= speaker < SPEAKERS):
                wrong.append(layout.below(path, source))
                continue
            text, reading = readings[int(match.group(3))]
            labels: dict[str, Any] = {"task": task, "reading": reading, "sentence": text,
                                      "split": split(speaker, text)}
            if int(match.group(3)) in names:
                labels["which"] = names[int(match.group(3))]
            clips.append(Clip(path.stem, path, home.name, labels, text))
    whole, problems = counts(Counter(c.labels["task"] for c in clips), {task: CLIPS[task]}, "clips")
    parts = Counter(c.labels["split"] for c in clips)
    problems += layout.grouped(f"speakers missing, counted from {lowest}", [
        f"speaker_{n}" for n in range(lowest, lowest + SPEAKERS) if n not in numbers])
    problems += layout.grouped("files that are in no table, or not of their speaker", wrong)
    return Scan(clips, [*whole, f"split: {dict(sorted(parts.items()))}"], problems,
                labels=("which",))


def check(source: str | Path) -> list[str]:
    """Finds what is missing or wrong in the three tasks, one line for each problem. Raises
    InputError where DEBATE is absent."""
    from avspeech.data.corpora import scan as scans

    return [line for task in TASKS
            for line in scans.check("debate", ABOUT, Path(source), scan(Path(source), task))]
