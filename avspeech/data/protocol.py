"""Protocols: which utterances of a corpus are for training, development and test, with a hash.

    protocol = protocol.get("ravdess-6fold")
    for split in protocol.splits(read_manifest("data/ravdess/all.jsonl"), root="/corpora/ravdess"):
        split.name, split.train, split.dev, split.test     # lists of Utterance; "fold1", ...
        [protocol.target(u) for u in split.train]          # numbers of classes

Results of two systems can be compared where the hash is the same: it covers everything that decides
which utterances are in which part and which answer is correct. Counts and leaks are checked every
time, and a corpus that does not match is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avspeech.data import corpora
from avspeech.data.content import contents
from avspeech.data.corpora import layout
from avspeech.data.manifest import PART, Utterance
from avspeech.errors import InputError

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Fold:
    """The groups (e.g. speakers) for test and development; all other groups are for training."""

    name: str
    test: tuple[str, ...]  # values of the protocol's group
    dev: tuple[str, ...]  # values of the protocol's group


@dataclass(frozen=True)
class Split:
    """The utterances of a fold."""

    name: str
    train: list[Utterance]
    dev: list[Utterance]
    test: list[Utterance]


@dataclass(frozen=True)
class Protocol:
    """How a corpus is used for a task."""

    name: str
    corpus: str
    label: str  # key in `Utterance.labels`
    kind: str  # "classification", "ordinal" or "regression"
    classes: tuple[str, ...]  # in the order of their numbers; () for regression
    mapping: Mapping[str, str]  # label of the corpus -> class; other labels are left out
    group: str  # what folds are made of: "speaker", or a key of the labels
    folds: tuple[Fold, ...]
    # Utterances (or units) of each class in the whole corpus, or of all as "utterances", which is
    # the only key for regression; {}: not stated
    counts: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""  # label of utterances that are judged together; "": each on its own
    # "text", or a label, that test must not share with the other parts; "": not checked
    sentence: str = ""
    source: str = ""  # where folds and counts come from, and what was chosen here; not hashed
    utterances: str = ""  # set by `as_found` for an incomplete corpus: a hash of its utterances
    gaps: tuple[str, ...] = ()  # set by `as_found`: what differs from `counts`
    others: tuple[str, ...] = ()  # groups that are in training in every fold; not hashed if none

    @property
    def title(self) -> str:
        """The name for headings and tables, with the gaps of an incomplete corpus."""
        return f"{self.name}, incomplete ({layout.named(self.gaps, 3)})" if self.gaps else self.name

    @property
    def hash(self) -> str:
        """12 hexadecimal digits over all fields but `source` and `gaps`. `utterances` counts if it
        is set, so that a part of a corpus never has the hash of the whole."""
        left = {"source", "gaps", *(() if self.utterances else ("utterances",)),
                *(() if self.others else ("others",))}
        record = {k: v for k, v in dataclasses.asdict(self).items() if k not in left}
        canonical = json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def category(self, utterance: Utterance) -> str | None:
        """The class of an utterance.

        Args:
            utterance: of the corpus.

        Returns:
            The class ("utterances" for regression), or None where the protocol leaves it out.
        """
        value = utterance.labels.get(self.label)
        if self.kind == "regression":
            known = isinstance(value, (int, float)) and not isinstance(value, bool)
            return "utterances" if known else None
        return None if value is None else self.mapping.get(str(value))

    def target(self, utterance: Utterance) -> int | float:
        """The target of an utterance.

        Args:
            utterance: of the corpus.

        Returns:
            The number of the class, or the value for regression.

        Raises:
            InputError: the protocol leaves this utterance out.
        """
        category = self.category(utterance)
        if category is None:
            raise InputError(f"{utterance.id}: label {self.label} is "
                             f"{utterance.labels.get(self.label)!r}, which {self.name} leaves out")
        if self.kind == "regression":
            return float(utterance.labels[self.label])
        return self.classes.index(category)

    def selected(self, utterances: Iterable[Utterance]) -> list[Utterance]:
        """The utterances that the protocol uses, in order.

        Args:
            utterances: of the corpus.
        """
        return [u for u in utterances if self.category(u) is not None]

    def groups(self) -> list[str]:
        """All values of the group that a fold names."""
        return list(dict.fromkeys(g for fold in self.folds for g in (*fold.test, *fold.dev)))

    def missing(self, utterances: Iterable[Utterance]) -> list[str]:
        """Differences between a corpus and the counts of the protocol.

        Args:
            utterances: of the corpus.

        Returns:
            One line for each class or kind of group that differs; [] if nothing does.
        """
        used = self.selected(utterances)
        judged = {str(u.labels.get(self.unit, "")) if self.unit else u.id: self.category(u)
                  for u in used}
        have, noun = Counter(judged.values()), f"{self.unit}s" if self.unit else "utterances"
        have["utterances"] = len(judged)
        lines = [f"{name}: {layout.counted(have[name], number, noun)}"
                 for name, number in self.counts.items() if have[name] != number]
        there = {group_of(self, u) for u in used}
        return lines + layout.grouped(f"{self.group}s without an utterance",
                                      [g for g in self.groups() if g not in there], 12)

    def as_found(self, utterances: Sequence[Utterance]) -> Protocol:
        """The protocol for a corpus that may be incomplete.

        Args:
            utterances: of the corpus.

        Returns:
            This protocol, if the counts agree; otherwise one with `gaps` and another hash, for
            results on part of a corpus (incomplete=true). With the folds `FROM_WHAT_IS_THERE`, a
            protocol with the classes of these utterances and their parts, where all have the
            label `PART`, else their speakers.
        """
        if self.folds == FROM_WHAT_IS_THERE and all(u.labels.get(PART) for u in utterances):
            given = "\n".join(sorted(f"{u.id}\t{u.labels[PART]}" for u in utterances))
            fold = dataclasses.replace(PUBLISHED[0], name=self.folds[0].name)
            return dataclasses.replace(
                _labelled(self.corpus, self.label, utterances), name=self.name, group=PART,
                folds=(fold,), source=self.source,
                utterances=hashlib.sha256(given.encode()).hexdigest()[:16])
        if self.folds == FROM_WHAT_IS_THERE:
            dealt = speakers_nfold(self.corpus, self.label, 5, utterances)
            fold = dataclasses.replace(dealt.folds[0], name=self.folds[0].name)
            # All speakers need a fold that names them; the others only train.
            rest = [s for f in dealt.folds for s in f.test if s not in (*fold.test, *fold.dev)]
            return dataclasses.replace(dealt, name=self.name, folds=(fold,), others=tuple(rest),
                                       source=self.source)
        gaps = self.missing(utterances)
        if not gaps:
            return self
        ids = "\n".join(sorted(u.id for u in self.selected(utterances)))
        return dataclasses.replace(self, gaps=tuple(gaps),
                                   utterances=hashlib.sha256(ids.encode()).hexdigest()[:16])

    def splits(self, utterances: Sequence[Utterance], root: str | Path | None = None,
               incomplete: bool = False) -> list[Split]:
        """The folds, each checked for leaks (see `leaks`).

        Args:
            utterances: of the corpus.
            root: folder of the corpus; if given, files with the same content count as one
                recording.
            incomplete: accept counts that differ from the published ones.

        Raises:
            InputError: the counts differ, an id occurs twice, a group is in no fold, a part of a
                fold is empty, or something leaks.
        """
        problems = self.missing(utterances)
        if problems and not incomplete:
            raise InputError(f"{self.name}: the manifest does not hold what the protocol counts: "
                             f"{layout.named(problems, 8)}; prepare {self.corpus} from the whole "
                             "corpus, or use what there is with incomplete=true (in a recipe: "
                             f"corpus.incomplete=true). The protocol: {self.source}")
        torn = [f"{f.name} ({g})" for f in self.folds for g in f.test if g in f.dev]
        if torn:
            raise InputError(f"{self.name}: in both test and development: {layout.named(torn)}")
        used = self.selected(utterances)
        twice = [i for i, n in Counter(u.id for u in used).items() if n > 1]
        if twice:
            raise InputError(f"{self.name}: {len(twice):,} ids occur twice: {layout.named(twice)}")
        named = {*self.groups(), *self.others} | ({"train"} if self.group == "split" else set())
        strange = sorted({group_of(self, u) for u in used} - named)
        if strange:
            raise InputError(f"{self.name}: {len(strange):,} {self.group}s are in no fold: "
                             f"{layout.named(strange)}; expected {layout.named(sorted(named), 30)}")
        same = recordings(used, root)
        found = []
        for fold in self.folds:
            parts: dict[str, list[Utterance]] = {part: [] for part in PARTS}
            for u in used:
                group = group_of(self, u)
                parts["test" if group in fold.test else "dev" if group in fold.dev
                      else "train"].append(u)
            split = Split(fold.name, **parts)
            empty = [part for part in PARTS if not parts[part]]
            if empty:
                raise InputError(f"{self.name}: {fold.name}: {' and '.join(empty)} would be empty; "
                                 f"the manifest holds too few {self.group}s")
            leaking = leaks(split, self.unit, self.sentence, same)
            if leaking:
                raise InputError(f"{self.name}: {fold.name}: leak: {'; '.join(leaking)}")
            found.append(split)
        return found


def group_of(protocol: Protocol, utterance: Utterance) -> str:
    """The group of an utterance.

    Args:
        protocol: gives the kind of group.
        utterance: of its corpus.

    Raises:
        InputError: the utterance has no such label.
    """
    if protocol.group == "speaker":
        return utterance.speaker
    value = utterance.labels.get(protocol.group)
    if value is None:
        raise InputError(f"{utterance.id}: no label '{protocol.group}', by which {protocol.name} "
                         f"splits; prepare {protocol.corpus} again")
    return str(value)


def recordings(utterances: Sequence[Utterance], root: str | Path | None = None) -> dict[str, str]:
    """The recording of each utterance. Utterances that share sound have the same recording: parts
    of one file that overlap in time, and, if `root` is given, also files with the same content.

    Args:
        utterances: of the corpus.
        root: folder of the corpus; None: compare paths only.

    Returns:
        {utterance id: name of its recording}.

    Raises:
        InputError: a file does not exist.
    """
    paths = [u.audio for u in utterances]
    files = dict(zip(paths, paths)) if root is None else contents(paths, root)
    by_file: dict[str, list[Utterance]] = {}
    for u in utterances:
        by_file.setdefault(files[u.audio], []).append(u)
    names = {}
    for own in by_file.values():
        end, name = 0.0, ""
        for u in sorted(own, key=lambda u: (u.start, u.id)):
            if not name or u.start >= end - 1e-6:
                name = u.id
            names[u.id], end = name, max(end, u.start + u.duration)
    return names


def leaks(split: Split, unit: str = "", sentence: str = "",
          same: Mapping[str, str] | None = None) -> list[str]:
    """What two parts of a split share and must not share: utterance ids, speakers, units, sentences
    (of test with the others) and recordings.

    Args:
        split: the parts.
        unit: label of utterances that are judged together; "": none.
        sentence: "text", or label of the sentence; "": not checked.
        same: of `recordings`; None: not checked.

    Returns:
        One line for each kind of leak and pair of parts.
    """
    kinds: dict[str, Callable[[Utterance], str]] = {
        "utterance": lambda u: u.id, "speaker": lambda u: u.speaker,
        "unit": lambda u: str(u.labels.get(unit, "")) if unit else "",
        "sentence": lambda u: _sentence(u, sentence) if sentence else "",
        "recording": lambda u: (same or {}).get(u.id, "")}
    lines: list[str] = []
    for kind, key in kinds.items():
        held: dict[str, dict[str, str]] = {}
        for part in PARTS:
            for u in getattr(split, part):
                if key(u):
                    held.setdefault(key(u), {}).setdefault(part, u.id)
        for a, b in (("train", "dev"), ("train", "test"), ("dev", "test")):
            shared = [f"{parts[a]} = {parts[b]}" if kind == "recording" else name
                      for name, parts in held.items() if a in parts and b in parts]
            if kind != "sentence" or b == "test":
                lines += layout.grouped(f"{kind}s of {a} are in {b}", shared, 3)
    return lines


def _sentence(utterance: Utterance, key: str) -> str:
    value = utterance.text if key == "text" else utterance.labels.get(key)
    return " ".join(str(value).lower().split()) if value is not None else ""


def balanced(tests: Sequence[Sequence[str]], sex: Mapping[str, str], each: int) -> tuple[Fold, ...]:
    """Folds "fold1", ... with these test speakers. The development speakers of a fold are the first
    `each` women and `each` men of the following folds; the first fold follows the last.

    Args:
        tests: speakers of each fold.
        sex: {speaker: "female" or "male"}.
        each: number of women and of men for development.
    """
    folds = []
    for number, test in enumerate(tests):
        later = [s for step in range(1, len(tests)) for s in tests[(number + step) % len(tests)]]
        dev = []
        for wanted in ("female", "male"):
            dev += [s for s in later if sex[s] == wanted][:each]
        folds.append(Fold(f"fold{number + 1}", tuple(test), tuple(sorted(dev))))
    return tuple(folds)


def dealt(speakers: Sequence[str], parts: int = 5) -> tuple[Fold, ...]:
    """Folds "fold1", ... of speakers assigned in turn; the following fold is for development.

    Args:
        speakers: in order.
        parts: number of folds.
    """
    tests = [tuple(speakers[k::parts]) for k in range(parts)]
    return tuple(Fold(f"fold{k + 1}", test, tests[(k + 1) % parts]) for k, test in enumerate(tests))


def identity(classes: Sequence[str]) -> dict[str, str]:
    """A mapping for labels that have the names of the classes.

    Args:
        classes: their names.
    """
    return {name: name for name in classes}


# The fold of a corpus of the user's own, whose classes and speakers are not known beforehand
FROM_WHAT_IS_THERE = (Fold("held-out", (), ()),)
# Folds of a corpus with published parts, which are in labels["split"]
PUBLISHED = (Fold("published", ("test",), ("dev",)),)


def of(corpus: str) -> dict[str, Protocol]:
    """The protocols of a corpus by name: its table PROTOCOLS.

    Args:
        corpus: its name in the registry.
    """
    return {p.name: p for p in getattr(corpora.get(corpus), "PROTOCOLS", ())}


def known() -> dict[str, Protocol]:
    """All protocols, by name."""
    found: dict[str, Protocol] = {}
    for corpus in corpora.CORPORA:
        found |= of(corpus)
    return found


def get(name: str) -> Protocol:
    """A protocol by name.

    The name starts with the name of the corpus, so only the file of that corpus is read.

    Args:
        name: for example "ravdess-6fold".

    Raises:
        InputError: no corpus has it.
    """
    corpus = name.partition("-")[0]
    found = of(corpus) if corpus in corpora.CORPORA else {}
    if name not in found:
        raise InputError(f"protocol '{name}': not known; known: {', '.join(known())}")
    return found[name]


def by_speaker(values: Mapping[str, Sequence[float]], folds: int, classes: bool) -> dict[str, int]:
    """The folds "speaker-Nfold", which need no protocol of their own: each speaker is assigned to a
    group such that the groups have similar numbers of speakers of each class.

    Fold k tests group k, uses group k + 1 for development (the first after the last) and trains on
    the rest. Speakers are ordered by their most frequent class, or by the mean of their values, and
    within that by a hash of their name, so the folds depend on nothing but the speakers.

    Args:
        values: {speaker: numbers of the classes, or values, of their utterances}.
        folds: N, at least 3; with fewer speakers there are fewer folds.
        classes: whether `values` are numbers of classes.

    Returns:
        {speaker: group, from 0}.

    Raises:
        InputError: fewer than 3 speakers or folds.
    """
    if len(values) < 3 or folds < 3:
        raise InputError(f"{len(values)} speakers in {folds} folds; training, development and test "
                         "need a speaker each, so at least 3 of both")

    def place(speaker: str) -> tuple[float, str]:
        own = values[speaker]
        value = Counter(sorted(own)).most_common(1)[0][0] if classes else sum(own) / len(own)
        return value, hashlib.sha256(speaker.encode()).hexdigest()

    groups = min(folds, len(values))
    return {speaker: n % groups for n, speaker in enumerate(sorted(values, key=place))}


def speakers_nfold(corpus: str, label: str, folds: int,
                   utterances: Sequence[Utterance]) -> Protocol:
    """The folds "speaker-Nfold" of a corpus as a `Protocol`. Its classes are those of the
    utterances, and its folds are those of `by_speaker`.

    Args:
        corpus: its name.
        label: the key in the labels.
        folds: N.
        utterances: all of the corpus.

    Raises:
        InputError: there is no such label, or fewer than 3 speakers or folds.
    """
    found = _labelled(corpus, label, utterances)
    values: dict[str, list[float]] = {}
    for u in found.selected(utterances):
        values.setdefault(u.speaker, []).append(float(found.target(u)))
    group = by_speaker(values, folds, True)
    count = max(group.values()) + 1
    parts = [tuple(s for s in sorted(group) if group[s] == k) for k in range(count)]
    return dataclasses.replace(
        found, name=f"speaker-{folds}fold",
        folds=tuple(Fold(f"{k + 1}", parts[k], parts[(k + 1) % count]) for k in range(count)),
        source="speakers assigned here")


def _labelled(corpus: str, label: str, utterances: Sequence[Utterance]) -> Protocol:
    """A protocol without folds, whose classes are those of the utterances. Raises InputError where
    there is no such label."""
    counts = Counter(str(u.labels[label]) for u in utterances if u.labels.get(label) is not None)
    classes = tuple(sorted(counts))
    if not classes:
        raise InputError(f"{corpus}: none of {len(utterances):,} utterances has a label '{label}'")
    return Protocol(name="", corpus=corpus, label=label, kind="classification", classes=classes,
                    mapping=identity(classes), group="speaker", folds=(), counts=dict(counts))
