"""A task on a corpus, resolved: the utterances that have a label, their targets, and the folds.

A protocol is a name in `data.protocol.known()` (published folds, checked for leaks there),
"speaker-Nfold" or "official". In "speaker-Nfold" speakers are dealt to N groups such that each has about as
many speakers of each class (by a speaker's most frequent one; of a number: by its mean), ties by a digest
of the name; fold k is tested on group k, developed on group k + 1, trained on the rest. So no speaker is in
two parts of a fold, and who falls where hangs on nothing but the speakers there are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avspeech.bench.tasks import Binding, Task
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Fold:
    """Positions in `Folds.ids`."""

    name: str
    train: tuple[int, ...]
    dev: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Folds:
    """ids, groups (the speaker), targets (class numbers, or values) of the n utterances with a label;
    classes: () for regression; unlabelled: utterances left out."""

    task: str
    corpus: str
    protocol: str
    protocol_hash: str
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    targets: tuple[float, ...]
    folds: tuple[Fold, ...]
    unlabelled: int = 0


def resolve(task: Task, corpus: str, utterances: Sequence[Utterance], incomplete: bool = False) -> Folds:
    """The folds of a task on a corpus. incomplete: go on where a published protocol's counts do not hold.
    Raises InputError, naming task and corpus, where its label is on no utterance, a value is not of its
    kind, or there are too few speakers."""
    if corpus not in task.corpora:
        raise InputError(f"task {task.name}: not bound to corpus '{corpus}'; "
                         f"bound: {', '.join(task.corpora)}")
    binding, where = task.corpora[corpus], f"task {task.name} on {corpus}"
    published = None if _by_speaker(binding) or binding.protocol == "official" else _published(binding, where)
    classes = _classes(task, binding, published, utterances)
    kept, targets = [], []
    for utterance in sorted(utterances, key=lambda u: u.id):
        target = _target(task, binding, published, classes, utterance, where)
        if target is not None:
            kept.append(utterance)
            targets.append(target)
    if not kept:
        raise InputError(f"{where}: none of {len(utterances):,} utterances has a label '{binding.label}' "
                         f"that counts; specs/{task.name}.yaml says which")
    place = {u.id: i for i, u in enumerate(kept)}
    if published is not None:
        splits = published.splits(kept, incomplete=incomplete)
        folds = [Fold(s.name, *(tuple(sorted(place[u.id] for u in getattr(s, part))) for part in PARTS))
                 for s in splits]
        rule = published.hash
    elif binding.protocol == "official":
        folds, rule = [_official(kept, where)], "official"
    else:
        folds = _speaker_folds(kept, targets, int(_by_speaker(binding) or 0), bool(classes), where)
        rule = binding.protocol
    speakers = tuple(u.speaker for u in kept)
    for fold in folds:
        _check(fold, speakers, where)
    listing = [[f.name, *([kept[i].id for i in getattr(f, part)] for part in PARTS)] for f in folds]
    return Folds(task.name, corpus, binding.protocol, digest([rule, classes, listing]), classes,
                 tuple(u.id for u in kept), speakers, tuple(targets), tuple(folds),
                 len(utterances) - len(kept))


def digest(value: Any) -> str:
    """16 hexadecimal digits of a value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _by_speaker(binding: Binding) -> str | None:
    match = re.fullmatch(r"speaker-(\d+)fold", binding.protocol)
    return match[1] if match else None


def _published(binding: Binding, where: str) -> Any:
    from avspeech.data import protocol

    try:
        return protocol.get(binding.protocol)
    except InputError as error:
        raise InputError(f"{where}: {error} (or speaker-Nfold, official)") from None


def _classes(task: Task, binding: Binding, published: Any,
             utterances: Sequence[Utterance]) -> tuple[str, ...]:
    if task.kind == "regression":
        return ()
    if published is not None and published.label == binding.label:
        return tuple(published.classes)
    stated = binding.classes or task.classes
    if stated:
        return stated
    if binding.mapping:
        return tuple(sorted(set(binding.mapping.values())))
    return tuple(sorted({str(u.labels[binding.label]) for u in utterances if binding.label in u.labels}))


def _target(task: Task, binding: Binding, published: Any, classes: tuple[str, ...], utterance: Utterance,
            where: str) -> float | None:
    """The class number or value of an utterance; None where it is left out."""
    value = utterance.labels.get(binding.label)
    if value is None:
        return None
    if task.kind == "regression":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{where}: {utterance.id} has {binding.label} = {value!r}; a number is expected")
        low, high = binding.limits or (float("-inf"), float("inf"))
        return float(value) if low <= value <= high else None
    mapping = dict(published.mapping) if published is not None and published.label == binding.label else {}
    mapping = mapping or binding.mapping
    name = mapping.get(str(value)) if mapping else str(value)
    if name is None:
        return None
    if name not in classes:
        if not mapping and (binding.classes or task.classes):
            return None
        raise InputError(f"{where}: {utterance.id} has {binding.label} = {value!r}, which is no class; "
                         f"classes: {', '.join(classes)}")
    return float(classes.index(name))


def _speaker_folds(utterances: Sequence[Utterance], targets: Sequence[float], count: int, classes: bool,
                   where: str) -> list[Fold]:
    from avspeech.data import protocol

    values: dict[str, list[float]] = {}
    for utterance, target in zip(utterances, targets):
        values.setdefault(utterance.speaker, []).append(target)
    try:
        group = protocol.by_speaker(values, count, classes)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    count = max(group.values()) + 1
    folds = []
    for k in range(count):
        parts: dict[str, list[int]] = {part: [] for part in PARTS}
        for i, utterance in enumerate(utterances):
            own = group[utterance.speaker]
            parts["test" if own == k else "dev" if own == (k + 1) % count else "train"].append(i)
        folds.append(Fold(str(k + 1), *(tuple(parts[part]) for part in PARTS)))
    return folds


def _official(utterances: Sequence[Utterance], where: str) -> Fold:
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for i, utterance in enumerate(utterances):
        name = utterance.labels.get("split")
        if name not in parts:
            raise InputError(f"{where}: {utterance.id} has split {name!r}; expected train, dev or test")
        parts[name].append(i)
    return Fold("official", *(tuple(parts[part]) for part in PARTS))


def _check(fold: Fold, speakers: Sequence[str], where: str) -> None:
    parts = {part: {speakers[i] for i in getattr(fold, part)} for part in PARTS}
    for part, names in parts.items():
        if not names:
            raise InputError(f"{where}: fold {fold.name} has no utterance in {part}")
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        shared = sorted(parts[one] & parts[other])
        if shared:
            raise InputError(f"{where}: fold {fold.name} has speaker {shared[0]} in {one} and {other}")


def across(one: Folds, other: Folds) -> Folds | None:
    """Trained and developed on each fold of `one`, tested on all of `other`; targets in the classes that both
    have, in the order of `one`. None where they share fewer than two. Ids of `one` come first."""
    if bool(one.classes) != bool(other.classes):
        return None
    shared = tuple(c for c in one.classes if c in other.classes)
    if one.classes and len(shared) < 2:
        return None
    ids: list[str] = []
    groups: list[str] = []
    targets: list[float] = []
    place: dict[tuple[int, int], int] = {}
    for side, folds in ((0, one), (1, other)):
        for i, target in enumerate(folds.targets):
            if folds.classes:
                name = folds.classes[int(target)]
                if name not in shared:
                    continue
                target = float(shared.index(name))
            place[side, i] = len(ids)
            ids.append(folds.ids[i])
            groups.append(folds.groups[i])
            targets.append(target)
    tested = tuple(p for (side, _), p in place.items() if side == 1)
    def own(part: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(place[0, i] for i in part if (0, i) in place)

    made = tuple(Fold(f.name, own(f.train), own(f.dev), tested) for f in one.folds)
    if any(not (f.train and f.dev and f.test) for f in made):
        return None
    return Folds(one.task, one.corpus, f"{one.protocol}, tested on {other.corpus}",
                 digest([one.protocol_hash, other.protocol_hash, shared]), shared, tuple(ids), tuple(groups),
                 tuple(targets), made)
