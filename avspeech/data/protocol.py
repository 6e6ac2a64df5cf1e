"""Protocols: which utterances of a corpus a system learns from, is chosen on and is tested on, as
one object with a hash.

    protocol = protocol.get("ravdess-6fold")
    for split in protocol.splits(read_manifest("data/ravdess/all.jsonl"), root="/corpora/ravdess"):
        split.name, split.train, split.dev, split.test     # lists of Utterance; "fold1", ...
        [protocol.target(u) for u in split.train]          # numbers of classes

Numbers of two systems can be held against each other where the hash is the same: it covers
everything that decides who is where and what counts as right. Counts and leaks are checked each
time; what does not hold is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avspeech.core import storage
from avspeech.data import corpora
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, resolve
from avspeech.errors import InputError

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Fold:
    """Values of the protocol's group that are tested and chosen on; all other groups are trained
    on."""

    name: str
    test: tuple[str, ...]
    dev: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """The utterances of a fold."""

    name: str
    train: list[Utterance]
    dev: list[Utterance]
    test: list[Utterance]


@dataclass(frozen=True)
class Protocol:
    """How a corpus is used for a task.

    label: the key in `Utterance.labels`; kind: "classification", "ordinal" or "regression";
    classes: in the order of their numbers, () for regression; mapping: source label -> class (a
    label that is not in it is left out); group: what folds are made of: "speaker", or a key of the
    labels; counts: utterances of each class, in the whole corpus, or of all ("utterances", the only
    one for regression; {}: not stated), or units where there is one. unit: key of the labels whose
    utterances are judged together ("": each on its own); sentence: "text" or a key of the labels
    that test must not share with the rest ("": not asked). source: where folds and counts come
    from, and what was chosen here; it is not part of the hash. utterances, gaps: set by `as_found`
    where a corpus is not whole: a digest of the utterances that there are, and what is not as
    counted.
    """

    name: str
    corpus: str
    label: str
    kind: str
    classes: tuple[str, ...]
    mapping: Mapping[str, str]
    group: str
    folds: tuple[Fold, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    unit: str = ""
    sentence: str = ""
    source: str = ""
    utterances: str = ""
    gaps: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name, and what is not as the protocol counts it, for headings and tables."""
        return f"{self.name}, incomplete ({layout.named(self.gaps, 3)})" if self.gaps else self.name

    @property
    def hash(self) -> str:
        """12 hexadecimal digits over all fields but `source` and `gaps`; `utterances` counts where
        it is set, so that a part of a corpus never has the hash of the whole."""
        left = {"source", "gaps", *(() if self.utterances else ("utterances",))}
        record = {k: v for k, v in dataclasses.asdict(self).items() if k not in left}
        canonical = json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def category(self, utterance: Utterance) -> str | None:
        """The class of an utterance ("utterances" for regression), or None where the protocol
        leaves it out."""
        value = utterance.labels.get(self.label)
        if self.kind == "regression":
            known = isinstance(value, (int, float)) and not isinstance(value, bool)
            return "utterances" if known else None
        return None if value is None else self.mapping.get(str(value))

    def target(self, utterance: Utterance) -> int | float:
        """The number of the class, or the value for regression. Raises InputError for an utterance
        that the protocol leaves out."""
        category = self.category(utterance)
        if category is None:
            raise InputError(f"{utterance.id}: label {self.label} is "
                             f"{utterance.labels.get(self.label)!r}, which {self.name} leaves out")
        if self.kind == "regression":
            return float(utterance.labels[self.label])
        return self.classes.index(category)

    def selected(self, utterances: Iterable[Utterance]) -> list[Utterance]:
        """Those that the protocol uses, in order."""
        return [u for u in utterances if self.category(u) is not None]

    def groups(self) -> list[str]:
        """All values of the group that are named by a fold."""
        return list(dict.fromkeys(g for fold in self.folds for g in (*fold.test, *fold.dev)))

    def missing(self, utterances: Iterable[Utterance]) -> list[str]:
        """What is not as the protocol counts it, a line each: classes and groups. [] when all is
        there."""
        used = self.selected(utterances)
        judged = {str(u.labels.get(self.unit, "")) if self.unit else u.id: self.category(u) for u
                  in used}
        have, noun = Counter(judged.values()), f"{self.unit}s" if self.unit else "utterances"
        have["utterances"] = len(judged)
        lines = [f"{name}: {layout.counted(have[name], number, noun)}"
                 for name, number in self.counts.items() if have[name] != number]
        there = {group_of(self, u) for u in used}
        return lines + layout.grouped(f"{self.group}s without an utterance",
                                      [g for g in self.groups() if g not in there], 12)

    def unused(self, utterances: Iterable[Utterance]) -> list[str]:
        """One line that counts the utterances that the protocol leaves out, by what they have as
        label; none where it uses all."""
        left = [u.labels.get(self.label) for u in utterances if self.category(u) is None]
        values = Counter("none" if value is None else str(value) for value in left)
        return [f"{sum(values.values()):,} utterances are not used, by their label '{self.label}': "
                + layout.named([f"{value} ({n:,})" for value, n
                                in values.most_common()])] if values else []

    def as_found(self, utterances: Sequence[Utterance]) -> Protocol:
        """This protocol where the utterances are those that it counts; else one with a hash of its
        own and `gaps`, for results on part of a corpus (incomplete=true)."""
        gaps = self.missing(utterances)
        if not gaps:
            return self
        ids = "\n".join(sorted(u.id for u in self.selected(utterances)))
        return dataclasses.replace(self, gaps=tuple(gaps),
                                   utterances=hashlib.sha256(ids.encode()).hexdigest()[:16])

    def splits(self, utterances: Sequence[Utterance], root: str | Path | None = None,
               incomplete: bool = False) -> list[Split]:
        """The folds, each checked for leaks (`leaks`).

        root: the corpus; with it, files of the same content count as the same recording.
        incomplete: go on where the counts are not the published ones. Raises InputError for other
        counts (saying which), an id that stands twice, a group that is in no fold, a fold with an
        empty part, and for a leak.
        """
        problems = self.missing(utterances)
        if problems and not incomplete:
            raise InputError(f"{self.name}: the manifest does not hold what the protocol counts: "
                             f"{layout.named(problems, 8)}; prepare {self.corpus} from the whole corpus, or "
                             "go on with what there is by incomplete=true (in a recipe: "
                             f"corpus.incomplete=true). The protocol: {self.source}")
        torn = [f"{f.name} ({g})" for f in self.folds for g in f.test if g in f.dev]
        if torn:
            raise InputError(f"{self.name}: both tested and chosen on: {layout.named(torn)}")
        used = self.selected(utterances)
        twice = [i for i, n in Counter(u.id for u in used).items() if n > 1]
        if twice:
            raise InputError(f"{self.name}: {len(twice):,} ids stand twice: {layout.named(twice)}")
        named = set(self.groups()) | ({"train"} if self.group == "split" else set())
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
                raise InputError(f"{self.name}: {fold.name}: nothing in {' and '.join(empty)}; the manifest "
                                 f"holds too few {self.group}s")
            leaking = leaks(split, self.unit, self.sentence, same)
            if leaking:
                raise InputError(f"{self.name}: {fold.name}: leak: {'; '.join(leaking)}")
            found.append(split)
        return found


def group_of(protocol: Protocol, utterance: Utterance) -> str:
    """The value of the protocol's group. Raises InputError for an utterance without one."""
    if protocol.group == "speaker":
        return utterance.speaker
    value = utterance.labels.get(protocol.group)
    if value is None:
        raise InputError(f"{utterance.id}: no label '{protocol.group}', which {protocol.name} splits by; "
                         f"prepare {protocol.corpus} again")
    return str(value)


def recordings(utterances: Sequence[Utterance], root: str | Path | None = None) -> dict[str, str]:
    """Utterance id -> name of its recording, the same for utterances that share sound: parts of one
    file that overlap in time, and, where `root` is given, also of files with the same content.

    Only files of the same size and middle are read through. Raises InputError for a file that is
    not there.
    """
    files = {u.audio: u.audio for u in utterances}
    if root is not None:
        alike: dict[tuple[int, bytes], list[str]] = {}
        for path in files:
            try:
                alike.setdefault(_glance(resolve(root, path)), []).append(path)
            except OSError as error:
                raise InputError(f"{path}: cannot be read under {root} ({error.strerror})") from None
        for paths in alike.values():
            if len(paths) > 1:
                files.update({path: storage.content_hash(resolve(root, path)) for path in paths})
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


def _glance(path: Path) -> tuple[int, bytes]:
    """Size, and what stands in the middle: enough to tell most files apart."""
    with open(path, "rb") as data:
        size = data.seek(0, 2)
        data.seek(size // 2)
        return size, data.read(64)


def leaks(split: Split, unit: str = "", sentence: str = "",
          same: Mapping[str, str] | None = None) -> list[str]:
    """What two parts of a split share and must not, a line each: utterance ids, speakers, units,
    sentences (of test with the others), recordings (`recordings`)."""
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
    `each` women and `each` men met in the folds after it, beginning again after the last."""
    folds = []
    for number, test in enumerate(tests):
        later = [s for step in range(1, len(tests)) for s in tests[(number + step) % len(tests)]]
        dev = [s for wanted in ("female", "male") for s in [s for s in later
                                                            if sex[s] == wanted][:each]]
        folds.append(Fold(f"fold{number + 1}", tuple(test), tuple(sorted(dev))))
    return tuple(folds)


def dealt(speakers: Sequence[str], parts: int = 5) -> tuple[Fold, ...]:
    """Folds "fold1", ... of speakers dealt by turns; the fold after it is a fold's development
    set."""
    tests = [tuple(speakers[k::parts]) for k in range(parts)]
    return tuple(Fold(f"fold{k + 1}", test, tests[(k + 1) % parts]) for k, test in enumerate(tests))


def identity(classes: Sequence[str]) -> dict[str, str]:
    """The mapping of a protocol whose classes are called as in the labels."""
    return {name: name for name in classes}


# Of corpora whose parts are published, as labels["split"]
PUBLISHED = (Fold("published", ("test",), ("dev",)),)


def of(corpus: str) -> dict[str, Protocol]:
    """The protocols in the file of a corpus (its table PROTOCOLS), by name."""
    return {p.name: p for p in getattr(corpora.get(corpus), "PROTOCOLS", ())}


def known() -> dict[str, Protocol]:
    """All protocols, by name."""
    found: dict[str, Protocol] = {}
    for corpus in corpora.CORPORA:
        found |= of(corpus)
    return found


def get(name: str) -> Protocol:
    """The protocol of this name. Raises InputError for one that no corpus has.

    A protocol's name is that of its corpus, alone or with "-" and more behind it, so only the file
    of that corpus is read.
    """
    corpus = name.partition("-")[0]
    found = of(corpus) if corpus in corpora.CORPORA else {}
    if name not in found:
        raise InputError(f"protocol '{name}': not known; known: {', '.join(known())}")
    return found[name]


def by_speaker(values: Mapping[str, Sequence[float]], folds: int, classes: bool) -> dict[str, int]:
    """"speaker-Nfold", which needs no protocol of its own: the group, from 0, that each speaker is
    dealt to, such that each group has about as many speakers of each class.

    Fold k tests group k, is developed on group k + 1 (the first after the last), and trained on the
    rest. Speakers are put in order by their most frequent class, or the mean of their values, equal
    ones by a digest of their name, so who falls where hangs on nothing but the speakers there are.

    Args:
        values: of each speaker, the numbers of the classes, or the values, of their utterances.
        folds: N, at least 3; fewer where there are fewer speakers.
        classes: whether `values` are numbers of classes.

    Raises:
        InputError: for fewer than 3 speakers or folds.
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
    """"speaker-Nfold" of a corpus as a `Protocol`: its classes are those that the utterances have,
    its folds deal their speakers (`by_speaker`).

    Args:
        corpus: its name.
        label: the key in the labels.
        folds: N.
        utterances: all of the corpus.

    Raises:
        InputError: where there is no such label, or for fewer than 3 speakers or folds.
    """
    labelled = [u for u in utterances if u.labels.get(label) is not None]
    classes = tuple(sorted({str(u.labels[label]) for u in labelled}))
    if not classes:
        raise InputError(f"{corpus}: none of {len(utterances):,} utterances has a label '{label}'")
    values: dict[str, list[float]] = {}
    for u in labelled:
        values.setdefault(u.speaker, []).append(float(classes.index(str(u.labels[label]))))
    group = by_speaker(values, folds, True)
    count = max(group.values()) + 1
    parts = [tuple(s for s in sorted(group) if group[s] == k) for k in range(count)]
    return Protocol(
        name=f"speaker-{folds}fold", corpus=corpus, label=label, kind="classification",
        classes=classes, mapping=identity(classes), group="speaker",
        folds=tuple(Fold(f"{k + 1}", parts[k], parts[(k + 1) % count]) for k in range(count)),
        counts=dict(Counter(str(u.labels[label]) for u in labelled)), source="speakers dealt here")
