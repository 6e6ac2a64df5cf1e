"""The tasks, as data: one YAML file a task in `specs/`, read into `Task`. A task is added by one
file.

    name: gender
    about: The speaker's sex as the corpus states it.
    kind: classification
    term: long
    metrics: [uar, war, wf1]
    corpora:
      librispeech: {label: sex, protocol: speaker-5fold, mapping: {F: female, M: male}}

The thirteen tasks are those the paper's abstract and reviews name; that arousal, valence and
dominance count singly is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from avspeech.core import config
from avspeech.errors import InputError

SPECS = Path(__file__).parent / "specs"
# The first of a task's metrics is the one that chooses the learning rate and ranks.
METRICS = {"classification": ("uar", "war", "wf1"), "ordinal": ("uar", "war", "wf1", "ccc", "mae"),
           "regression": ("ccc", "mae")}


@dataclass(frozen=True)
class Binding:
    """A task on a corpus.

    label: key of `Utterance.labels`. protocol: a name in `data.protocol.known()`, whose classes and
    mapping then hold, or "speaker-Nfold", or "official" (labels["split"] is train, dev or test).
    classes: in order (an ordinal's from low to high); empty: the task's, else all that occur,
    sorted. mapping: label in the corpus to class; where given, other labels are left out. limits:
    of a regression label; what lies outside is left out.
    """

    label: str
    protocol: str
    classes: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Task:
    """term: how long the trait lasts (short: seconds, as emotion; medium: days, as a cold; long: as
    age). metrics: the first one counts. cross: whether corpora of this task are also tested on each
    other."""

    name: str
    kind: Literal["classification", "ordinal", "regression"]
    term: Literal["short", "medium", "long"]
    metrics: tuple[str, ...]
    corpora: dict[str, Binding]
    about: str = ""
    classes: tuple[str, ...] = ()
    cross: bool = False

    def __post_init__(self) -> None:
        wrong = [m for m in self.metrics if m not in METRICS[self.kind]]
        if wrong or not self.metrics:
            raise ValueError(f"metrics of a {self.kind} task are among "
                             f"{', '.join(METRICS[self.kind])}, not {', '.join(wrong) or 'none'}")
        if not self.corpora:
            raise ValueError("a task has at least one corpus")


def names(folder: str | Path = SPECS) -> list[str]:
    """The tasks there are, sorted."""
    return sorted(p.stem for p in Path(folder).glob("*.yaml"))


def load(name: str, folder: str | Path = SPECS) -> Task:
    """The task of a name. Raises InputError where there is no such file or it is not a task."""
    path = Path(folder) / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"task '{name}': not known; known: {', '.join(names(folder))}; "
                         f"a new one is a file {path}")
    task = config.load(Task, path)
    if task.name != name:
        raise InputError(f"{path}: name is '{task.name}'; it should be that of the file, '{name}'")
    return task
