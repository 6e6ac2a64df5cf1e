"""The tasks, as data: each is one YAML file in `specs/`, read into `Task`; one file adds a task.

    name: gender
    about: The speaker's sex as the corpus states it.
    kind: classification
    term: long
    metrics: [uar, war, wf1]
    corpora:
      librispeech: {label: sex, protocol: speaker-5fold, mapping: {F: female, M: male}}

The thirteen tasks are those that the abstract and the reviews of the paper name. That arousal,
valence and dominance count as three tasks is inferred.
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
    """A task on a corpus."""

    label: str  # key of `Utterance.labels`
    # A name in `data.protocol.known()`, whose classes and mapping then hold; or "speaker-Nfold"; or
    # "official" (labels["split"] is train, dev or test)
    protocol: str
    # In order, those of an ordinal task from low to high; empty: those of the task, or else all
    # that occur, sorted (of an ordinal task, where they are numbers)
    classes: tuple[str, ...] = ()
    # From a label in the corpus to a class; where given, other labels are left out
    mapping: dict[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None  # of a regression label; others are left out


@dataclass(frozen=True)
class Task:
    """A paralinguistic task and the corpora that have its labels."""

    name: str
    kind: Literal["classification", "ordinal", "regression"]
    # How long the trait lasts: seconds, as an emotion; days, as a cold; or as long as the age
    term: Literal["short", "medium", "long"]
    metrics: tuple[str, ...]  # the first one counts
    corpora: dict[str, Binding]
    about: str = ""
    classes: tuple[str, ...] = ()
    cross: bool = False  # whether its corpora are also tested on each other

    def __post_init__(self) -> None:
        wrong = [m for m in self.metrics if m not in METRICS[self.kind]]
        if wrong or not self.metrics:
            raise ValueError(f"metrics of a {self.kind} task are among "
                             f"{', '.join(METRICS[self.kind])}, not {', '.join(wrong) or 'none'}")
        if len(set(self.metrics)) < len(self.metrics):
            raise ValueError(f"a metric is given twice: {', '.join(self.metrics)}")
        if not self.corpora:
            raise ValueError("a task has at least one corpus")
        self._check_classes("", self.classes)
        for name, binding in self.corpora.items():
            self._check_binding(f"corpora.{name}: ", binding)

    def _check_binding(self, where: str, binding: Binding) -> None:
        classes = binding.classes or self.classes
        self._check_classes(where, binding.classes)
        if self.kind == "regression" and binding.mapping:
            raise ValueError(f"{where}a regression task has numbers, no mapping")
        if self.kind != "regression" and binding.limits:
            raise ValueError(f"{where}limits are for regression; this is {self.kind}")
        if binding.limits and not binding.limits[0] < binding.limits[1]:
            raise ValueError(f"{where}limits should be the lower and the higher, got "
                             f"{binding.limits[0]:g} and {binding.limits[1]:g}")
        strange = [name for name in binding.mapping.values() if classes and name not in classes]
        if strange:
            raise ValueError(f"{where}mapping gives '{strange[0]}', which is none of the classes "
                             f"{', '.join(classes)}")
        if self.kind == "ordinal" and binding.mapping and not classes:
            raise ValueError(f"{where}classes of an ordinal task are needed, from low to high")

    def _check_classes(self, where: str, classes: tuple[str, ...]) -> None:
        if classes and self.kind == "regression":
            raise ValueError(f"{where}a regression task has numbers, no classes")
        if classes and (len(classes) < 2 or len(set(classes)) < len(classes)):
            raise ValueError(f"{where}classes should be two or more, each once, got "
                             f"{', '.join(classes)}")


def names(folder: str | Path = SPECS) -> list[str]:
    """The tasks there are, sorted. Raises InputError where there is no such folder."""
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder; expected one with a YAML file for each task")
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
