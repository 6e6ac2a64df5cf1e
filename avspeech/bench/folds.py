"""A task on a corpus, resolved: the utterances that have a label, their targets, and the folds.

A protocol is a name in `data.protocol.known()` (published folds, checked for leaks there),
"speaker-Nfold" or "official". In "speaker-Nfold" speakers are dealt to N groups such that each has
about as many speakers of each class (by a speaker's most frequent one; for numbers: by the mean),
ties by a digest of the name. Fold k is tested on group k, developed on group k + 1 and trained on
the rest. So no speaker is in two parts of a fold, and who is where depends on nothing but the set
of speakers.

Across corpora, classes are matched by `data.labels.canonical`: "angry" of one corpus and "anger" of
another are one class.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from avspeech.bench.tasks import Binding, Task
from avspeech.data.corpora import layout
from avspeech.data.labels import canonical, one_person
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError, telling

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
    """The n utterances of a task on a corpus that have a label, and the folds."""

    task: str
    corpus: str
    protocol: str  # its name; "(incomplete)" follows where the corpus is not whole
    protocol_hash: str  # of classes, of who is in which part, and of `gaps`
    classes: tuple[str, ...]  # () for regression
    ids: tuple[str, ...]
    groups: tuple[str, ...]  # the speaker of each utterance
    targets: tuple[float, ...]  # numbers of classes, or values
    folds: tuple[Fold, ...]
    unlabelled: int = 0  # utterances left out, since they have no label that counts
    gaps: tuple[str, ...] = ()  # what is not as the protocol counts it, where incomplete=true
    corpora: tuple[str, ...] = ()  # of each utterance, where they are of two corpora
    notes: tuple[str, ...] = ()  # lines on labels and speakers that may be meant otherwise

    @property
    def sources(self) -> tuple[str, ...]:
        """The corpus of each utterance."""
        return self.corpora or (self.corpus,) * len(self.ids)


def resolve(task: Task, corpus: str, utterances: Sequence[Utterance],
            incomplete: bool = False, problems: Sequence[str] | None = None) -> Folds:
    """The folds of a task on a corpus.

    Args:
        task: binds the corpus.
        corpus: its name.
        utterances: of its manifest. Those without a label that counts are left out and counted;
            null and blank labels are no labels.
        incomplete: whether to go on where the counts of a published protocol do not hold;
            `Folds.gaps` then says so.
        problems: where `incomplete`, how the corpus differs from what was published; None: not
            known.

    Raises:
        InputError: no utterance has the label, an id occurs twice, a value is not of its kind, or
            there are too few speakers. The line names the task and the corpus.
    """
    if corpus not in task.corpora:
        raise InputError(f"task {task.name}: not bound to corpus '{corpus}'; "
                         f"bound: {', '.join(task.corpora)}")
    binding, where = task.corpora[corpus], f"task {task.name} on {corpus}"
    own = _by_speaker(binding) or binding.protocol == "official"
    published = None if own else _published(binding, where)
    classes = _classes(task, binding, published, utterances)
    kept: list[Utterance] = []
    targets = []
    for utterance in sorted(utterances, key=lambda u: u.id):
        if kept and kept[-1].id == utterance.id:
            raise InputError(f"{where}: id '{utterance.id}' occurs twice; ids are unique in a "
                             "corpus")
        target = _target(task, binding, published, classes, utterance, where)
        if target is not None:
            kept.append(utterance)
            targets.append(target)
    if kept and len(classes) == 1 or len(set(targets)) == 1 and not classes:
        raise InputError(f"{where}: all {len(kept):,} utterances have {binding.label} = "
                         f"{classes[0] if classes else f'{targets[0]:g}'}; nothing to tell apart")
    if not kept:
        raise InputError(f"{where}: none of {len(utterances):,} utterances has a label "
                         f"'{binding.label}' that counts; specs/{task.name}.yaml says which")
    place = {u.id: i for i, u in enumerate(kept)}
    gaps: tuple[str, ...] = ()
    if published is not None:
        splits = published.splits(kept, incomplete=incomplete)
        folds = []
        for split in splits:
            parts = []
            for part in PARTS:
                parts.append(tuple(sorted(place[u.id] for u in getattr(split, part))))
            folds.append(Fold(split.name, *parts))
        rule = published.hash
        gaps = tuple(published.missing(kept)) if incomplete else ()
    elif binding.protocol == "official":
        folds, rule = [_official(kept, where)], "official"
    else:
        folds = _speaker_folds(kept, targets, int(_by_speaker(binding) or 0), bool(classes), where)
        rule = binding.protocol
    if incomplete and problems:
        gaps = tuple(dict.fromkeys([*gaps, *problems]))
    elif incomplete and problems is None and published is None:
        gaps = (f"incomplete=true, and {binding.protocol} states no counts to compare with",)
    speakers = tuple(u.speaker for u in kept)
    listing = []
    for fold in folds:
        _check(fold, speakers, where)
        line: list[Any] = [fold.name]
        for part in PARTS:
            line.append([kept[i].id for i in getattr(fold, part)])
        listing.append(line)
    content = [rule, classes, listing, *([list(gaps)] if gaps else [])]
    return Folds(task.name, corpus, binding.protocol + (" (incomplete)" if gaps else ""),
                 digest(content), classes, tuple(u.id for u in kept), speakers, tuple(targets),
                 tuple(folds), len(utterances) - len(kept), gaps, notes=tuple(
                     _notes(binding, classes, utterances, kept)))


def _notes(binding: Binding, classes: Sequence[str], utterances: Sequence[Utterance],
           kept: Sequence[Utterance]) -> list[str]:
    """Lines on labels that are left out, and on classes and speakers that differ in spelling."""
    there = {u.id for u in kept}
    left = Counter(str(value) for u in utterances if u.id not in there
                   and (value := _label(u, binding)) is not None)
    found = layout.grouped(f"values of '{binding.label}' are no class or off the limits", [
        f"{value} ({n:,})" for value, n in left.most_common()])
    found += layout.grouped("classes that are several of the others", [
        name for name in classes if len(parts := re.split(r"\s*[;|,+&/]\s*", name)) > 1
        and set(parts) <= set(classes)])
    for what, names, key in (("classes", classes, canonical),
                             ("speakers", sorted({u.speaker for u in kept}), one_person)):
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(key(name), []).append(name)
        found += layout.grouped(f"{what} that may be one, in two spellings", [
            " = ".join(own) for own in alike.values() if len(own) > 1])
    return found


def few(folds: Folds, ids: Collection[str]) -> Folds:
    """The folds with some of their utterances alone; `gaps` then says how many.

    Raises:
        InputError: a part of a fold would be empty.
    """
    kept = [i for i, name in enumerate(folds.ids) if name in ids]
    if len(kept) == len(folds.ids):
        return folds
    place = {old: new for new, old in enumerate(kept)}
    speakers = tuple(folds.groups[i] for i in kept)
    made = []
    for fold in folds.folds:
        parts = [tuple(place[i] for i in getattr(fold, part) if i in place) for part in PARTS]
        made.append(Fold(fold.name, *parts))
        _check(made[-1], speakers, f"task {folds.task} on {folds.corpus}")
    names = tuple(folds.ids[i] for i in kept)
    gap = f"{len(kept):,} of {len(folds.ids):,} utterances, drawn evenly by speaker (most)"
    return replace(folds, protocol=folds.protocol + ("" if folds.gaps else " (incomplete)"),
                   protocol_hash=digest([folds.protocol_hash, names]), ids=names, groups=speakers,
                   targets=tuple(folds.targets[i] for i in kept), folds=tuple(made),
                   gaps=(*folds.gaps, gap))


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
    values = (_label(u, binding) for u in utterances)
    names = {_name(value) for value in values if value is not None}
    if task.kind != "ordinal":
        return tuple(sorted(names))
    try:
        return tuple(sorted(names, key=float))
    except ValueError:
        raise InputError(f"task {task.name}: classes of an ordinal task are needed, from low to "
                         f"high; there are {', '.join(sorted(names))}") from None


def _label(utterance: Utterance, binding: Binding) -> Any:
    """The label of an utterance; None where it has none: no key, null, or blank."""
    value = utterance.labels.get(binding.label)
    return None if isinstance(value, str) and not value.strip() else value


def _name(value: Any) -> str:
    """A label as the name of a class: 1.0 is 1, as a program writes it that knows no other."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _target(task: Task, binding: Binding, published: Any, classes: tuple[str, ...],
            utterance: Utterance, where: str) -> float | None:
    """The class number or value of an utterance; None where it is left out."""
    value = _label(utterance, binding)
    if value is None:
        return None
    if task.kind == "regression":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{where}: {utterance.id} has {binding.label} = {value!r}; a number "
                             "is expected")
        low, high = binding.limits or (float("-inf"), float("inf"))
        return float(value) if low <= value <= high else None
    mapping = binding.mapping
    if published is not None and published.label == binding.label:
        mapping = dict(published.mapping) or mapping
    name = mapping.get(_name(value)) if mapping else _name(value)
    if name is None:
        return None
    if name not in classes:
        if not mapping and (binding.classes or task.classes):
            return None
        raise InputError(f"{where}: {utterance.id} has {binding.label} = {value!r}, which is no "
                         f"class; classes: {', '.join(classes)}")
    return float(classes.index(name))


def _speaker_folds(utterances: Sequence[Utterance], targets: Sequence[float], count: int,
                   classes: bool, where: str) -> list[Fold]:
    from avspeech.data import protocol

    values: dict[str, list[float]] = {}
    for utterance, target in zip(utterances, targets):
        values.setdefault(utterance.speaker, []).append(target)
    with telling(where):
        group = protocol.by_speaker(values, count, classes)
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
            raise InputError(f"{where}: {utterance.id} has split {name!r}; expected train, dev or "
                             "test")
        parts[name].append(i)
    return Fold("official", *(tuple(parts[part]) for part in PARTS))


def _check(fold: Fold, speakers: Sequence[str], where: str) -> None:
    parts: dict[str, set[str]] = {}
    for part in PARTS:
        parts[part] = {speakers[i] for i in getattr(fold, part)}
        if not parts[part]:
            raise InputError(f"{where}: fold {fold.name} has no utterance in {part}")
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        shared = sorted(parts[one] & parts[other])
        if shared:
            raise InputError(f"{where}: fold {fold.name} has speaker {shared[0]} in {one} and "
                             f"{other}")


def common(members: Sequence[Folds]) -> tuple[tuple[str, ...], list[Folds], list[Folds]]:
    """The classes on which corpora of one task can be tested on each other.

    If fewer than two classes are common to all, corpora are left out one by one, each time the one
    without which most classes are common (of equals: the last).

    Returns:
        (classes by their canonical names, in the order of the first corpus; () for regression,
        the corpora that have them all, the corpora that were left out).
    """
    kept, left = list(members), []
    classes = _shared(kept)
    while len(kept) > 1 and len(classes) < 2 and any(folds.classes for folds in kept):
        fewer = [kept[:i] + kept[i + 1:] for i in range(len(kept))]
        best = max(range(len(kept)), key=lambda i: (len(_shared(fewer[i])), i))
        left.append(kept[best])
        kept = fewer[best]
        classes = _shared(kept)
    return classes, kept, left


def _shared(members: Sequence[Folds]) -> tuple[str, ...]:
    names = [list(dict.fromkeys(map(canonical, folds.classes))) for folds in members]
    common = set(names[0]).intersection(*names[1:])
    return tuple(name for name in names[0] if name in common)


def across(one: Folds, other: Folds, classes: tuple[str, ...] | None = None) -> Folds | None:
    """Trained and developed on each fold of `one`, tested on all of `other`.

    With the same object twice: trained, developed and tested within its own folds. Utterances of
    other classes are left out.

    Args:
        one: whose folds are trained on; its utterances come first.
        other: whose utterances are tested on.
        classes: canonical names, in order; default: those that both have.

    Returns:
        The folds, their targets numbers of `classes`; None where the two share fewer than two
        classes, or a part of a fold would be empty.
    """
    if bool(one.classes) != bool(other.classes):
        return None
    shared = _shared([one, other]) if classes is None else classes
    if one.classes and len(shared) < 2:
        return None
    within = one is other
    ids: list[str] = []
    groups: list[str] = []
    targets: list[float] = []
    corpora: list[str] = []
    place: dict[tuple[int, int], int] = {}
    for side, folds in enumerate([one] if within else [one, other]):
        for i, target in enumerate(folds.targets):
            if folds.classes:
                name = canonical(folds.classes[int(target)])
                if name not in shared:
                    continue
                target = float(shared.index(name))
            place[side, i] = len(ids)
            ids.append(folds.ids[i])
            groups.append(folds.groups[i])
            targets.append(target)
            corpora.append(folds.corpus)

    def own(part: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(place[0, i] for i in part if (0, i) in place)

    tested = tuple(p for (side, _), p in place.items() if side == 1)
    made = []
    for fold in one.folds:
        test = own(fold.test) if within else tested
        made.append(Fold(fold.name, own(fold.train), own(fold.dev), test))
        if not (made[-1].train and made[-1].dev and made[-1].test):
            return None
    name = f"{one.protocol}, " + ("shared classes" if within else f"tested on {other.corpus}")
    gaps = dict.fromkeys([*one.gaps, *other.gaps])
    total = len(one.ids) if within else len(one.ids) + len(other.ids)
    return Folds(one.task, one.corpus, name,
                 digest([one.protocol_hash, other.protocol_hash, shared]),
                 shared, tuple(ids), tuple(groups), tuple(targets), tuple(made), total - len(ids),
                 tuple(gaps), tuple(corpora))
