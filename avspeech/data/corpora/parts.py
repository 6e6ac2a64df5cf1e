"""Training, development and test as a user's own table or folders give them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from avspeech.data.corpora import dealing, layout, tables
from avspeech.data.corpora.scan import Clip
from avspeech.data.manifest import PART
from avspeech.data.protocol import by_speaker
from avspeech.errors import InputError

COLUMNS = re.compile(r"split(set)?|part(ition)?|subset|set|fold")  # that name parts
# Their names in cells and folders
NAMES = {"train": r"tr(ain(ing)?)?", "dev": r"dev(el|elopment)?|val(id|idation)?",
         "test": r"te(st(ing)?)?|eval(uation)?"}
SHARE = 5  # one of so many speakers of train is dealt to a part that is not given


def part_of(word: Any) -> str:
    """The part that a cell or a folder names: "train", "dev" or "test"; "" for another word."""
    name = re.sub(r"[ _-]?(set|data|split)$", "", tables.bare(str(word)).casefold())
    return next((part for part, names in NAMES.items() if re.fullmatch(names, name)), "")


def refuse_eval(words: Iterable[Any], where: str) -> None:
    """Raises InputError where "eval" stands beside "test" and no name of dev: it may mean either.

    Args:
        words: of cells or folders.
        where: in front of the error.
    """
    named = {str(word): part_of(word) for word in words}
    evals = [word for word in named if re.match("eval", tables.bare(word).casefold())]
    if evals and "dev" not in named.values() and any(
            part == "test" for word, part in named.items() if word not in evals):
        raise InputError(f"{where}: '{evals[0]}' beside test, and no dev: call it dev where it "
                         "chooses when to stop, or test")


def column(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The heading of the column that gives the parts of a table.

    Args:
        rows: ("file:line", {heading in lower case: cell}).

    Returns:
        The heading; "" where no column has names of parts, or where all are train.

    Raises:
        InputError: some cells of such a column are names of parts, and others are not.
    """
    for key in dict.fromkeys(key for _, row in rows for key in row if COLUMNS.fullmatch(key)):
        named = [(where, row.get(key), part_of(row.get(key))) for where, row in rows]
        there = {part for *_, part in named} - {""}
        if not there or there == {"train"} and all(part for *_, part in named):
            continue
        refuse_eval((cell for _, cell, _ in named), f"{rows[0][0]}: {key}")
        for where, cell, part in named:
            if not part:
                raise InputError(f"{where}: {key}: expected train, dev or test, as in other rows, "
                                 f"got '{str('' if cell is None else cell)[:40]}'; or call the "
                                 "column otherwise, and speakers are dealt to parts here")
        return key
    return ""


def complete(clips: Sequence[Clip], source: Path) -> list[str]:
    """Checks the parts of clips, which are in their label `PART`, and deals the one that is not
    given.

    Args:
        clips: all of them, with the label "emotion".
        source: where they are from, for errors.

    Returns:
        Lines on the parts.

    Raises:
        InputError: a speaker is in two parts, a label is not in train, or there are too few
            speakers to deal.
    """
    of: dict[str, set[str]] = {}
    for clip in clips:
        of.setdefault(clip.speaker, set()).add(clip.labels[PART])
    torn = [f"{speaker} ({' and '.join(p for p in dealing.SPLITS if p in own)})"
            for speaker, own in of.items() if len(own) > 1]
    if torn:
        raise InputError(f"{source}: {'; '.join(layout.grouped('speakers are in two parts', torn))}"
                         ": a model is tested on voices that it did not hear; mend the parts, or "
                         "leave them out, and speakers are dealt here")
    found = []
    gone = [part for part in dealing.SPLITS if all(part not in own for own in of.values())]
    if "train" in gone:
        raise InputError(f"{source}: nothing is in train; expected train and test, and dev where "
                         "it was chosen")
    names = sorted({clip.labels["emotion"] for clip in clips})
    for part in gone:
        values: dict[str, list[float]] = {}
        for clip in clips:
            if clip.labels[PART] == "train":
                values.setdefault(clip.speaker, []).append(names.index(clip.labels["emotion"]))
        if len(values) < 3:
            raise InputError(f"{source}: nothing is in {part}, and train has {len(values)} "
                             f"speakers, of whom none can be spared; put some of them in {part}")
        dealt = {speaker for speaker, k in by_speaker(values, SHARE, True).items() if k == 0}
        for clip in clips:
            if clip.speaker in dealt:
                clip.labels[PART] = part
        found.append(f"nothing is in {part}: {len(dealt):,} of {len(values):,} speakers of train "
                     f"are for {part}")
    learned = {clip.labels["emotion"] for clip in clips if clip.labels[PART] == "train"}
    for name in names:
        if name not in learned:
            where = layout.named([p for p in dealing.SPLITS if any(
                c.labels == {"emotion": name, PART: p} for c in clips)])
            raise InputError(f"{source}: label '{name}' is in {where} and not in train; mend the "
                             "parts, or leave what has it out")
    counted = Counter(clip.labels[PART] for clip in clips)
    return [*found, "parts as they are given: " + layout.named(
        [f"{part} ({counted[part]:,})" for part in dealing.SPLITS])]
