"""Protocols: which utterances of a corpus a system learns from, is chosen on and is tested on, as one object
with a hash.

    protocol = protocol.get("ravdess-6fold")
    for split in protocol.splits(read_manifest("data/ravdess/all.jsonl"), root="/corpora/ravdess"):
        split.name, split.train, split.dev, split.test     # lists of Utterance; "fold1", ...
        [protocol.target(u) for u in split.train]          # numbers of classes

Numbers of two systems can be held against each other where the hash is the same: it covers everything that
decides who is where and what counts as right. Counts and leaks are checked each time; what does not hold is
refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avspeech.data.corpora import emodb, emogator, layout
from avspeech.data.manifest import Utterance, resolve
from avspeech.errors import InputError

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Fold:
    """Values of the protocol's group that are tested and chosen on; all other groups are trained on."""

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

    label: the key in `Utterance.labels`; kind: "classification", "ordinal" or "regression"; classes: in the
    order of their numbers, () for regression; mapping: source label -> class (a label that is not in it is
    left out); group: what folds are made of: "speaker", or a key of the labels; counts: utterances of each
    class, in the whole corpus ("utterances" for regression; {}: not stated), or units where there is one.
    unit: key of the labels whose utterances are judged together ("": each on its own); sentence: "text" or a
    key of the labels that test must not share with the rest ("": not asked). source: where folds and counts
    come from, and what was chosen here; it is not part of the hash.
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

    @property
    def hash(self) -> str:
        """12 hexadecimal digits over all fields but `source`."""
        record = {k: v for k, v in dataclasses.asdict(self).items() if k != "source"}
        canonical = json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    def category(self, utterance: Utterance) -> str | None:
        """The class of an utterance ("utterances" for regression), or None where the protocol leaves it
        out."""
        value = utterance.labels.get(self.label)
        if self.kind == "regression":
            known = isinstance(value, (int, float)) and not isinstance(value, bool)
            return "utterances" if known else None
        return None if value is None else self.mapping.get(str(value))

    def target(self, utterance: Utterance) -> int | float:
        """The number of the class, or the value for regression. Raises InputError for an utterance that
        the protocol leaves out."""
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
        """What is not as the protocol counts it, a line each: classes and groups. [] when all is there."""
        used = self.selected(utterances)
        judged = {str(u.labels.get(self.unit, "")) if self.unit else u.id: self.category(u) for u in used}
        have, noun = Counter(judged.values()), f"{self.unit}s" if self.unit else "utterances"
        lines = [f"{name}: {layout.counted(have[name], number, noun)}"
                 for name, number in self.counts.items() if have[name] != number]
        there = {group_of(self, u) for u in used}
        return lines + layout.grouped(f"{self.group}s without an utterance",
                                      [g for g in self.groups() if g not in there], 12)

    def splits(self, utterances: Sequence[Utterance], root: str | Path | None = None,
               incomplete: bool = False) -> list[Split]:
        """The folds, each checked for leaks (`leaks`).

        root: the corpus; with it, files of the same content count as the same recording. incomplete: go on
        where the counts are not the published ones.
        Raises InputError for other counts (saying which), an id that stands twice, a group that is in no
        fold, a fold with an empty part, and for a leak.
        """
        problems = self.missing(utterances)
        if problems and not incomplete:
            raise InputError(f"{self.name}: the manifest does not hold what the protocol counts: "
                             f"{layout.named(problems, 8)}; prepare {self.corpus} from the whole corpus, or "
                             "go on with what there is by incomplete=true (in a recipe: "
                             "corpus.incomplete=true)")
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
                parts["test" if group in fold.test else "dev" if group in fold.dev else "train"].append(u)
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
    """Utterance id -> name of its recording, the same for utterances that share sound: parts of one file that
    overlap in time, and, where `root` is given, also of files with the same content.

    Only files of the same size and middle are read through. Raises InputError for a file that is not there.
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
                files.update({path: _digest(resolve(root, path)) for path in paths})
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


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def leaks(split: Split, unit: str = "", sentence: str = "",
          same: Mapping[str, str] | None = None) -> list[str]:
    """What two parts of a split share and must not, a line each: utterance ids, speakers, units, sentences
    (of test with the others), recordings (`recordings`)."""
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


def _balanced(tests: Sequence[Sequence[str]], sex: Mapping[str, str], each: int) -> tuple[Fold, ...]:
    """Folds "fold1", ... with these test speakers. The development speakers of a fold are the first `each`
    women and `each` men met in the folds after it, beginning again after the last."""
    folds = []
    for number, test in enumerate(tests):
        later = [s for step in range(1, len(tests)) for s in tests[(number + step) % len(tests)]]
        dev = [s for wanted in ("female", "male") for s in [s for s in later if sex[s] == wanted][:each]]
        folds.append(Fold(f"fold{number + 1}", tuple(test), tuple(sorted(dev))))
    return tuple(folds)


def _dealt(speakers: Sequence[str], parts: int = 5) -> tuple[Fold, ...]:
    """Folds "fold1", ... of speakers dealt by turns; the fold after it is a fold's development set."""
    tests = [tuple(speakers[k::parts]) for k in range(parts)]
    return tuple(Fold(f"fold{k + 1}", test, tests[(k + 1) % parts]) for k, test in enumerate(tests))


def _identity(classes: Sequence[str]) -> dict[str, str]:
    return {name: name for name in classes}


# RAVDESS. Test actors: the folds of EmoBox (Ma et al., Interspeech 2024), which has no development set;
# two women and two men of the other folds are held out for it here, by the rule of `_balanced`.
_RAVDESS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
_RAVDESS_TESTS = [[f"ravdess-{a}" for a in fold.split()] for fold in (
    "01 11 20 21", "04 10 12 14", "08 09 19 23", "03 05 07 24", "02 15 16 18", "06 13 17 22")]
_RAVDESS_SEX = {f"ravdess-{n:02}": "male" if n % 2 else "female" for n in range(1, 25)}

# IEMOCAP. Four classes with excited as happy, one session tested, the next for development: both of its
# speakers, since two who talk to each other are on each other's recordings.
_IEMOCAP = ("angry", "happy", "neutral", "sad")

# EmoDB: each speaker is tested; for development the woman and the man that follow (`_balanced`).
_EMODB = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness")

# CREMA-D has no published folds: actors are dealt in the order of their numbers.
_CREMA_D = ("anger", "disgust", "fear", "happy", "neutral", "sad")

# M3ED, DAIC-WOZ: the published parts. Classes of M3ED as its repository numbers them; their counts add up to
# the paper's 24,449 and exceed those of EmoBox by the 12 clips it lacks, and were not held against the
# annotation itself. Of DAIC-WOZ the participants are counted and judged.
_M3ED = ("happy", "neutral", "sad", "disgust", "anger", "fear", "surprise")
_PUBLISHED = (Fold("published", ("test",), ("dev",)),)

# nEMO has no published folds: as EmoDB.
_NEMO = ("anger", "fear", "happiness", "neutral", "sadness", "surprised")
_NEMO_SEX = {"EB0": "female", "IC0": "female", "KD0": "female", "KS0": "male", "MK0": "female", "MP0": "male",
             "SM0": "male", "TP0": "male", "WR0": "male"}

# The mini corpus: each fold tests a man and a woman, and the pair after it is for development.
_MINI = ("angry", "fearful", "happy", "neutral", "sad")
_MINI_PAIRS = [(f"mini_emotion-{n:02}", f"mini_emotion-{n + 1:02}") for n in range(0, 8, 2)]

PROTOCOLS: dict[str, Protocol] = {p.name: p for p in (
    Protocol(
        name="ravdess-6fold", corpus="ravdess", label="emotion", kind="classification", classes=_RAVDESS,
        mapping=_identity(_RAVDESS), group="speaker", folds=_balanced(_RAVDESS_TESTS, _RAVDESS_SEX, 2),
        counts={name: 96 if name == "neutral" else 192 for name in _RAVDESS},
        source="test actors: EmoBox; development actors: two women and two men of the folds that follow"),
    Protocol(
        name="iemocap-5fold", corpus="iemocap", label="emotion", kind="classification", classes=_IEMOCAP,
        mapping={**_identity(_IEMOCAP), "excited": "happy"}, group="session",
        folds=tuple(Fold(f"session{n}", (f"{n}",), (f"{n % 5 + 1}",)) for n in range(1, 6)),
        counts={"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084},
        source="the usual four classes, 5,531 utterances; development: the session that follows"),
    Protocol(
        name="emodb-loso", corpus="emodb", label="emotion", kind="classification", classes=_EMODB,
        mapping=_identity(_EMODB), group="speaker",
        folds=_balanced([(f"emodb-{s}",) for s in emodb.SPEAKERS],
                        {f"emodb-{s}": sex for s, (sex, _) in emodb.SPEAKERS.items()}, 1),
        counts=dict(zip(_EMODB, (127, 81, 46, 69, 71, 79, 62))),
        source="leave one speaker out, 535 utterances; development: the woman and the man that follow"),
    Protocol(
        name="crema_d-5fold", corpus="crema_d", label="emotion", kind="classification", classes=_CREMA_D,
        mapping=_identity(_CREMA_D), group="speaker",
        folds=_dealt([f"crema_d-{n}" for n in range(1001, 1092)]),
        counts={name: 1087 if name == "neutral" else 1271 for name in _CREMA_D},
        source="7,442 utterances, emotions as acted; folds chosen here: actors dealt by number"),
    Protocol(
        name="m3ed", corpus="m3ed", label="emotion", kind="classification", classes=_M3ED,
        mapping=_identity(_M3ED), group="split", folds=_PUBLISHED,
        counts=dict(zip(_M3ED, (2287, 10028, 3957, 1497, 5234, 395, 1051))),
        source="the published parts, 24,449 utterances; EmoBox finds the sound of all but 12"),
    Protocol(
        name="daic_woz", corpus="daic_woz", label="depressed", kind="classification", classes=("no", "yes"),
        mapping=_identity(("no", "yes")), group="split", folds=_PUBLISHED, counts={"no": 133, "yes": 56},
        unit="participant", source="the published parts (AVEC 2017), 189 participants"),
    Protocol(
        name="daic_woz-phq8", corpus="daic_woz", label="phq8", kind="regression", classes=(), mapping={},
        group="split", folds=_PUBLISHED, counts={"utterances": 189}, unit="participant",
        source="the published parts (AVEC 2017), 189 participants; scores 0 to 24"),
    Protocol(
        name="nemo-loso", corpus="nemo", label="emotion", kind="classification", classes=_NEMO,
        mapping=_identity(_NEMO), group="speaker",
        folds=_balanced([(f"nemo-{s}",) for s in _NEMO_SEX], {f"nemo-{s}": x for s, x in _NEMO_SEX.items()},
                        1),
        counts=dict(zip(_NEMO, (749, 736, 749, 809, 769, 669))),
        source="leave one speaker out, 4,481 utterances; folds chosen here, development as for EmoDB"),
    Protocol(
        name="emogator-5fold", corpus="emogator", label="emotion", kind="classification",
        classes=emogator.EMOTIONS, mapping=_identity(emogator.EMOTIONS), group="speaker",
        folds=_dealt([f"emogator-{n:06}" for n in range(1, emogator.CONTRIBUTORS + 1)]),
        counts=dict.fromkeys(emogator.EMOTIONS, emogator.CONTRIBUTORS * emogator.INSTANCES),
        source="32,130 vocal bursts; folds chosen here: contributors dealt by number"),
    Protocol(
        name="mini_emotion", corpus="mini_emotion", label="emotion", kind="classification", classes=_MINI,
        mapping=_identity(_MINI), group="speaker", sentence="text", counts=dict.fromkeys(_MINI, 64),
        folds=tuple(Fold(f"fold{n + 1}", _MINI_PAIRS[n], _MINI_PAIRS[(n + 1) % 4]) for n in range(4)),
        source="made on the spot; no voice and no sentence is in two parts"),
)}


def get(name: str) -> Protocol:
    """The protocol of this name. Raises InputError for one that is not in the table."""
    if name not in PROTOCOLS:
        raise InputError(f"protocol '{name}': not known; known: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
