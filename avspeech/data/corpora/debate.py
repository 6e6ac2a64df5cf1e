"""DEBATE: Mandarin sentences whose words leave open what is meant, and whose sound does not: 1,001 sentences,
ten speakers.

"DEBATE: A Dataset for Disentangling Textual Ambiguity in Mandarin Through Speech", arXiv 2506.07502.

Three tasks: how a character is pronounced (polyphone), where a pause parts the sentence (segment), which word
is stressed (stress). DEBATE_Audio/speaker_3/polyphone/s3_p_id_017.wav is said by speaker 3; which reading of
which sentence it is stands in a table of each task. The published tables are .xls: save each as CSV beside
it, or install xlrd. A table has an id, a text and the reading; headings differ, so each is looked for by
several names (`HEADINGS`).

Of the readings of a sentence, each gets a number by the order of the table, "first" or "second" (later ones
are left out): the label that a classifier learns for all sentences alike would be arbitrary, so the numbers
are dealt by a digest. What is asked of a language model is the reading itself (`prompt`).

There is no published split. Ours is disjoint in speakers and in sentence groups: of the cross of both, what
is neither in the same part by speaker as by sentence is left out (labels["split"] is "none"), or the text
would give the answer away.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from avspeech.data.corpora import layout, tabled
from avspeech.errors import InputError

ABOUT = layout.About(
    name="DEBATE",
    page="https://arxiv.org/abs/2506.07502",
    terms="CC BY-NC 4.0",
    layout="DEBATE_Audio/speaker_*/{polyphone,segment,stress}/s*_{p,seg,s}_id_*.wav and Task_*.csv (or .xls)",
)

# The paper's: clips of each task, 10,010 in all, of ten speakers.
CLIPS = {"pronunciation": 2000, "pause": 4010, "stress": 4000}
SPEAKERS = 10
# task: (folder, letters in the names, start of the table's name)
TASKS = {"pronunciation": ("polyphone", "p", "Task_Proun"), "pause": ("segment", "seg", "Task_Pause"),
         "stress": ("stress", "s", "Task_Stres")}
HEADINGS = {"id": ("id", "no", "index", "序号", "编号"),
            "text": ("text", "sentence", "content", "句子", "文本"),
            "reading": ("label", "reading", "answer", "meaning", "读音", "标签", "答案", "含义")}
_NAME = re.compile(r"s(\d+)_(p|seg|s)_id_(\d+)")


def read_readings(path: Path) -> dict[int, tuple[str, str]]:
    """{id: (text, reading)} of a task's table. Raises InputError where a column is not there."""
    rows = _sheet(path) if path.suffix == ".xls" else layout.read_table(path)
    heads = list(rows[0]) if rows else []
    column = {kind: next((h for n in names for h in heads if h == n), None)
              for kind, names in HEADINGS.items()}
    absent = [kind for kind, head in column.items() if head is None]
    if absent:
        raise InputError(f"{path}: no column for {', '.join(absent)}; it has {', '.join(heads) or 'none'}; "
                         f"expected one of {', '.join(HEADINGS[absent[0]])}")
    found = {}
    for row in rows:
        number = row[str(column["id"])].partition(".")[0]
        if not number.isdigit():
            raise InputError(f"{path}: id: expected a number, got '{number}'")
        found[int(number)] = (row[str(column["text"])], row[str(column["reading"])])
    return found


def _sheet(path: Path) -> list[dict[str, str]]:
    try:
        import xlrd
    except ImportError:
        raise InputError(f"{path}: to read it, pip install xlrd, or save it as "
                         f"{path.with_suffix('.csv').name} beside it") from None
    sheet = xlrd.open_workbook(str(path)).sheet_by_index(0)
    rows = [[str(cell.value).strip() for cell in sheet.row(n)] for n in range(sheet.nrows)]
    return [dict(zip([h.lower() for h in rows[0]], row)) for row in rows[1:]] if rows else []


def part_of(key: str, shares: tuple[float, float] = (0.2, 0.2)) -> str:
    """train, dev or test, by a digest of a sentence."""
    place = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if place < shares[0] else "dev" if place < sum(shares) else "train"


def split(speaker: int, sentence: str) -> str:
    """Speakers 1 to 6 train, 7 and 8 develop, 9 and 10 test; "none" where the sentence's part is another."""
    by_speaker = "train" if speaker <= 6 else "dev" if speaker <= 8 else "test"
    return by_speaker if part_of(sentence) == by_speaker else "none"


def numbered(readings: dict[int, tuple[str, str]]) -> dict[int, str]:
    """{id: "first" or "second"} of sentences with two readings or more; which is which, a digest of the
    sentence decides."""
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
    """What to ask an audio language model."""
    return (f"The sentence is ambiguous in writing: {text}\nListen to how it is said. Which reading is "
            f"meant? Answer with one of these and nothing else: {' | '.join(readings)}")


def scan(source: str | Path, task: str = "pronunciation") -> tabled.Scan:
    """The clips of a task. Raises InputError for a task that is not there, or another table."""
    source = Path(source)
    layout.chosen("task", task, list(TASKS))
    folder, letters, table = TASKS[task]
    root = source / "DEBATE_Audio" if (source / "DEBATE_Audio").is_dir() else source
    tables = sorted(p for p in (*source.glob(f"{table}*.csv"), *source.glob(f"{table}*.xls")))
    speakers = [f for f in layout.folders(root) if re.fullmatch(r"speaker_\d+", f.name)]
    if not speakers or not tables:
        return tabled.Scan([], [])
    readings = read_readings(tables[0])
    names = numbered(readings)
    clips, wrong = [], []
    for home in speakers:
        for path in layout.files(home / folder, ".wav"):
            match = _NAME.fullmatch(path.stem)
            if not match or match.group(2) != letters or int(match.group(3)) not in readings:
                wrong.append(layout.below(path, source))
                continue
            text, reading = readings[int(match.group(3))]
            labels: dict[str, Any] = {"task": task, "reading": reading, "sentence": text,
                                      "split": split(int(match.group(1)), text)}
            if int(match.group(3)) in names:
                labels["which"] = names[int(match.group(3))]
            clips.append(tabled.Clip(path.stem, path, home.name, labels, text))
    whole, problems = tabled.counts(Counter(c.labels["task"] for c in clips), {task: CLIPS[task]}, "clips")
    parts = Counter(c.labels["split"] for c in clips)
    return tabled.Scan(clips, [*whole, f"split: {dict(sorted(parts.items()))}"], problems + layout.grouped(
        "files that are in no table", wrong))


def prepare(source: str | Path, out: str | Path, task: str = "pronunciation", incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes all.jsonl of one task. Labels: task, reading, which, sentence, split.

    task: pronunciation, pause or stress. incomplete: go on where clips are missing or wrong; workers: threads
    that open files. Raises InputError where DEBATE is absent, and where it is not whole.
    """
    return tabled.prepare("debate", ABOUT, source, out, scan(source, task), incomplete, workers)


def check(source: str | Path) -> list[str]:
    """What is missing or wrong in the three tasks, a line each. Raises InputError where DEBATE is absent."""
    return [line for task in TASKS for line in tabled.check("debate", ABOUT, source, scan(source, task))]
